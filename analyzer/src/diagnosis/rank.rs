//! Present findings → causes in order, what is latent, and what they explain.

use super::judge::Present;
use crate::finding::Finding;
use crate::report::{Rung, RungState};
use crate::rule::{Confidence, Role, Severity};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Findings in the lists of a report.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    /// The first is the primary root cause.
    pub(super) causes: Vec<Finding>,
    /// Static facts behind the first cause.
    pub(super) latent: Vec<Finding>,
    /// What is explained, then contributing findings and symptoms that nothing explains.
    pub(super) symptoms: Vec<Finding>,
}

/// Sorts the faults. `folds` holds, for each finding, the positions of those that explain it.
pub(super) fn rank(present: &[Present], folds: &[BTreeSet<usize>], rungs: &[Rung]) -> Ranked {
    let explained = |position: usize| folds.get(position).is_some_and(|by| !by.is_empty());
    let mut causes: Vec<&Present> = Vec::new();
    let mut symptoms: Vec<Finding> = Vec::new();
    for (position, one) in present.iter().enumerate() {
        let finding = &one.finding;
        let is_cause = finding.role == Role::Cause && finding.severity >= Severity::Medium;
        if is_cause && !explained(position) {
            causes.push(one);
        } else if is_cause || matches!(finding.role, Role::Symptom | Role::Contributing) {
            symptoms.push(Finding {
                explained_by: roots(position, present, folds),
                ..finding.clone()
            });
        }
    }
    causes.sort_by_key(|one| key(one, rungs));
    let (causes, latent) = split_latent(causes, rungs);
    symptoms.sort_by_key(|one| {
        (
            !one.explained_by.is_empty(),
            Reverse(one.severity),
            place(one, rungs),
            one.first.is_none(),
            one.first,
            one.id.clone(),
        )
    });
    let finding = |one: &Present| one.finding.clone();
    Ranked {
        causes: causes.into_iter().map(finding).collect(),
        latent: latent.into_iter().map(finding).collect(),
        symptoms,
    }
}

/// Failed rung before degraded, severity, path order, confidence, first time seen, id.
fn key(one: &Present, rungs: &[Rung]) -> impl Ord + use<> {
    let finding = &one.finding;
    let state = rungs
        .iter()
        .find(|rung| rung.stage == finding.stage)
        .map_or(RungState::Unknown, |rung| rung.state);
    let rung = match state {
        RungState::Failed => 0_u8,
        RungState::Degraded => 1,
        _ => 2,
    };
    (
        rung,
        Reverse(finding.severity),
        place(finding, rungs),
        Reverse(finding.confidence),
        finding.first.is_none(),
        finding.first,
        finding.id.clone(),
        finding.meaning.clone(),
    )
}

fn place(finding: &Finding, rungs: &[Rung]) -> usize {
    rungs
        .iter()
        .position(|rung| rung.stage == finding.stage)
        .unwrap_or(rungs.len())
}

/// The findings that explain this one and are not explained themselves; those that are, where there is no such.
fn roots(position: usize, present: &[Present], folds: &[BTreeSet<usize>]) -> Vec<String> {
    let Some(by) = folds.get(position) else {
        return Vec::new();
    };
    let is_root = |position: &&usize| folds.get(**position).is_none_or(BTreeSet::is_empty);
    let id = |position: &usize| present.get(*position).map(|one| one.finding.id.clone());
    let mut ids: Vec<String> = by.iter().filter(is_root).filter_map(id).collect();
    if ids.is_empty() {
        ids = by.iter().filter_map(id).collect();
    }
    ids.sort();
    ids.dedup();
    ids
}

/// Behind a first cause that stops the climb, what only facts say of a later rung has not acted yet: check it next.
fn split_latent<'a>(
    causes: Vec<&'a Present>,
    rungs: &[Rung],
) -> (Vec<&'a Present>, Vec<&'a Present>) {
    let Some(first) = causes.first().map(|one| &one.finding) else {
        return (causes, Vec::new());
    };
    let stops = first.severity >= Severity::High;
    let barrier = place(first, rungs);
    causes.into_iter().partition(|one| {
        let acted = one.by_log || one.finding.confidence == Confidence::Confirmed;
        !stops || acted || place(&one.finding, rungs) <= barrier
    })
}
