//! Error texts that no rule claims: the honest form of anomaly detection.

use super::judge::Present;
use super::workload::is_workload;
use super::{Case, evidence, past};
use crate::logs::Template;
use crate::report::{Rung, RungState, Unexplained};
use crate::rule::{Role, Stage};
use chrono::{DateTime, TimeDelta, Utc};

/// Most texts named.
const SHOWN: usize = 10;
/// What a kubelet says this long after the proof that it is well belongs to its start.
const START: TimeDelta = TimeDelta::seconds(30);

/// Those of the current life first, most frequent first, as the log digest sorts them.
///
/// Every kubelet complains while it starts; on a node that then became Ready those texts tell nothing and are left out. So are
/// texts about applications, and of programs that no rule knows, there; on other nodes they come last.
pub(super) fn unexplained(
    case: &Case<'_>,
    rungs: &[Rung],
    present: &[Present],
) -> Vec<Unexplained> {
    let well_since = well_since(case, rungs, present);
    let is_over = |template: &Template| match (well_since, template.last) {
        (Some(well), Some(last)) => last.time <= well + START,
        _ => false,
    };
    let (workload, node): (Vec<_>, Vec<_>) = case
        .logs
        .unexplained
        .iter()
        .filter(|template| !is_over(template))
        .partition(|template| is_workload(&template.first.text) || is_foreign(case, template));
    let (current, older): (Vec<_>, Vec<_>) =
        node.into_iter().partition(|template| template.current > 0);
    let workload = workload.into_iter().filter(|_| well_since.is_none());
    current
        .into_iter()
        .chain(older)
        .chain(workload)
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

/// Whether no rule looks for lines of its program, which is no kubelet.
fn is_foreign(case: &Case<'_>, template: &Template) -> bool {
    let mut patterns = case.rules.rules().iter().flat_map(|rule| &rule.log);
    let mut is_known =
        |program| program == "kubelet" || patterns.any(|pattern| pattern.from.contains(program));
    template
        .program
        .as_ref()
        .is_some_and(|program| !is_known(program))
}

/// When the kubelet last proved that the node is Ready, or, where nothing says so, that it is registered.
fn well_since(case: &Case<'_>, rungs: &[Rung], present: &[Present]) -> Option<DateTime<Utc>> {
    let proof = |stage: Stage| {
        let is_ok = rungs
            .iter()
            .any(|rung| rung.stage == stage && rung.state == RungState::Ok);
        let proofs = present.iter().filter(|one| {
            one.finding.role == Role::Progress
                && case
                    .rules
                    .get(one.rule)
                    .is_some_and(|(rule, _)| rule.proves.contains(&stage))
        });
        let hits = proofs.flat_map(|one| past::hits(case, one.rule));
        hits.filter_map(|hit| hit.last.time)
            .map(|stamp| stamp.time)
            .max()
            .filter(|_| is_ok)
    };
    proof(Stage::Ready).or_else(|| proof(Stage::Registered))
}
