//! What decided → the evidence that a report shows.

use super::Case;
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
pub(super) fn collect(case: &Case<'_>, hits: &[&Hit], decided: &[Decided]) -> Vec<Evidence> {
    let mut all = Vec::new();
    let mut quoted: Vec<&Hit> = Vec::new();
    for hit in hits.iter().rev() {
        let alike = |other: &&Hit| other.pattern == hit.pattern && other.variables == hit.variables;
        if quoted.len() < MAX_HITS && !quoted.iter().any(alike) {
            quoted.push(hit);
            all.push(matched(case, hit, &hit.last));
        }
    }
    if let Some(first) = hits.iter().min_by_key(|hit| hit.first.sequence) {
        all.push(matched(case, first, &first.first));
    }
    let facts = &case.evidence.facts;
    all.extend(decided.iter().flat_map(|one| piece(one, facts)));
    let mut unique: Vec<Evidence> = Vec::new();
    for one in all {
        if unique.len() < MAX_PIECES && !unique.iter().any(|other| is_same(other, &one)) {
            unique.push(one);
        }
    }
    unique
}

/// Whether both say the same; two patterns may match one line, and a line without a time may stand there often.
fn is_same(one: &Evidence, other: &Evidence) -> bool {
    match (one, other) {
        (
            Evidence::Line {
                entry, line, text, ..
            },
            Evidence::Line {
                entry: at,
                line: number,
                text: other,
                ..
            },
        ) => (entry, line) == (at, number) || text == other,
        _ => one == other,
    }
}

/// A log line and what of it the pattern matches.
fn matched(case: &Case<'_>, hit: &Hit, occurrence: &Occurrence) -> Evidence {
    let part = case
        .rules
        .patterns()
        .part(hit.rule, hit.pattern, &occurrence.text);
    quoted(occurrence, part)
}

/// A log line.
pub(super) fn line(occurrence: &Occurrence) -> Evidence {
    quoted(occurrence, None)
}

fn quoted(occurrence: &Occurrence, matched: Option<String>) -> Evidence {
    Evidence::Line {
        entry: occurrence.origin.entry.to_string(),
        line: occurrence.origin.line.unwrap_or(1),
        text: occurrence.text.clone(),
        matched,
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
