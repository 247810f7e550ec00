//! Symptoms that are past because what caused them is.

use super::Case;
use super::fold::fold;
use super::judge::{Judged, Present};
use crate::rule::Role;
use chrono::TimeDelta;

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
    let mut position = 0;
    present.into_iter().partition(|one| {
        let by = folds.get(position);
        position += 1;
        let candidate = one.finding.role == Role::Symptom && !one.by_facts;
        let recovered = by.is_some_and(|by| {
            !by.is_empty()
                && by.iter().all(|&cause| cause >= still)
                && by
                    .iter()
                    .filter_map(|&cause| all.get(cause))
                    .any(|cause| ended_with(one, cause))
        });
        !(candidate && recovered)
    })
}

fn ended_with(symptom: &Present, cause: &Present) -> bool {
    let times = symptom.finding.last.zip(cause.finding.last);
    cause.lives.last() == symptom.lives.last()
        && cause.finding.role != Role::Symptom
        && times.is_some_and(|(symptom, cause)| symptom <= cause + AFTER)
}
