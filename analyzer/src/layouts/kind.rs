//! `kind export logs`: a folder for each node, as the kind project's `pkg/cluster/internal/logs` and its providers write them.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "kind",
    detect,
    source,
    node: Some(node),
};

fn detect(names: &[&str]) -> u8 {
    let version = names.contains(&"kind-version.txt");
    let nodes = names
        .iter()
        .any(|name| node(name).is_some() && name.ends_with("/journal.log"));
    match (version, nodes) {
        (true, true) => 100,
        (true, false) => 60,
        _ => 0,
    }
}

/// Each folder is a node; what stands beside them is of the host that runs them.
fn node(name: &str) -> Option<&str> {
    name.split_once('/').map(|(node, _)| node)
}

fn source(name: &str) -> Source {
    let Some((_, rest)) = name.split_once('/') else {
        return Source::Meta(name.to_owned());
    };
    let (folder, below) = rest.split_once('/').unwrap_or(("", rest));
    match (folder, below) {
        ("containers" | "pods", _) => Source::File(format!("/var/log/{folder}/{below}")),
        ("", "journal.log" | "serial.log") => Source::Journal(String::new()),
        ("", "kubelet.log") => Source::Journal("kubelet.service".to_owned()),
        ("", "containerd.log") => Source::Journal("containerd.service".to_owned()),
        ("", "images.log") => Source::Command("crictl images".to_owned()),
        ("", "inspect.json" | "alternatives.log" | "kubernetes-version.txt") => {
            Source::Meta(rest.to_owned())
        }
        _ => names::source(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_a_node() {
        let names = [
            "kind-version.txt",
            "kind-worker/journal.log",
            "docker-info.txt",
        ];
        assert_eq!(detect(&names), 100);
        assert_eq!(node("kind-worker/journal.log"), Some("kind-worker"));
        assert_eq!(node("docker-info.txt"), None);
        assert_eq!(detect(&["a/journal.log", "b/journal.log"]), 0);
    }

    #[test]
    fn logs_of_units_are_journals() {
        assert_eq!(
            source("kind-worker/kubelet.log"),
            Source::Journal("kubelet.service".into())
        );
        assert_eq!(
            source("kind-worker/pods/kube-system_etcd-x_1/etcd/0.log"),
            Source::File("/var/log/pods/kube-system_etcd-x_1/etcd/0.log".into())
        );
    }
}
