//! `probes/kubelet.json` of our own bundle: the kubelet's health port, and the certificate that it shows.

use crate::certificate::Certificate;
use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type};
use crate::json::Document;
use crate::parser::Parser;
use crate::pem;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "kubelet_probe",
    kind: "probe of the kubelet",
    facts: FACTS,
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "kubelet"),
    parse,
};

const fn shown(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "TLS handshake with the kubelet",
        "openssl s_client -connect 127.0.0.1:10250 -showcerts",
    )
}

const FACTS: &[FactDecl] = &[
    shown(
        "kubelet.server.tcp",
        Type::Text,
        "connected, refused, timeout, unreachable or reset: the kubelet's own port",
    ),
    shown(
        "kubelet.server.tls",
        Type::Text,
        "ok, not-tls, alert, eof or timeout",
    ),
    shown(
        "kubelet.server.issuer",
        Type::Text,
        "issuer of the certificate that it shows",
    ),
    shown(
        "kubelet.server.not_after",
        Type::Time,
        "end of validity of that certificate",
    ),
    shown(
        "kubelet.server.sans",
        Type::Texts,
        "names and addresses that it is valid for",
    ),
];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["kubelet.health"]),
    };
    serving(&document, &text, entry, evidence);
    let status = document.value.get("status").and_then(Value::as_i64);
    let health = match (document.value.get("result").and_then(Value::as_str), status) {
        (Some("status"), Some(status)) => format!("status {status}"),
        (Some(word @ ("ok" | "refused" | "timeout")), _) => word.to_owned(),
        _ => return,
    };
    let line = Document::key_line(&text, "result");
    let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
    claim(evidence, "kubelet.health", Witness::Kernel, health, origin);
}

fn serving(document: &Document, text: &str, entry: &Entry, evidence: &mut Evidence) {
    let Some(serving) = document.value.get("serving") else {
        return;
    };
    let at = |key: &str| {
        let line = Document::key_line(text, key);
        line.map_or_else(|| entry.whole(), |line| entry.at(line))
    };
    for (path, key) in [("kubelet.server.tcp", "tcp"), ("kubelet.server.tls", "tls")] {
        if let Some(word) = serving.get(key).and_then(Value::as_str) {
            evidence.facts.set(path, Fact::text(word, at(key)));
        }
    }
    let leaf = serving.pointer("/chain/0").and_then(Value::as_str);
    let blocks = leaf.map(pem::blocks).unwrap_or_default();
    let leaf = blocks
        .first()
        .and_then(|block| Certificate::from_der(block.certificate()?));
    let Some(leaf) = leaf else {
        return;
    };
    let origin = at("chain");
    let facts = &mut evidence.facts;
    facts.set(
        "kubelet.server.issuer",
        Fact::text(leaf.issuer, origin.clone()),
    );
    facts.set("kubelet.server.sans", Fact::texts(leaf.sans, &origin));
    if let Some(time) = leaf.not_after {
        facts.set("kubelet.server.not_after", Fact::new(time.into(), origin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::claimed_text;
    use std::sync::Arc;

    #[test]
    fn a_bad_status_is_told_with_its_number() {
        let entry = Entry {
            name: Arc::from("probes/kubelet.json"),
            source: Source::Probe("kubelet".into()),
            bytes:
                b"{\"url\":\"http://127.0.0.1:10248/healthz\",\"result\":\"status\",\"status\":500}"
                    .to_vec(),
        };
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        assert_eq!(claimed_text(&evidence, "kubelet.health"), "status 500");
    }
}
