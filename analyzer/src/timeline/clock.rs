//! The node's clock: against the API server's, its steps, its boots and the moment of collection.

use super::{Against, Event, Kind, Skew, Spot};
use crate::analyze::Read;
use crate::clock;
use crate::evidence::Evidence;
use crate::fact::{Fact, Facts, Value};
use crate::logs::{ClockStep, Life, Stamp};
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// What the probe measured, or the time in an answer of the server tells; else by how much certificates begin too late; else
/// what the time service still has to correct.
pub(super) fn skew(evidence: &Evidence, now: Option<Stamp>) -> Option<Skew> {
    let facts = &evidence.facts;
    let measured = |path: &str, against| {
        Some(Skew {
            against,
            seconds: seconds(facts, path)?,
            uncertainty: None,
            place: facts.get(path)?.origins.first().map(Spot::from),
        })
    };
    let by_server = measured("apiserver.clock_skew", Against::ApiServer).map(|skew| Skew {
        uncertainty: seconds(facts, "apiserver.clock_uncertainty"),
        ..skew
    });
    by_server
        .or_else(|| behind_signer(facts, now?))
        .or_else(|| measured("host.time.offset", Against::TimeService))
}

/// A certificate in use that is not valid yet was signed by a clock that is ahead; the latest tells most.
fn behind_signer(facts: &Facts, now: Stamp) -> Option<Skew> {
    let begin = |path: &str| match facts.get(path) {
        Some(Fact {
            value: Value::Time(begin),
            origins,
        }) => Some((*begin, origins.first().map(Spot::from))),
        _ => None,
    };
    let begins = [
        "kubelet.client_cert.not_before",
        "apiserver.cert.not_before",
    ];
    let (begin, place) = begins
        .iter()
        .filter_map(|path| begin(path))
        .max_by_key(|(begin, _)| *begin)?;
    (begin > now.time && !now.year_inferred).then(|| Skew {
        against: Against::Signer,
        seconds: (now.time - begin).as_seconds_f64(),
        uncertainty: None,
        place,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use chrono::DateTime;

    fn told(facts: &[(&str, Value)]) -> Option<Skew> {
        let mut evidence = Evidence::default();
        for (path, value) in facts {
            let fact = Fact::new(value.clone(), Origin::line("a.txt", 3));
            evidence.facts.set(path, fact);
        }
        let now = Stamp {
            time: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            year_inferred: false,
        };
        skew(&evidence, Some(now))
    }

    #[test]
    fn the_server_tells_better_than_certificates_and_these_better_than_the_time_service() {
        let begin = DateTime::from_timestamp(1_700_003_600, 0).unwrap();
        let early = ("kubelet.client_cert.not_before", Value::Time(begin));
        let offset = (
            "host.time.offset",
            Value::Duration(TimeDelta::milliseconds(3)),
        );
        let server = (
            "apiserver.clock_skew",
            Value::Duration(TimeDelta::seconds(90)),
        );
        let of = |facts: &[(&str, Value)]| told(facts).map(|skew| (skew.against, skew.seconds));
        assert_eq!(of(&[]), None);
        let service = std::slice::from_ref(&offset);
        assert_eq!(of(service), Some((Against::TimeService, 0.003)));
        let both = [offset.clone(), early.clone()];
        assert_eq!(of(&both), Some((Against::Signer, -3600.0)));
        let all = [offset, early, server];
        assert_eq!(of(&all), Some((Against::ApiServer, 90.0)));
    }
}
