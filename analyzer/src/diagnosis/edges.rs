//! Whether one present finding explains another.

use super::judge::Present;
use crate::condition::{Edge, Outcome, Scope};
use crate::fact::Value;
use crate::finding::Evidence;
use crate::logs::Stamp;
use crate::rule::{ErrorClass, InLife, InTime};
use crate::ruleset::CompiledEdge;
use chrono::{DateTime, TimeDelta, Utc};

/// An effect may be seen this much before its cause.
const BEFORE: TimeDelta = TimeDelta::seconds(60);

/// The two findings of an edge; `None` for one that nobody logged and that a chain leads through.
pub(super) struct Pair<'a> {
    pub(super) own: Option<&'a Present>,
    pub(super) other: Option<&'a Present>,
}

/// Whether everything that must join these two does; what the input does not tell joins.
pub(super) fn holds(edge: &CompiledEdge, pair: &Pair<'_>, scope: &Scope<'_>) -> bool {
    let of_cause = pair.own.is_none_or(|own| allows(edge, own));
    let of_effect = pair
        .other
        .is_none_or(|other| gives(&edge.join.error, other));
    let of_both = match (pair.own, pair.other) {
        (Some(own), Some(other)) => joined(edge, own, other),
        _ => true,
    };
    if !of_cause || !of_effect || !of_both {
        return false;
    }
    let Some(condition) = &edge.condition else {
        return true;
    };
    let scope = Scope {
        edge: Some(pair),
        item: None,
        ..*scope
    };
    condition
        .judge(&scope)
        .is_ok_and(|outcome| outcome.truth() != Some(false))
}

/// Not earlier than [`BEFORE`] before the cause; findings without times are never too early.
pub(super) fn in_time(cause: &Present, effect: &Present) -> bool {
    match (cause.finding.first, effect.finding.first) {
        (Some(cause), Some(effect)) => effect >= cause - BEFORE,
        _ => true,
    }
}

/// Whether the cause alone allows the edge: one that ends a run was among its last words.
fn allows(edge: &CompiledEdge, own: &Present) -> bool {
    edge.join.life != Some(InLife::Ends) || own.by_facts || own.ends_life != Some(false)
}

/// Whether the effect's lines give one of these reasons; lines without a reason may have any.
pub(super) fn gives(reasons: &[ErrorClass], other: &Present) -> bool {
    reasons.is_empty()
        || other.errors.is_empty()
        || reasons.iter().any(|class| other.errors.contains(class))
}

fn joined(edge: &CompiledEdge, own: &Present, other: &Present) -> bool {
    let join = &edge.join;
    let time = match (join.time, &edge.condition) {
        (Some(time), _) => Some(time),
        (None, Some(_)) => None,
        (None, None) => Some(InTime::Follows),
    };
    time.is_none_or(|time| lie_so(time, own, other))
        && (join.life != Some(InLife::Same) || live_together(own, other))
        && join.names.iter().all(|name| is_named(name, own, other))
        && join.same.iter().all(|name| is_same(name, own, other))
}

fn lie_so(time: InTime, own: &Present, other: &Present) -> bool {
    match time {
        InTime::Follows => in_time(own, other),
        InTime::Overlaps => {
            let goes_on = match (own.finding.first, other.finding.last) {
                (Some(cause), Some(effect)) => effect >= cause,
                _ => true,
            };
            // Facts hold when the bundle was made, whenever the lines about it begin.
            (in_time(own, other) || own.by_facts) && goes_on
        }
    }
}

fn live_together(own: &Present, other: &Present) -> bool {
    own.lives.is_empty() || other.lives.is_empty() || !own.lives.is_disjoint(&other.lives)
}

/// The value of this finding's variable stands in the other's lines; a path may be written as an address.
fn is_named(name: &str, own: &Present, other: &Present) -> bool {
    let Some(value) = own.variables.get(name) else {
        return true;
    };
    let value = value
        .split_once("://")
        .map_or(value.as_str(), |(_, rest)| rest);
    let value = value.trim_end_matches('/');
    let mut lines = other.finding.evidence.iter().filter_map(|one| match one {
        Evidence::Line { text, .. } => Some(text),
        Evidence::Fact { .. } | Evidence::Absent { .. } => None,
    });
    let Some(first) = lines.next() else {
        return true;
    };
    first.contains(value) || lines.any(|text| text.contains(value))
}

fn is_same(name: &str, own: &Present, other: &Present) -> bool {
    let (own, other) = (own.variables.get(name), other.variables.get(name));
    own.is_some() && own == other
}

impl Edge for Pair<'_> {
    fn value(&self, name: &str) -> Option<Outcome<'static>> {
        let (side, name, is_other) = match name.strip_prefix("other.") {
            Some(name) => (self.other, name, true),
            None => (self.own, name, false),
        };
        let time = |time: Option<DateTime<Utc>>| match (time, side) {
            (Some(time), Some(side)) => Outcome::at(Stamp {
                time,
                year_inferred: side.finding.year_inferred,
            }),
            _ => Outcome::timeless(),
        };
        Some(match name {
            "first" => time(side.and_then(|side| side.finding.first)),
            "last" => time(side.and_then(|side| side.finding.last)),
            "count" => {
                let count = side.map_or(0, |side| side.finding.count);
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                Outcome::known(Value::Int(count), Vec::new())
            }
            _ => match side.and_then(|side| side.variables.get(name)) {
                Some(value) => Outcome::known(Value::Text(value.clone()), Vec::new()),
                None if is_other => Outcome::known(Value::Null, Vec::new()),
                None => return None,
            },
        })
    }
}
