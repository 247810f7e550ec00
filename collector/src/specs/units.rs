//! systemd units: their state, their files with drop-ins, the environment files they name.

use crate::node::units::SEARCH;
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, anything};
use crate::systemd;

pub(crate) const SPEC: Spec = Spec {
    name: "units",
    about: "systemd units",
    items: &[
        Item {
            name: "states",
            catalog: "U1",
            kind: "unit-states",
            source: Source::Fact {
                topic: "units",
                make: systemd::states,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "not installed, disabled, masked, crash loop, start limit, forgotten daemon-reload",
        },
        Item {
            name: "files",
            catalog: "U2",
            kind: "unit-file",
            source: Source::Named {
                what: "unit files and drop-ins of the units of interest",
                paths: unit_files,
                accepts: anything,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "wrong flags, overridden ExecStart, missing environment file, ordering",
        },
        Item {
            name: "environment",
            catalog: "U3",
            kind: "environment-file",
            source: Source::Named {
                what: "environment files that units name, and those of the usual places",
                paths: environment_files,
                accepts: anything,
            },
            cap: 32 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "runtime endpoint, node address, cloud provider, proxy",
        },
        Item {
            name: "folders",
            catalog: "U2",
            kind: "listing",
            source: Source::NamedListing {
                what: "unit folders with their drop-in and wants folders",
                paths: unit_folders,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "proves that a unit or drop-in is missing, and what is enabled",
        },
        Item {
            name: "journald",
            catalog: "U5",
            kind: "config",
            source: Source::File("/etc/systemd/journald.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "rate limits and storage: why a journal ends early",
        },
        Item {
            name: "journald-dropins",
            catalog: "U5",
            kind: "config",
            source: Source::Folder {
                path: "/etc/systemd/journald.conf.d",
                names: &["*.conf"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "rate limits and storage: why a journal ends early",
        },
        Item {
            name: "manager-state",
            catalog: "U4",
            kind: "systemd-state",
            source: Source::Fact {
                topic: "systemd",
                make: systemd::manager,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "failed units, stuck jobs, and what the kubelet's unit waits for",
        },
        Item {
            name: "transient",
            catalog: "U6",
            kind: "listing",
            source: Source::Listing("/run/systemd/transient"),
            cap: 32 * KIB,
            tier: Tier::T2,
            sensitivity: Sensitivity::Public,
            reason: "units made at run time",
        },
        settings("journald-lib", "/usr/lib/systemd/journald.conf.d"),
        settings("manager-dropins", "/etc/systemd/system.conf.d"),
        settings("logind-dropins", "/etc/systemd/logind.conf.d"),
        settings("resolved-dropins", "/etc/systemd/resolved.conf.d"),
        settings("timesyncd-dropins", "/etc/systemd/timesyncd.conf.d"),
        settings("networkd-dropins", "/etc/systemd/networkd.conf.d"),
        settings("main", "/etc/systemd"),
        generated("generator", "/run/systemd/generator"),
        generated("generator-early", "/run/systemd/generator.early"),
        generated("generator-late", "/run/systemd/generator.late"),
        Item {
            name: "manager",
            catalog: "U5 W10",
            kind: "config",
            source: Source::File("/etc/systemd/system.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "default limits, DefaultEnvironment with a proxy",
        },
    ],
};

const fn settings(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "U5",
        kind: "config",
        source: Source::Folder {
            path,
            names: &["*.conf"],
            depth: 0,
        },
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "default limits, accounting that is off, the delay for an orderly shutdown",
    }
}

const fn generated(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "U6",
        kind: "listing",
        source: Source::Listing(path),
        cap: 32 * KIB,
        tier: Tier::T2,
        sensitivity: Sensitivity::Public,
        reason: "mounts and units that a generator made",
    }
}

fn unit_files(node: &Node) -> Vec<String> {
    let files = node.units.iter().flat_map(|unit| {
        let fragment = unit.fragment.iter().filter(|_| !unit.masked);
        fragment.chain(&unit.drop_ins).cloned()
    });
    unique(files)
}

fn environment_files(node: &Node) -> Vec<String> {
    let named = node
        .units
        .iter()
        .flat_map(|unit| unit.environment_files.iter())
        .map(|(path, _)| path.clone());
    let usual = USUAL_ENVIRONMENT.iter().map(|path| (*path).to_owned());
    let declared = node.declared(|profile| profile.environment);
    let all = named.chain(usual).chain(declared);
    unique(all.filter(|path| path.starts_with('/')))
}

fn unit_folders(node: &Node) -> Vec<String> {
    let search = SEARCH.iter().map(|path| (*path).to_owned());
    let drop_ins = search
        .clone()
        .map(|folder| format!("{folder}/kubelet.service.d"));
    let wants = search
        .clone()
        .filter(|folder| folder.starts_with("/etc"))
        .map(|folder| format!("{folder}/multi-user.target.wants"));
    let existing = node
        .units
        .iter()
        .flat_map(|unit| &unit.drop_ins)
        .map(|path| crate::host::door::parent(path).to_owned());
    unique(search.clone().chain(drop_ins).chain(wants).chain(existing))
}

const USUAL_ENVIRONMENT: &[&str] = &[
    "/var/lib/kubelet/kubeadm-flags.env",
    "/etc/default/kubelet",
    "/etc/sysconfig/kubelet",
    "/etc/kubernetes/kubelet.env",
    "/etc/kubernetes/kubelet-env",
    "/etc/eks/kubelet/environment",
    "/etc/default/k3s",
    "/etc/default/k3s-agent",
    "/etc/sysconfig/k3s",
    "/etc/sysconfig/k3s-agent",
    "/etc/systemd/system/k3s.service.env",
    "/etc/systemd/system/k3s-agent.service.env",
    "/etc/default/rke2-server",
    "/etc/default/rke2-agent",
    "/etc/sysconfig/rke2-server",
    "/etc/sysconfig/rke2-agent",
    "/etc/sysconfig/crio",
    "/etc/sysconfig/crio-network",
    "/etc/network/proxy.env",
    "/etc/mco/proxy.env",
];
