//! `k8s inspect` of Canonical Kubernetes: a folder for each service, arguments of the services, and a few outputs. Follows releases
//! 1.30 to 1.35.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "k8s-snap",
    detect,
    source,
    node: None,
};

fn detect(names: &[&str]) -> u8 {
    let services = names.iter().filter(|name| service(name).is_some()).count();
    let beside = [
        "nrestarts.log",
        "snap-services-k8s.log",
        "snap-list-k8s.log",
        "k8s-status.log",
        "args/kubelet",
    ];
    let beside = beside.iter().filter(|name| names.contains(name)).count();
    match (services, beside) {
        (0, 0 | 1) => 0,
        (0, _) => 60,
        (_, 0) => 70,
        _ => 100,
    }
}

/// The service whose folder an entry stands in, and which of its two files it is.
fn service(name: &str) -> Option<(&str, &str)> {
    let (folder, file) = name.split_once('/')?;
    let service = folder.strip_prefix("k8s.")?;
    matches!(file, "systemctl.log" | "journal.log").then_some((service, file))
}

fn source(name: &str) -> Source {
    if let Some((service, file)) = service(name) {
        let unit = format!("snap.k8s.{service}");
        return match file {
            "journal.log" => Source::journal_of(&unit),
            _ => Source::command(format!("systemctl status {unit}.service")),
        };
    }
    if let Some(arguments) = name.strip_prefix("args/") {
        return Source::file(format!("/var/snap/k8s/common/args/{arguments}"));
    }
    match name {
        "uname.log" => Source::command("uname -a"),
        "snap-services-k8s.log" => Source::command("snap services k8s"),
        "snap-logs-k8s.log" => Source::whole_journal(),
        "k8s-version.log" => Source::command("kubectl version"),
        "cluster-info.log" => Source::Named(name.to_owned()),
        _ if is_of_tool(name) => Source::meta(name),
        _ => names::source(name),
    }
}

/// Outputs that no rule asks for.
fn is_of_tool(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let begins = ["k8s", "snap-", "sbom", "nrestarts", "is-control-plane"];
    begins.iter().any(|start| base.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_by_its_services_also_where_some_are_missing() {
        let all = ["k8s.kubelet/journal.log", "args/kubelet", "uname.log"];
        assert_eq!(detect(&all), 100);
        assert_eq!(detect(&all[..1]), 70);
        assert_eq!(detect(&["nrestarts.log", "k8s-status.log"]), 60);
        assert_eq!(detect(&["args/kubelet", "uname.log"]), 0);
    }

    #[test]
    fn each_entry_is_what_the_tool_asked_for() {
        for (name, want) in [
            (
                "k8s.kubelet/journal.log",
                Source::journal_of("snap.k8s.kubelet"),
            ),
            (
                "k8s.containerd/systemctl.log",
                Source::command("systemctl status snap.k8s.containerd.service"),
            ),
            (
                "args/kubelet",
                Source::file("/var/snap/k8s/common/args/kubelet"),
            ),
            ("uname.log", Source::command("uname -a")),
            ("k8s-dqlite-info.yaml", Source::meta("k8s-dqlite-info.yaml")),
        ] {
            assert_eq!(source(name), want, "{name}");
        }
    }
}
