//! `openshift-install gather bootstrap`, made when an installation does not come about: the machine that boots the cluster and the
//! masters that it reached. Follows `installer-gather.sh` and `installer-masters-gather.sh` of 4.1 to 4.16.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "openshift-install",
    detect,
    source,
    node: Some(node),
};

/// The machine that the bundle was made on, by the name that its folder has.
const BOOTSTRAP: &str = "bootstrap";

fn detect(names: &[&str]) -> u8 {
    let has_journals = |folder: &str| {
        names.iter().any(|name| {
            name.strip_prefix(folder)
                .is_some_and(|rest| rest.contains("journals/"))
        })
    };
    let has = |beginning: &str| names.iter().any(|name| name.starts_with(beginning));
    match (
        has_journals("bootstrap/"),
        has_journals("control-plane/"),
        has("resources/masters.list") || has("rendered-assets/"),
    ) {
        (true, _, true) | (_, true, true) => 95,
        (true, true, false) => 85,
        (true, false, false) if has("bootstrap/journals/bootkube.log") => 80,
        _ => 0,
    }
}

fn node(name: &str) -> Option<&str> {
    let (first, rest) = name.split_once('/').unwrap_or((name, ""));
    match first {
        "control-plane" => rest.split_once('/').map(|(host, _)| host),
        BOOTSTRAP | "unit-status" | "failed-units.txt" => Some(BOOTSTRAP),
        _ => None,
    }
}

fn source(name: &str) -> Source {
    let rest = match name.split_once('/') {
        Some((BOOTSTRAP, rest)) => Some(rest),
        Some(("control-plane", rest)) => rest.split_once('/').map(|(_, rest)| rest),
        Some(("resources", file)) => return resource(name, file),
        _ => Some(name),
    };
    rest.and_then(of_node).unwrap_or_else(|| Source::meta(name))
}

/// An entry below the folder of a machine.
fn of_node(rest: &str) -> Option<Source> {
    let Some((folder, file)) = rest.split_once('/') else {
        let failed = "systemctl list-units --state=failed";
        return (rest == "failed-units.txt").then(|| Source::command(failed));
    };
    match (folder, file) {
        ("journals", _) => file.strip_suffix(".log").map(Source::journal_of),
        ("network", "ip-addr.txt") => Some(Source::command("ip addr")),
        ("network", "ip-route.txt") => Some(Source::command("ip route")),
        ("network", "hostname.txt") => Some(Source::command("hostname")),
        ("network", "resolv.conf") => Some(Source::file("/etc/resolv.conf")),
        ("unit-status", _) => unit_status(file),
        ("containers" | "pods", _) => file.strip_suffix(".log").map(container),
        _ => None,
    }
}

fn unit_status(file: &str) -> Option<Source> {
    match file.rsplit_once('.')? {
        (unit, "txt") => Some(Source::command(format!("systemctl status {unit}"))),
        (unit, "log") => Some(Source::Journal(unit.to_owned())),
        _ => None,
    }
}

/// The log of `etcd-member-<id>`, or of an id alone.
fn container(stem: &str) -> Source {
    let (container, id) = stem.rsplit_once('-').unwrap_or((stem, stem));
    Source::container_log("unknown", id, container, "0.log")
}

/// What the API server answered, about all nodes.
fn resource(name: &str, file: &str) -> Source {
    const READ: [&str; 6] = [
        "csr",
        "events",
        "machineconfigpools",
        "machineconfigs",
        "nodes",
        "pods",
    ];
    match file.strip_suffix(".json") {
        Some(kind) if READ.contains(&kind) => {
            Source::command(format!("kubectl get {kind} --all-namespaces -o json"))
        }
        _ => Source::meta(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_that_boots_the_cluster_and_each_master_are_nodes() {
        let names = [
            "bootstrap/journals/bootkube.log",
            "control-plane/192.0.2.11/journals/kubelet.log",
            "failed-units.txt",
            "resources/masters.list",
            "rendered-assets/openshift/tls/root-ca.crt",
        ];
        assert_eq!(detect(&names), 95);
        assert_eq!(detect(&names[..1]), 80);
        assert_eq!(detect(&["control-plane/nodes.yaml", "journals/a.log"]), 0);
        let nodes: Vec<_> = names.iter().map(|name| node(name)).collect();
        let machines = ["bootstrap", "192.0.2.11", "bootstrap"].map(Some);
        assert_eq!(nodes[..3], machines);
        assert_eq!(nodes[3..], [None, None]);
    }

    #[test]
    fn entries_of_a_machine_and_answers_of_the_api_server_are_told() {
        for (name, want) in [
            (
                "control-plane/m1/journals/kubelet.log",
                Source::journal_of("kubelet"),
            ),
            (
                "bootstrap/network/ip-route.txt",
                Source::command("ip route"),
            ),
            (
                "control-plane/m1/network/resolv.conf",
                Source::file("/etc/resolv.conf"),
            ),
            (
                "unit-status/kubelet.service.txt",
                Source::command("systemctl status kubelet.service"),
            ),
            (
                "control-plane/m1/unit-status/crio.service.log",
                Source::Journal("crio.service".to_owned()),
            ),
            (
                "control-plane/m1/containers/etcd-member-0abc.log",
                Source::container_log("unknown", "0abc", "etcd-member", "0.log"),
            ),
            (
                "resources/nodes.json",
                Source::command("kubectl get nodes --all-namespaces -o json"),
            ),
            (
                "rendered-assets/openshift/tls/root-ca.crt",
                Source::meta("rendered-assets/openshift/tls/root-ca.crt"),
            ),
        ] {
            assert_eq!(source(name), want, "{name}");
        }
    }
}
