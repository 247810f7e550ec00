//! Which distribution the node has, and where its references lead.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, NodeStat};
use crate::node::Node;
use crate::node::references;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde::Serialize;

pub(crate) const SPEC: Spec = Spec {
    name: "profiles",
    about: "the distribution, and the paths that its files name",
    items: &[
        Item {
            name: "detected",
            catalog: "A1",
            kind: "profiles",
            source: Source::Fact {
                topic: "profiles",
                make: detected,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "what the node is, and whether two installations share it",
        },
        Item {
            name: "references",
            catalog: "K1 C1 C5",
            kind: "references",
            source: Source::Fact {
                topic: "references",
                make: references,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "a flag, configuration or kubeconfig that names a missing or unreadable file",
        },
        Item {
            name: "credentials",
            catalog: "B5 B6",
            kind: "credentials",
            source: Source::Fact {
                topic: "credentials",
                make: credentials,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Secret,
            reason: "whether tokens and passwords exist, their form and mode; never their content",
        },
    ],
};

/// One line of `facts/profiles.json`.
#[derive(Debug, Serialize)]
struct Found<'a> {
    name: &'a str,
    because: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn detected(_: &mut Host, node: &Node) -> Result<String, Failure> {
    let found: Vec<Found<'_>> = node
        .profiles
        .iter()
        .map(|one| Found {
            name: one.profile.spec.name,
            because: &one.because,
            running: one.running,
            data: one.profile.data.as_ref().and_then(|data| {
                let mut moved = node.moved.iter();
                moved
                    .find(|moved| moved.usual == data.usual)
                    .map(|moved| moved.actual.as_str())
            }),
        })
        .collect();
    Ok(facts::list("profiles", &found))
}

/// One line of `facts/references.json`.
#[derive(Debug, Serialize)]
struct Followed {
    from: String,
    key: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readable: Option<bool>,
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn references(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let found: Vec<Followed> = references::find(host, node)
        .into_iter()
        .map(|reference| {
            let stat = host.stat(&reference.path);
            let kind = stat.as_ref().ok().map(|stat| stat.kind.clone());
            Followed {
                exists: existence(&stat),
                readable: kind.as_deref().and_then(|kind| {
                    let outcome = match kind {
                        "file" => host.read(&reference.path, 256 * KIB).err(),
                        "dir" => host.list(&reference.path).err(),
                        _ => return None,
                    };
                    Some(outcome.is_none_or(|failure| failure.outcome != Outcome::Denied))
                }),
                kind,
                from: reference.from,
                key: reference.key,
                path: reference.path,
            }
        })
        .collect();
    Ok(facts::list("references", &found))
}

/// `None` where the tree cannot tell: a folder that is not part of it, a folder that may not be entered.
fn existence(stat: &Result<NodeStat, Failure>) -> Option<bool> {
    match stat {
        Ok(_) => Some(true),
        Err(failure) if failure.outcome == Outcome::Absent => Some(false),
        Err(_) => None,
    }
}

/// One line of `facts/credentials.json`.
#[derive(Debug, Serialize)]
struct Credential {
    path: String,
    mode: String,
    uid: u32,
    gid: u32,
    mtime: String,
    size: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'static str>,
    /// The hash of the cluster's CA that a token of k3s or RKE2 begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_hash: Option<String>,
}

/// `facts/credentials.json`: those that exist.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn credentials(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut found = Vec::new();
    for path in &node.credentials {
        let Ok(stat) = host.stat(path) else { continue };
        let form = match host.read_once(path, 64 * KIB, crate::host::wire::Keep::Start) {
            Ok(taken) if stat.kind == "file" => token_form(&taken.bytes),
            _ => (None, None),
        };
        found.push(Credential {
            path: path.clone(),
            mode: stat.attributes.mode.clone(),
            uid: stat.attributes.uid,
            gid: stat.attributes.gid,
            mtime: crate::clock::rfc3339(stat.attributes.mtime),
            size: size_class(stat.size),
            form: form.0,
            ca_hash: form.1,
        });
    }
    Ok(facts::list("credentials", &found))
}

/// A class, never a length.
fn size_class(bytes: u64) -> &'static str {
    match bytes {
        0 => "empty",
        1..=15 => "under 16 bytes",
        16..=1023 => "under 1 KiB",
        1024..=65_535 => "under 64 KiB",
        _ => "64 KiB or more",
    }
}

/// What kind of token a file holds, as far as its shape tells, and the CA hash that it begins with.
fn token_form(bytes: &[u8]) -> (Option<&'static str>, Option<String>) {
    let text = String::from_utf8_lossy(bytes);
    let token = text.trim();
    if token.is_empty() {
        return (Some("empty"), None);
    }
    let mut lines = token.lines();
    if lines.next().is_some() && lines.next().is_some() {
        return (None, None);
    }
    let hash = token
        .strip_prefix("K10")
        .and_then(|rest| rest.split_once("::"));
    if let Some((hash, _)) = hash {
        let whole = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        return (Some("k10"), whole.then(|| hash.to_owned()));
    }
    if token.starts_with("H4sI") {
        return (Some("gzip"), None);
    }
    let is_bootstrap = token
        .split_once('.')
        .is_some_and(|(id, secret)| id.len() == 6 && secret.len() == 16);
    (Some(if is_bootstrap { "bootstrap" } else { "short" }), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_token_is_told_and_nothing_of_its_secret() {
        let hash = "ab".repeat(32);
        let token = format!("K10{hash}::server:c0ffee\n");
        assert_eq!(token_form(token.as_bytes()), (Some("k10"), Some(hash)));
        assert_eq!(token_form(b"abcdef.0123456789abcdef").0, Some("bootstrap"));
        assert_eq!(token_form(b"hunter2").0, Some("short"));
        assert_eq!(token_form(b"\n").0, Some("empty"));
        assert_eq!(token_form(b"a: b\nc: d\n").0, None);
    }
}
