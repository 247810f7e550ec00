//! `facts/journal-files.json`: where the journal is kept, and what of it is lost.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "journal_health",
    kind: "facts on journal files",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "journal-files"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["journal"]),
    };
    suppressed(entry, &document, evidence);
    let paths: Vec<&str> = document
        .items("files")
        .filter_map(|(_, file)| file.get("path").and_then(Json::as_str))
        .collect();
    if !paths.is_empty() {
        let persistent = paths.iter().any(|path| path.contains("/var/log/journal/"));
        claim(
            evidence,
            "journal.persistent",
            Witness::Kernel,
            persistent,
            entry.whole(),
        );
    }
    let lost = document.items("lost").filter_map(|(line, gap)| {
        let number = gap.get("entries").and_then(Json::as_i64)?;
        Some((line, number))
    });
    if let Some((line, number)) = lost.max_by_key(|(_, number)| *number) {
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        claim(evidence, "journal.lost", Witness::Kernel, number, origin);
    }
}

fn suppressed(entry: &Entry, document: &Document, evidence: &mut Evidence) {
    let units = document.items("suppressed").filter_map(|(line, item)| {
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        let unit = item.get("unit").and_then(Json::as_str)?;
        let messages = item.get("messages").and_then(Json::as_i64);
        let fields = [
            ("unit", Some(Value::from(unit))),
            ("messages", messages.map(Value::Int)),
        ];
        Some(Fact::record(fields, &origin))
    });
    let units = Fact::list_at(units.collect(), &entry.whole());
    claim(
        evidence,
        "journal.suppressed",
        Witness::Kernel,
        units.value,
        entry.whole(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::best;
    use crate::testing::{claimed, facts};

    const HEALTH: &str = "{\n \"files\": [\n  {\"path\":\"/run/log/journal/ab/system.journal\"}\n ],\n \"lost\": [\n  {\"entries\":3},\n  {\"entries\":40}\n ],\n \"suppressed\": [\n  {\"unit\":\"kubelet.service\",\"messages\":812}\n ]\n}";

    #[test]
    fn a_journal_below_run_does_not_outlive_the_boot() {
        let evidence = facts(&PARSER, "journal-files", HEALTH);
        assert_eq!(
            claimed(&evidence, "journal.persistent").as_bool(),
            Some(false)
        );
        let kept = HEALTH.replace("/run/", "/var/");
        let evidence = facts(&PARSER, "journal-files", &kept);
        assert_eq!(
            claimed(&evidence, "journal.persistent").as_bool(),
            Some(true)
        );
    }

    #[test]
    fn losses_and_suppressed_messages_are_told() {
        let evidence = facts(&PARSER, "journal-files", HEALTH);
        assert_eq!(claimed(&evidence, "journal.lost").as_int(), Some(40));
        let suppressed = claimed(&evidence, "journal.suppressed");
        assert_eq!(
            suppressed.items()[0]
                .field("messages")
                .and_then(Fact::as_int),
            Some(812)
        );
    }

    #[test]
    fn without_files_nothing_is_known_of_where_it_is_kept() {
        let evidence = facts(&PARSER, "journal-files", "{\n \"files\": []\n}");
        assert!(best(&evidence, "journal.persistent").is_none());
    }
}
