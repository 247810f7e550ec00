//! What would break if the kubelet were of another version, judged from the node's configuration and host.

use crate::analyze::Read;
use crate::declarations::Declarations;
use crate::diagnosis::{Case, diagnose};
use crate::finding::Finding;
use crate::logs::LogDigest;
use crate::report::{Report, Upgrade};
use crate::rule::Role;
use crate::ruleset::RuleSet;
use crate::version::Version;
use std::collections::BTreeSet;

/// What facts say of the planned version and do not say of the present one. Logs tell nothing of a version that never ran.
pub(crate) fn upgrade(to: Version, present: &Read, planned: &Read, rules: &RuleSet) -> Upgrade {
    let known: BTreeSet<String> = faults(judge(present, rules)).map(|one| one.id).collect();
    let findings = faults(judge(planned, rules))
        .filter(|one| !known.contains(&one.id))
        .collect();
    Upgrade {
        to: to.to_string(),
        findings,
    }
}

/// What the facts alone say.
fn judge(read: &Read, rules: &RuleSet) -> Report {
    let case = Case {
        rules,
        declared: Declarations::all(),
        evidence: &read.evidence,
        logs: &LogDigest::default(),
        now: read.now,
        collected_at: read.collected_at,
    };
    diagnose(&case, read.input.clone())
}

/// Causes of any severity, whatever explains them, most important first.
fn faults(report: Report) -> impl Iterator<Item = Finding> {
    let explained = report
        .symptoms
        .into_iter()
        .filter(|one| one.role == Role::Cause);
    report
        .causes
        .into_iter()
        .chain(report.latent)
        .chain(explained)
        .chain(report.hygiene)
}
