//! Packages that a node lives on: versions and when they came.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::Node;
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const SPEC: Spec = Spec {
    name: "packages",
    about: "packages of the kubelet, the runtime and their helpers",
    items: &[
        Item {
            name: "versions",
            catalog: "O12",
            kind: "packages",
            source: Source::Fact {
                topic: "packages",
                make: packages,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "an upgrade that nobody planned, the night before",
        },
        Item {
            name: "all",
            catalog: "O12",
            kind: "packages",
            source: Source::File("/var/lib/dpkg/status"),
            cap: 4 * MIB,
            tier: Tier::T2,
            sensitivity: Sensitivity::Public,
            reason: "every package with its version",
        },
        history("apt-history", "/var/log/apt/history.log"),
        history("dpkg-log", "/var/log/dpkg.log"),
        history("dnf-log", "/var/log/dnf.rpm.log"),
        history("yum-log", "/var/log/yum.log"),
        history("zypp-history", "/var/log/zypp/history"),
        history(
            "unattended",
            "/var/log/unattended-upgrades/unattended-upgrades.log",
        ),
    ],
};

const fn history(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "O13",
        kind: "log",
        source: Source::Log(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "what was installed or upgraded last",
    }
}

/// `facts/packages.json`: from dpkg's files, else from rpm.
fn packages(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let status = host.read_once("/var/lib/dpkg/status", 16 * MIB, Keep::Start);
    let found = match status {
        Ok(taken) => dpkg(host, &taken.text()),
        Err(failure) if host.is_live() => rpm(host).ok_or(failure)?,
        Err(_) => {
            return Err(Failure::new(
                Outcome::NotApplicable,
                "no dpkg database in this tree; an rpm database is read on a running host only",
            ));
        }
    };
    Ok(facts::list("packages", &found))
}

fn dpkg(host: &mut Host, status: &str) -> Vec<Value> {
    let changed = changed(host);
    let mut found = Vec::new();
    for block in status.split("\n\n") {
        let field = |name: &str| {
            let mut lines = block.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let (Some(name), Some(version)) = (field("Package"), field("Version")) else {
            continue;
        };
        if !matters(name) {
            continue;
        }
        let state = field("Status").unwrap_or_default();
        found.push(json!({
            "name": name,
            "version": version,
            "state": state,
            "changed": changed.get(name),
        }));
    }
    found
}

/// When dpkg wrote a package's list of files last: its installation or upgrade.
fn changed(host: &mut Host) -> BTreeMap<String, String> {
    let Ok(listing) = host.list("/var/lib/dpkg/info") else {
        return BTreeMap::new();
    };
    let lists = listing.entries.into_iter().filter_map(|entry| {
        let name = entry.name.strip_suffix(".list")?;
        let name = name.split(':').next()?.to_owned();
        Some((name, crate::clock::rfc3339(entry.mtime)))
    });
    lists.collect()
}

/// rpm's database has no format of its own to read; its program prints name, version and time of installation.
fn rpm(host: &mut Host) -> Option<Vec<Value>> {
    let format = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{INSTALLTIME}\\n";
    let argv = ["/usr/bin/rpm", "-qa", "--queryformat", format];
    let (_, output) = host.run(&argv, 2 * MIB).ok()?;
    let mut found: Vec<Value> = String::from_utf8_lossy(&output)
        .lines()
        .filter_map(rpm_line)
        .collect();
    found.sort_by_key(|package| package["name"].as_str().map(str::to_owned));
    (!found.is_empty()).then_some(found)
}

fn rpm_line(line: &str) -> Option<Value> {
    let mut fields = line.split('\t');
    let (name, version, time) = (fields.next()?, fields.next()?, fields.next()?);
    let time = chrono::DateTime::from_timestamp(time.parse().ok()?, 0)?;
    matters(name).then(|| {
        json!({"name": name, "version": version, "state": "installed", "changed": crate::clock::rfc3339(time)})
    })
}

fn matters(name: &str) -> bool {
    NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

const NAMES: &[&str] = &[
    "conntrack",
    "conntrack-tools",
    "container-selinux",
    "crun",
    "ebtables",
    "ethtool",
    "fapolicyd",
    "firewalld",
    "iproute",
    "iproute2",
    "ipset",
    "ipvsadm",
    "nfs-common",
    "nftables",
    "open-iscsi",
    "podman",
    "runc",
    "selinux-policy",
    "socat",
    "systemd",
    "ufw",
];

const STARTS: &[&str] = &[
    "chrony",
    "cloud-init",
    "containerd",
    "containernetworking",
    "cri-",
    "docker",
    "iptables",
    "k0s",
    "k3s",
    "kernel",
    "kubeadm",
    "kubectl",
    "kubelet",
    "kubernetes-",
    "linux-image-",
    "microshift",
    "moby-",
    "nvidia-container",
    "openshift-",
    "rke2-",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn versions_come_from_the_database_of_dpkg_and_times_from_its_lists() {
        let scratch = Scratch::new();
        let dpkg = scratch.path().join("var/lib/dpkg");
        std::fs::create_dir_all(dpkg.join("info")).unwrap();
        let status = "Package: kubelet\nStatus: hold ok installed\nVersion: 1.36.2-1.1\n\nPackage: vim\nStatus: install ok installed\nVersion: 9\n";
        std::fs::write(dpkg.join("status"), status).unwrap();
        std::fs::write(dpkg.join("info/kubelet.list"), "/usr/bin/kubelet\n").unwrap();
        let mut host = Host::direct(scratch.path());
        let text = packages(&mut host, &Node::default()).unwrap();
        let fact: Value = serde_json::from_str(&text).unwrap();
        let found = fact["packages"].as_array().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["version"], "1.36.2-1.1");
        assert_eq!(found[0]["state"], "hold ok installed");
        assert!(found[0]["changed"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_tree_without_dpkg_is_no_error() {
        let scratch = Scratch::new();
        let mut host = Host::direct(scratch.path());
        let failure = packages(&mut host, &Node::default()).unwrap_err();
        assert_eq!(failure.outcome, Outcome::NotApplicable);
    }

    #[test]
    fn a_line_of_rpm_is_read() {
        let line = rpm_line("kubelet\t1.30.1-1\t1700000000").unwrap();
        assert_eq!(line["changed"], "2023-11-14T22:13:20Z");
        assert!(rpm_line("vim\t9-1\t1700000000").is_none());
    }
}
