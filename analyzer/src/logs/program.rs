//! Which program wrote a line.

use crate::source::Source;

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

/// The program that a source names: the container of a pod log, the unit of a journal, the name of a file.
pub(crate) fn of_source(source: &Source) -> Option<String> {
    let path = match source {
        Source::Journal(unit) if unit.is_empty() => return None,
        Source::Journal(unit) => return Some(canonical(unit).to_owned()),
        Source::File(path) | Source::Named(path) => path.as_str(),
        Source::Command(command) => return of_command(command),
        Source::Listing(_) | Source::Facts(_) | Source::Probe(_) | Source::Meta(_) => return None,
    };
    of_container(path)
        .or_else(|| of_name(path.rsplit('/').next().unwrap_or(path)))
        .or_else(|| own_folder(source).map(ToOwned::to_owned))
}

/// Whether every line of a source is of the program that it names.
pub(crate) fn is_of_one(source: &Source) -> bool {
    match source {
        Source::Journal(_) => true,
        Source::File(path) => {
            path.contains("/log/pods/")
                || path.contains("/log/containers/")
                || own_folder(source).is_some()
        }
        Source::Command(command) => logged(command).is_some() || command.starts_with("podman "),
        _ => false,
    }
}

/// The folder in `/var/log` that a program has for itself, where the name of the file tells none.
fn own_folder(source: &Source) -> Option<&str> {
    /// Folders for the logs of several programs.
    const SHARED: [&str; 12] = [
        "audit",
        "aws-routed-eni",
        "azure",
        "calico",
        "containers",
        "crio",
        "journal",
        "kubernetes",
        "openvswitch",
        "ovn",
        "ovn-kubernetes",
        "pods",
    ];
    let Source::File(path) = source else {
        return None;
    };
    let (folder, file) = path.strip_prefix("/var/log/")?.split_once('/')?;
    let is_own = of_name(file).is_none() && of_name(folder).is_none();
    (is_own && !SHARED.contains(&folder)).then_some(folder)
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
        "kubectl" | "oc" | "docker" => logged(command).map(|container| {
            let about_it = container.starts_with("kubelet-");
            let known = of_name(container).filter(|_| !about_it);
            known.unwrap_or_else(|| in_container(container).to_owned())
        }),
        program @ ("crictl" | "podman") => Some(program.to_owned()),
        "journalctl" => words
            .find(|word| matches!(*word, "-u" | "--unit"))
            .and_then(|_| words.next())
            .map(|unit| canonical(unit).to_owned()),
        _ => None,
    }
}

/// The container whose log a command printed, or else its pod: `kubectl --namespace a logs pod -c container`.
fn logged(command: &str) -> Option<&str> {
    const VALUED: [&str; 6] = [
        "-n",
        "--namespace",
        "--tail",
        "--since",
        "--since-time",
        "--limit-bytes",
    ];
    let mut words = command.split_ascii_whitespace();
    if !matches!(words.next()?, "kubectl" | "oc" | "docker") {
        return None;
    }
    words.find(|word| *word == "logs")?;
    let mut named = None;
    while let Some(word) = words.next() {
        if let Some(container) = word.strip_prefix("--container=") {
            return Some(container);
        }
        if matches!(word, "-c" | "--container") {
            return words.next();
        }
        if VALUED.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            named = Some(word);
        }
    }
    named
}

/// `…/pods/<ns>_<pod>_<uid>/<container>/0.log`, `…/containers/<pod>_<ns>_<container>-<id>.log`.
fn of_container(path: &str) -> Option<String> {
    if let Some((_, rest)) = path.split_once("log/pods/") {
        let container = rest.split('/').nth(1)?;
        return Some(in_container(container).to_owned());
    }
    let (_, name) = path.split_once("log/containers/")?;
    let tail = name.rsplit('_').next()?;
    let container = tail
        .rsplit_once('-')
        .map_or(tail, |(container, _)| container);
    Some(in_container(container).to_owned())
}

/// The program in a container of this name. What approves or watches kubelets is called after them and is none.
fn in_container(name: &str) -> &str {
    if name.starts_with("kubelet-") {
        name
    } else {
        canonical(name)
    }
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
                Source::File("/var/log/pods/kube-system_x_1/kubelet-csr-approver/0.log".into()),
                Some("kubelet-csr-approver"),
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
            (
                Source::Command(
                    "kubectl --namespace kube-system logs --tail 9 kubelet-csr-approver-0".into(),
                ),
                Some("kubelet-csr-approver-0"),
            ),
            (
                Source::Command("kubectl --namespace shop logs till-0 -c till".into()),
                Some("till"),
            ),
            (
                Source::File("/var/log/juju/unit-till-0.log".into()),
                Some("juju"),
            ),
            (Source::File("/var/log/azure/cse.log".into()), None),
            (
                Source::File("/var/log/aws-routed-eni/plugin.log".into()),
                None,
            ),
            (Source::Command("kubectl get pods".into()), None),
            (Source::Named("notes.txt".into()), None),
        ] {
            assert_eq!(of_source(&source).as_deref(), want, "{source:?}");
        }
    }

    #[test]
    fn all_lines_of_a_container_or_in_a_programs_own_folder_are_of_one_program() {
        for (source, want) in [
            (Source::Command("kubectl logs till-0".into()), true),
            (Source::File("/var/log/juju/unit-till-0.log".into()), true),
            (Source::File("/var/log/syslog".into()), false),
            (Source::File("/var/log/kubernetes/audit.log".into()), false),
            (Source::Command("kubectl get pods".into()), false),
            (Source::Command("podman pod ps -a".into()), true),
            (Source::Named("juju.log".into()), false),
        ] {
            assert_eq!(is_of_one(&source), want, "{source:?}");
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
