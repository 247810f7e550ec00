//! `kubectl cluster-info dump --output-directory`, also of `oc`: lists of objects as JSON or YAML, a folder for each namespace,
//! in it a folder for each pod with `logs.txt`. Nothing of it is taken on a node.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "kubectl-dump",
    detect,
    source,
    node: Some(|_| None),
};

fn detect(names: &[&str]) -> u8 {
    let nodes = names.iter().any(|name| list(name) == Some("nodes"));
    let namespace = names.iter().any(|name| {
        name.split_once('/')
            .is_some_and(|(_, rest)| list(rest).is_some_and(|list| list != "nodes"))
    });
    let logs = names
        .iter()
        .any(|name| name.ends_with("/logs.txt") && name.matches('/').count() == 2);
    match (nodes, namespace, logs) {
        (true, true, true) => 90,
        (true, true, false) => 80,
        (false, true, true) => 60,
        _ => 0,
    }
}

/// `pods.json` → `pods`, for the lists that the command writes.
fn list(name: &str) -> Option<&str> {
    const LISTS: [&str; 8] = [
        "nodes",
        "events",
        "replication-controllers",
        "services",
        "daemonsets",
        "deployments",
        "replicasets",
        "pods",
    ];
    let stem = [".json", ".yaml"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    LISTS.contains(&stem).then_some(stem)
}

fn source(name: &str) -> Source {
    let kind = name.rsplit('/').next().and_then(list);
    match kind {
        Some(kind) => Source::Command(format!("kubectl get {kind}")),
        None => container(name).unwrap_or_else(|| Source::Named(name.to_owned())),
    }
}

/// `NS/POD/logs.txt`: the logs of all containers of a pod, one after the other.
fn container(name: &str) -> Option<Source> {
    let (namespace, rest) = name.split_once('/')?;
    let pod = rest.strip_suffix("/logs.txt")?;
    (!pod.contains('/')).then(|| Source::container_log(namespace, pod, "all", "0.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_and_logs_of_a_dump_are_told() {
        let names = [
            "nodes.json",
            "kube-system/events.json",
            "kube-system/pods.json",
            "kube-system/etcd-n1/logs.txt",
        ];
        assert_eq!(detect(&names), 90);
        assert_eq!(detect(&names[1..]), 60);
        assert_eq!(detect(&["nodes.json", "notes/readme.txt"]), 0);
        assert_eq!(
            source("kube-system/events.json"),
            Source::Command("kubectl get events".into())
        );
        assert_eq!(
            source("kube-system/etcd-n1/logs.txt"),
            Source::File("/var/log/pods/kube-system_etcd-n1_x/all/0.log".into())
        );
    }
}
