//! Which present findings explain which others.

use super::Case;
use super::edges::{Pair, gives, holds, in_time};
use super::events::Answers;
use super::judge::{Judged, Present};
use super::past::LogWitness;
use crate::condition::Scope;
use crate::rule::{ErrorClass, Role, Severity};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// For each present finding, by position: the positions of those that explain it.
pub(super) fn fold(case: &Case<'_>, present: &[Present], judged: &Judged) -> Vec<BTreeSet<usize>> {
    let mut by_rule: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (position, one) in present.iter().enumerate() {
        by_rule.entry(one.rule).or_default().push(position);
    }
    let ruled_out: BTreeSet<usize> = judged
        .ruled_out
        .iter()
        .filter_map(|one| case.rules.index(&one.id))
        .collect();
    let witnesses: Vec<LogWitness<'_>> = Vec::new();
    let answers = Answers {
        case,
        witnesses: &witnesses,
        presence: RefCell::new(Vec::new()),
    };
    let mut folds = vec![BTreeSet::new(); present.len()];
    for (position, cause) in present
        .iter()
        .enumerate()
        .filter(|(_, one)| one.finding.role.is_fault())
    {
        let mut walk = Walk {
            case,
            present,
            by_rule: &by_rule,
            ruled_out: &ruled_out,
            scope: Scope {
                facts: &case.evidence.facts,
                events: &answers,
                item: None,
                edge: None,
            },
            root: cause,
            visited: BTreeSet::new(),
            explained: BTreeSet::new(),
        };
        walk.from(cause.rule, Some(position), &Reasons::new());
        for effect in walk.explained {
            let folds_it = present
                .get(effect)
                .is_some_and(|effect| may_fold(cause, effect));
            if effect != position
                && folds_it
                && let Some(slot) = folds.get_mut(effect)
            {
                slot.insert(position);
            }
        }
    }
    folds
}

/// A cause yields only to another cause that the report would name: a symptom never hides one.
fn may_fold(cause: &Present, effect: &Present) -> bool {
    effect.finding.role != Role::Cause
        || effect.finding.severity < Severity::Medium
        || (cause.finding.role == Role::Cause && cause.finding.severity >= Severity::Medium)
}

/// Lists of reasons, of each of which an effect must give one: what the edges through symptoms that nobody logged ask.
type Reasons<'a> = BTreeSet<&'a [ErrorClass]>;

struct Walk<'a> {
    case: &'a Case<'a>,
    present: &'a [Present],
    by_rule: &'a BTreeMap<usize, Vec<usize>>,
    ruled_out: &'a BTreeSet<usize>,
    scope: Scope<'a>,
    /// The finding whose effects are looked for.
    root: &'a Present,
    /// Rules that were passed without a finding, and findings that were passed.
    visited: BTreeSet<(usize, Option<usize>, Reasons<'a>)>,
    explained: BTreeSet<usize>,
}

impl<'a> Walk<'a> {
    /// Follows the edges of a rule, from one of its findings or, where nobody logged it, from the bare symptom.
    fn from(&mut self, rule: usize, position: Option<usize>, asked: &Reasons<'a>) {
        if !self.visited.insert((rule, position, asked.clone())) {
            return;
        }
        let case = self.case;
        let Some((_, compiled)) = case.rules.get(rule) else {
            return;
        };
        let own = position.and_then(|position| self.present.get(position));
        for edge in &compiled.edges {
            let targets = self.by_rule.get(&edge.target);
            for &target in targets.into_iter().flatten() {
                let Some(other) = self.present.get(target) else {
                    continue;
                };
                let in_time = own.is_some() || in_time(self.root, other);
                let answered = asked.iter().all(|reasons| gives(reasons, other));
                let other = Some(other);
                if in_time && answered && holds(edge, &Pair { own, other }, &self.scope) {
                    self.explained.insert(target);
                    self.from(edge.target, Some(target), &Reasons::new());
                }
            }
            let bare = Pair { own, other: None };
            if targets.is_none() && self.may_pass(edge.target) && holds(edge, &bare, &self.scope) {
                let mut asked = asked.clone();
                asked.extend((!edge.join.error.is_empty()).then_some(edge.join.error.as_slice()));
                self.from(edge.target, None, &asked);
            }
        }
    }

    /// A chain may lead through a symptom that nobody logged, never through a cause that was not found.
    fn may_pass(&self, rule: usize) -> bool {
        let symptom = self
            .case
            .rules
            .get(rule)
            .is_some_and(|(rule, _)| matches!(rule.role, Role::Symptom | Role::Contributing));
        symptom && !self.ruled_out.contains(&rule)
    }
}
