//! Crash Diagnostics (`crashd`, `tanzu diagnostics collect`): outputs in a folder for each host, under the spelling of their command,
//! copies of files, and what it took from the API in `kubecapture/`. Follows releases 0.3 to 0.3.10.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "crashd",
    detect,
    source,
    node: Some(node),
};

/// Objects and logs of pods.
const CAPTURED: &str = "kubecapture/";

fn detect(names: &[&str]) -> u8 {
    let captured = names.iter().any(|name| captured(name).is_some());
    let outputs = names.iter().filter(|name| is_output(name)).count();
    match (captured, outputs) {
        (true, 1..) => 95,
        (true, 0) => 60,
        (false, 3..) => 55,
        _ => 0,
    }
}

/// What stands in a folder `GROUP_VERSION` of what was taken from the API.
fn captured(name: &str) -> Option<&str> {
    let (group, rest) = name.strip_prefix(CAPTURED)?.split_once('/')?;
    group.rsplit_once("_v").map(|_| rest)
}

/// `HOST/sudo_journalctl_-xeu_kubelet.txt`: in no other tree there is a folder of a host that holds such names.
fn is_output(name: &str) -> bool {
    let Some((_, file)) = name.split_once('/') else {
        return false;
    };
    let stem = file
        .strip_suffix(".txt")
        .and_then(|stem| stem.strip_prefix("sudo_"));
    stem.is_some_and(|stem| {
        stem.split('_').next().is_some_and(names::is_program) || stem.starts_with("journalctl")
    })
}

fn node(name: &str) -> Option<&str> {
    let (host, _) = name
        .split_once('/')
        .filter(|_| !name.starts_with(CAPTURED))?;
    Some(host)
}

fn source(name: &str) -> Source {
    let Some((_, rest)) = name.split_once('/') else {
        return Source::meta(name);
    };
    if !name.starts_with(CAPTURED) {
        return names::source(rest);
    }
    let words: Vec<&str> = captured(name).unwrap_or(rest).split('/').collect();
    if let [namespace, pod, file] = words.as_slice()
        && let Some(container) = file.strip_suffix(".log")
    {
        return Source::container_log(namespace, pod, container, "0.log");
    }
    Source::Named(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_a_node_and_the_api_is_of_all() {
        let names = [
            "10_0_0_5/sudo_journalctl_-xeu_kubelet.txt",
            "10_0_0_5/sudo_df_-i.txt",
            "10_0_0_6/sudo_systemctl_status_kubelet.txt",
            "kubecapture/core_v1/kube-system/etcd-m1/etcd.log",
            "kubecapture/core_v1/nodes-202611220800.0000.json",
        ];
        assert_eq!(detect(&names), 95);
        assert_eq!(detect(&names[..3]), 55);
        assert_eq!(
            detect(&["logs/kubelet.txt", "logs/df.txt", "logs/ps.txt"]),
            0
        );
        assert_eq!(node(names[2]), Some("10_0_0_6"));
        assert_eq!(node(names[3]), None);
        assert_eq!(source(names[0]), Source::journal_of("kubelet"));
        assert_eq!(source(names[1]), Source::command("df -i"));
        assert_eq!(
            source(names[2]),
            Source::command("systemctl status kubelet")
        );
        assert_eq!(
            source(names[3]),
            Source::file("/var/log/pods/kube-system_etcd-m1_x/etcd/0.log")
        );
        assert!(matches!(source(names[4]), Source::Named(_)));
    }
}
