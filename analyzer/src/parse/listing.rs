//! `listings/*.json` of our own bundle.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{FileKind, Listed, Listing};
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "listing",
    kind: "directory listing",
    facts: &[],
    accepts: |entry| matches!(entry.source, Source::Listing(_)),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let Source::Listing(folder) = &entry.source else {
        return;
    };
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["paths"]),
    };
    let path = document
        .value
        .get("path")
        .and_then(Value::as_str)
        .unwrap_or(folder);
    let complete = document.value.get("complete").and_then(Value::as_bool);
    let entries = document
        .items("entries")
        .filter_map(|(line, item)| listed(line, item))
        .collect();
    evidence.push(
        Listing {
            path: path.to_owned(),
            complete: complete == Some(true),
            entries,
        },
        entry.whole(),
    );
}

fn listed(line: Option<u64>, item: &Value) -> Option<Listed> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    Some(Listed {
        name: text("name")?.to_owned(),
        kind: match text("type") {
            Some("file") => FileKind::File,
            Some("dir") => FileKind::Folder,
            Some("link") => FileKind::Link,
            Some("socket") => FileKind::Socket,
            Some(_) => FileKind::Other,
            None => FileKind::Unknown,
        },
        mode: text("mode").map(str::to_owned),
        size: item.get("size").and_then(Value::as_u64),
        link: text("link").map(str::to_owned),
        line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use std::sync::Arc;

    fn read(text: &str) -> Evidence {
        let entry = Entry {
            name: Arc::from("listings/etc/kubernetes.json"),
            source: Source::Listing("/etc/kubernetes".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        evidence
    }

    #[test]
    fn a_complete_listing_proves_what_is_missing() {
        let evidence = read(
            "{\n\"path\":\"/etc/kubernetes\",\"complete\":true,\"entries\":[\n{\"name\":\"kubelet.conf\",\"type\":\"file\",\"mode\":\"0600\",\"size\":1966},\n{\"name\":\"pki\",\"type\":\"dir\"}\n]}",
        );
        let present = presence(&evidence, "/etc/kubernetes/kubelet.conf");
        assert_eq!(present.origin().unwrap().line, Some(3));
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/admin.conf").known(),
            Some(false)
        );
    }

    #[test]
    fn a_listing_that_does_not_say_complete_proves_nothing() {
        let evidence = read("{\"entries\":[]}");
        assert_eq!(
            presence(&evidence, "/etc/kubernetes/admin.conf").known(),
            None
        );
        assert_eq!(read("{\"entries\":[").gaps.len(), 1);
    }
}
