//! The reasons that a line gives for a failure.

use crate::rule::ErrorClass;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Reason → fragments in lower case, one of which a line that gives it has.
const WORDS: [(ErrorClass, &[&str]); 26] = [
    (
        ErrorClass::Unauthorized,
        &[
            "unauthorized",
            "asked for the client to provide credentials",
        ],
    ),
    (ErrorClass::Forbidden, &["forbidden", "system:anonymous"]),
    (
        ErrorClass::X509Authority,
        &[
            "unknown authority",
            "unable to get local issuer",
            "self-signed certificate",
            "self signed certificate",
        ],
    ),
    (ErrorClass::X509Early, &["is before 2"]),
    (
        ErrorClass::X509Name,
        &[
            "certificate is valid for",
            "contain any ip sans",
            "is not valid for any names",
            "cannot validate certificate for",
        ],
    ),
    (
        ErrorClass::X509Other,
        &[
            "legacy common name",
            "insecure algorithm",
            "x509: certificate specifies",
            "x509: invalid",
        ],
    ),
    (
        ErrorClass::Timeout,
        &[
            "i/o timeout",
            "connection timed out",
            "deadline exceeded",
            "deadlineexceeded",
            "client.timeout",
            "request canceled",
            "handshake timeout",
            "timed out",
            "did not properly respond",
        ],
    ),
    (
        ErrorClass::Refused,
        &["connection refused", "actively refused"],
    ),
    (
        ErrorClass::NoRoute,
        &[
            "no route to host",
            "network is unreachable",
            "host is down",
            "to an unreachable network",
            "to an unreachable host",
        ],
    ),
    (
        ErrorClass::Dns,
        &[
            "no such host",
            "server misbehaving",
            "dial tcp: lookup",
            "name resolution",
        ],
    ),
    (
        ErrorClass::Reset,
        &[
            "connection reset",
            ": eof",
            "unexpected eof",
            "broken pipe",
            "forcibly closed",
            "connection lost",
            "use of closed",
        ],
    ),
    (
        ErrorClass::Protocol,
        &[
            "http response to https client",
            "does not look like a tls handshake",
            "malformed http",
            "proxyconnect",
        ],
    ),
    (
        ErrorClass::Unavailable,
        &[
            "etcdserver",
            "service unavailable",
            "currently unable",
            "too many requests",
            "internal error",
            "bad gateway",
            "gateway timeout",
            "apiserver not ready",
        ],
    ),
    (ErrorClass::Webhook, &["webhook"]),
    (ErrorClass::NotFound, &["not found", "notfound"]),
    (
        ErrorClass::Invalid,
        &["is invalid", "invalid value", "unsupported value"],
    ),
    (
        ErrorClass::Cni,
        &[
            "cni",
            "network plugin",
            "networkready=false",
            "networkpluginnotready",
            "networknotready",
        ],
    ),
    (
        ErrorClass::Runtime,
        &[
            "container runtime",
            "runtime.v1",
            "runtimeready",
            "containerd.sock",
            "crio.sock",
            "dockershim",
            "cri-dockerd",
            "docker daemon",
        ],
    ),
    (ErrorClass::Pleg, &["pleg"]),
    (ErrorClass::Csinode, &["csinode", "csi_plugin"]),
    (ErrorClass::Shutdown, &["shutdown", "shutting down"]),
    (ErrorClass::Cgroup, &["cgroup"]),
    (ErrorClass::Image, &["pull", "sandbox image", "errimage"]),
    (
        ErrorClass::Disk,
        &[
            "no space left",
            "read-only file system",
            "input/output error",
            "disk quota",
            "structure needs cleaning",
        ],
    ),
    (
        ErrorClass::Permission,
        &["permission denied", "operation not permitted"],
    ),
    (ErrorClass::Oci, &["oci runtime", "runc ", "runc:", "crun"]),
];

/// Finds all fragments at once.
struct Finder {
    fragments: AhoCorasick,
    /// The reason that each fragment gives.
    reasons: Vec<ErrorClass>,
}

impl Finder {
    /// `None` if the fragments are too many for it, which a test rules out.
    fn new() -> Option<Self> {
        let fragments = WORDS.iter().flat_map(|(_, words)| *words);
        let reasons = WORDS
            .iter()
            .flat_map(|(class, words)| words.iter().map(|_| *class));
        Some(Self {
            fragments: AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(fragments)
                .ok()?,
            reasons: reasons.collect(),
        })
    }
}

/// Adds the reasons that a text gives.
pub(super) fn add(text: &str, classes: &mut BTreeSet<ErrorClass>) {
    static FINDER: OnceLock<Option<Finder>> = OnceLock::new();
    let text = text.to_ascii_lowercase();
    if let Some(finder) = FINDER.get_or_init(Finder::new) {
        let found = finder.fragments.find_overlapping_iter(&text);
        classes.extend(found.filter_map(|one| finder.reasons.get(one.pattern().as_usize())));
    }
    // Go's text names both ends of the validity; only the times after it tell which.
    if text.contains("expired or is not yet valid") {
        if text.contains("is before 2") {
            return;
        }
        classes.insert(ErrorClass::X509Expired);
        if !text.contains("is after 2") {
            classes.insert(ErrorClass::X509Early);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(text: &str) -> Vec<ErrorClass> {
        let mut classes = BTreeSet::new();
        add(text, &mut classes);
        classes.into_iter().collect()
    }

    #[test]
    fn a_line_gives_the_reason_it_names() {
        let cases: [(&str, &[ErrorClass]); 8] = [
            (
                r#""Failed to update lease" err="Unauthorized""#,
                &[ErrorClass::Unauthorized],
            ),
            (
                "dial tcp 10.0.0.1:6443: i/o timeout",
                &[ErrorClass::Timeout],
            ),
            (
                "dial tcp: lookup api.example: no such host",
                &[ErrorClass::Dns],
            ),
            (
                "x509: certificate has expired or is not yet valid: current time 2026-03-04T09:11:02Z is after 2026-03-01T00:00:00Z",
                &[ErrorClass::X509Expired],
            ),
            (
                "x509: certificate has expired or is not yet valid: current time 2026-03-04T09:11:02Z is before 2026-03-05T00:00:00Z",
                &[ErrorClass::X509Early],
            ),
            (
                "x509: certificate has expired or is not yet valid",
                &[ErrorClass::X509Expired, ErrorClass::X509Early],
            ),
            (
                "X509: Certificate Has EXPIRED OR IS NOT YET VALID: current time 2026-03-04T09:11:02Z IS AFTER 2026-03-01T00:00:00Z",
                &[ErrorClass::X509Expired],
            ),
            ("all is well", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(classes(text), wanted, "{text}");
        }
    }
}
