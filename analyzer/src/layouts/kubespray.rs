//! `scripts/collect-info.yaml` of Kubespray: outputs under names of its own and logs, each in a folder of its host. Follows releases
//! 2.5 to 2.28.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "kubespray",
    detect,
    source,
    node: Some(node),
};

/// Names of outputs, and what was run.
const OUTPUTS: [(&str, &str); 10] = [
    ("timedate_info", "timedatectl status"),
    ("kernel_info", "uname -r"),
    ("docker_info", "docker info"),
    ("ip_info", "ip -4 -o addr"),
    ("route_info", "ip route"),
    ("proc_info", "ps auxf"),
    ("systemctl_failed_info", "systemctl --state=failed"),
    ("k8s_info", "kubectl get all --all-namespaces -o wide"),
    ("kube_describe_nodes", "kubectl describe nodes"),
    ("etcd_info", "etcdctl endpoint health"),
];

fn detect(names: &[&str]) -> u8 {
    let outputs = names.iter().filter_map(|name| output(name));
    let known = |base: &&str| OUTPUTS.iter().any(|(own, _)| own == base) || *base == "kubelet_logs";
    let logs = names
        .iter()
        .any(|name| name.starts_with("logs/") && name.contains("/var/log/"));
    match (outputs.filter(known).count(), logs) {
        (0, _) => 0,
        (1, false) => 60,
        _ => 95,
    }
}

/// The last part of an output's name: below its host it may stand below the folder that it was written to.
fn output(name: &str) -> Option<&str> {
    let (_, file) = name.strip_prefix("commands/")?.split_once('/')?;
    file.rsplit('/').next()
}

fn node(name: &str) -> Option<&str> {
    let (first, rest) = name.split_once('/')?;
    let (host, _) = rest.split_once('/')?;
    matches!(first, "commands" | "logs").then_some(host)
}

fn source(name: &str) -> Source {
    let log = || {
        let (_, path) = name.strip_prefix("logs/")?.split_once('/')?;
        Some(Source::file(format!("/{path}")))
    };
    let Some(base) = output(name) else {
        return log().unwrap_or_else(|| Source::meta(name));
    };
    if let Some((_, command)) = OUTPUTS.iter().find(|(own, _)| *own == base) {
        return Source::command(*command);
    }
    match base {
        "kubelet_logs" => Source::journal_of("kubelet"),
        "errors_info" => Source::whole_journal(),
        _ => Source::meta(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_a_node_with_its_outputs_and_logs() {
        let names = [
            "commands/w1/kubelet_logs",
            "commands/w2/root/kernel_info",
            "logs/w1/var/log/syslog",
        ];
        assert_eq!(detect(&names), 95);
        assert_eq!(detect(&["commands/swapon.txt", "logs/kubelet.log"]), 0);
        let nodes: Vec<_> = names.iter().filter_map(|name| node(name)).collect();
        assert_eq!(nodes, ["w1", "w2", "w1"]);
        assert_eq!(source(names[0]), Source::journal_of("kubelet"));
        assert_eq!(source(names[1]), Source::command("uname -r"));
        assert_eq!(source(names[2]), Source::file("/var/log/syslog"));
        assert_eq!(
            source("commands/w1/weave_info"),
            Source::meta("commands/w1/weave_info")
        );
    }
}
