//! Error texts that are about one application and not about the node.

/// Whether a line names a pod that is no daemon of the node, or says that a container's own program cannot be started.
pub(super) fn is_workload(text: &str) -> bool {
    match namespace(text) {
        Some(namespace) => !is_of_the_node(namespace),
        None => OWN_FAULTS.iter().any(|words| text.contains(words)),
    }
}

/// Said of a container without its pod: its image or its own command is at fault.
const OWN_FAULTS: [&str; 4] = [
    "unable to start container process: exec: ",
    "PullImage from image service failed",
    "container not running (",
    "container is not created or running",
];

/// Beginnings of the namespaces whose pods make a node work.
const OF_THE_NODE: [&str; 16] = [
    "kube",
    "calico",
    "tigera",
    "cilium",
    "openshift",
    "weave",
    "flannel",
    "antrea",
    "multus",
    "amazon",
    "gke",
    "gmp",
    "aks",
    "cattle-system",
    "metallb",
    "csi",
];

fn is_of_the_node(namespace: &str) -> bool {
    OF_THE_NODE.iter().any(|start| namespace.starts_with(start))
}

/// `pod="default/web-0"`, `pod="web-0_default(uid)"`, `pod=web-0_default(uid)`, `in pod web-0_default(uid)`.
fn namespace(text: &str) -> Option<&str> {
    ["pod=\"", "pod=\\\"", "pod=", "pod \"", "in pod "]
        .iter()
        .filter_map(|before| {
            let (_, rest) = text.split_once(before)?;
            let end = rest.find(|c: char| c.is_whitespace() || "\"\\,:".contains(c));
            let name = rest.get(..end.unwrap_or(rest.len()))?;
            if let Some((namespace, _)) = name.split_once('/') {
                return Some(namespace);
            }
            let (_, rest) = name.split_once('_')?;
            rest.split('(').next()
        })
        .find(|namespace| !namespace.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_of_an_application_is_told_from_a_daemon_of_the_node() {
        for text in [
            r#""Error syncing pod, skipping" err="CrashLoopBackOff" pod="default/web-0""#,
            r#"Error syncing pod 6a1 ("web-0_shop(6a1)"), skipping: pod="web-0_shop(6a1)""#,
            r#""Unhandled Error" err="container web start failed in pod web-0_default(6a1): x""#,
            "back-off 5m0s restarting failed container=web pod=web-0_shop(6a1)",
            r#""StartContainer failed" err="unable to start container process: exec: \"/x\": stat /x""#,
        ] {
            assert!(is_workload(text), "{text}");
        }
        for text in [
            r#""Error syncing pod, skipping" err="CrashLoopBackOff" pod="kube-system/etcd-m1""#,
            r#""Error syncing pod, skipping" pod="calico-system/calico-node-abcde""#,
            r#""Failed to create pod sandbox" err="no such runtime""#,
            r#""Failed cleaning pods" err="rpc error""#,
        ] {
            assert!(!is_workload(text), "{text}");
        }
    }
}
