//! What the logs tell: lives of the kubelet, proofs of rungs, findings.

use super::clock::shown;
use super::{Event, Kind};
use crate::logs::{Hit, Life, LogDigest, Occurrence, Stamp};
use crate::origin::Origin;
use crate::report::Report;
use crate::rule::{Role, Rule};
use crate::ruleset::RuleSet;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn events(logs: &LogDigest, rules: &RuleSet, report: &Report) -> Vec<Event> {
    // Without a year the times only order records among each other.
    if logs.newest.is_none() {
        return Vec::new();
    }
    let mut events: Vec<Event> = logs.lives.iter().flat_map(life).collect();
    events.extend(proofs(logs, rules));
    events.extend(findings(logs, rules, report));
    events
}

fn life(life: &Life) -> Vec<Event> {
    let name = life
        .pid
        .map_or_else(|| "a kubelet".to_owned(), |pid| format!("kubelet {pid}"));
    let mut events = Vec::new();
    if let Some(first) = life.first {
        let what = if life.start_seen {
            format!("{name} starts")
        } else {
            format!("{name} runs; its start is not in the log")
        };
        events.push(event(first, Kind::KubeletStarts, what, life.from.as_ref()));
    }
    if let Some(last) = life.last.filter(|_| life.end_seen) {
        let ran = life.age().filter(|_| life.start_seen).map(shown);
        let ran = ran.map_or_else(String::new, |age| format!(" after {age}"));
        let what = format!("{name} ends{ran}, {} records", life.records);
        events.push(event(last, Kind::KubeletEnds, what, life.to.as_ref()));
    }
    events
}

fn event(stamp: Stamp, kind: Kind, what: String, origin: Option<&Origin>) -> Event {
    Event {
        year_inferred: stamp.year_inferred,
        ..Event::new(stamp.time, kind, what).at(origin)
    }
}

fn of_rule(rule: &Rule, occurrence: &Occurrence, kind: Kind, what: String) -> Option<Event> {
    let event = event(occurrence.time?, kind, what, Some(&occurrence.origin));
    Some(Event {
        rule: Some(rule.id.clone()),
        ..event
    })
}

/// The first proof by each rule in each life.
fn proofs(logs: &LogDigest, rules: &RuleSet) -> Vec<Event> {
    let mut seen = BTreeSet::new();
    let mut events = Vec::new();
    for hit in in_order(&logs.hits) {
        let Some((rule, _)) = rules.get(hit.rule) else {
            continue;
        };
        if rule.role == Role::Progress && seen.insert((hit.rule, hit.life)) {
            let stages: Vec<&str> = rule.proves.iter().map(|stage| stage.as_str()).collect();
            let what = match stages.as_slice() {
                [] => rule.title.clone(),
                stages => format!("{} (proves {})", rule.title, stages.join(", ")),
            };
            events.extend(of_rule(rule, &hit.first, Kind::Proof, what));
        }
    }
    events
}

/// First and last record of every finding of the report.
fn findings(logs: &LogDigest, rules: &RuleSet, report: &Report) -> Vec<Event> {
    let found: BTreeSet<&str> = [
        &report.causes,
        &report.latent,
        &report.symptoms,
        &report.history,
        &report.hygiene,
    ]
    .into_iter()
    .flatten()
    .map(|finding| finding.id.as_str())
    .collect();
    let mut by_rule: BTreeMap<usize, (&Occurrence, &Occurrence, u64)> = BTreeMap::new();
    for hit in in_order(&logs.hits) {
        by_rule
            .entry(hit.rule)
            .and_modify(|(_, last, count)| {
                if last.sequence < hit.last.sequence {
                    *last = &hit.last;
                }
                *count += hit.count;
            })
            .or_insert((&hit.first, &hit.last, hit.count));
    }
    let mut events = Vec::new();
    for (number, (first, last, count)) in by_rule {
        let known = rules.get(number).map(|(rule, _)| rule);
        let Some(rule) = known.filter(|rule| found.contains(rule.id.as_str())) else {
            continue;
        };
        let times = if count > 1 {
            format!(" ({count}×)")
        } else {
            String::new()
        };
        let what = format!("{}{times}", rule.title);
        events.extend(of_rule(rule, first, Kind::First, what));
        if count > 1 && first.sequence != last.sequence {
            events.extend(of_rule(rule, last, Kind::Last, rule.title.clone()));
        }
    }
    events
}

fn in_order(hits: &[Hit]) -> Vec<&Hit> {
    let mut all: Vec<&Hit> = hits.iter().collect();
    all.sort_by_key(|hit| (hit.rule, hit.first.sequence));
    all
}
