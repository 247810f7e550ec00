//! `kind export logs`: a folder for each node. Follows kind 0.1 to 0.30 with docker, podman and nerdctl: `kind-version.txt` came
//! with 0.10, `images.log` by 0.14, and all of `/var/log` of a node stands in its folder.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "kind",
    detect,
    source,
    node: Some(node),
};

fn detect(names: &[&str]) -> u8 {
    let beside = [
        "kind-version.txt",
        "docker-info.txt",
        "podman-info.txt",
        "nerdctl-info.txt",
    ];
    let beside = beside.iter().filter(|name| names.contains(name)).count();
    let has = |file: &str| {
        names
            .iter()
            .any(|name| name.split_once('/').is_some_and(|(_, rest)| rest == file))
    };
    let journal = has("journal.log");
    let own = ["kubernetes-version.txt", "inspect.json", "serial.log"];
    let own = own.iter().filter(|file| has(file)).count();
    match (names.contains(&"kind-version.txt"), journal) {
        (true, true) => 100,
        (true, false) => 60,
        (false, true) if own + beside >= 2 => 90,
        _ if own >= 2 => 60,
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
    match rest {
        "journal.log" | "serial.log" => Source::Journal(String::new()),
        "kubelet.log" => Source::Journal("kubelet.service".to_owned()),
        "containerd.log" => Source::Journal("containerd.service".to_owned()),
        "docker.log" => Source::Journal("docker.service".to_owned()),
        "images.log" => Source::Command("crictl images".to_owned()),
        "inspect.json" | "kubernetes-version.txt" => Source::Meta(rest.to_owned()),
        _ => Source::File(format!("/var/log/{rest}")),
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
    fn old_and_cut_exports_are_told_by_what_stands_in_a_node() {
        let old = [
            "docker-info.txt",
            "kind-worker/inspect.json",
            "kind-worker/journal.log",
        ];
        assert_eq!(detect(&old), 90);
        let podman = ["podman-info.txt", "w/serial.log", "w/journal.log"];
        assert_eq!(detect(&podman), 90);
        let cut = [
            "w/inspect.json",
            "w/kubernetes-version.txt",
            "w/pods/a/0.log",
        ];
        assert_eq!(detect(&cut), 60);
    }

    #[test]
    fn logs_of_units_are_journals_and_the_rest_is_of_var_log() {
        assert_eq!(
            source("kind-worker/kubelet.log"),
            Source::Journal("kubelet.service".into())
        );
        for (name, path) in [
            (
                "kind-worker/pods/kube-system_etcd-x_1/etcd/0.log",
                "/var/log/pods/kube-system_etcd-x_1/etcd/0.log",
            ),
            ("kind-worker/alternatives.log", "/var/log/alternatives.log"),
            (
                "w/journal/0a/system.journal",
                "/var/log/journal/0a/system.journal",
            ),
        ] {
            assert_eq!(source(name), Source::File(path.into()));
        }
    }
}
