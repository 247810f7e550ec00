//! Faults that keep a kubelet from starting, on a node whose kubelet started without minding them.

use super::Case;
use super::judge::Present;
use crate::fact::Fact;
use crate::rule::{Role, Stage};
use chrono::TimeDelta;

/// Effects of a fault that only a start of the kubelet brings about.
const ENDS: [&str; 2] = ["kubelet-crash-loop", "kubelet-not-running"];
/// What a kubelet says once it runs.
const RUNS: [&str; 3] = ["kubelet-started", "node-registered", "node-became-ready"];
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
    let seen = |ids: &[&str]| {
        present
            .iter()
            .any(|one| ids.contains(&one.finding.id.as_str()))
    };
    running.and_then(Fact::as_bool) == Some(true) && settled && seen(&RUNS) && !seen(&ENDS)
}

fn waits(case: &Case<'_>, one: &Present) -> bool {
    let Some((_, compiled)) = case.rules.get(one.rule) else {
        return false;
    };
    let at_start = |target: usize| {
        case.rules.get(target).is_some_and(|(rule, _)| {
            ENDS.contains(&rule.id.as_str())
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
