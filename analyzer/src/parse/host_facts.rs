//! `facts/host.json` of our own bundle.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::ClockReading;
use crate::parser::Parser;
use crate::source::Source;
use crate::times;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "host_facts",
    kind: "identity of the node",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "host"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host"]),
    };
    let at = |key: &str| {
        Document::key_line(&text, key).map_or_else(|| entry.whole(), |line| entry.at(line))
    };
    for (key, path) in [
        ("hostname", "host.name"),
        ("kernel", "host.kernel"),
        ("arch", "host.arch"),
    ] {
        if let Some(value) = document.value.get(key).and_then(Value::as_str) {
            claim(evidence, path, Witness::Kernel, value, at(key));
        }
    }
    let now = document.value.get("now").and_then(Value::as_str);
    if let Some(time) = now.and_then(times::printed) {
        // On the running node `bundle.json` tells the time of collection; in a tree this is the newest record's.
        evidence.push(
            ClockReading {
                time,
                collection: false,
            },
            at("now"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, facts};

    #[test]
    fn name_kernel_and_time_are_read() {
        let evidence = facts(
            &PARSER,
            "host",
            "{\n\"hostname\":\"w1\",\n\"kernel\":\"6.1.0\",\n\"now\":\"2026-11-22T07:48:02Z\"\n}",
        );
        assert_eq!(claimed_text(&evidence, "host.name"), "w1");
        assert_eq!(crate::clock::printed(&evidence).unwrap().1.line, Some(4));
    }
}
