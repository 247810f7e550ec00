//! Symptoms that are past because what caused them is.

use super::Case;
use super::fold::fold;
use super::judge::{Judged, Present};
use crate::rule::Role;
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// A symptom may be seen this much after the last sign of its cause.
const AFTER: TimeDelta = TimeDelta::seconds(30);

/// Takes out the symptoms that only past faults explain and that ended with them: a kubelet says nothing when all is well again,
/// so the end of the fault is the only sign of theirs. A symptom with facts stands: they were read after the log.
pub(super) fn split_recovered(
    case: &Case<'_>,
    present: Vec<Present>,
    past: &[Present],
    judged: &Judged,
) -> (Vec<Present>, Vec<Present>) {
    if past.is_empty() {
        return (present, Vec::new());
    }
    let still = present.len();
    let all: Vec<Present> = present.iter().chain(past).cloned().collect();
    let folds = fold(case, &all, judged);
    let mut over: BTreeSet<usize> = (still..all.len()).collect();
    loop {
        let more: Vec<usize> = (0..still)
            .filter(|position| !over.contains(position) && is_over(*position, &all, &folds, &over))
            .collect();
        if more.is_empty() {
            break;
        }
        over.extend(more);
    }
    let mut position = 0;
    present.into_iter().partition(|_| {
        position += 1;
        !over.contains(&(position - 1))
    })
}

/// Whether all that explains a symptom is over, and it ended with a cause that is.
fn is_over(
    position: usize,
    all: &[Present],
    folds: &[BTreeSet<usize>],
    over: &BTreeSet<usize>,
) -> bool {
    let Some((one, by)) = all.get(position).zip(folds.get(position)) else {
        return false;
    };
    let mut causes = by.iter().filter_map(|&cause| all.get(cause));
    one.finding.role == Role::Symptom
        && !one.by_facts
        && by.is_subset(over)
        && causes.any(|cause| ended_with(one, cause))
}

fn ended_with(symptom: &Present, cause: &Present) -> bool {
    let times = symptom.finding.last.zip(cause.finding.last);
    cause.lives.last() == symptom.lives.last()
        && cause.finding.role != Role::Symptom
        && times.is_some_and(|(symptom, cause)| symptom <= cause + AFTER)
}
