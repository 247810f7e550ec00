//! Which program wrote a line.

use crate::source::Source;

/// The name under which rules know a program: one name for the many identifiers it logs with.
pub(crate) fn canonical(name: &str) -> &str {
    let name = name.strip_suffix(".service").unwrap_or(name);
    if name.starts_with('(') || name == "init.scope" {
        // Between fork and exec the child is still systemd's, whatever it will become.
        return "systemd";
    }
    if name.starts_with("kubelet-") || name.starts_with("kubelet.") {
        return "kubelet";
    }
    match name {
        "origin-node"
        | "atomic-openshift-node"
        | "microk8s.daemon-kubelet"
        | "snap.kubelet.daemon"
        | "kube-kubelet"
        | "kubenswrapper"
        | "kubensenter" => "kubelet",
        "microk8s.daemon-kubelite" | "snap.microk8s.daemon-kubelite" | "daemon-kubelite" => {
            "kubelite"
        }
        "microk8s.daemon-containerd" | "snap.microk8s.daemon-containerd" => "containerd",
        "k3s-agent" | "k3s-server" => "k3s",
        "rke2-agent" | "rke2-server" => "rke2",
        "k0sworker" | "k0scontroller" => "k0s",
        "crio" | "cri-o" => "crio",
        "docker" | "dockerd-current" | "docker-current" => "dockerd",
        "apiserver" | "origin-master-api" | "atomic-openshift-master-api" => "kube-apiserver",
        "controller-manager"
        | "origin-master-controllers"
        | "atomic-openshift-master-controllers" => "kube-controller-manager",
        "scheduler" => "kube-scheduler",
        other => other,
    }
}

/// Programs that run inside this one and write to its log.
pub(crate) fn embedded(program: &str) -> &'static [&'static str] {
    const CLUSTER: &[&str] = &[
        "kubelet",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "cloud-controller-manager",
        "containerd",
        "etcd",
        "flannel",
    ];
    const KUBE: &[&str] = &[
        "kubelet",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
    ];
    const MICROK8S: &[&str] = &[
        "kubelet",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "microk8s",
    ];
    match program {
        "k3s" | "rke2" | "k0s" => CLUSTER,
        "kubelite" => MICROK8S,
        "microshift" | "hyperkube" | "localkube" => KUBE,
        "edgecore" => &["kubelet"],
        _ => &[],
    }
}

/// Programs of which the kubelet is a child process with a log of its own.
pub(crate) fn supervises_kubelet(program: &str) -> bool {
    matches!(program, "rke2" | "k0s")
}

/// Whether the lines of this program are those of a kubelet process.
pub(crate) fn runs_kubelet(program: &str) -> bool {
    program == "kubelet" || embedded(program).contains(&"kubelet") && !supervises_kubelet(program)
}

/// Identifiers that say nothing: whoever started the program through them.
pub(crate) fn is_wrapper(ident: &str) -> bool {
    matches!(
        ident,
        "sh" | "bash"
            | "docker"
            | "nerdctl"
            | "podman"
            | "rkt"
            | "systemd-run"
            | "unknown"
            | "runsvdir"
            | "env"
    )
}

/// The program that a klog source file belongs to, where only one has it.
pub(crate) fn of_file(file: &str) -> Option<&'static str> {
    const KUBELET: &[&str] = &[
        "cadvisor_linux.go",
        "cadvisor_stats_provider.go",
        "cni.go",
        "container_log_manager.go",
        "container_manager_linux.go",
        "cpu_manager.go",
        "cri_stats_provider.go",
        "csi_plugin.go",
        "desired_state_of_world_populator.go",
        "docker_sandbox.go",
        "docker_service.go",
        "eviction_manager.go",
        "fs_resource_analyzer.go",
        "generic.go",
        "image_gc_manager.go",
        "memory_manager.go",
        "nodestatus.go",
        "oom_watcher_linux.go",
        "plugin_manager.go",
        "plugin_watcher.go",
        "pod_container_deletor.go",
        "pod_workers.go",
        "prober.go",
        "qos_container_manager_linux.go",
        "remote_image.go",
        "remote_runtime.go",
        "setters.go",
        "status_manager.go",
        "topology_manager.go",
        "volume_manager.go",
    ];
    let file = file.rsplit('/').next().unwrap_or(file);
    let kubelet = file.starts_with("kubelet")
        || file.starts_with("kuberuntime_")
        || KUBELET.binary_search(&file).is_ok();
    match file {
        _ if kubelet => Some("kubelet"),
        "garbagecollector.go" | "node_lifecycle_controller.go" | "range_allocator.go" => {
            Some("kube-controller-manager")
        }
        "schedule_one.go" | "scheduler.go" => Some("kube-scheduler"),
        _ => None,
    }
}

