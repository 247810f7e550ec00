//! Whether one present finding explains another.

use super::judge::Present;
use crate::condition::{Edge, Outcome, Scope};
use crate::fact::Value;
use crate::logs::Stamp;
use crate::ruleset::CompiledEdge;
use chrono::{DateTime, TimeDelta, Utc};

/// An effect may be seen this much before its cause.
const BEFORE: TimeDelta = TimeDelta::seconds(60);

/// The two findings of an edge, for its condition.
pub(super) struct Pair<'a> {
    pub(super) own: &'a Present,
    pub(super) other: &'a Present,
}

/// Whether the edge holds between these two. Without a condition the effect must not come long before the cause.
pub(super) fn holds(edge: &CompiledEdge, pair: &Pair<'_>, scope: &Scope<'_>) -> bool {
    let same = edge.same.iter().all(|name| {
        let (own, other) = (pair.own.variables.get(name), pair.other.variables.get(name));
        own.is_some() && own == other
    });
    if !same {
        return false;
    }
    match &edge.condition {
        None => in_time(pair.own, pair.other),
        Some(condition) => {
            let scope = Scope {
                edge: Some(pair),
                item: None,
                ..*scope
            };
            condition
                .judge(&scope)
                .is_ok_and(|outcome| outcome.truth() == Some(true))
        }
    }
}

/// Not earlier than [`BEFORE`] before the cause; findings without times are never too early.
pub(super) fn in_time(cause: &Present, effect: &Present) -> bool {
    match (cause.finding.first, effect.finding.first) {
        (Some(cause), Some(effect)) => effect >= cause - BEFORE,
        _ => true,
    }
}

impl Edge for Pair<'_> {
    fn value(&self, name: &str) -> Option<Outcome<'static>> {
        let (side, name) = match name.strip_prefix("other.") {
            Some(name) => (self.other, name),
            None => (self.own, name),
        };
        let time = |time: Option<DateTime<Utc>>| match time {
            Some(time) => Outcome::at(Stamp {
                time,
                year_inferred: side.finding.year_inferred,
            }),
            None => Outcome::timeless(),
        };
        Some(match name {
            "first" => time(side.finding.first),
            "last" => time(side.finding.last),
            "count" => {
                let count = i64::try_from(side.finding.count).unwrap_or(i64::MAX);
                Outcome::known(Value::Int(count), Vec::new())
            }
            _ => Outcome::known(Value::Text(side.variables.get(name)?.clone()), Vec::new()),
        })
    }
}
