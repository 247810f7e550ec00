//! OpenShift `must-gather` and `oc adm inspect`: objects of the API as files, logs of the services of all nodes of a role in one
//! file, what the performance scripts took in a folder for each node. Follows releases 4.1 to 4.20.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "must-gather",
    detect,
    source,
    node: Some(node),
};

fn detect(names: &[&str]) -> u8 {
    let begins = |start: &str| names.iter().any(|name| name.starts_with(start));
    let of_namespaces = |name: &&str| {
        let below = name.strip_prefix(NAMESPACES).unwrap_or(name);
        container(below).is_some()
    };
    let telling = [
        begins(CLUSTER) || has_groups(names),
        begins(NAMESPACES) && names.iter().any(|name| is_of_namespace(name)),
        begins("host_service_logs/"),
        begins("nodes/") && names.iter().any(|name| name.ends_with("/sysinfo.log")),
        names.contains(&"event-filter.html"),
    ];
    match telling.iter().filter(|one| **one).count() {
        2.. => 95,
        1 if telling.first() == Some(&true) || telling.get(2) == Some(&true) => 60,
        _ if names.iter().any(of_namespaces) => 60,
        count => 20 * u8::from(count == 1),
    }
}

/// Objects of the cluster.
const CLUSTER: &str = "cluster-scoped-resources/";

/// Objects and logs of its namespaces.
const NAMESPACES: &str = "namespaces/";

/// Whether these are the contents of `cluster-scoped-resources/` alone: Node objects, and folders of other groups of the API.
fn has_groups(names: &[&str]) -> bool {
    let nodes = names.iter().any(|name| node_object(name).is_some());
    let other = |name: &&str| {
        let group = name.split('/').next().unwrap_or_default();
        name.split('/').count() == 3 && group.contains('.') && name.strip_suffix(".yaml").is_some()
    };
    nodes && names.iter().any(other)
}

/// The node whose object this is.
fn node_object(name: &str) -> Option<&str> {
    let below = name.strip_prefix(CLUSTER).unwrap_or(name);
    let node = below.strip_prefix("core/nodes/")?.strip_suffix(".yaml")?;
    (!node.contains('/')).then_some(node)
}

/// `namespaces/NS/core/pods.yaml`, `namespaces/NS/pods/POD/…`: groups of the API below a namespace.
fn is_of_namespace(name: &str) -> bool {
    let group = name.split('/').nth(2).unwrap_or_default();
    matches!(group, "core" | "pods" | "apps") || group.contains('.')
}

fn node(name: &str) -> Option<&str> {
    let mut words = name.splitn(3, '/');
    let (first, second, rest) = (words.next()?, words.next()?, words.next());
    match (first, rest) {
        ("nodes" | "machine_config_ondisk" | "machine_config_termination_logs", Some(_)) => {
            Some(second)
        }
        ("cluster-scoped-resources" | "core", Some(_)) => node_object(name),
        ("host_service_logs", Some(_)) if !matches!(second, "masters" | "workers" | "windows") => {
            Some(second)
        }
        _ => None,
    }
}

fn source(name: &str) -> Source {
    let (first, rest) = name.split_once('/').unwrap_or(("", name));
    let base = rest.rsplit('/').next().unwrap_or(rest);
    match first {
        "host_service_logs" if rest.starts_with("windows/") => windows(base),
        "machine_config_termination_logs" => {
            Source::Journal("machine-config-daemon.service".to_owned())
        }
        "machine_config_ondisk" => match base {
            "mcs-machine-config-content.json" => Source::File(format!("/etc/{base}")),
            _ => Source::File(format!("/etc/machine-config-daemon/{base}")),
        },
        "host_service_logs" => match base.trim_end_matches(".gz").strip_suffix("_service.log") {
            Some(unit) => Source::Journal(format!("{unit}.service")),
            None => names::source(rest),
        },
        "cluster-scoped-resources" => Source::Named(name.to_owned()),
        "nodes" => of_node(rest),
        "namespaces" => container(rest).unwrap_or_else(|| Source::Named(name.to_owned())),
        _ if name.strip_suffix(".yaml").is_some() => Source::Named(name.to_owned()),
        _ => container(name).unwrap_or_else(|| names::source(name)),
    }
}