/// A program whose own words a line without identifier begins with.
pub(crate) fn of_text(text: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 4] = [
        (b"rafthttp: ", "etcd"),
        (b"etcdserver: ", "etcd"),
        (b"etcdmain: ", "etcd"),
        (b"[preflight]", "kubeadm"),
    ];
    let start = text.trim_ascii_start();
    let word = start.split(|&byte| byte == b' ').next().unwrap_or_default();
    if word.ends_with(b".service:") {
        return Some("systemd");
    }
    STARTS
        .iter()
        .find(|(start_of, _)| start.starts_with(start_of))
        .map(|(_, program)| *program)
}

/// The program that a source names: the container of a pod log, the unit of a journal, the name of a file.
pub(crate) fn of_source(source: &Source) -> Option<String> {
    let path = match source {
        Source::Journal(unit) if unit.is_empty() => return None,
        Source::Journal(unit) => return Some(canonical(unit).to_owned()),
        Source::File(path) | Source::Named(path) => path.as_str(),
        Source::Command(command) => return of_command(command),
        Source::Listing(_) | Source::Facts(_) | Source::Probe(_) | Source::Meta(_) => return None,
    };
    of_container(path).or_else(|| of_name(path.rsplit('/').next().unwrap_or(path)))
}

/// The program of what stands below `==> name <==`: a section of minikube, or a file.
pub(crate) fn of_section(name: &str) -> Option<String> {
    let (bare, id) = name.split_once(" [").unwrap_or((name, ""));
    match bare {
        "dmesg" => Some("kernel".to_owned()),
        "Docker" | "docker" => Some("dockerd".to_owned()),
        "CRI-O" => Some("crio".to_owned()),
        "Last Start" => Some("minikube".to_owned()),
        _ if !id.is_empty() || !bare.contains(['/', '.', '-']) => Some(canonical(bare).to_owned()),
        _ => of_source(&crate::names::source(bare)),
    }
}

/// `journalctl -u kubelet`, `crictl logs …`, `dmesg`.
fn of_command(command: &str) -> Option<String> {
    let mut words = command.split_ascii_whitespace();
    match words.next()? {
        "dmesg" => Some("kernel".to_owned()),
        "kubeadm" => Some("kubeadm".to_owned()),
        "kubectl" | "oc" | "docker" if words.next() == Some("logs") => {
            words.find(|word| !word.starts_with('-')).and_then(of_name)
        }
        "crictl" => Some("crictl".to_owned()),
        "journalctl" => words
            .find(|word| matches!(*word, "-u" | "--unit"))
            .and_then(|_| words.next())
            .map(|unit| canonical(unit).to_owned()),
        _ => None,
    }
}

/// `…/pods/<ns>_<pod>_<uid>/<container>/0.log`, `…/containers/<pod>_<ns>_<container>-<id>.log`.
fn of_container(path: &str) -> Option<String> {
    if let Some((_, rest)) = path.split_once("log/pods/") {
        let container = rest.split('/').nth(1)?;
        return Some(canonical(container).to_owned());
    }
    let (_, name) = path.split_once("log/containers/")?;
    let tail = name.rsplit('_').next()?;
    let container = tail
        .rsplit_once('-')
        .map_or(tail, |(container, _)| container);
    Some(canonical(container).to_owned())
}

