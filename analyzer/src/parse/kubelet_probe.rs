//! `probes/kubelet.json` of our own bundle: the kubelet's health port.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "kubelet_probe",
    kind: "probe of the kubelet",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "kubelet"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["kubelet.health"]),
    };
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
