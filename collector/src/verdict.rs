//! What already looks wrong, from collected facts alone: one honest line. The analyzer reads the logs too and decides.
//!
//! A check speaks only of what is proven. Whatever could not be read, or could be an effect of something else, stays unsaid.

mod certificate;
mod kubelet;
mod log;
mod names;
pub(crate) mod phone;
mod probes;
mod seen;
mod system;

pub(crate) use seen::Seen;

use crate::host::Host;
use crate::node::Node;
use chrono::{DateTime, Utc};

/// What the checks look at.
pub(crate) struct Sight<'a> {
    /// The node; what was read before is remembered.
    pub(crate) host: &'a mut Host,
    /// What the node says of itself.
    pub(crate) node: &'a Node,
    /// Facts and answers of this collection.
    pub(crate) seen: &'a Seen,
    /// The node's own time: its clock, or its newest journal record. `None` where neither is known.
    pub(crate) now: Option<DateTime<Utc>>,
}

impl<'a> Sight<'a> {
    /// Looks at a node at its own time.
    pub(crate) fn new(host: &'a mut Host, node: &'a Node, seen: &'a Seen) -> Self {
        let now = if host.is_live() {
            Some(host.clock().now())
        } else {
            node.newest_record.map(crate::clock::from_microseconds)
        };
        Self {
            host,
            node,
            seen,
            now,
        }
    }
}

/// Something that looks wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Suspicion {
    /// What stands earlier in the chain of cause and effect has the smaller number.
    pub(crate) rank: Rank,
    /// In words, without a final full stop.
    pub(crate) text: String,
}

/// How early in the chain of cause and effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// No clock, no space: everything fails then.
    Ground,
    /// The kubelet cannot be started.
    Unit,
    /// It starts and gives up: a file it names is missing, swap is on.
    Start,
    /// Its credential.
    Credential,
    /// The way to the API server.
    Network,
    /// What the API server answers.
    Server,
    /// The container runtime.
    Runtime,
    /// What may be an effect of something unseen.
    Effect,
}

/// All that looks wrong, causes before effects.
pub(crate) fn suspicions(sight: &mut Sight<'_>) -> Vec<Suspicion> {
    let mut found = Vec::new();
    for check in CHECKS {
        found.extend(check(sight));
    }
    found.sort();
    found.dedup();
    found
}

/// The line of the summary.
pub(crate) fn line(sight: &mut Sight<'_>) -> String {
    let found = suspicions(sight);
    if found.is_empty() {
        return match kubelet::young(sight) {
            Some(seconds) => format!(
                "nothing yet: the kubelet started {seconds} s ago; collect again when it has run for 120 s"
            ),
            None => "nothing obvious from facts alone; the analyzer decides".to_owned(),
        };
    }
    let shown: Vec<&str> = found
        .iter()
        .take(SHOWN)
        .map(|one| one.text.as_str())
        .collect();
    let more = match found.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(
        "{}{more} (from facts alone; the analyzer decides)",
        shown.join("; also ")
    )
}

type Check = fn(&mut Sight<'_>) -> Vec<Suspicion>;

const CHECKS: &[Check] = &[
    system::clock,
    system::disk,
    system::swap,
    kubelet::unit,
    kubelet::files,
    certificate::client,
    certificate::authority,
    kubelet::plugin,
    system::network_plugin,
    probes::api_server,
    probes::credential,
    probes::runtime,
];

/// More would not be read.
const SHOWN: usize = 3;

/// A suspicion as the one element of a check's answer.
fn one(rank: Rank, text: String) -> Vec<Suspicion> {
    vec![Suspicion { rank, text }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::NodeFixture;

    /// The verdict on a recorded node, as with `--root`.
    fn verdict(fixture: &NodeFixture) -> String {
        let mut host = Host::direct(&fixture.root());
        let node = Node::resolve(&mut host, None);
        let seen = Seen::default();
        line(&mut Sight::new(&mut host, &node, &seen))
    }

    const SILENT: &str = "nothing obvious";

    #[test]
    fn healthy_nodes_get_no_suspicion() {
        for name in [
            "healthy-join",
            "healthy-noisy-start",
            "healthy-expired-leftover",
        ] {
            let line = verdict(&NodeFixture::case(name));
            assert!(line.starts_with(SILENT), "{name}: {line}");
        }
    }

    #[test]
    fn an_expired_client_certificate_is_told_with_its_date() {
        let line = verdict(&NodeFixture::case("client-certificate-expired"));
        assert!(line.contains("client certificate expired"), "{line}");
    }

    #[test]
    fn a_disabled_kubelet_is_told() {
        let line = verdict(&NodeFixture::case("kubelet-disabled"));
        assert!(line.contains("disabled"), "{line}");
    }

    #[test]
    fn a_configuration_file_that_is_not_there_is_told() {
        let line = verdict(&NodeFixture::ready().without("var/lib/kubelet/config.yaml"));
        assert!(line.contains("/var/lib/kubelet/config.yaml"), "{line}");
    }

    #[test]
    fn a_node_without_network_plugin_configuration_is_told_when_it_has_joined() {
        let line = verdict(&NodeFixture::case("cni-missing"));
        assert!(line.contains("/etc/cni/net.d"), "{line}");
    }

    #[test]
    fn a_ca_of_the_same_name_with_another_key_is_told() {
        let line = verdict(&NodeFixture::case("kubeconfig-wrong-ca"));
        assert!(
            line.contains("two keys") || line.starts_with(SILENT),
            "{line}"
        );
    }

    #[test]
    fn what_only_logs_tell_stays_unsaid() {
        for name in [
            "flag-removed",
            "csr-not-approved",
            "bootstrap-token-expired",
        ] {
            let line = verdict(&NodeFixture::case(name));
            assert!(line.starts_with(SILENT), "{name}: {line}");
        }
    }
}
