//! Faults that keep a kubelet from starting, on a node whose kubelet started without minding them.

use super::Case;
use super::judge::Present;
use crate::fact::Fact;
use crate::rule::{Role, Rule, Stage};
use chrono::TimeDelta;

/// A kubelet that runs this long will not end over what it reads at its start.
const SETTLED: TimeDelta = TimeDelta::seconds(60);

/// Takes out what only facts say and only a start would show, where the kubelet runs: it was changed after the start and waits for the next one.
pub(super) fn split_waiting(
    case: &Case<'_>,
    present: Vec<Present>,
) -> (Vec<Present>, Vec<Present>) {
    if !runs(case, &present) {
        return (present, Vec::new());
    }
    present.into_iter().partition(|one| !waits(case, one))
}

fn runs(case: &Case<'_>, present: &[Present]) -> bool {
    let running = case.evidence.facts.get("kubelet.running");
    let life = case.logs.lives.last();
    let settled =
        life.is_some_and(|life| !life.end_seen && life.age().is_some_and(|age| age > SETTLED));
    let seen = |is: fn(&Rule) -> bool| {
        let mut rules = present.iter().filter_map(|one| case.rules.get(one.rule));
        rules.any(|(rule, _)| is(rule))
    };
    let is_up = |rule: &Rule| rule.proves.contains(&Stage::Process);
    let is_down = |rule: &Rule| rule.kubelet_down;
    running.and_then(Fact::as_bool) == Some(true) && settled && seen(is_up) && !seen(is_down)
}

fn waits(case: &Case<'_>, one: &Present) -> bool {
    let Some((_, compiled)) = case.rules.get(one.rule) else {
        return false;
    };
    let at_start = |target: usize| {
        case.rules.get(target).is_some_and(|(rule, _)| {
            rule.kubelet_down
                || (rule.role == Role::Cause
                    && matches!(rule.stage, Stage::Unit | Stage::Process | Stage::Config))
        })
    };
    let mut edges = compiled.edges.iter();
    one.finding.role == Role::Cause
        && !one.by_log
        && !compiled.edges.is_empty()
        && edges.all(|edge| at_start(edge.target))
}
