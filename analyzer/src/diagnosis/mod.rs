//! Rules, facts and log matches → one report. The laws are those of the rule reference; the data decides, never a rule's name.

mod applies;
mod edges;
mod events;
mod evidence;
mod finding;
mod fold;
mod judge;
mod ladder;
mod node;
mod past;
mod rank;
#[cfg(test)]
mod tests;
mod unknown;
mod verdict;

use crate::declarations::Declarations;
use crate::evidence::Evidence;
use crate::logs::{LogDigest, Stamp};
use crate::report::{Input, Report, RuledOut, SCHEMA_VERSION, Tool, Unexplained};
use crate::rule::{Role, Severity};
use crate::ruleset::RuleSet;
use chrono::{DateTime, Utc};
use judge::{Judged, Present};

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
    let (present, refuted) = past::split_refuted(judged.present.clone(), case);
    let folds = fold::fold(case, &present, &judged);
    let rungs = ladder::rungs(case, &path, &present, &judged);
    let ranked = rank::rank(&present, &folds, &rungs);
    let verdict = verdict::verdict(case, &ranked, &rungs, &present);
    let node = node::node(case, &rungs);
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
        unknown: unknown::unknown(case, &judged, &rungs),
        gaps: unknown::gaps(case, &judged),
        ladder: rungs,
        causes: ranked.causes,
        latent: ranked.latent,
        symptoms: ranked.symptoms,
        history: history(refuted, &judged),
        hygiene: of_role(&present, |one| {
            one.role == Role::Hygiene
                || (one.role == Role::Cause && one.severity < Severity::Medium)
        }),
        benign: of_role(&present, |one| one.role == Role::Benign),
        ruled_out: ruled_out(&judged),
        unexplained: unexplained(case),
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

/// Faults that are past: those the log has outlived, and those that a later proof refutes. Newest first.
fn history(refuted: Vec<Present>, judged: &Judged) -> Vec<crate::finding::Finding> {
    let mut history: Vec<_> = refuted
        .into_iter()
        .chain(judged.past.iter().cloned())
        .map(|one| one.finding)
        .filter(|finding| {
            matches!(
                finding.role,
                Role::Cause | Role::Contributing | Role::Symptom
            )
        })
        .collect();
    history.sort_by(|a, b| (b.last, &a.id).cmp(&(a.last, &b.id)));
    history
}

fn ruled_out(judged: &Judged) -> Vec<RuledOut> {
    let mut ruled_out = judged.ruled_out.clone();
    ruled_out.sort_by(|a, b| a.id.cmp(&b.id));
    ruled_out
}

/// Those of the current life first, most frequent first, as the log digest sorts them.
fn unexplained(case: &Case<'_>) -> Vec<Unexplained> {
    const SHOWN: usize = 10;
    let (current, older): (Vec<_>, Vec<_>) = case
        .logs
        .unexplained
        .iter()
        .partition(|template| template.current > 0);
    current
        .into_iter()
        .chain(older)
        .take(SHOWN)
        .map(|template| Unexplained {
            template: template.text.clone(),
            count: template.count,
            first: template.first.time.map(|stamp| stamp.time),
            last: template.last.map(|stamp| stamp.time),
            example: evidence::line(&template.first),
        })
        .collect()
}
