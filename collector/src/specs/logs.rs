//! Logs in files: of pods that the node cannot do without, of the control plane, rotated ones, denials.

use crate::host::Host;
use crate::host::wire::ListingEntry;
use crate::node::Node;
use crate::spec::{Item, KIB, LogFile, MIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "logs",
    about: "logs in files",
    items: &[
        Item {
            name: "rotated",
            catalog: "L10",
            kind: "log",
            source: Source::FoundLogs {
                what: "/var/log/{syslog,messages,…}.1 where the journal is shorter than two days",
                below: "files/var/log/",
                find: rotated,
            },
            cap: MIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the journal is not kept, or shorter",
        },
        Item {
            name: "node-pods",
            catalog: "L8",
            kind: "log",
            source: Source::FoundLogs {
                what: "/var/log/pods: network, proxy, storage and cloud agents",
                below: "files/var/log/pods/",
                find: node_pods,
            },
            cap: POD_LOG,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the agent never writes the network configuration, the cloud taint stays",
        },
        Item {
            name: "control-plane",
            catalog: "L9",
            kind: "log",
            source: Source::FoundLogs {
                what: "/var/log/pods: API server, etcd, controller manager, scheduler",
                below: "files/var/log/pods/",
                find: control_plane,
            },
            cap: 2 * MIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "on a control plane node the other end is here",
        },
        Item {
            name: "denials",
            catalog: "L13",
            kind: "log",
            source: Source::FoundLogs {
                what: "SELinux denials of the last day in /var/log/audit/audit.log",
                below: "files/var/log/audit/",
                find: denials,
            },
            cap: 512 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "SELinux forbids what the kubelet or the runtime does",
        },
    ],
};

/// One rotated file of each log, when the journal does not reach back two days.
fn rotated(host: &mut Host, node: &Node) -> Vec<LogFile> {
    let first = node.boots.iter().map(|(_, first)| *first).min();
    let reach = first
        .zip(node.newest_record)
        .map(|(first, newest)| newest.saturating_sub(first));
    if reach.is_some_and(|reach| reach >= TWO_DAYS) {
        return Vec::new();
    }
    let listing = host.list("/var/log").map(|listing| listing.entries);
    let names: Vec<String> = listing
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| entry.kind == "file")
        .map(|entry| entry.name)
        .collect();
    let newest = ROTATED.iter().filter_map(|log| {
        let endings = [".1", ".1.gz", ".1.xz", ".1.zst", ".2.gz"];
        let known = endings.iter().map(|ending| format!("{log}{ending}"));
        let dated = names
            .iter()
            .filter(|name| is_dated(name, log))
            .max()
            .cloned();
        known
            .into_iter()
            .find(|name| names.contains(name))
            .or(dated)
    });
    newest
        .map(|name| LogFile::tail(format!("/var/log/{name}"), MIB))
        .collect()
}

/// `messages-20261122`, `messages-20261122.gz`
fn is_dated(name: &str, log: &str) -> bool {
    name.strip_prefix(log)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| {
            rest.get(..8)
                .is_some_and(|day| day.bytes().all(|byte| byte.is_ascii_digit()))
        })
}

fn node_pods(host: &mut Host, _: &Node) -> Vec<LogFile> {
    let mut files = pod_logs(host, NODE_PODS, POD_LOG);
    let mut left = ALL_PODS;
    for (file, size) in &mut files {
        let takes = (*size).min(POD_LOG);
        if takes > left {
            file.cap = 0;
        } else {
            left -= takes;
        }
    }
    files.into_iter().map(|(file, _)| file).collect()
}

fn control_plane(host: &mut Host, _: &Node) -> Vec<LogFile> {
    let files = pod_logs(host, CONTROL_PLANE, 2 * MIB);
    files.into_iter().map(|(file, _)| file).collect()
}

/// The last two logs of each container of the pods whose names begin so, with their sizes.
fn pod_logs(host: &mut Host, pods: &[&str], cap: u64) -> Vec<(LogFile, u64)> {
    let mut files = Vec::new();
    for pod in entries(host, PODS)
        .into_iter()
        .filter(|pod| pod.kind == "dir")
    {
        let Some((namespace, name)) = pod.name.split_once('_') else {
            continue;
        };
        let wanted = pods.iter().any(|start| name.starts_with(start));
        if !NAMESPACES.contains(&namespace) || !wanted {
            continue;
        }
        let folder = format!("{PODS}/{}", pod.name);
        for container in entries(host, &folder)
            .into_iter()
            .filter(|entry| entry.kind == "dir")
        {
            let folder = format!("{folder}/{}", container.name);
            let mut instances: Vec<(u64, ListingEntry)> = entries(host, &folder)
                .into_iter()
                .filter_map(|entry| Some((entry.name.strip_suffix(".log")?.parse().ok()?, entry)))
                .collect();
            instances.sort_by_key(|(number, _)| *number);
            for (_, entry) in instances.into_iter().rev().take(2) {
                let file = LogFile::tail(format!("{folder}/{}", entry.name), cap);
                files.push((file, entry.size));
            }
        }
    }
    files
}

