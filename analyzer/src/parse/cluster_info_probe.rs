//! `probes/cluster_info.json` of our own bundle: what the cluster tells anybody who wants to join.

use crate::certificate::Certificate;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::ClusterInfo;
use crate::parser::Parser;
use crate::pem;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "cluster_info_probe",
    kind: "probe of cluster-info",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "cluster_info"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["cluster_info"]),
    };
    let texts = |key: &str| {
        let items = document.value.get(key)?.as_array()?.iter();
        Some(
            items
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    };
    let Some(status) = document.value.get("status").and_then(Value::as_i64) else {
        return;
    };
    let blocks = texts("certificates").unwrap_or_default();
    let blocks = blocks.iter().flat_map(|text| pem::blocks(text));
    let info = ClusterInfo {
        status,
        token_ids: texts("token_ids"),
        certificates: blocks
            .filter_map(|block| Certificate::from_der(block.certificate()?))
            .collect(),
    };
    let key = if info.token_ids.is_some() {
        "token_ids"
    } else {
        "status"
    };
    let line = Document::key_line(&text, key);
    let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
    evidence.push(info, origin);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::probe;

    #[test]
    fn tokens_are_read_where_the_cluster_tells_them() {
        let told = probe(
            &PARSER,
            "cluster_info",
            "{\n \"status\": 200,\n \"token_ids\": [\"abcdef\"]\n}",
        );
        let info = &told.all::<ClusterInfo>()[0];
        assert_eq!(
            info.value.token_ids.as_deref(),
            Some(&["abcdef".to_owned()][..])
        );
        assert_eq!(info.origin.line, Some(3));
        let refused = probe(&PARSER, "cluster_info", "{\"status\": 403}");
        assert_eq!(refused.all::<ClusterInfo>()[0].value.token_ids, None);
    }
}
