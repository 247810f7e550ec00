//! `facts/boots.json` of our own bundle: when the machine started, and what crashes left.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::json::{Document, text};
use crate::parser::Parser;
use crate::source::Source;
use crate::times;
use chrono::{DateTime, TimeDelta, Utc};

pub(super) const PARSER: Parser = Parser {
    name: "boot_facts",
    kind: "starts of the machine",
    facts: FACTS,
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "boots"),
    parse,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.starts_within_an_hour",
        Type::Int,
        "most starts of the machine within one hour, of those that wtmp and the journal hold",
    )
    .needs("starts of the machine", "last -x reboot"),
    FactDecl::new(
        "host.crash_dumps",
        Type::Texts,
        "paths of what crashes of the kernel left",
    )
    .needs("what crashes left", "ls -l /sys/fs/pstore /var/crash"),
];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host"]),
    };
    let times = |list: &str, key: &str| -> Vec<DateTime<Utc>> {
        let starts = document
            .items(list)
            .filter(|(_, item)| text(item, "what").is_none_or(|what| what == "reboot"));
        let mut times: Vec<_> = starts
            .filter_map(|(_, item)| times::printed(text(item, key)?))
            .collect();
        times.sort_unstable();
        times
    };
    let (logins, journal) = (times("wtmp", "time"), times("journal", "first"));
    if !logins.is_empty() || !journal.is_empty() {
        let most = most_within_an_hour(&logins).max(most_within_an_hour(&journal));
        let most = Value::Int(i64::try_from(most).unwrap_or(i64::MAX));
        let fact = Fact::new(most, entry.whole());
        evidence.facts.set("host.starts_within_an_hour", fact);
    }
    let dumps = document
        .items("crashes")
        .filter_map(|(_, item)| Some(format!("{}/{}", text(item, "folder")?, text(item, "name")?)));
    let dumps = Fact::texts(dumps, &entry.whole());
    evidence.facts.set("host.crash_dumps", dumps);
}

/// Of times in order.
fn most_within_an_hour(times: &[DateTime<Utc>]) -> usize {
    let within = |first: &DateTime<Utc>| {
        let near =
            |time: &&DateTime<Utc>| **time >= *first && **time - *first <= TimeDelta::hours(1);
        times.iter().filter(near).count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn starts_close_together_are_counted_and_dumps_are_named() {
        let evidence = facts(
            &PARSER,
            "boots",
            r#"{"uptime_seconds": 9.5, "journal": [{"boot":"a","first":"2026-03-04T09:00:00Z"}],
                "wtmp": [{"what":"reboot","time":"2026-03-04T09:00:00Z"},
                {"what":"shutdown","time":"2026-03-04T09:05:00Z"},
                {"what":"reboot","time":"2026-03-04T09:20:00Z"},
                {"what":"reboot","time":"2026-03-04T11:00:00Z"}],
                "crashes": [{"folder":"/var/crash","name":"vmcore"}]}"#,
        );
        assert_eq!(evidence.facts.int("host.starts_within_an_hour"), Some(2));
        let dumps = evidence.facts.get("host.crash_dumps").unwrap();
        assert_eq!(dumps.items()[0].as_text(), Some("/var/crash/vmcore"));
    }
}
