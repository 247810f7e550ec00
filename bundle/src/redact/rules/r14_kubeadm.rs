//! R14: secrets in the configuration of kubeadm.

use crate::redact::document;
use crate::redact::hit::Hit;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::tree::Node;
use crate::redact::{names, value};
use regex::bytes::Regex;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R14",
    name: "kubeadm-secret",
    description: "Bootstrap and discovery tokens and certificate keys in kubeadm's configuration, by its kind.",
    safe_form: "token ids, lifetimes, usages, groups, endpoints and CA hashes stay",
    triggers: &["certificatekey", "tlsbootstraptoken", "discoverytoken"],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in FIELD.captures_iter(text.bytes) {
        if let Some(secret) = found.name("value") {
            value::mask(text, secret.range(), (RULE.id, "kubeadm"), hits);
        }
    }
}

/// Whether the document is one of kubeadm's, of any version.
pub(crate) fn is_kubeadm(root: &Node) -> bool {
    let api = root.child("apiVersion").and_then(Node::text);
    let kind = document::kind(root);
    api.is_some_and(|api| api.starts_with("kubeadm.k8s.io/"))
        || matches!(kind, "InitConfiguration" | "JoinConfiguration")
}

/// Masks the document's tokens and keys.
pub(crate) fn mask(text: &Text<'_>, node: &Node, hits: &mut Vec<Hit>) {
    match node {
        Node::Map(entries) => {
            for (name, child) in entries {
                match child {
                    Node::Scalar(scalar) if SECRETS.contains(&name.as_str()) => {
                        let first = hits.len();
                        if !names::is_harmless(scalar.value.as_bytes(), names::Secret::Password) {
                            document::leaf(text, scalar, (RULE.id, "kubeadm"), hits);
                        }
                        // A bootstrap token keeps its own form, and counts here.
                        for hit in hits.iter_mut().skip(first) {
                            hit.rule = RULE.id;
                        }
                    }
                    _ => mask(text, child, hits),
                }
            }
        }
        Node::List(items) => items.iter().for_each(|item| mask(text, item, hits)),
        Node::Scalar(_) | Node::Alias => {}
    }
}

const SECRETS: &[&str] = &[
    "token",
    "certificateKey",
    "tlsBootstrapToken",
    "discoveryToken",
];

static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)(?:certificateKey|tlsBootstrapToken|discoveryToken)\\*["']?[ \t]*[:=][ \t]*\\*["']?(?P<value>[0-9a-f]{64}|[a-z0-9]{6}\.[a-z0-9]{16})\b"#,
    )
});
