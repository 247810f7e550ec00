//! Rules → findings: the table of the two witnesses.

use super::Case;
use super::applies::{Applies, applies};
use super::events::{Answers, Presence, presence};
use super::evidence;
use super::finding::{Draft, make};
use super::past::{LogWitness, witness};
use crate::condition::{Condition, Decided, Fault, Missing, Outcome, Scope};
use crate::fact::{Fact, Value};
use crate::finding::{Evidence, Finding};
use crate::logs::Hit;
use crate::report::RuledOut;
use crate::rule::{Confidence, ErrorClass, Role, Rule};
use crate::ruleset::Compiled;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What judging all rules yields.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Present findings, in reference order of their rules.
    pub(super) present: Vec<Present>,
    /// Past ones.
    pub(super) past: Vec<Present>,
    /// Rules whose line was seen and whose facts speak against it.
    pub(super) ruled_out: Vec<RuledOut>,
    /// Causes that no line suggests and that facts speak against: the rule and what decided.
    pub(super) cleared: Vec<(usize, Vec<Decided>)>,
    /// Rules that could not be judged, and what was missing.
    pub(super) unknown: Vec<(usize, BTreeSet<Missing>)>,
    /// Rules whose condition failed.
    pub(super) faults: Vec<(usize, Fault)>,
}

/// A finding with what folding and ranking need of it.
#[derive(Debug, Clone)]
pub(super) struct Present {
    /// Index of its rule.
    pub(super) rule: usize,
    /// As reports show it.
    pub(super) finding: Finding,
    /// Values of template variables.
    pub(super) variables: BTreeMap<String, String>,
    /// Facts speak for it.
    pub(super) by_facts: bool,
    /// A line speaks for it.
    pub(super) by_log: bool,
    /// Sequence of its last record.
    pub(super) last_sequence: Option<u64>,
    /// Lives that its records fall into.
    pub(super) lives: BTreeSet<usize>,
    /// Whether the newest run that it was seen in and that ended said it last; `None` when none ended.
    pub(super) ends_life: Option<bool>,
    /// Reasons that its lines give.
    pub(super) errors: BTreeSet<ErrorClass>,
    /// At most this sure.
    pub(super) cap: Confidence,
}

/// Judges all rules, each after those that it asks about.
pub(super) fn judge(case: &Case<'_>) -> Judged {
    let rules = case.rules;
    let witnesses: Vec<LogWitness<'_>> = (0..rules.rules().len())
        .map(|number| {
            rules
                .get(number)
                .filter(|(rule, compiled)| applies(case, rule, compiled) != Applies::No)
                .map(|(rule, compiled)| witness(case, number, rule, compiled))
                .unwrap_or_default()
        })
        .collect();
    let answers = Answers {
        case,
        witnesses: &witnesses,
        presence: RefCell::new(vec![None; rules.rules().len()]),
    };
    let mut judged = Judged::default();
    for &number in rules.order() {
        let verdict = Court {
            case,
            answers: &answers,
            number,
        }
        .judge(&mut judged);
        if let Some(slot) = answers.presence.borrow_mut().get_mut(number) {
            *slot = Some(verdict);
        }
    }
    confirm(case, &mut judged.present);
    judged
}

/// A present `confirmed_by` confirms what facts alone say, and its line becomes a proof.
fn confirm(case: &Case<'_>, present: &mut [Present]) {
    let lines: BTreeMap<String, Option<Evidence>> = present
        .iter()
        .map(|one| (one.finding.id.clone(), newest_line(&one.finding)))
        .collect();
    for one in present.iter_mut().filter(|one| one.by_facts && !one.by_log) {
        let Some((rule, _)) = case.rules.get(one.rule) else {
            continue;
        };
        let mut confirming = rule.confirmed_by.iter().filter_map(|id| lines.get(id));
        if let Some(line) = confirming.next() {
            one.finding.confidence = Confidence::Confirmed.min(one.cap);
            one.finding.evidence.extend(line.clone());
        }
    }
}

fn newest_line(finding: &Finding) -> Option<Evidence> {
    let is_line = |one: &&Evidence| matches!(one, Evidence::Line { .. });
    finding.evidence.iter().find(is_line).cloned()
}

