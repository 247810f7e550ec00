//! What decided → the evidence that a report shows.

use crate::condition::Decided;
use crate::fact::{Facts, Value};
use crate::finding::{Evidence, Proof};
use crate::logs::{Hit, Occurrence};
use crate::origin::Origin;

/// Most pieces of one finding.
const MAX_PIECES: usize = 12;
/// Most matches whose lines are quoted: unlike ones, the newest first.
const MAX_HITS: usize = 3;

/// Evidence of the lines, then of what decided; without repeats.
pub(super) fn collect(hits: &[&Hit], decided: &[Decided], facts: &Facts) -> Vec<Evidence> {
    let mut all = Vec::new();
    let mut quoted: Vec<&Hit> = Vec::new();
    for hit in hits.iter().rev() {
        let alike = |other: &&Hit| other.pattern == hit.pattern && other.variables == hit.variables;
        if quoted.len() < MAX_HITS && !quoted.iter().any(alike) {
            quoted.push(hit);
            all.push(line(&hit.last));
        }
    }
    if let Some(first) = hits.iter().min_by_key(|hit| hit.first.sequence) {
        all.push(line(&first.first));
    }
    all.extend(decided.iter().flat_map(|one| piece(one, facts)));
    let mut unique: Vec<Evidence> = Vec::new();
    for one in all {
        if unique.len() < MAX_PIECES && !unique.contains(&one) {
            unique.push(one);
        }
    }
    unique
}

/// A log line.
pub(super) fn line(occurrence: &Occurrence) -> Evidence {
    match occurrence.origin.line {
        Some(line) => Evidence::Line {
            entry: occurrence.origin.entry.to_string(),
            line,
            text: occurrence.text.clone(),
        },
        None => Evidence::Line {
            entry: occurrence.origin.entry.to_string(),
            line: 1,
            text: occurrence.text.clone(),
        },
    }
}

fn piece(decided: &Decided, facts: &Facts) -> Vec<Evidence> {
    match decided {
        Decided::Line(occurrence) => vec![line(occurrence)],
        Decided::Fact {
            path,
            text,
            absent,
            origins,
        } => {
            let missing = absent.then(|| absent_path(path, facts)).flatten();
            if origins.is_empty() {
                return vec![fact(path, text, None)];
            }
            origins
                .iter()
                .take(MAX_HITS)
                .map(|origin| match &missing {
                    Some(missing) => Evidence::Absent {
                        absent: missing.clone(),
                        by: Proof {
                            entry: origin.entry.to_string(),
                            line: origin.line,
                        },
                    },
                    None => fact(path, text, Some(origin)),
                })
                .collect()
        }
    }
}

fn fact(path: &str, text: &str, origin: Option<&Origin>) -> Evidence {
    Evidence::Fact {
        fact: path.to_owned(),
        value: text.to_owned(),
        entry: origin.map(|origin| origin.entry.to_string()),
        line: origin.and_then(|origin| origin.line),
    }
}

/// The node path that `x.exists` speaks of: the value of `x.path`.
fn absent_path(path: &str, facts: &Facts) -> Option<String> {
    let owner = path.strip_suffix(".exists")?;
    match &facts.get(&format!("{owner}.path"))?.value {
        Value::Text(path) => Some(path.clone()),
        _ => None,
    }
}

/// Whether anything in it stands in the input; a built-in default alone proves nothing.
pub(super) fn is_proof(evidence: &[Evidence]) -> bool {
    evidence
        .iter()
        .any(|one| !matches!(one, Evidence::Fact { entry: None, .. }))
}
