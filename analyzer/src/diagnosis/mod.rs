//! Rules, facts and log matches → one report. The laws are those of the rule reference; the data decides, never a rule's name.

mod applies;
mod edges;
mod error_class;
mod events;
mod evidence;
mod finding;
mod fold;
mod judge;
mod ladder;
mod milestone;
mod node;
mod past;
mod rank;
mod recovered;
mod rivals;
mod service;
#[cfg(test)]
mod tests;
mod unexplained;
mod unknown;
mod verdict;
mod waiting;
mod why;
mod workload;

pub use milestone::milestones;
pub use why::{NotSeen, WhyNot, why_not};

use crate::declarations::Declarations;
use crate::evidence::Evidence;
use crate::logs::{LogDigest, Stamp};
use crate::report::{Input, Report, SCHEMA_VERSION, Tool};
use crate::rule::{Role, Severity};
use crate::ruleset::RuleSet;
use chrono::{DateTime, Utc};
use judge::Present;

/// Everything that one report is made of.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The rules.
    pub rules: &'a RuleSet,
    /// Declarations of the facts, for what is missing.
    pub declared: &'a Declarations,
    /// Facts and gaps.
    pub evidence: &'a Evidence,
    /// What the logs hold; its matches carry indexes of `rules`.
    pub logs: &'a LogDigest,
    /// The node's time; `None` when nothing tells it.
    pub now: Option<Stamp>,
    /// When the bundle was collected; `None` where the input does not say.
    pub collected_at: Option<DateTime<Utc>>,
}

/// Judges every rule and puts the findings in order.
pub fn diagnose(case: &Case<'_>, input: Input) -> Report {
    let judged = judge::judge(case);
    let path = ladder::path(case);
    let (present, mut past) = past::split_refuted(judged.present.clone(), case);
    past.extend(judged.past.iter().cloned());
    let (present, recovered) = recovered::split_recovered(case, present, &past, &judged);
    past.extend(recovered);
    let (present, waiting) = waiting::split_waiting(case, present);
    let folds = fold::fold(case, &present, &judged);
    let rungs = ladder::rungs(case, &path, &present, &judged);
    let ranked = rank::rank(&present, &folds, &rungs);
    let verdict = verdict::verdict(case, &ranked, &rungs, &present);
    let node = node::node(case, &rungs);
    let ruled_out = rivals::ruled_out(case, &judged, &ranked.causes, &ranked.symptoms);
    let unexplained = unexplained::unexplained(case, &rungs, &present);
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: "nodebundle-analyzer".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules: case.rules.rules().len(),
        },
        input,
        verdict,
        node,
        unknown: unknown::unknown(case, &judged, &rungs, &ranked.symptoms),
        gaps: unknown::gaps(case, &judged),
        ladder: rungs,
        causes: ranked.causes,
        latent: ranked
            .latent
            .into_iter()
            .chain(waiting.into_iter().map(|one| one.finding))
            .collect(),
        symptoms: ranked.symptoms,
        history: history(past),
        hygiene: of_role(&present, |one| {
            one.role == Role::Hygiene
                || (one.role == Role::Cause && one.severity < Severity::Medium)
        }),
        benign: of_role(&present, |one| one.role == Role::Benign),
        ruled_out,
        unexplained,
        upgrade: None,
    }
}

fn of_role(
    present: &[Present],
    wanted: impl Fn(&crate::finding::Finding) -> bool,
) -> Vec<crate::finding::Finding> {
    present
        .iter()
        .map(|one| &one.finding)
        .filter(|finding| wanted(finding))
        .cloned()
        .collect()
}

/// Faults that are past: those the log has outlived, those that a later proof refutes, and what they caused. Newest first.
fn history(past: Vec<Present>) -> Vec<crate::finding::Finding> {
    let mut history: Vec<_> = past
        .into_iter()
        .map(|one| one.finding)
        .filter(|finding| finding.role.is_fault())
        .collect();
    history.sort_by(|a, b| (b.last, &a.id).cmp(&(a.last, &b.id)));
    history
}
