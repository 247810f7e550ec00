//! How the rungs stand.

use super::Case;
use super::judge::{Judged, Present};
use super::unknown::needs;
use crate::fact::Value;
use crate::report::{Rung, RungState};
use crate::rule::{Role, Severity, Stage};

/// The order in which this node climbs.
pub(super) fn path(case: &Case<'_>) -> Vec<Stage> {
    let text = |path: &str| match case.evidence.facts.get(path).map(|fact| &fact.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let mut names = Vec::new();
    if let Some(distribution) = text("host.distribution") {
        if let Some(role) = text("host.distribution_role") {
            names.push(format!("{distribution}-{role}"));
        }
        let config = case
            .evidence
            .facts
            .get("kubelet.config.exists")
            .map(|fact| &fact.value);
        if distribution == "kubeadm" && config == Some(&Value::Bool(false)) {
            names.push("kubeadm-join".to_owned());
        }
        names.push(distribution);
    }
    let order = case.rules.ladder().order(&names);
    if order.is_empty() {
        Stage::ALL.to_vec()
    } else {
        order.to_vec()
    }
}

/// All rungs on this path.
pub(super) fn rungs(
    case: &Case<'_>,
    path: &[Stage],
    present: &[Present],
    judged: &Judged,
) -> Vec<Rung> {
    let mut failed_before = false;
    let mut rungs = Vec::new();
    for &stage in path {
        let (mut state, because) = state(case, stage, present);
        if state == RungState::Unknown && failed_before {
            state = RungState::NotReached;
        }
        failed_before |= state == RungState::Failed;
        let missing = if state == RungState::Unknown {
            missing(case, stage, judged)
        } else {
            Vec::new()
        };
        rungs.push(Rung {
            stage,
            state,
            because,
            missing,
        });
    }
    rungs
}

fn state(case: &Case<'_>, stage: Stage, present: &[Present]) -> (RungState, Vec<String>) {
    let ids = |wanted: &dyn Fn(&Present) -> bool| -> Vec<String> {
        let mut ids: Vec<String> = present
            .iter()
            .filter(|one| wanted(one))
            .map(|one| one.finding.id.clone())
            .collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let fault = |one: &Present| one.finding.stage == stage && one.finding.role.is_fault();
    let failures = ids(&|one| fault(one) && one.finding.severity >= Severity::High);
    let proofs = ids(&|one| {
        one.finding.role == Role::Progress
            && case
                .rules
                .get(one.rule)
                .is_some_and(|(rule, _)| rule.proves.contains(&stage))
    });
    let causes = ids(&|one| {
        fault(one) && one.finding.role == Role::Cause && one.finding.severity == Severity::Medium
    });
    match (failures.is_empty(), proofs.is_empty(), causes.is_empty()) {
        (false, _, _) => (RungState::Failed, failures),
        (true, false, false) => (RungState::Degraded, causes),
        (true, false, true) => (RungState::Ok, proofs),
        (true, true, _) => (RungState::Unknown, causes),
    }
}

/// Entries that would tell of this rung, sorted.
fn missing(case: &Case<'_>, stage: Stage, judged: &Judged) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut entries: Vec<String> = judged
        .unknown
        .iter()
        .filter(|(rule, _)| {
            case.rules
                .get(*rule)
                .is_some_and(|(rule, _)| rule.stage == stage)
        })
        .flat_map(|(_, missing)| missing)
        .filter_map(|missing| needs(case, missing))
        .map(|(entry, _)| entry)
        .collect();
    entries.sort();
    entries.dedup();
    entries.truncate(SHOWN);
    entries
}
