//! Which distribution of Kubernetes put the kubelet on the node, and the node's part in it.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type};
use crate::observed::{OsRelease, UnitState};
use crate::origin::Origin;
use crate::parse::profile_facts::Installation;
use crate::presence::{Presence, presence};

pub(super) const DERIVED: Derived = Derived {
    name: "host_distribution",
    after: &["units"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.distribution",
        Type::Text,
        "kubeadm, k3s, rke2, eks, aks, gke, openshift, microshift, microk8s, k8s-snap, k0s, talos, rke1, or generic for a kubelet set up by hand",
    )
    .needs("units and files of the installer", "systemctl list-unit-files; ls -la /etc/kubernetes /var/lib/kubelet"),
    FactDecl::new(
        "host.distributions_running",
        Type::Texts,
        "distributions whose kubelet runs; more than one share the machine",
    )
    .needs("list of processes", "ps aux"),
    FactDecl::new("host.distribution_role", Type::Text, "server (control plane), agent (worker) or unknown")
        .needs("/etc/kubernetes/manifests", "ls -la /etc/kubernetes/manifests"),
];

/// One distribution and what gives it away; the first that has any wins.
struct Marks {
    name: &'static str,
    /// Names of units.
    units: &'static [&'static str],
    /// Files and folders that nobody else makes.
    paths: &'static [&'static str],
    /// `ID` of os-release.
    os: &'static [&'static str],
    /// Programs whose log lines give it away.
    programs: &'static [&'static str],
    /// Part of the version that the kubelet states.
    version: &'static str,
}

const NONE: Marks = Marks {
    name: "",
    units: &[],
    paths: &[],
    os: &[],
    programs: &[],
    version: "",
};

/// In the order in which they are looked for: the ones that others are built on come last.
const DISTRIBUTIONS: &[Marks] = &[
    Marks {
        name: "talos",
        os: &["talos"],
        paths: &["/system/state", "/etc/kubernetes/kubeconfig-kubelet"],
        programs: &["machined", "talos"],
        ..NONE
    },
    Marks {
        name: "openshift",
        os: &["rhcos"],
        units: &[
            "kubelet-auto-node-size.service",
            "machine-config-daemon-pull.service",
        ],
        paths: &["/etc/machine-config-daemon"],
        ..NONE
    },
    Marks {
        name: "microshift",
        units: &["microshift.service"],
        paths: &["/var/lib/microshift", "/etc/microshift"],
        programs: &["microshift"],
        ..NONE
    },
    Marks {
        name: "rke2",
        units: &["rke2-server.service", "rke2-agent.service"],
        paths: &["/etc/rancher/rke2", "/var/lib/rancher/rke2"],
        programs: &["rke2"],
        version: "+rke2",
        ..NONE
    },
    Marks {
        name: "k3s",
        units: &["k3s.service", "k3s-agent.service"],
        paths: &["/etc/rancher/k3s", "/var/lib/rancher/k3s"],
        programs: &["k3s"],
        version: "+k3s",
        ..NONE
    },
    Marks {
        name: "k0s",
        units: &["k0sworker.service", "k0scontroller.service"],
        paths: &["/var/lib/k0s"],
        programs: &["k0s"],
        version: "+k0s",
        ..NONE
    },
    Marks {
        name: "microk8s",
        units: &[
            "snap.microk8s.daemon-kubelite.service",
            "snap.microk8s.daemon-kubelet.service",
            "snap.microk8s.daemon-containerd.service",
        ],
        paths: &["/var/snap/microk8s"],
        programs: &["kubelite"],
        ..NONE
    },
    Marks {
        name: "k8s-snap",
        units: &["snap.k8s.kubelet.service", "snap.k8s.k8sd.service"],
        paths: &["/var/snap/k8s"],
        ..NONE
    },
    Marks {
        name: "eks",
        os: &["bottlerocket"],
        units: &["nodeadm-config.service", "nodeadm-run.service"],
        paths: &["/etc/eks"],
        version: "-eks-",
        ..NONE
    },
    Marks {
        name: "aks",
        paths: &[
            "/opt/azure/containers",
            "/var/log/azure/cluster-provision.log",
        ],
        ..NONE
    },
    Marks {
        name: "gke",
        units: &[
            "kube-node-installation.service",
            "kube-node-configuration.service",
        ],
        paths: &["/home/kubernetes/bin"],
        version: "-gke.",
        ..NONE
    },
    Marks {
        name: "rke1",
        paths: &[
            "/etc/kubernetes/ssl/kubecfg-kube-node.yaml",
            "/opt/rke/etc/kubernetes/ssl/kubecfg-kube-node.yaml",
            "/var/lib/rancher/rke",
        ],
        ..NONE
    },
    Marks {
        name: "kubeadm",
        paths: &[
            "/var/lib/kubelet/kubeadm-flags.env",
            "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
            "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
            "/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
        ],
        programs: &["kubeadm"],
        ..NONE
    },
];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let running = running(evidence);
    if let Some(fact) = several(evidence, &running) {
        evidence.facts.set("host.distributions_running", fact);
    }
    // "generic" says only that nothing else was found; logs and drop-ins may know more.
    let by_process = DISTRIBUTIONS
        .iter()
        .map(|marks| marks.name)
        .find_map(|name| running.iter().find(|(running, _)| *running == name))
        .map(|(name, origin)| (*name, vec![origin.clone()]));
    let by_marks = || {
        DISTRIBUTIONS
            .iter()
            .find_map(|marks| Some((marks.name, proof(marks, evidence, context)?)))
            .or_else(|| Some(("generic", kubelet_unit(evidence)?)))
    };
    if let Some((name, origins)) = by_process.or_else(by_marks) {
        let mut fact = Fact::built_in(name.into());
        fact.origins = origins;
        evidence.facts.set("host.distribution", fact);
    }
    let mut role = Fact::built_in("unknown".into());
    if let Some((name, origin)) = role_of(evidence) {
        role = Fact::text(name, origin);
    }
    evidence.facts.set("host.distribution_role", role);
}

