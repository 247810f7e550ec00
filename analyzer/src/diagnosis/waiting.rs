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
    let is_down = |target: usize| {
        let rule = case.rules.get(target);
        rule.is_some_and(|(rule, _)| rule.kubelet_down)
    };
    let at_start = |target: usize| {
        case.rules.get(target).is_some_and(|(rule, _)| {
            rule.role == Role::Cause
                && matches!(rule.stage, Stage::Unit | Stage::Process | Stage::Config)
        })
    };
    // What follows anyway where no kubelet runs, such as a join that waits for it.
    let follows = |target: usize| {
        let effects = compiled.edges.iter().map(|edge| edge.target);
        let mut down = effects.filter(|effect| is_down(*effect));
        down.any(|down| {
            let rule = case.rules.get(down);
            rule.is_some_and(|(_, down)| down.edges.iter().any(|edge| edge.target == target))
        })
    };
    let mut effects = compiled.edges.iter().map(|edge| edge.target);
    one.finding.role == Role::Cause
        && !one.by_log
        && !compiled.edges.is_empty()
        && effects.all(|effect| is_down(effect) || at_start(effect) || follows(effect))
}
