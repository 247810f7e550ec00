//! The node's own name of the service that runs its kubelet, in the commands of remedies.

use crate::evidence::Evidence;
use crate::fact::Fact;

/// The service of this node's kubelet without `.service`, where it has another name: `k3s-agent`, `snap.microk8s.daemon-kubelite`.
pub(super) fn of_kubelet(evidence: &Evidence) -> Option<&str> {
    let unit = evidence
        .facts
        .get("kubelet.unit.name")
        .and_then(Fact::as_text)?;
    let name = unit.strip_suffix(".service").unwrap_or(unit);
    (name != "kubelet").then_some(name)
}

/// A step whose `systemctl` and `journalctl` commands name the node's service instead of `kubelet`.
pub(super) fn addressed(step: String, service: Option<&str>) -> String {
    let Some(service) = service else {
        return step;
    };
    let mut asks = false;
    let mut before = "";
    let mut addressed = String::with_capacity(step.len());
    for part in step.split_inclusive(' ') {
        let word = part.trim_end();
        match word.strip_prefix("kubelet") {
            Some(rest) if asks && before != "the" && ["", ",", ";", ")"].contains(&rest) => {
                asks = false;
                addressed.push_str(service);
                addressed.push_str(part.strip_prefix("kubelet").unwrap_or_default());
            }
            _ => {
                asks = matches!(word, "systemctl" | "journalctl")
                    || asks && !word.ends_with([',', ';']);
                addressed.push_str(part);
            }
        }
        before = word;
    }
    addressed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_k3s(step: &str) -> String {
        addressed(step.to_owned(), Some("k3s-agent"))
    }

    #[test]
    fn commands_name_the_service_that_the_node_has() {
        for (step, told) in [
            ("systemctl restart kubelet", "systemctl restart k3s-agent"),
            (
                "systemctl daemon-reload && systemctl restart kubelet",
                "systemctl daemon-reload && systemctl restart k3s-agent",
            ),
            (
                "systemctl is-active kubelet prints active",
                "systemctl is-active k3s-agent prints active",
            ),
            (
                "journalctl -u kubelet | grep Ready",
                "journalctl -u k3s-agent | grep Ready",
            ),
            (
                "systemctl stop kubelet, then move the folder",
                "systemctl stop k3s-agent, then move the folder",
            ),
        ] {
            assert_eq!(on_k3s(step), told);
        }
    }

    #[test]
    fn the_program_keeps_its_name() {
        for step in [
            "reinstall the kubelet of the right version",
            "ls /var/lib/kubelet",
            "systemctl daemon-reload, kubelet reads its flags anew",
            "systemctl status shows the kubelet below another unit",
            "journalctl -b _COMM=kubelet > kubelet.log",
        ] {
            assert_eq!(on_k3s(step), step);
        }
        assert_eq!(
            addressed("systemctl restart kubelet".to_owned(), None),
            "systemctl restart kubelet"
        );
    }
}
