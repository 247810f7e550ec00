//! Which distributions are on the node, and why that is thought. All that match are reported: two on one host are a finding.

use super::Node;
use super::processes::Process;
use crate::host::Host;
use crate::profile::{Mark, Profile};
use crate::profiles;
use crate::spec::matches;

/// One distribution that was found.
#[derive(Debug)]
pub(crate) struct Detected {
    /// What it is.
    pub(crate) profile: &'static Profile,
    /// Files, folders, unit files and processes that give it away.
    pub(crate) because: Vec<String>,
    /// Whether its kubelet runs; `None` where no processes are known.
    pub(crate) running: Option<bool>,
}

/// Every distribution that something gives away; by weak marks only where nothing else does.
pub(crate) fn find(host: &mut Host, node: &Node) -> Vec<Detected> {
    let mut found = Vec::new();
    for profile in profiles::ALL.iter().copied() {
        let mut because = marks(host, node, profile.marks);
        because.extend(processes_of(node, profile));
        push(&mut found, profile, because);
    }
    if found.is_empty() {
        for profile in profiles::ALL.iter().copied().filter(|one| !is_generic(one)) {
            let because = marks(host, node, profile.weak_marks);
            push(&mut found, profile, because);
        }
    }
    if found.is_empty() {
        for profile in profiles::ALL.iter().copied().filter(|one| is_generic(one)) {
            let because = marks(host, node, profile.weak_marks);
            push(&mut found, profile, because);
        }
    }
    who_runs(node, &mut found);
    found
}

fn push(found: &mut Vec<Detected>, profile: &'static Profile, because: Vec<String>) {
    if !because.is_empty() {
        found.push(Detected {
            profile,
            because,
            running: None,
        });
    }
}

fn is_generic(profile: &Profile) -> bool {
    profile.spec.name == "generic"
}

fn marks(host: &mut Host, node: &Node, marks: &[Mark]) -> Vec<String> {
    marks
        .iter()
        .filter_map(|mark| proof(host, node, mark))
        .collect()
}

/// The path that shows a mark.
fn proof(host: &mut Host, node: &Node, mark: &Mark) -> Option<String> {
    match mark {
        Mark::Path(path) => host.stat(path).is_ok().then(|| (*path).to_owned()),
        Mark::Content(path, is) => {
            let taken = host.read(path, 256 << 10).ok()?;
            is(&taken.bytes).then(|| (*path).to_owned())
        }
        Mark::Unit(pattern) => {
            let mut units = node.units.iter();
            units.find_map(|unit| {
                unit.fragment
                    .clone()
                    .filter(|_| !unit.masked && matches(pattern, &unit.name))
            })
        }
        Mark::Os(id) => OS_RELEASE.iter().find_map(|path| {
            let text = host.line(path)?;
            let mut ids = text.lines().filter_map(|line| line.strip_prefix("ID="));
            ids.any(|value| value.trim_matches(['"', '\'']) == *id)
                .then(|| (*path).to_owned())
        }),
    }
}

/// Processes that are the distribution itself.
fn processes_of(node: &Node, profile: &Profile) -> Vec<String> {
    let own = |process: &&Process| {
        let mut names = profile.programs.iter();
        names.any(|name| process.comm.starts_with(name)) && !is_in_container(process)
    };
    let mut paths = node.processes.iter().filter(own);
    let path = paths.next().map(|process| format!("/proc/{}", process.pid));
    path.into_iter().collect()
}

/// Says of each whether its kubelet runs. A kubelet of `kubelet.service` belongs to one only: to the most special.
fn who_runs(node: &Node, found: &mut [Detected]) {
    if node.processes.is_empty() {
        return;
    }
    let mut by_special: Vec<&mut Detected> = found.iter_mut().collect();
    by_special.sort_by_key(|one| match one.profile.spec.name {
        "generic" => 2,
        "kubeadm" => 1,
        _ => 0,
    });
    let mut taken: Vec<u32> = Vec::new();
    for one in by_special {
        let carrier = node.processes.iter().find(|process| {
            !taken.contains(&process.pid) && is_kubelet_of(process, one.profile, node)
        });
        one.running = Some(carrier.is_some());
        taken.extend(carrier.map(|process| process.pid));
    }
}