/// How sure a finding is by its witnesses, and at most; `None` when no witness speaks or the one that does is switched off.
fn confidence(
    rule: &Rule,
    applies: Applies,
    matched: bool,
    truth: Option<bool>,
) -> Option<(Confidence, Confidence)> {
    let table = rule.confidence;
    let (confidence, unknown_version) = match (matched, truth == Some(true)) {
        (true, true) => (table.both.or(table.log).or(table.facts), Confidence::Likely),
        (true, false) => (table.log, Confidence::Likely),
        (false, true) => (table.facts, Confidence::Possible),
        (false, false) => (None, Confidence::Likely),
    };
    let cap = match applies {
        Applies::Unknown => unknown_version,
        Applies::Yes | Applies::No => Confidence::Confirmed,
    };
    Some((confidence?, cap))
}

/// One rule before the court.
struct Court<'a, 'c> {
    case: &'a Case<'a>,
    answers: &'c Answers<'a>,
    number: usize,
}

/// What `when` says, over all items of `each`.
#[derive(Default)]
struct When<'a> {
    /// `None` is unknown, or there is no `when`.
    truth: Option<bool>,
    /// The items it holds for; one without an item where the rule has no `each`.
    holds: Vec<(Option<&'a Fact>, Vec<Decided>, bool)>,
    against: Vec<Decided>,
    missing: BTreeSet<Missing>,
}

/// What `unless` says.
enum Unless {
    /// It is false, or there is none.
    No,
    /// It holds, by this.
    Holds(Vec<Decided>),
    Unknown,
}

