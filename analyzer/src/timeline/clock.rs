//! The node's clock: against the API server's, its steps, its boots and the moment of collection.

use super::{Event, Kind, Skew, Spot};
use crate::analyze::Read;
use crate::clock;
use crate::evidence::Evidence;
use crate::fact::{Facts, Value};
use crate::logs::{ClockStep, Life};
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// What the probe measured, or the time in an answer of the server tells, else what the time service still has to correct.
pub(super) fn skew(evidence: &Evidence) -> Option<Skew> {
    let facts = &evidence.facts;
    let measured = ["apiserver.clock_skew", "host.time.offset"]
        .iter()
        .find_map(|path| Some((seconds(facts, path)?, facts.get(path)?)));
    let (seconds_apart, fact) = measured?;
    Some(Skew {
        seconds: seconds_apart,
        uncertainty: seconds(facts, "apiserver.clock_uncertainty"),
        place: fact.origins.first().map(Spot::from),
    })
}

fn seconds(facts: &Facts, path: &str) -> Option<f64> {
    match facts.get(path)?.value {
        Value::Duration(span) => Some(span.as_seconds_f64()),
        _ => None,
    }
}

pub(super) fn events(read: &Read) -> Vec<Event> {
    let mut events: Vec<Event> = read.logs.clock_steps.iter().map(step).collect();
    events.extend(boots(&read.logs.lives));
    events.extend(running_since(read));
    if let Some((time, origin)) = clock::collection(&read.evidence) {
        let what = "the bundle was collected";
        events.push(Event::new(time, Kind::Collected, what).at(Some(&origin)));
    } else if let Some((time, origin)) = clock::printed(&read.evidence) {
        let what = "a command printed the time";
        events.push(Event::new(time, Kind::Collected, what).at(Some(&origin)));
    }
    if let Some(newest) = read.logs.newest {
        events.push(Event {
            year_inferred: newest.year_inferred,
            ..Event::new(newest.time, Kind::LogEnds, "newest record of all logs")
        });
    }
    events
}

fn step(step: &ClockStep) -> Event {
    let by = shown(step.by.abs());
    let what = if step.by < TimeDelta::zero() {
        format!("times go back by {by}: the clock was set back, or the records are not in order")
    } else {
        format!("the clock was set forward by {by}, or the node slept")
    };
    Event {
        year_inferred: step.after.year_inferred,
        ..Event::new(step.after.time, Kind::ClockStep, what).at(Some(&step.origin))
    }
}

/// Boots in which a kubelet ran, at its first record there; only where there are several.
fn boots(lives: &[Life]) -> Vec<Event> {
    let mut seen = BTreeSet::new();
    let firsts: Vec<Event> = lives
        .iter()
        .filter_map(|life| {
            let boot = life.boot.as_deref().filter(|boot| !seen.contains(*boot))?;
            seen.insert(boot);
            let first = life.first?;
            let what = format!("first kubelet record of boot {boot}");
            Some(Event {
                year_inferred: first.year_inferred,
                ..Event::new(first.time, Kind::Boot, what).at(life.from.as_ref())
            })
        })
        .collect();
    if firsts.len() > 1 { firsts } else { Vec::new() }
}

/// The present boot, from how long the node runs.
fn running_since(read: &Read) -> Option<Event> {
    let fact = read.evidence.facts.get("host.uptime")?;
    let Value::Duration(uptime) = fact.value else {
        return None;
    };
    let (now, _) = clock::collection(&read.evidence).or_else(|| clock::printed(&read.evidence))?;
    let time = now.checked_sub_signed(uptime)?;
    let what = "the node booted, by its uptime";
    Some(Event::new(time, Kind::Boot, what).at(fact.origins.first()))
}

/// `2d 3h`, `5m 12s`, `8.5s`.
pub(super) fn shown(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    match seconds {
        ..60 => format!("{:.1}s", span.as_seconds_f64()),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}
