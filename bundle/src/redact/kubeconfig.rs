//! Kubeconfigs: everything under `users[]` is masked unless it is known to be harmless.

use crate::pem;
use crate::redact::document::leaf;
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::names::{self, Secret};
use crate::redact::rule::Text;
use crate::redact::tree::{Node, Scalar};
use crate::redact::{scan, value};

/// Whether a node named `users` is that of a kubeconfig: named entries, each with a `user`.
pub(crate) fn is_users(node: &Node) -> bool {
    let is_user = |node: &Node| node.child("user").is_some();
    match node {
        Node::List(items) => items.iter().any(is_user),
        Node::Map(_) => is_user(node),
        Node::Scalar(_) | Node::Alias => false,
    }
}

/// Masks what is below `users`.
pub(crate) fn mask_users(text: &Text<'_>, users: &Node, hits: &mut Vec<Hit>) {
    below(text, users, &mut Vec::new(), hits);
}

/// What a key announces in a kubeconfig that does not parse: keys that no kubeconfig has are suspect.
pub(crate) fn announced(name: &[u8]) -> Option<Secret> {
    let known = std::str::from_utf8(name).is_ok_and(|name| {
        [KNOWN, EXEC, PROVIDER, USER]
            .iter()
            .any(|list| list.contains(&name))
    });
    names::announced(name).or((!known).then_some(Secret::Unknown))
}

/// Masks `certificate-authority-data` or `client-certificate-data` unless it holds certificates only, or short plain text.
pub(crate) fn mask_certificate(text: &Text<'_>, node: &Node, hits: &mut Vec<Hit>) {
    let Node::Scalar(scalar) = node else {
        return;
    };
    let decoded = value::base64(scalar.value.as_bytes());
    if decoded
        .as_deref()
        .is_some_and(|decoded| is_public(text, decoded))
    {
        return;
    }
    let first = hits.len();
    leaf(text, scalar, ("R6", "certificate-data"), hits);
    let is_plain = |hit: &&mut Hit| hit.mask.starts_with("REDACTED(certificate-data");
    for hit in hits.iter_mut().skip(first).filter(is_plain) {
        hit.mask = Placeholder::new("certificate-data")
            .id(text.key, scalar.value.as_bytes())
            .fact("valid-base64", if decoded.is_some() { "yes" } else { "no" })
            .fact("size", value::size_class(scalar.value.len()))
            .text();
    }
}

fn is_public(text: &Text<'_>, decoded: &[u8]) -> bool {
    let inner = Text {
        bytes: decoded,
        depth: text.depth + 1,
        ..*text
    };
    if scan::holds_secret(&inner) {
        return false;
    }
    let printable = decoded
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    if printable && decoded.len() <= 256 {
        return true;
    }
    let blocks = pem::blocks(decoded);
    let certificates = blocks
        .iter()
        .all(|block| matches!(block.label.as_str(), "CERTIFICATE" | "TRUSTED CERTIFICATE"));
    let der = x509_parser::parse_x509_certificate(decoded).is_ok();
    der || (!blocks.is_empty() && certificates && printable)
}

fn below<'n>(text: &Text<'_>, node: &'n Node, path: &mut Vec<&'n str>, hits: &mut Vec<Hit>) {
    match node {
        Node::Map(entries) => {
            let variable = node.child("name").and_then(Node::text);
            for (name, child) in entries {
                let harmless_variable = name == "value"
                    && variable.is_some_and(|variable| VARIABLES.contains(&variable));
                if harmless_variable && path.ends_with(&["exec", "env"]) {
                    continue;
                }
                path.push(name);
                below(text, child, path, hits);
                path.pop();
            }
        }
        Node::List(items) if path.ends_with(&["exec", "args"]) => arguments(text, items, hits),
        Node::List(items) => {
            for item in items {
                below(text, item, path, hits);
            }
        }
        Node::Scalar(scalar) => user_leaf(text, scalar, path, hits),
        Node::Alias => {}
    }
}

fn user_leaf(text: &Text<'_>, scalar: &Scalar, path: &[&str], hits: &mut Vec<Hit>) {
    let name = path.last().copied().unwrap_or_default();
    match name {
        "client-certificate-data" => {
            mask_certificate(text, &Node::Scalar(scalar.clone()), hits);
        }
        "client-certificate" | "client-key" | "tokenFile"
            if names::is_harmless(scalar.value.as_bytes(), Secret::Key)
                || is_plain_path(scalar) => {}
        _ if is_kept(path) => {}
        _ => leaf(text, scalar, ("R6", kind_of(name)), hits),
    }
}

/// Arguments of the credential plugin stay, except values after or in a secret's flag and what the text rules know.
fn arguments(text: &Text<'_>, items: &[Node], hits: &mut Vec<Hit>) {
    let mut announced = None;
    for item in items {
        let Node::Scalar(scalar) = item else {
            continue;
        };
        let argument = scalar.value.as_bytes();
        if let Some(secret) = announced.take()
            && !scalar.value.starts_with('-')
            && !names::is_harmless(argument, secret)
        {
            leaf(text, scalar, ("R6", secret.word()), hits);
            continue;
        }
        if scalar.value.starts_with('-') && !scalar.value.contains('=') {
            announced = names::announced(scalar.value.trim_start_matches('-').as_bytes());
        }
    }
}

fn is_kept(path: &[&str]) -> bool {
    match path {
        [] | ["name"] | [.., "exec", "env", "name"] | [.., "auth-provider", "name"] => true,
        [.., "exec", name] => EXEC.contains(name),
        [.., "auth-provider", "config", name] => PROVIDER.contains(name),
        [.., name] => USER.contains(name),
    }
}

/// A relative path: `client.key`, `pki/client.crt`.
fn is_plain_path(scalar: &Scalar) -> bool {
    let value = scalar.value.as_str();
    value.len() <= 256
        && (value.contains('/') || value.contains('.'))
        && !value.contains("-----")
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        && [".pem", ".crt", ".key", ".cert", "token"]
            .iter()
            .any(|ending| value.ends_with(ending))
}

fn kind_of(name: &str) -> &str {
    match name {
        "token" | "id-token" | "refresh-token" | "access-token" => "token",
        "password" => "password",
        "client-key-data" => "client-key-data",
        _ => "credential",
    }
}

const KNOWN: &[&str] = &[
    "kind",
    "clusters",
    "cluster",
    "name",
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "client-certificate-data",
    "insecure-skip-tls-verify",
    "tls-server-name",
    "proxy-url",
    "contexts",
    "context",
    "user",
    "users",
    "namespace",
    "current-context",
    "preferences",
    "extensions",
    "client-certificate",
    "client-key",
    "exec",
    "args",
    "env",
];

const USER: &[&str] = &["username", "as", "as-uid", "as-groups"];

const EXEC: &[&str] = &[
    "command",
    "apiVersion",
    "interactiveMode",
    "provideClusterInfo",
    "installHint",
];

const PROVIDER: &[&str] = &[
    "cmd-path",
    "cmd-args",
    "expiry",
    "expiry-key",
    "token-key",
    "scopes",
    "idp-issuer-url",
    "idp-certificate-authority",
    "client-id",
    "tenant-id",
    "environment",
    "apiserver-id",
    "config-mode",
];

/// Variables of credential plugins that choose an account or place and prove nothing.
const VARIABLES: &[&str] = &[
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
];
