//! Which rules are for this node, by scope and kubelet version.

use super::Case;
use crate::fact::Value;
use crate::rule::{Rule, Scope};
use crate::ruleset::Compiled;
use crate::version::Version;

/// Whether a rule is for this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    /// It is.
    Yes,
    /// The node's version is not known.
    Unknown,
    /// It is for several nodes, or for other versions.
    No,
}

/// Whether the rule is for one node and for this kubelet's version.
pub(super) fn applies(case: &Case<'_>, rule: &Rule, compiled: &Compiled) -> Applies {
    if rule.scope == Scope::Fleet {
        return Applies::No;
    }
    match (&compiled.versions, kubelet_version(case)) {
        (None, _) => Applies::Yes,
        (Some(_), None) => Applies::Unknown,
        (Some(range), Some(version)) if range.contains(version) => Applies::Yes,
        _ => Applies::No,
    }
}

/// The kubelet's version: the fact, else what its log states.
pub(super) fn kubelet_version(case: &Case<'_>) -> Option<Version> {
    match case
        .evidence
        .facts
        .get("kubelet.version")
        .map(|fact| &fact.value)
    {
        Some(Value::Version(version)) => Some(*version),
        _ => case.logs.stated.get("version")?.0.parse().ok(),
    }
}
