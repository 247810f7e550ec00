//! `facts/keys.json`: what our collector says of private keys, which never leave the node.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

/// Reads the collector's facts on keys.
pub const PARSER: Parser = Parser {
    name: "key_facts",
    kind: "facts on private keys",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "keys"),
    parse,
};

/// What may be told about a private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFact {
    /// Absolute path of its file on the node.
    pub path: String,
    /// SHA-256 of the public half's `SubjectPublicKeyInfo`, hex; `None` when the key does not tell it.
    pub spki: Option<String>,
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            let facts = ["kubelet.client_cert.key_matches"];
            evidence.gap(entry.name.to_string(), problem, &facts);
            return;
        }
    };
    for (line, item) in document.items("keys") {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        let Some(path) = text("path") else {
            continue;
        };
        let fact = KeyFact {
            path,
            spki: text("spki"),
        };
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        evidence.push(fact, origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_line() {
        let text = "{\n \"keys\": [\n  {\"path\": \"/a\", \"index\": 0, \"spki\": \"ab\"},\n  {\"path\": \"/b\", \"encrypted\": true}\n ]\n}";
        let entry = Entry {
            name: "facts/keys.json".into(),
            source: Source::Facts("keys".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let keys = evidence.all::<KeyFact>();
        assert_eq!(keys[0].value.spki.as_deref(), Some("ab"));
        assert_eq!(
            (keys[0].origin.line, keys[1].origin.line),
            (Some(3), Some(4))
        );
        assert_eq!(keys[1].value.spki, None);
    }
}
