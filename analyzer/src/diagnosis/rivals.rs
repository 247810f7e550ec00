//! What else could have caused what the first cause explains, and what speaks against it.

use super::judge::Judged;
use super::{Case, evidence};
use crate::fact::{Fact, Value};
use crate::finding::{Evidence, Finding};
use crate::report::RuledOut;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Most rivals named: a reader wants to see that the near ones were looked at.
const SHOWN: usize = 5;

/// A symptom that more rules explain than this tells them apart too little: every fault of a start makes the kubelet restart.
const TELLING: usize = 22;

/// The rules ruled out although a line suggests them, then the rivals of the first cause that collected facts clear.
pub(super) fn ruled_out(
    case: &Case<'_>,
    judged: &Judged,
    causes: &[Finding],
    symptoms: &[Finding],
) -> Vec<RuledOut> {
    let mut ruled_out = judged.ruled_out.clone();
    ruled_out.retain(|one| !one.by.iter().all(|by| is_quoted(by, causes)));
    ruled_out.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(first) = causes.first() {
        let known: BTreeSet<String> = ruled_out.iter().map(|one| one.id.clone()).collect();
        let rivals = rivals(case, judged, &telling(case, first, symptoms));
        ruled_out.extend(rivals.into_iter().filter(|one| !known.contains(&one.id)));
    }
    ruled_out
}

/// Whether a line is what a cause is believed for: that it is not another's says nothing more.
fn is_quoted(by: &Evidence, causes: &[Finding]) -> bool {
    let Evidence::Line { entry, line, .. } = by else {
        return false;
    };
    let mut quoted = causes.iter().flat_map(|cause| &cause.evidence);
    quoted.any(|one| {
        matches!(one, Evidence::Line { entry: at, line: number, .. } if (at, number) == (entry, line))
    })
}

/// Ids of the symptoms that a cause explains and few other rules do.
fn telling<'a>(case: &Case<'_>, cause: &Finding, symptoms: &'a [Finding]) -> BTreeSet<&'a str> {
    let explainers = |id: &str| {
        let rules = case.rules.rules().iter();
        rules
            .filter(|rule| rule.explains.iter().any(|edge| edge.id() == id))
            .count()
    };
    symptoms
        .iter()
        .filter(|symptom| symptom.explained_by.contains(&cause.id))
        .map(|symptom| symptom.id.as_str())
        .filter(|id| explainers(id) <= TELLING)
        .collect()
}

/// Cleared causes of the same symptoms: those of most of them first.
fn rivals(case: &Case<'_>, judged: &Judged, symptoms: &BTreeSet<&str>) -> Vec<RuledOut> {
    let mut rivals: Vec<(usize, RuledOut)> = Vec::new();
    for (number, against) in &judged.cleared {
        let Some((rule, _)) = case.rules.get(*number) else {
            continue;
        };
        let shared = rule
            .explains
            .iter()
            .filter(|edge| symptoms.contains(edge.id()))
            .count();
        if shared == 0 {
            continue;
        }
        let by: Vec<Evidence> = evidence::collect(case, &[], against)
            .into_iter()
            .filter(|one| can_be_shown(case, one))
            .collect();
        if !by.iter().all(tells_the_distribution) {
            let (id, title) = (rule.id.clone(), rule.title.clone());
            rivals.push((shared, RuledOut { id, title, by }));
        }
    }
    rivals.sort_by(|a, b| (Reverse(a.0), &a.1.id).cmp(&(Reverse(b.0), &b.1.id)));
    rivals.truncate(SHOWN);
    rivals.into_iter().map(|(_, rival)| rival).collect()
}

/// Stands in the input, and is no table: what a whole table does not hold cannot be shown in a line.
fn can_be_shown(case: &Case<'_>, evidence: &Evidence) -> bool {
    match evidence {
        Evidence::Fact { entry: None, .. } => false,
        Evidence::Fact { fact, .. } => case.evidence.facts.get(fact).is_none_or(
            |fact| !matches!(&fact.value, Value::List(items) if items.iter().any(is_record)),
        ),
        _ => true,
    }
}

/// A fault of another distribution is none that anybody suspects.
fn tells_the_distribution(evidence: &Evidence) -> bool {
    matches!(evidence, Evidence::Fact { fact, .. } if fact.starts_with("host.distribution"))
}

fn is_record(item: &Fact) -> bool {
    matches!(item.value, Value::Record(_))
}