/// Distributions whose kubelet runs, as the collector saw it.
fn running(evidence: &Evidence) -> Vec<(&'static str, Origin)> {
    let found = evidence.all::<Installation>().iter();
    let running = found.filter(|one| one.value.running == Some(true));
    running
        .filter_map(|one| {
            let mut names = DISTRIBUTIONS.iter().map(|marks| marks.name);
            let name = names.find(|name| *name == one.value.name);
            let name = name.or((one.value.name == "generic").then_some("generic"))?;
            Some((name, one.origin.clone()))
        })
        .collect()
}

/// Names of the distributions whose kubelet runs; `None` where the bundle does not tell.
fn several(evidence: &Evidence, running: &[(&'static str, Origin)]) -> Option<Fact> {
    let first = evidence.all::<Installation>().first()?;
    first.value.running?;
    let names = running
        .iter()
        .map(|(name, origin)| Fact::text(*name, origin.clone()));
    Some(Fact::list_at(names.collect(), &first.origin))
}

/// What gives a distribution away; `None` when nothing does.
fn proof(marks: &Marks, evidence: &Evidence, context: &Context<'_>) -> Option<Vec<Origin>> {
    let unit = marks.units.iter().find_map(|name| unit(evidence, name));
    let path = || marks.paths.iter().find_map(|path| existing(evidence, path));
    let os = || {
        evidence
            .all::<OsRelease>()
            .iter()
            .find(|release| {
                release
                    .value
                    .0
                    .get("ID")
                    .is_some_and(|id| marks.os.contains(&id.as_str()))
            })
            .map(|release| release.origin.clone())
    };
    let drop_in = || {
        let drop_ins = evidence.facts.get("kubelet.unit.drop_ins")?;
        let known = |text: &str| marks.name == "kubeadm" && text.ends_with("/10-kubeadm.conf");
        let item = drop_ins
            .items()
            .iter()
            .find(|item| item.as_text().is_some_and(known))?;
        item.origins.first().cloned()
    };
    if let Some(origin) = unit.or_else(path).or_else(os).or_else(drop_in) {
        return Some(vec![origin]);
    }
    let stated = context.logs.stated.get("version");
    if let Some((_, place)) =
        stated.filter(|(text, _)| !marks.version.is_empty() && text.contains(marks.version))
    {
        return Some(vec![place.origin.clone()]);
    }
    let logged = marks
        .programs
        .iter()
        .any(|name| context.logs.programs.iter().any(|program| program == name));
    logged.then(Vec::new)
}

/// A unit that is there: shown with a state, or its file listed.
fn unit(evidence: &Evidence, name: &str) -> Option<Origin> {
    let state = evidence.all::<UnitState>().iter().find(|state| {
        let load = state.value.fields.get("load_state").and_then(Fact::as_text);
        state.value.name == name && load != Some("not-found")
    });
    state.map(|state| state.origin.clone()).or_else(|| {
        UNIT_FOLDERS
            .iter()
            .find_map(|folder| existing(evidence, &format!("{folder}/{name}")))
    })
}

fn existing(evidence: &Evidence, path: &str) -> Option<Origin> {
    match presence(evidence, path) {
        Presence::Present(origin) => Some(origin),
        Presence::Absent(_) | Presence::Unknown => below(evidence, path),
    }
}

/// A stored file below a folder proves the folder.
fn below(evidence: &Evidence, folder: &str) -> Option<Origin> {
    let prefix = format!("{folder}/");
    evidence
        .all::<crate::observed::Exists>()
        .iter()
        .find(|piece| piece.value.path.starts_with(&prefix))
        .map(|piece| piece.origin.clone())
}

fn kubelet_unit(evidence: &Evidence) -> Option<Vec<Origin>> {
    unit(evidence, "kubelet.service").map(|origin| vec![origin])
}

fn role_of(evidence: &Evidence) -> Option<(&'static str, Origin)> {
    let server = SERVER_UNITS.iter().find_map(|name| unit(evidence, name));
    if let Some(origin) = server.or_else(|| {
        SERVER_FILES
            .iter()
            .find_map(|path| existing(evidence, path))
    }) {
        return Some(("server", origin));
    }
    if let Some(origin) = AGENT_UNITS.iter().find_map(|name| unit(evidence, name)) {
        return Some(("agent", origin));
    }
    match presence(evidence, SERVER_FILES.first()?) {
        Presence::Absent(origin) => Some(("agent", origin)),
        Presence::Present(_) | Presence::Unknown => None,
    }
}

const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/usr/lib/systemd/system",
    "/usr/local/lib/systemd/system",
];
const SERVER_UNITS: &[&str] = &[
    "k3s.service",
    "rke2-server.service",
    "k0scontroller.service",
    "microshift.service",
];
const AGENT_UNITS: &[&str] = &[
    "k3s-agent.service",
    "rke2-agent.service",
    "k0sworker.service",
];
const SERVER_FILES: &[&str] = &[
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/admin.conf",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::{Exists, FileKind, Listed, Listing};
    use crate::testing::derive as run;

    fn exists(path: &str) -> Exists {
        Exists {
            path: path.to_owned(),
            link: None,
        }
    }

    #[test]
    fn a_k3s_agent_is_recognised_by_its_unit() {
        let mut evidence = Evidence::default();
        let mut state = UnitState::new("k3s-agent.service", 1);
        state.text("load_state", "loaded", Origin::entry("show.txt"));
        evidence.push(state, Origin::entry("show.txt"));
        evidence.push(
            exists("/var/lib/kubelet/kubeadm-flags.env"),
            Origin::entry("flags"),
        );
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.text("host.distribution"), Some("k3s"));
        assert_eq!(evidence.facts.text("host.distribution_role"), Some("agent"));
    }

    #[test]
    fn a_kubeadm_worker_has_no_api_server_manifest() {
        let mut evidence = Evidence::default();
        evidence.push(
            exists("/var/lib/kubelet/kubeadm-flags.env"),
            Origin::entry("flags"),
        );
        let manifest = Listed {
            name: "agent.yaml".into(),
            kind: FileKind::File,
            mode: None,
            size: None,
            link: None,
            line: None,
        };
        evidence.push(
            Listing {
                path: "/etc/kubernetes/manifests".into(),
                complete: true,
                entries: vec![manifest],
            },
            Origin::entry("ls.txt"),
        );
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.text("host.distribution"), Some("kubeadm"));
        assert_eq!(evidence.facts.text("host.distribution_role"), Some("agent"));
    }

    #[test]
    fn without_marks_nothing_is_claimed() {
        let mut evidence = Evidence::default();
        run(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("host.distribution").is_none());
        assert_eq!(
            evidence.facts.text("host.distribution_role"),
            Some("unknown")
        );
    }
}
