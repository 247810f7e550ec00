//! A judged rule → a finding with its texts filled in.

use super::judge::Present;
use super::service::{self, addressed};
use super::{Case, error_class, evidence};
use crate::condition::{Decided, Scope};
use crate::fact::{Fact, Value};
use crate::finding::{Evidence, Finding, Remedy};
use crate::logs::{Hit, Stamp, hash_blind};
use crate::rule::{self, Confidence, ErrorClass, Rule};
use crate::ruleset::Compiled;
use crate::template;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Everything that a finding is made of.
pub(super) struct Draft<'a, 'd> {
    pub(super) number: usize,
    pub(super) rule: &'d Rule,
    pub(super) compiled: &'d Compiled,
    /// Matches of the fault, in the order of their last records.
    pub(super) hits: &'d [&'a Hit],
    pub(super) decided: &'d [Decided],
    pub(super) item: Option<&'a Fact>,
    pub(super) confidence: Confidence,
    pub(super) cap: Confidence,
}

/// The finding; `None` when nothing in the input proves it.
pub(super) fn make(case: &Case<'_>, draft: &Draft<'_, '_>, scope: &Scope<'_>) -> Option<Present> {
    let rule = draft.rule;
    let variables = variables(draft, scope);
    let fill = |text: &str| template::fill(text, |name| variables.get(name).cloned());
    let mut decided = draft.decided.to_vec();
    decided.extend(
        rule.cites
            .iter()
            .filter_map(|path| cited(case, draft, path)),
    );
    let evidence = evidence::collect(case, draft.hits, &decided);
    if !evidence::is_proof(&evidence) {
        return None;
    }
    let first = draft.hits.iter().filter_map(|hit| hit.first.time).min();
    let last = draft.hits.iter().filter_map(|hit| hit.last.time).max();
    let inferred = |stamp: Option<Stamp>| stamp.is_some_and(|stamp| stamp.year_inferred);
    let last_hit = draft.hits.iter().max_by_key(|hit| hit.last.sequence);
    let finding = Finding {
        id: rule.id.clone(),
        title: fill(&rule.title),
        stage: rule.stage,
        role: rule.role,
        severity: rule.severity,
        confidence: draft.confidence.min(draft.cap),
        count: draft.hits.iter().map(|hit| hit.count).sum(),
        first: first.map(|stamp| stamp.time),
        last: last.map(|stamp| stamp.time),
        year_inferred: inferred(first) || inferred(last),
        meaning: fill(&rule.meaning),
        evidence,
        remedy: remedies(case, rule, &fill),
        references: rule.references.clone(),
        explained_by: Vec::new(),
    };
    Some(Present {
        rule: draft.number,
        by_facts: !draft.decided.is_empty(),
        by_log: !draft.hits.is_empty(),
        last_sequence: last_hit.map(|hit| hit.last.sequence),
        lives: draft.hits.iter().filter_map(|hit| hit.life).collect(),
        ends_life: ends_life(case, draft.hits),
        errors: errors(draft.hits, &finding.evidence),
        cap: draft.cap,
        variables,
        finding,
    })
}

/// Whether the newest run that it was seen in and that ended said it last; `None` when no such run ended.
fn ends_life(case: &Case<'_>, hits: &[&Hit]) -> Option<bool> {
    let ended = |hit: &&&Hit| {
        let life = case.logs.lives.get(hit.life?)?;
        life.end_seen.then_some(life)
    };
    let newest = hits
        .iter()
        .filter_map(|hit| Some((hit.life?, ended(&hit)?)))
        .max_by_key(|(number, _)| *number)?;
    let last = hits
        .iter()
        .filter(|hit| hit.life == Some(newest.0))
        .map(|hit| &hit.last)
        .max_by_key(|last| last.sequence)?;
    let life = newest.1;
    Some(match (life.last, last.time) {
        (Some(end), Some(said)) => end.time - said.time <= LAST_WORDS,
        _ => life.last_sequence.saturating_sub(last.sequence) <= LAST_RECORDS,
    })
}