/// Whether a process is, or holds, the kubelet of a distribution.
fn is_kubelet_of(process: &Process, profile: &Profile, node: &Node) -> bool {
    if profile.spec.name == "rke1" {
        return process.comm == "kubelet" && is_in_container(process);
    }
    if is_in_container(process) {
        return false;
    }
    if !matches!(process.comm.as_str(), "kubelet" | "hyperkube") {
        let names = profile.programs;
        return names.iter().any(|name| process.comm.starts_with(name));
    }
    let owner = process.unit.as_deref();
    let known = owner.filter(|unit| {
        let mut units = node.units.iter();
        units.any(|one| one.name == *unit && one.fragment.is_some())
    });
    match known {
        Some(unit) => {
            let mut patterns = profile.kubelet_units.iter();
            patterns.any(|pattern| matches(pattern, unit))
        }
        // A kubelet that no unit of interest owns was started by hand, or its owner is not told.
        None => profile.kubelet_units.contains(&"kubelet.service"),
    }
}

/// Whether a process lives in a container of this host: a cluster inside it is not this node's.
fn is_in_container(process: &Process) -> bool {
    let scopes = ["docker-", "libpod-", "cri-containerd-", "crio-", "lxc-"];
    let unit = process.unit.as_deref().unwrap_or_default();
    scopes.iter().any(|scope| unit.starts_with(scope))
}

const OS_RELEASE: &[&str] = &["/etc/os-release", "/usr/lib/os-release"];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    fn tree(files: &[(&str, &str)]) -> Vec<(String, Option<bool>)> {
        let scratch = Scratch::new();
        for (path, text) in files {
            let path = scratch.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut host = Host::direct(scratch.path());
        let node = Node::resolve(&mut host, None);
        let found = node.profiles.iter();
        found
            .map(|one| (one.profile.spec.name.to_owned(), one.running))
            .collect()
    }

    const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n";
    const CONFIG: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

    #[test]
    fn the_same_file_means_kubeadm_or_openshift_by_its_content() {
        let kubeadm = tree(&[("etc/kubernetes/kubelet.conf", KUBECONFIG)]);
        assert_eq!(kubeadm, [("kubeadm".to_owned(), None)]);
        let openshift = tree(&[("etc/kubernetes/kubelet.conf", CONFIG)]);
        assert_eq!(openshift, [("openshift".to_owned(), None)]);
    }

    #[test]
    fn two_installations_are_both_found_and_the_running_one_is_told() {
        let found = tree(&[
            ("var/lib/kubelet/kubeadm-flags.env", "X=1\n"),
            ("etc/rancher/k3s/config.yaml", "server: https://x\n"),
            ("proc/7/comm", "k3s-agent\n"),
            ("proc/7/cgroup", "0::/system.slice/k3s-agent.service\n"),
        ]);
        let wanted = [("k3s", Some(true)), ("kubeadm", Some(false))];
        assert_eq!(found, wanted.map(|(name, runs)| (name.to_owned(), runs)));
    }

    #[test]
    fn one_kubelet_makes_one_distribution_run() {
        let found = tree(&[
            ("var/lib/kubelet/kubeadm-flags.env", "X=1\n"),
            ("etc/eks/bootstrap.sh", "#!/bin/bash\n"),
            ("usr/lib/systemd/system/kubelet.service", "[Service]\n"),
            ("proc/9/comm", "kubelet\n"),
            ("proc/9/cgroup", "0::/runtime.slice/kubelet.service\n"),
        ]);
        let wanted = [("eks", Some(true)), ("kubeadm", Some(false))];
        assert_eq!(found, wanted.map(|(name, runs)| (name.to_owned(), runs)));
    }

    #[test]
    fn a_cluster_in_a_container_of_the_host_is_not_the_nodes() {
        let found = tree(&[
            ("usr/lib/systemd/system/kubelet.service", "[Service]\n"),
            ("proc/9/comm", "k3s-server\n"),
            ("proc/9/cgroup", "0::/system.slice/docker-0a1b.scope\n"),
        ]);
        assert_eq!(found, [("generic".to_owned(), Some(false))]);
    }
}