impl<'a> Court<'a, '_> {
    fn judge(&self, judged: &mut Judged) -> Presence {
        let nothing = Presence::No;
        let Some((rule, compiled)) = self.case.rules.get(self.number) else {
            return nothing;
        };
        let applies = applies(self.case, rule, compiled);
        if applies == Applies::No {
            return nothing;
        }
        let when = match self.when(compiled) {
            Ok(when) => when,
            Err(fault) => {
                judged.faults.push((self.number, fault));
                When::default()
            }
        };
        let log = self
            .answers
            .witnesses
            .get(self.number)
            .cloned()
            .unwrap_or_default();
        let (findings, decided) = match self.findings(applies, &log, &when) {
            Ok(found) => found,
            Err(by) => {
                if rule.role.is_fault() {
                    let by = evidence::collect(self.case, &[], &by);
                    judged.ruled_out.push(RuledOut {
                        id: rule.id.clone(),
                        title: rule.title.clone(),
                        by,
                    });
                }
                return Presence::No;
            }
        };
        if when.truth == Some(false) && rule.role == Role::Cause {
            judged.cleared.push((self.number, when.against.clone()));
        }
        if findings.is_empty() && !log.seen.is_empty() && log.present.is_empty() {
            judged.past.extend(self.past(rule, compiled, &log.seen));
        }
        let mut missing = when.missing;
        if findings.is_empty() && when.truth.is_none() {
            if !missing.is_empty() {
                judged.unknown.push((self.number, missing.clone()));
            }
            if !rule.log.is_empty() {
                missing.extend(self.answers.uncovered(self.number).map(Missing::Log));
            }
        } else {
            missing.clear();
        }
        let presence = presence(&findings, &decided, &missing);
        judged.present.extend(findings);
        presence
    }

    /// The table of the two witnesses. `Err`: ruled out, by this.
    fn findings(
        &self,
        applies: Applies,
        log: &LogWitness<'a>,
        when: &When<'a>,
    ) -> Result<(Vec<Present>, Vec<Decided>), Vec<Decided>> {
        let nothing = (Vec::new(), Vec::new());
        let Some((rule, compiled)) = self.case.rules.get(self.number) else {
            return Ok(nothing);
        };
        let matched = !log.present.is_empty();
        if matched && when.truth == Some(false) && rule.refutes {
            return Err(when.against.clone());
        }
        let Some((confidence, cap)) = confidence(rule, applies, matched, when.truth) else {
            return Ok(nothing);
        };
        let hearsay = when.truth != Some(true) && log.is_hearsay();
        let cap = if hearsay { Confidence::Possible } else { cap };
        let no_item = [(None, Vec::new(), false)];
        let holds = if when.holds.is_empty() {
            &no_item[..]
        } else {
            &when.holds
        };
        let (mut findings, mut all_decided) = nothing;
        let mut against = None;
        for (item, decided, year_inferred) in holds.iter().take(MAX_ITEMS) {
            let mut cap = cap;
            match self.unless(compiled, *item) {
                Unless::Holds(by) => {
                    against = Some(by);
                    continue;
                }
                Unless::Unknown => cap = cap.min(Confidence::Likely),
                Unless::No => {}
            }
            if *year_inferred {
                cap = Confidence::Possible;
            }
            let draft = Draft {
                number: self.number,
                rule,
                compiled,
                hits: &log.present,
                decided,
                item: *item,
                confidence,
                cap,
            };
            findings.extend(make(self.case, &draft, &self.scope(compiled, *item)));
            all_decided.extend(
                log.present
                    .last()
                    .map(|hit| Decided::Line(hit.last.clone())),
            );
            all_decided.extend(decided.iter().cloned());
        }
        match against {
            Some(by) if findings.is_empty() => Err(by),
            _ => Ok((findings, all_decided)),
        }
    }

    fn unless(&self, compiled: &Compiled, item: Option<&'a Fact>) -> Unless {
        let Some(condition) = &compiled.unless else {
            return Unless::No;
        };
        match condition.judge(&self.scope(compiled, item)) {
            Ok(outcome) => match outcome.truth() {
                Some(true) => Unless::Holds(outcome.decided),
                Some(false) => Unless::No,
                None => Unless::Unknown,
            },
            Err(_) => Unless::Unknown,
        }
    }

    fn when(&self, compiled: &Compiled) -> Result<When<'a>, Fault> {
        let Some(condition) = &compiled.when else {
            return Ok(When::default());
        };
        let Some((list, _)) = &compiled.each else {
            let outcome = condition.judge(&self.scope(compiled, None))?;
            return Ok(When::of(outcome));
        };
        match self.case.evidence.facts.get(list).map(|fact| &fact.value) {
            None => Ok(When {
                missing: BTreeSet::from([Missing::Fact(list.clone())]),
                ..When::default()
            }),
            Some(Value::List(items)) => self.each(condition, compiled, items),
            Some(_) => Ok(When::default()),
        }
    }

    /// One item that it holds for is enough; no item at all rules nothing out.
    fn each(
        &self,
        condition: &Condition,
        compiled: &Compiled,
        items: &'a [Fact],
    ) -> Result<When<'a>, Fault> {
        let mut all = When::default();
        let mut unknown = items.is_empty();
        for item in items {
            let outcome = condition.judge(&self.scope(compiled, Some(item)))?;
            match outcome.truth() {
                Some(true) => all
                    .holds
                    .push((Some(item), outcome.decided, outcome.year_inferred)),
                Some(false) => all.against.extend(outcome.decided),
                None => {
                    unknown = true;
                    all.missing.extend(outcome.missing);
                }
            }
        }
        all.truth = match (all.holds.is_empty(), unknown) {
            (false, _) => Some(true),
            (true, false) => Some(false),
            (true, true) => None,
        };
        Ok(all)
    }

    fn past(&self, rule: &Rule, compiled: &Compiled, hits: &[&'a Hit]) -> Option<Present> {
        let draft = Draft {
            number: self.number,
            rule,
            compiled,
            hits,
            decided: &[],
            item: None,
            confidence: rule.confidence.log?,
            cap: Confidence::Likely,
        };
        make(self.case, &draft, &self.scope(compiled, None))
    }

    fn scope<'s>(&'s self, compiled: &'s Compiled, item: Option<&'s Fact>) -> Scope<'s> {
        let each = compiled.each.as_ref();
        Scope {
            facts: &self.case.evidence.facts,
            events: self.answers,
            item: each
                .zip(item)
                .map(|((list, variable), item)| (variable.as_str(), list.as_str(), item)),
            edge: None,
        }
    }
}

impl When<'_> {
    fn of(outcome: Outcome<'_>) -> Self {
        let truth = outcome.truth();
        let mut when = Self {
            truth,
            missing: outcome.missing,
            ..Self::default()
        };
        match truth {
            Some(true) => when
                .holds
                .push((None, outcome.decided, outcome.year_inferred)),
            Some(false) => when.against = outcome.decided,
            None => {}
        }
        when
    }
}

/// Most findings of one rule.
const MAX_ITEMS: usize = 16;
