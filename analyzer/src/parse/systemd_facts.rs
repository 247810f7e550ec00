//! `facts/systemd.json` of our own bundle: failed units, and what the kubelet's unit waits for.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::json::Document;
use crate::observed::UnitState;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) const PARSER: Parser = Parser {
    name: "systemd_facts",
    kind: "jobs and failed units of systemd",
    facts: &[FactDecl::new(
        "kubelet.unit.waits_for",
        Type::Texts,
        "units that systemd is still starting and that the kubelet's unit needs or follows; empty when its start is not waiting",
    )
    .needs("jobs of systemd", "systemctl list-jobs --after")],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "systemd"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["units"]),
    };
    let at = |line| Origin {
        line,
        ..entry.whole()
    };
    for (line, unit) in document.items("failed") {
        let Some(name) = unit.get("Id").and_then(Json::as_str) else {
            continue;
        };
        // The unit's own properties, where stored, tell more.
        let mut state = UnitState::new(name, 1);
        for (property, field) in FIELDS {
            if let Some(text) = unit.get(property).and_then(Json::as_str) {
                state.value(field, Value::Text(text.to_owned()), at(line));
            }
        }
        evidence.push(state, at(line));
    }
    // Without the list of jobs nobody knows whether there are any.
    if document.value.get("jobs").is_some() {
        let waits = waits_for(&document, at);
        let waits = Fact::list_at(waits, &entry.whole());
        evidence.facts.set("kubelet.unit.waits_for", waits);
    }
}

/// Running jobs of units that the kubelet's needs, while its own start waits.
fn waits_for(document: &Document, at: impl Fn(Option<u64>) -> Origin) -> Vec<Fact> {
    let needs = document.items("kubelet_needs");
    let needs: BTreeSet<&str> = needs
        .filter_map(|(_, need)| need.get("Id")?.as_str())
        .collect();
    let of = document.items("kubelet_needs").next();
    let kubelet = of.and_then(|(_, need)| need.get("Of")?.as_str());
    let word = |job: &Json, key: &str| job.get(key).and_then(Json::as_str).map(str::to_owned);
    let waiting = document.items("jobs").any(|(_, job)| {
        word(job, "Unit").as_deref() == kubelet && word(job, "State").as_deref() == Some("waiting")
    });
    let running = document.items("jobs").filter(|(_, job)| {
        word(job, "State").as_deref() == Some("running")
            && word(job, "Unit").is_some_and(|unit| needs.contains(unit.as_str()))
    });
    let running = running.filter(|_| waiting);
    running
        .filter_map(|(line, job)| Some(Fact::text(word(job, "Unit")?, at(line))))
        .collect()
}

const FIELDS: &[(&str, &str)] = &[
    ("LoadState", "load_state"),
    ("ActiveState", "active_state"),
    ("SubState", "sub_state"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing::facts;

    const TEXT: &str = "{\n \"failed\": [\n  {\"Id\":\"a.service\",\"LoadState\":\"loaded\",\"ActiveState\":\"failed\"}\n ],\n \"jobs\": [\n  {\"Job\":1,\"Unit\":\"wait-online.service\",\"JobType\":\"start\",\"State\":\"running\"},\n  {\"Job\":2,\"Unit\":\"kubelet.service\",\"JobType\":\"start\",\"State\":\"waiting\"},\n  {\"Job\":3,\"Unit\":\"other.service\",\"JobType\":\"start\",\"State\":\"running\"}\n ],\n \"kubelet_needs\": [\n  {\"Id\":\"network-online.target\",\"Of\":\"kubelet.service\"},\n  {\"Id\":\"wait-online.service\",\"Of\":\"network-online.target\"}\n ]\n}\n";

    #[test]
    fn a_waiting_start_names_the_unit_that_it_waits_for() {
        let evidence = facts(&PARSER, "systemd", TEXT);
        let waits = evidence.facts.get("kubelet.unit.waits_for").unwrap();
        assert_eq!(waits.items().len(), 1);
        assert_eq!(waits.items()[0].as_text(), Some("wait-online.service"));
        assert_eq!(waits.items()[0].origins[0].line, Some(6));
    }

    #[test]
    fn without_a_waiting_start_nothing_is_waited_for_and_without_jobs_nothing_is_known() {
        let idle = TEXT.replace("\"waiting\"", "\"running\"");
        let waits = facts(&PARSER, "systemd", &idle);
        let waits = waits.facts.get("kubelet.unit.waits_for").unwrap();
        assert!(waits.items().is_empty());
        let evidence = facts(&PARSER, "systemd", "{\n \"default_target\": null\n}\n");
        assert!(evidence.facts.get("kubelet.unit.waits_for").is_none());
    }

    #[test]
    fn failed_units_are_known_by_their_line() {
        let evidence = facts(&PARSER, "systemd", TEXT);
        let states = unit_states(&evidence, "a.service");
        assert_eq!(
            states[0].value.fields["active_state"].as_text(),
            Some("failed")
        );
        assert_eq!(states[0].origin.line, Some(3));
    }
}