fn entries(host: &mut Host, folder: &str) -> Vec<ListingEntry> {
    host.list(folder)
        .map(|listing| listing.entries)
        .unwrap_or_default()
}

fn denials(_: &mut Host, _: &Node) -> Vec<LogFile> {
    vec![LogFile {
        path: "/var/log/audit/audit.log".to_owned(),
        read: 8 * MIB,
        cap: 512 * KIB,
        choose: Some(only_denials),
    }]
}

/// Denials of the day before the newest record. Everything else in an audit log is about people.
fn only_denials(text: &str) -> String {
    let newest = text.lines().filter_map(audit_time).max().unwrap_or(0);
    let is_wanted = |line: &&str| {
        (line.starts_with("type=AVC ") || line.starts_with("type=USER_AVC "))
            && audit_time(line).is_some_and(|time| time + DAY >= newest)
    };
    text.lines()
        .filter(is_wanted)
        .fold(String::new(), |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        })
}

/// Seconds of `… msg=audit(1700000000.123:45): …`
fn audit_time(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("msg=audit(")?;
    rest.split('.').next()?.parse().ok()
}

const PODS: &str = "/var/log/pods";
const POD_LOG: u64 = 512 * KIB;
/// Of all these pods together.
const ALL_PODS: u64 = 6 * MIB;
/// Microseconds.
const TWO_DAYS: u64 = 48 * 3600 * 1_000_000;
/// Seconds.
const DAY: u64 = 24 * 3600;
const ROTATED: &[&str] = &[
    "syslog",
    "messages",
    "kern.log",
    "daemon.log",
    "kubelet.log",
    "kube-proxy.log",
];
const NAMESPACES: &[&str] = &[
    "kube-system",
    "kube-flannel",
    "calico-system",
    "cilium",
    "openshift-machine-config-operator",
    "openshift-multus",
    "openshift-ovn-kubernetes",
    "openshift-sdn",
];
const CONTROL_PLANE: &[&str] = &[
    "kube-apiserver",
    "etcd",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
];
const NODE_PODS: &[&str] = &[
    "antrea-agent",
    "aws-node",
    "azure-cni",
    "azure-cns",
    "azure-ip-masq",
    "calico",
    "canal",
    "cilium",
    "cloud-node-manager",
    "csi",
    "ebs-csi",
    "flannel",
    "gke-metadata-server",
    "kube-flannel",
    "kube-proxy",
    "kube-router",
    "kube-vip",
    "machine-config-daemon",
    "multus",
    "netd",
    "node-local-dns",
    "ovnkube-node",
    "ovs",
    "pdcsi-node",
    "rke2-canal",
    "sdn",
    "weave-net",
    "whereabouts",
];

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::NodeFixture;

    fn paths(files: &[LogFile]) -> Vec<&str> {
        files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn the_last_two_instances_of_agents_are_found_and_other_pods_are_not() {
        let agent = "var/log/pods/kube-system_kube-proxy-x2x_0a/kube-proxy";
        let node = NodeFixture::ready()
            .with_file(&format!("{agent}/9.log"), "x")
            .with_file(&format!("{agent}/10.log"), "x")
            .with_file(&format!("{agent}/2.log"), "x")
            .with_file("var/log/pods/kube-system_etcd-n_1/etcd/0.log", "x")
            .with_file("var/log/pods/default_kube-proxy-fake_2/c/0.log", "x")
            .with_file("var/log/pods/kube-system_my-app_3/c/0.log", "x");
        let mut host = Host::direct(&node.root());
        let found = node_pods(&mut host, &Node::default());
        let expected = [format!("/{agent}/10.log"), format!("/{agent}/9.log")];
        assert_eq!(paths(&found), expected);
        let found = control_plane(&mut host, &Node::default());
        assert_eq!(
            paths(&found),
            ["/var/log/pods/kube-system_etcd-n_1/etcd/0.log"]
        );
    }

    #[test]
    fn rotated_logs_are_taken_only_where_the_journal_is_short() {
        let node = NodeFixture::ready()
            .with_file("var/log/syslog.1", "x")
            .with_file("var/log/messages-20261101", "x")
            .with_file("var/log/messages-20261108.gz", "x")
            .with_file("var/log/auth.log.1", "x");
        let mut host = Host::direct(&node.root());
        let found = rotated(&mut host, &Node::default());
        assert_eq!(
            paths(&found),
            ["/var/log/syslog.1", "/var/log/messages-20261108.gz"]
        );
        let long = Node {
            boots: vec![("b".to_owned(), 0)],
            newest_record: Some(TWO_DAYS),
            ..Node::default()
        };
        assert!(rotated(&mut host, &long).is_empty());
    }

    #[test]
    fn only_the_denials_of_the_last_day_leave_the_audit_log() {
        let text = "\
type=AVC msg=audit(1700000000.100:1): avc: denied { read } for old
type=AVC msg=audit(1700090000.100:2): avc: denied { read } for new
type=USER_LOGIN msg=audit(1700090001.100:3): acct=\"alice\"
";
        let kept = only_denials(text);
        assert!(kept.contains("for new") && !kept.contains("for old") && !kept.contains("alice"));
    }
}