/// `windows/log_files/kubelet/kubelet.log`: lines of all nodes, each after the name of its node.
fn windows(base: &str) -> Source {
    match base.strip_suffix(".log") {
        Some(program) => Source::Journal(format!("{program}.service")),
        None => Source::Journal("windows-instance-config-daemon.service".to_owned()),
    }
}

/// `NODE/dmesg`, `NODE/NODE_logs_kubelet.gz` and the like.
fn of_node(rest: &str) -> Source {
    let (node, file) = rest.split_once('/').unwrap_or(("", rest));
    match file {
        "dmesg" => Source::Journal("kernel".to_owned()),
        "proc_cmdline" => Source::File("/proc/cmdline".to_owned()),
        _ => match file
            .trim_end_matches(".gz")
            .strip_prefix(node)
            .and_then(|tail| tail.strip_prefix("_logs_"))
        {
            Some(unit) => Source::Journal(format!("{unit}.service")),
            None => names::source(file),
        },
    }
}

/// `NS/pods/POD/CONTAINER/CONTAINER/logs/current.log`.
fn container(rest: &str) -> Option<Source> {
    let words: Vec<&str> = rest.split('/').collect();
    match words.as_slice() {
        [namespace, "pods", pod, container, again, "logs", file] if container == again => {
            Some(Source::container_log(namespace, pod, container, file))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gathering_and_an_inspection_are_told() {
        let gathered = [
            "cluster-scoped-resources/core/nodes/w1.yaml",
            "host_service_logs/masters/kubelet_service.log",
            "version",
        ];
        assert_eq!(detect(&gathered), 95);
        assert_eq!(detect(&gathered[1..]), 60);
        let inspected = [
            "namespaces/default/core/events.yaml",
            "event-filter.html",
            "timestamp",
        ];
        assert_eq!(detect(&inspected), 95);
        assert_eq!(detect(&["namespaces/default.txt", "nodes/list.txt"]), 0);
    }

    #[test]
    fn a_piece_of_a_gathering_is_told() {
        let log = "openshift-etcd/pods/etcd-m1/etcd/etcd/logs/current.log";
        let own = format!("namespaces/{log}");
        for piece in [
            vec!["cluster-scoped-resources/core/nodes/w1.yaml"],
            vec![
                "cluster-scoped-resources/machineconfiguration.openshift.io/machineconfigs/a.yaml",
            ],
            vec![
                "core/nodes/w1.yaml",
                "config.openshift.io/clusteroperators/dns.yaml",
            ],
            vec![own.as_str()],
            vec![log],
        ] {
            assert!(detect(&piece) >= Layout::SURE, "{piece:?}");
        }
        assert!(detect(&["namespaces/default/core/events.yaml"]) < Layout::SURE);
        assert_eq!(node("core/nodes/w1.yaml"), Some("w1"));
        assert!(matches!(source(log), Source::File(_)));
    }

    #[test]
    fn what_names_a_node_is_of_it() {
        for (name, want) in [
            (
                "cluster-scoped-resources/core/nodes/w1.example.com.yaml",
                Some("w1.example.com"),
            ),
            ("nodes/w1/w1_logs_kubelet.gz", Some("w1")),
            ("nodes/debug", None),
            ("host_service_logs/masters/crio_service.log", None),
            (
                "host_service_logs/windows/log_files/kubelet/kubelet.log",
                None,
            ),
            ("machine_config_ondisk/w1/bootstrapconfigdiff", Some("w1")),
            (
                "cluster-scoped-resources/certificates.k8s.io/certificatesigningrequests/csr-1.yaml",
                None,
            ),
        ] {
            assert_eq!(node(name), want, "{name}");
        }
    }

    #[test]
    fn logs_have_their_program() {
        assert_eq!(
            source("host_service_logs/workers/kubelet_service.log"),
            Source::Journal("kubelet.service".into())
        );
        assert_eq!(
            source("nodes/w1/w1_logs_kubelet.gz"),
            Source::Journal("kubelet.service".into())
        );
        assert_eq!(
            source("host_service_logs/windows/log_files/containerd/containerd.log"),
            Source::Journal("containerd.service".into())
        );
        assert_eq!(
            source("namespaces/openshift-etcd/pods/etcd-m1/etcd/etcd/logs/current.log"),
            Source::File("/var/log/pods/openshift-etcd_etcd-m1_x/etcd/current.log".into())
        );
    }
}
