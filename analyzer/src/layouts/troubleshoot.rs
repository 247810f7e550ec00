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

/// Folders of host collectors.
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

/// The node of a host collector's result, the empty name where the result names none.
fn node(name: &str) -> Option<&str> {
    if name == NODE_LIST {
        return None;
    }
    Some(host_entry(name)?.0.unwrap_or(Layout::LOCAL))
}

const NODE_LIST: &str = "host-collectors/system/node_list.json";

/// The node, the collector's folder and the file of a host collector's result. Names that authors gave to collectors may hold
/// slashes, and what they copy stands in a folder of their choice, so that a node is told only by the folder below or above it.
fn host_entry(name: &str) -> Option<(Option<&str>, &str, &str)> {
    let rest = name.strip_prefix("host-collectors/")?;
    let (first, below) = rest.split_once('/')?;
    let Some((second, file)) = below.split_once('/') else {
        return Some((None, first, below));
    };
    let is_collector = COLLECTORS.contains(&first);
    Some(match (is_collector, COLLECTORS.contains(&second)) {
        (false, true) => (Some(first), second, file),
        (true, _) if matches!(first, "system" | "run-host") && !file.contains('/') => {
            (Some(second), first, file)
        }
        _ => (None, first, below),
    })
}

fn source(name: &str) -> Source {
    if let Some((_, collector, file)) = host_entry(name).filter(|_| name != NODE_LIST) {
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
        "cluster-info/cluster_version.json",
        "node_list.json",
        NODE_LIST,
        "execution-data/summary.txt",
    ];
    if META.contains(&name) {
        return Source::Meta(name.to_owned());
    }
    names::source(name)
}

/// What a host collector wrote. Its own forms are told by name and content; the name of a command is only its author's.
fn of_host(collector: &str, file: &str) -> Source {
    let base = file.rsplit('/').next().unwrap_or(file);
    let about = base.ends_with("-info.json") || base.ends_with("-stderr.txt");
    match collector {
        "run-host" | "journald" if about => Source::Meta(file.to_owned()),
        "journald" => match names::source(file) {
            Source::Named(_) => Source::Journal(String::new()),
            named => named,
        },
        "dns" if base == "resolv.conf" => Source::File("/etc/resolv.conf".to_owned()),
        "system" | "certificatesCollection" | "connect" | "dns" | "http" | "tcpPortStatus" => {
            Source::Named(format!("host-collectors/{collector}/{file}"))
        }
        _ if collector != "run-host" && collector != "copy" && COLLECTORS.contains(&collector) => {
            Source::Meta(format!("{collector}/{file}"))
        }
        _ => names::source(file),
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
    Source::container_log(namespace, pod, name, "0.log")
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
            ("host-collectors/system/memory.json", Some(Layout::LOCAL)),
            ("host-collectors/w1/system/memory.json", Some("w1")),
            ("host-collectors/system/w1/memory.json", Some("w1")),
            ("host-collectors/run-host/w1/kubelet.txt", Some("w1")),
            (
                "host-collectors/run-host/dump/out/kubelet.txt",
                Some(Layout::LOCAL),
            ),
            ("host-collectors/dns/dns/result.json", Some(Layout::LOCAL)),
            (
                "host-collectors/diskUsage/Disk Usage /var/lib/kubelet.json",
                Some(Layout::LOCAL),
            ),
            ("host-collectors/k0s/conf.d/k0s.yaml", Some(Layout::LOCAL)),
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
                Source::Named("host-collectors/system/memory.json".into()),
            ),
            (
                "host-collectors/journald/last-day.txt",
                Source::Journal(String::new()),
            ),
            (
                "host-collectors/journald/k0sworker.txt",
                Source::Journal("k0sworker.service".into()),
            ),
            (
                "host-collectors/journald/k0sworker-info.json",
                Source::Meta("k0sworker-info.json".into()),
            ),
            (
                "host-collectors/dns/dns/resolv.conf",
                Source::File("/etc/resolv.conf".into()),
            ),
            (
                "host-collectors/configuration/kubelet.conf",
                Source::File("/etc/kubernetes/kubelet.conf".into()),
            ),
            (
                "host-collectors/certificate/pair.json",
                Source::Meta("certificate/pair.json".into()),
            ),
        ] {
            assert_eq!(source(name), want, "{name}");
        }
    }
}
