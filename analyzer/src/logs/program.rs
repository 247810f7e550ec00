//! Which program wrote a line.

mod sources;

pub(crate) use sources::{is_of_one, of_section, of_source};

/// The name under which rules know a program: one name for the many identifiers it logs with.
pub(crate) fn canonical(name: &str) -> &str {
    let name = name.strip_suffix(".service").unwrap_or(name);
    if name.starts_with('(') || name == "init.scope" {
        // Between fork and exec the child is still systemd's, whatever it will become.
        return "systemd";
    }
    let name = of_snap(name);
    if name.split(['-', '.']).any(|word| word == "kubelet") {
        return "kubelet";
    }
    match name {
        "origin-node" | "atomic-openshift-node" | "kubenswrapper" | "kubensenter" => "kubelet",
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

/// The program in `snap.kube-apiserver.daemon`, `k8s.containerd` and `snap.microk8s.daemon-kubelite`.
fn of_snap(name: &str) -> &str {
    let inner = name.strip_prefix("snap.").unwrap_or(name);
    let service = inner
        .strip_prefix("microk8s.")
        .or_else(|| inner.strip_prefix("k8s."))
        .unwrap_or(inner);
    match service.strip_prefix("daemon-") {
        Some(program) => program,
        None => service.strip_suffix(".daemon").unwrap_or(service),
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
            ("snap.kubelet.daemon", "kubelet"),
            ("kube-apiserver.daemon", "kube-apiserver"),
            ("snap.microk8s.daemon-containerd", "containerd"),
            ("k8s.kubelet", "kubelet"),
            ("snap.kubelet-eks.daemon", "kubelet"),
            ("d8-kubelet-forker", "kubelet"),
            ("kubelet_monitor", "kubelet_monitor"),
            ("docker", "dockerd"),
            ("k3s-agent", "k3s"),
            ("something", "something"),
        ] {
            assert_eq!(canonical(ident), want);
        }
    }

    #[test]
    fn only_processes_that_hold_the_kubelet_have_its_lives() {
        for program in [
            "kubelet",
            "k3s",
            "kubelite",
            "microshift",
            "hyperkube",
            "edgecore",
        ] {
            assert!(runs_kubelet(program), "{program}");
        }
        for program in ["rke2", "k0s", "containerd", "systemd"] {
            assert!(!runs_kubelet(program), "{program}");
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
