//! replicatedhq/troubleshoot: support bundles of a cluster, of one host, and of the hosts of all nodes; so those of kURL and
//! embedded cluster. Follows releases 0.9 to 0.123. Host collectors of remote nodes stand in `host-collectors/NODE/system/…` or
//! `host-collectors/system/NODE/…`; what is copied from hosts in `NAME/NODE/…`.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "troubleshoot",
    detect,
    source,
    node: Some(node),
};

fn detect(names: &[&str]) -> u8 {
    let begins = |start: &str| names.iter().any(|name| name.starts_with(start));
    let telling = [
        begins("cluster-resources/"),
        begins("cluster-info/"),
        begins("host-collectors/"),
        names.contains(&"version.yaml"),
        names.contains(&"analysis.json"),
        names.contains(&"execution-data/summary.txt"),
    ];
    let folders = telling.iter().take(3).filter(|one| **one).count();
    match (folders, telling.iter().filter(|one| **one).count()) {
        (0, _) => 0,
        (_, 1) => 60,
        _ => 95,
    }
}

/// Folders of host collectors. Any other folder among them is a node.
const COLLECTORS: [&str; 18] = [
    "system",
    "run-host",
    "journald",
    "certificate",
    "certificatesCollection",
    "connect",
    "copy",
    "diskUsage",
    "dns",
    "errors",
    "filesystemPerformance",
    "http",
    "httpLoadBalancer",
    "registry-images",
    "subnetAvailable",
    "tcpLoadBalancer",
    "tcpPortStatus",
    "udpPortStatus",
];

fn node(name: &str) -> Option<&str> {
    host_entry(name)?.0
}

/// The node, the collector's folder and the file of a host collector's result.
fn host_entry(name: &str) -> Option<(Option<&str>, &str, &str)> {
    let rest = name.strip_prefix("host-collectors/")?;
    let (first, below) = rest.split_once('/')?;
    let Some((second, file)) = below.split_once('/') else {
        return Some((None, first, below));
    };
    if !COLLECTORS.contains(&first) {
        return Some((Some(first), second, file));
    }
    let is_copy = matches!(first, "run-host" | "copy") && file.contains('/');
    Some(if is_copy {
        (None, first, below)
    } else {
        (Some(second), first, file)
    })
}

fn source(name: &str) -> Source {
    if let Some((_, collector, file)) = host_entry(name) {
        return of_host(collector, file);
    }
    let Some(rest) = name.strip_prefix("cluster-resources/") else {
        return beside(name);
    };
    if let Some(log) = rest.strip_prefix("pods/logs/") {
        return container(log);
    }
    match rest.split('/').next() {
        Some("nodes.json") => Source::Command("kubectl get nodes -o json".to_owned()),
        Some("events") => Source::Command("kubectl get events -o json".to_owned()),
        _ => Source::Meta(name.to_owned()),
    }
}

fn beside(name: &str) -> Source {
    const META: [&str; 5] = [
        "version.yaml",
        "analysis.json",
        "cluster-info/cluster_version.json",
        "node_list.json",
        "execution-data/summary.txt",
    ];
    if META.contains(&name) {
        return Source::Meta(name.to_owned());
    }
    names::source(name)
}

/// What a host collector wrote. Its own forms are told by content; the name of a command is only its author's.
fn of_host(collector: &str, file: &str) -> Source {
    match (collector, file) {
        ("run-host", _) if file.ends_with("-info.json") => Source::Meta(file.to_owned()),
        ("run-host" | "journald" | "copy", _) => names::source(file),
        (_, _) => Source::Named(format!("{collector}/{file}")),
    }
}

/// `NS/POD/CONTAINER.log`, `NS/POD/CONTAINER-previous.log`.
fn container(log: &str) -> Source {
    let words: Vec<&str> = log.split('/').collect();
    let [namespace, pod, file] = words.as_slice() else {
        return Source::Named(log.to_owned());
    };
    let name = file.strip_suffix(".log").unwrap_or(file);
    let name = name.strip_suffix("-previous").unwrap_or(name);
    Source::File(format!("/var/log/pods/{namespace}_{pod}_x/{name}/0.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_and_host_bundles_are_told() {
        let cluster = [
            "version.yaml",
            "cluster-info/cluster_version.json",
            "cluster-resources/nodes.json",
        ];
        assert_eq!(detect(&cluster), 95);
        assert_eq!(detect(&["host-collectors/system/memory.json"]), 60);
        assert_eq!(detect(&["version.yaml", "analysis.json"]), 0);
    }

    #[test]
    fn results_of_remote_hosts_are_of_their_node() {
        for (name, want) in [
            ("host-collectors/system/memory.json", None),
            ("host-collectors/w1/system/memory.json", Some("w1")),
            ("host-collectors/system/w1/memory.json", Some("w1")),
            ("host-collectors/run-host/w1/kubelet.txt", Some("w1")),
            ("host-collectors/run-host/dump/out/kubelet.txt", None),
            ("host-collectors/system/node_list.json", None),
            ("cluster-resources/nodes.json", None),
        ] {
            assert_eq!(node(name), want, "{name}");
        }
    }

    #[test]
    fn journals_commands_and_logs_of_pods_are_known() {
        for (name, want) in [
            (
                "host-collectors/run-host/journalctl-kubelet.txt",
                Source::Journal("kubelet.service".into()),
            ),
            (
                "host-collectors/w1/run-host/swapon.txt",
                Source::Command("swapon".into()),
            ),
            (
                "cluster-resources/pods/logs/kube-system/etcd-m1/etcd-previous.log",
                Source::File("/var/log/pods/kube-system_etcd-m1_x/etcd/0.log".into()),
            ),
            (
                "host-collectors/w1/system/memory.json",
                Source::Named("system/memory.json".into()),
            ),
        ] {
            assert_eq!(source(name), want, "{name}");
        }
    }
}
