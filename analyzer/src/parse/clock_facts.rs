//! `facts/clock.json` of our own bundle.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use chrono::TimeDelta;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "clock_facts",
    kind: "state of the clock",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "clock"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host.time"]),
    };
    let at = |key: &str| {
        Document::key_line(&text, key).map_or_else(|| entry.whole(), |line| entry.at(line))
    };
    if let Some(truth) = document.value.get("synchronized").and_then(Json::as_bool) {
        claim(
            evidence,
            "host.time.synchronized",
            Witness::Kernel,
            truth,
            at("synchronized"),
        );
    }
    let uptime = document.value.get("uptime_seconds").and_then(Json::as_i64);
    if let Some(span) = uptime.and_then(TimeDelta::try_seconds) {
        claim(
            evidence,
            "host.uptime",
            Witness::Kernel,
            Value::Duration(span),
            at("uptime_seconds"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, facts};

    #[test]
    fn the_kernel_says_whether_it_is_synchronised() {
        let evidence = facts(
            &PARSER,
            "clock",
            "{\n\"wall\":\"2026-01-01T00:00:00Z\",\n\"synchronized\":false,\n\"uptime_seconds\":123\n}",
        );
        let fact = claimed(&evidence, "host.time.synchronized");
        assert_eq!(
            (fact.as_bool(), fact.origins[0].line),
            (Some(false), Some(3))
        );
    }
}
