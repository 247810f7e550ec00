//! What conditions may ask about other rules, the clock and lives.

use super::Case;
use super::judge::Present;
use super::past::LogWitness;
use crate::condition::{Decided, Events, Missing, Outcome, Query};
use crate::fact::Value;
use crate::logs::{Hit, Life, Stamp};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Answers from the log halves, which are all known, and from the rules judged so far.
pub(super) struct Answers<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) witnesses: &'a [LogWitness<'a>],
    /// By rule; `None` until judged.
    pub(super) presence: RefCell<Vec<Option<Presence>>>,
}

/// Whether a rule has a present finding.
#[derive(Debug, Clone)]
pub(super) enum Presence {
    /// It has; what proves it.
    Yes(Vec<Decided>),
    /// It provably has not.
    No,
    /// What would tell.
    Unknown(BTreeSet<Missing>),
}

impl Answers<'_> {
    /// The programs that a rule reads, when the log does not cover the current life of one of them.
    ///
    /// Covered: the life's start was seen, nothing in it is missing, and the log of one of the programs begins before it.
    pub(super) fn uncovered(&self, number: usize) -> Option<Vec<String>> {
        let mut programs: Vec<String> = self
            .case
            .rules
            .get(number)
            .into_iter()
            .flat_map(|(rule, _)| &rule.log)
            .flat_map(|pattern| pattern.from.iter().cloned())
            .collect();
        programs.sort();
        programs.dedup();
        if programs.is_empty() {
            programs.push("kubelet".to_owned());
        }
        let covered = programs.iter().any(|program| self.covers_life(program));
        if covered { None } else { Some(programs) }
    }

    /// Whether the log of a program holds the current life from its start.
    fn covers_life(&self, program: &str) -> bool {
        let logs = self.case.logs;
        let Some(life) = logs
            .lives
            .last()
            .filter(|life| life.start_seen && !life.cut)
        else {
            return false;
        };
        if program == "kubelet" {
            return logs.programs.iter().any(|read| read == program);
        }
        let begins = logs.spans.get(program).and_then(|span| span.first);
        begins
            .zip(life.first)
            .is_some_and(|(begins, start)| begins.time <= start.time)
    }

    fn hits(&self, number: usize) -> &[&Hit] {
        self.witnesses
            .get(number)
            .map_or(&[], |witness| &witness.seen)
    }

    fn seen(&self, number: usize) -> Outcome<'static> {
        match (self.hits(number).last(), self.uncovered(number)) {
            (Some(hit), _) => {
                Outcome::known(Value::Bool(true), vec![Decided::Line(hit.last.clone())])
            }
            (None, None) => Outcome::known(Value::Bool(false), Vec::new()),
            (None, Some(programs)) => Outcome::missing([Missing::Log(programs)]),
        }
    }

    fn present(&self, number: usize) -> Outcome<'static> {
        match self.presence.borrow().get(number).cloned().flatten() {
            Some(Presence::Yes(decided)) => Outcome::known(Value::Bool(true), decided),
            Some(Presence::No) => Outcome::known(Value::Bool(false), Vec::new()),
            Some(Presence::Unknown(missing)) => Outcome::missing(missing),
            None => Outcome::missing([]),
        }
    }

    fn count(&self, number: usize) -> Outcome<'static> {
        let current = self.case.logs.lives.len().checked_sub(1);
        let mut hits = self.hits(number).iter().filter(|hit| hit.life == current);
        let count: u64 = hits.clone().map(|hit| hit.count).sum();
        let lines = hits.next_back().map(|hit| Decided::Line(hit.last.clone()));
        match (count, self.uncovered(number)) {
            (0, Some(programs)) => Outcome::missing([Missing::Log(programs)]),
            _ => Outcome::known(
                Value::Int(i64::try_from(count).unwrap_or(i64::MAX)),
                lines.into_iter().collect(),
            ),
        }
    }

    fn time(&self, number: usize, last: bool) -> Outcome<'static> {
        let hits = self.hits(number);
        let occurrences = hits
            .iter()
            .map(|hit| if last { &hit.last } else { &hit.first });
        let timed = occurrences.filter(|occurrence| occurrence.time.is_some());
        let chosen = if last {
            timed.max_by_key(|occurrence| occurrence.time)
        } else {
            timed.min_by_key(|occurrence| occurrence.time)
        };
        match (
            chosen.and_then(|chosen| Some((chosen, chosen.time?))),
            self.uncovered(number),
        ) {
            (Some((occurrence, stamp)), _) => {
                let mut outcome = Outcome::at(stamp);
                outcome.decided.push(Decided::Line(occurrence.clone()));
                outcome
            }
            (None, None) if hits.is_empty() => Outcome::known(Value::Null, Vec::new()),
            (None, None) => Outcome::missing([]),
            (None, Some(programs)) => Outcome::missing([Missing::Log(programs)]),
        }
    }

    /// How long the kubelet runs by systemd's word, where no log tells of a life.
    fn unit_age(&self) -> Outcome<'static> {
        const SINCE: &str = "kubelet.unit.active_since";
        let facts = &self.case.evidence.facts;
        let is_active = facts.text("kubelet.unit.active_state") == Some("active");
        let since = facts.get(SINCE).filter(|_| is_active);
        let age = since.zip(self.case.now).and_then(|(fact, now)| {
            let Value::Time(since) = fact.value else {
                return None;
            };
            let proof = Decided::Fact {
                path: SINCE.to_owned(),
                text: fact.value.to_string(),
                absent: false,
                origins: fact.origins.clone(),
            };
            let age = Value::Duration(now.time - since);
            Some(Outcome::known(age, vec![proof]))
        });
        age.unwrap_or_else(|| Outcome::missing([Missing::Log(vec!["kubelet".to_owned()])]))
    }
}

impl Events for Answers<'_> {
    fn query(&self, query: Query, id: &str) -> Outcome<'static> {
        let Some(number) = self.case.rules.index(id) else {
            return Outcome::missing([]);
        };
        match query {
            Query::Seen => self.seen(number),
            Query::Present => self.present(number),
            Query::Count => self.count(number),
            Query::First => self.time(number, false),
            Query::Last => self.time(number, true),
        }
    }

    fn now(&self) -> Outcome<'static> {
        self.case
            .now
            .map_or_else(|| Outcome::missing([Missing::Now]), Outcome::at)
    }

    fn life_age(&self) -> Outcome<'static> {
        let life = self.case.logs.lives.last();
        match life.and_then(|life| age(life, self.case.now)) {
            Some(age) => Outcome::known(Value::Duration(age), Vec::new()),
            None => self.unit_age(),
        }
    }

    fn life_count(&self) -> Outcome<'static> {
        let count = i64::try_from(self.case.logs.lives.len()).unwrap_or(i64::MAX);
        Outcome::known(Value::Int(count), Vec::new())
    }
}

/// How long a life lasts: until its end, or until now when it goes on. A running kubelet may say nothing for hours.
pub(super) fn age(life: &Life, now: Option<Stamp>) -> Option<chrono::TimeDelta> {
    let (first, last) = (life.first?, life.last?);
    let end = match now {
        Some(now) if !life.end_seen => now.time.max(last.time),
        _ => last.time,
    };
    Some(end - first.time)
}

/// What `present(id)` answers for a judged rule.
pub(super) fn presence(
    findings: &[Present],
    decided: &[Decided],
    missing: &BTreeSet<Missing>,
) -> Presence {
    if findings.is_empty() {
        return if missing.is_empty() {
            Presence::No
        } else {
            Presence::Unknown(missing.clone())
        };
    }
    Presence::Yes(decided.to_vec())
}