/// What the lines say went wrong; what the facts say where there is no line.
fn errors(hits: &[&Hit], evidence: &[Evidence]) -> BTreeSet<ErrorClass> {
    let mut classes = BTreeSet::new();
    // A crash loop says the same thousands of times; numbers give no reasons.
    let mut known = HashSet::new();
    let mut add = |text: &str, classes: &mut _| {
        if known.insert(hash_blind(0, text.as_bytes())) {
            error_class::add(text, classes);
        }
    };
    for hit in hits {
        add(&hit.first.text, &mut classes);
        if hit.count > 1 {
            add(&hit.last.text, &mut classes);
        }
    }
    for one in evidence.iter().filter(|_| hits.is_empty()) {
        if let Evidence::Fact { value, .. } = one {
            add(value, &mut classes);
        }
    }
    classes
}

/// A process that ends for a fault names it this long before at most.
const LAST_WORDS: TimeDelta = TimeDelta::seconds(15);
/// The same in records, where lines have no time.
const LAST_RECORDS: u64 = 30;

/// What the lines captured, the latest last; `let` where no line did.
fn variables(draft: &Draft<'_, '_>, scope: &Scope<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let alike = draft
        .hits
        .chunk_by(|a, b| Arc::ptr_eq(&a.variables, &b.variables));
    for hit in alike.filter_map(<[_]>::first) {
        let own = hit.variables.iter();
        variables.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    }
    for (name, expression) in &draft.compiled.variables {
        if variables.contains_key(name) {
            continue;
        }
        let value = expression
            .judge(scope)
            .ok()
            .and_then(|outcome| outcome.value);
        if let Some(value) = value.filter(|value| **value != Value::Null) {
            variables.insert(name.clone(), value.to_string());
        }
    }
    variables
}

fn cited(case: &Case<'_>, draft: &Draft<'_, '_>, path: &str) -> Option<Decided> {
    if let (Some((list, variable)), Some(item)) = (&draft.compiled.each, draft.item)
        && let Some(field) = path
            .strip_prefix(variable.as_str())
            .and_then(|rest| rest.strip_prefix('.'))
    {
        let Value::Record(fields) = &item.value else {
            return None;
        };
        let fact = fields.get(field)?;
        return Some(Decided::fact(
            &format!("{list}[].{field}"),
            fact,
            &item.origins,
        ));
    }
    let fact = case.evidence.facts.get(path)?;
    Some(Decided::fact(path, fact, &[]))
}

/// Those for this node's distribution, else the generic ones; all where the distribution is unknown and none is generic.
fn remedies(case: &Case<'_>, rule: &Rule, fill: &dyn Fn(&str) -> String) -> Vec<Remedy> {
    let distribution = match case
        .evidence
        .facts
        .get("host.distribution")
        .map(|fact| &fact.value)
    {
        Some(Value::Text(name)) => name.as_str(),
        _ => "generic",
    };
    let of = |name: &str| -> Vec<&rule::Remedy> {
        let fits = |remedy: &&rule::Remedy| {
            remedy.distributions.is_empty() || remedy.distributions.iter().any(|one| one == name)
        };
        rule.remedy.iter().filter(fits).collect()
    };
    let mut chosen = of(distribution);
    if chosen.is_empty() {
        chosen = of("generic");
    }
    if chosen.is_empty() {
        chosen = rule.remedy.iter().collect();
    }
    let service = service::of_kubelet(case.evidence);
    let told = |steps: &[String]| -> Vec<String> {
        let filled = steps.iter().map(|step| fill(step));
        filled.map(|step| addressed(step, service)).collect()
    };
    chosen
        .into_iter()
        .map(|remedy| Remedy {
            on: remedy.on,
            steps: told(&remedy.steps),
            check: told(&remedy.check),
            risk: fill(&remedy.risk),
        })
        .collect()
}