/// Programs whose name a file name may hold, the longest first where one holds another.
const NAMED: [(&str, &str); 29] = [
    ("kube-apiserver", "kube-apiserver"),
    ("kube-controller-manager", "kube-controller-manager"),
    ("kube-scheduler", "kube-scheduler"),
    ("kube-proxy", "kube-proxy"),
    ("kubelite", "kubelite"),
    ("kubelet", "kubelet"),
    ("kubeadm", "kubeadm"),
    ("cri-dockerd", "cri-dockerd"),
    ("containerd", "containerd"),
    ("crictl", "crictl"),
    ("crio", "crio"),
    ("cri-o", "crio"),
    ("docker", "dockerd"),
    ("rke2", "rke2"),
    ("k3s", "k3s"),
    ("k0s", "k0s"),
    ("microshift", "microshift"),
    ("etcd", "etcd"),
    ("flannel", "flannel"),
    ("calico-node", "calico-node"),
    ("cilium", "cilium"),
    ("weave", "weave"),
    ("ipamd", "aws-node"),
    ("aws-node", "aws-node"),
    ("dmesg", "kernel"),
    ("kern.log", "kernel"),
    ("talos", "talos"),
    ("microk8s", "microk8s"),
    ("kubectl", "kubectl"),
];

fn of_name(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    NAMED
        .iter()
        .find(|(part, _)| name.contains(part))
        .map(|(_, program)| (*program).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_identifiers_are_one_program() {
        for (ident, want) in [
            ("kubelet.service", "kubelet"),
            ("microk8s.daemon-kubelite", "kubelite"),
            ("(kubelet)", "systemd"),
            ("kubenswrapper", "kubelet"),
            ("docker", "dockerd"),
            ("k3s-agent", "k3s"),
            ("something", "something"),
        ] {
            assert_eq!(canonical(ident), want);
        }
    }

    #[test]
    fn only_processes_that_hold_the_kubelet_have_its_lives() {
        for program in ["kubelet", "k3s", "kubelite", "microshift", "hyperkube"] {
            assert!(runs_kubelet(program), "{program}");
        }
        for program in ["rke2", "k0s", "containerd", "systemd"] {
            assert!(!runs_kubelet(program), "{program}");
        }
    }

    #[test]
    fn sources_name_programs() {
        for (source, want) in [
            (Source::Journal("kubelet.service".into()), Some("kubelet")),
            (Source::Journal(String::new()), None),
            (
                Source::File("/var/log/pods/kube-system_etcd-n_1/etcd/0.log".into()),
                Some("etcd"),
            ),
            (
                Source::File(
                    "/var/log/containers/calico-x_kube-system_calico-node-0abc.log".into(),
                ),
                Some("calico-node"),
            ),
            (
                Source::Command("journalctl -u containerd --no-pager".into()),
                Some("containerd"),
            ),
            (
                Source::Named("kube-apiserver.log".into()),
                Some("kube-apiserver"),
            ),
            (
                Source::Command("kubectl logs kube-system-etcd-n1".into()),
                Some("etcd"),
            ),
            (Source::Named("notes.txt".into()), None),
        ] {
            assert_eq!(of_source(&source).as_deref(), want, "{source:?}");
        }
    }

    #[test]
    fn sections_name_programs() {
        for (section, want) in [
            ("kubelet", Some("kubelet")),
            ("kube-apiserver [0abc]", Some("kube-apiserver")),
            ("dmesg", Some("kernel")),
            ("describe nodes", Some("describe nodes")),
            ("/var/log/kubelet.log", Some("kubelet")),
            ("/var/log/messages", None),
            (
                "/var/log/pods/kube-system_etcd-n_1/etcd/0.log",
                Some("etcd"),
            ),
        ] {
            assert_eq!(of_section(section).as_deref(), want, "{section}");
        }
    }

    #[test]
    fn file_names_that_several_programs_have_name_none() {
        assert_eq!(of_file("kubelet_node_status.go"), Some("kubelet"));
        assert_eq!(of_file("pod_workers.go"), Some("kubelet"));
        assert_eq!(of_file("reflector.go"), None);
        assert_eq!(of_file("server.go"), None);
    }
}
