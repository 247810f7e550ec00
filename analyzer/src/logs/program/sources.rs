//! Which program an entry is of, from what it is a copy of.

use super::canonical;
use crate::source::Source;

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
            let known = of_name(container).filter(|_| !is_about_kubelets(container));
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

/// The program in a container of this name.
fn in_container(name: &str) -> &str {
    if is_about_kubelets(name) {
        name
    } else {
        canonical(name)
    }
}

/// What approves or watches kubelets is called after them and is none.
fn is_about_kubelets(container: &str) -> bool {
    container.starts_with("kubelet-")
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
}
