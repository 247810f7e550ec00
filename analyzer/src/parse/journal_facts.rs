//! `facts/journals.json`: how much of each unit's journal there was, and how much is stored.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

/// Reads the collector's facts on journals.
pub const PARSER: Parser = Parser {
    name: "journal_facts",
    kind: "facts on journals",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "journals" || topic == "journals-more"),
    parse,
};

/// What the journal of one unit holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFact {
    /// The unit; `kernel` for the kernel's records.
    pub unit: String,
    /// Number of records in the journal files; 0 when the files were read and hold none.
    pub records: u64,
    /// Whether the journal files themselves were read, not a text log in their place.
    pub from_files: bool,
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            evidence.gap(entry.name.to_string(), problem, &["kubelet.silent"]);
            return;
        }
    };
    for (line, item) in document.items("journals") {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let (Some(unit), Some(records)) =
            (text("unit"), item.get("records").and_then(Value::as_u64))
        else {
            continue;
        };
        let fact = JournalFact {
            unit: unit.to_owned(),
            records,
            from_files: text("source") == Some("files"),
        };
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        evidence.push(fact, origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_count_and_its_line() {
        let text = "{\n \"journals\": [\n  {\"unit\": \"kubelet.service\", \"records\": 0, \"source\": \"files\"},\n  {\"unit\": \"kernel\", \"records\": 7, \"source\": \"journalctl\"}\n ]\n}";
        let entry = Entry {
            name: "facts/journals.json".into(),
            source: Source::Facts("journals".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let journals = evidence.all::<JournalFact>();
        assert_eq!(
            (journals[0].value.records, journals[0].origin.line),
            (0, Some(3))
        );
        assert!(journals[0].value.from_files && !journals[1].value.from_files);
    }
}
