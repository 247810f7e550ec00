//! Whether a fault that the log shows is past.

use super::Case;
use super::judge::Present;
use crate::logs::{Hit, Life, Occurrence};
use crate::parse::troubleshoot_analysis::is_judgement;
use crate::rule::{Role, Rule, Stage};
use crate::ruleset::Compiled;
use chrono::TimeDelta;

/// How far a later life must run beyond the fault's latest offset to have outlived it.
const OUTLIVED_BY: TimeDelta = TimeDelta::seconds(10);
/// A stream that goes on this long, and [`SILENT_PERIODS`], without a repeating line has got over it.
const SILENT_FOR: TimeDelta = TimeDelta::minutes(5);
/// Periods of a repeating line that must be missing.
const SILENT_PERIODS: i32 = 5;
/// Periods that must be missing where the kubelet had registered before: it says nothing when the API answers again.
const SILENT_PERIODS_REGISTERED: i32 = 3;

/// What the log says of one rule.
#[derive(Debug, Clone, Default)]
pub(super) struct LogWitness<'a> {
    /// All matches that count, in the order of their last records.
    pub(super) seen: Vec<&'a Hit>,
    /// Those of the fault that lasts; empty when it is past or was never seen.
    pub(super) present: Vec<&'a Hit>,
}

impl LogWitness<'_> {
    /// Whether all lines are what another tool's analyzer thought of the node: its words may be about something else.
    pub(super) fn is_hearsay(&self) -> bool {
        let is_judgement = |one: &Occurrence| is_judgement(&one.origin.entry);
        let mut lines = self.present.iter().flat_map(|hit| [&hit.first, &hit.last]);
        !self.present.is_empty() && lines.all(is_judgement)
    }
}

/// Judges the log half of a rule. Without lives (posted lines) everything is present.
pub(super) fn witness<'a>(
    case: &Case<'a>,
    number: usize,
    rule: &Rule,
    compiled: &Compiled,
) -> LogWitness<'a> {
    let mut seen: Vec<&Hit> = hits(case, number).iter().collect();
    seen.sort_by_key(|hit| (hit.last.sequence, hit.pattern));
    let lives = &case.logs.lives;
    let present = match rule.role {
        _ if lives.is_empty() => seen.clone(),
        Role::Progress => {
            let current = lives.len() - 1;
            seen.iter()
                .copied()
                .filter(|hit| hit.life == Some(current))
                .collect()
        }
        _ if is_past(case, &seen, rule, compiled) => Vec::new(),
        _ => episode(lives, &seen),
    };
    LogWitness { seen, present }
}

/// Matches of one rule; the digest is sorted by rule.
pub(super) fn hits<'a>(case: &Case<'a>, number: usize) -> &'a [Hit] {
    let all = &case.logs.hits;
    let begin = all.partition_point(|hit| hit.rule < number);
    let end = all.partition_point(|hit| hit.rule <= number);
    all.get(begin..end).unwrap_or_default()
}

fn is_past(case: &Case<'_>, hits: &[&Hit], rule: &Rule, compiled: &Compiled) -> bool {
    let Some(last) = hits.last() else {
        return false;
    };
    ended(case, last, rule)
        || (outlived(&case.logs.lives, hits) && !lasts_in_its_effect(case, hits, compiled))
        || fell_silent(case, last, compiled)
}

/// Whether a fault of another program than the kubelet still shows in a symptom of the current life: that program says it once,
/// at its own start, and no life of the kubelet repeats it.
fn lasts_in_its_effect(case: &Case<'_>, of_fault: &[&Hit], compiled: &Compiled) -> bool {
    let by_kubelet = |hit: &Hit| matches!(hit.program.as_deref(), None | Some("kubelet"));
    if of_fault.iter().any(|hit| by_kubelet(hit)) {
        return false;
    }
    let current = case.logs.lives.len().checked_sub(1);
    let since = of_fault.first().map(|hit| hit.first.sequence);
    compiled.edges.iter().any(|edge| {
        let Some((rule, own)) = case.rules.get(edge.target) else {
            return false;
        };
        let last = hits(case, edge.target)
            .iter()
            .max_by_key(|hit| hit.last.sequence);
        last.is_some_and(|last| {
            rule.role == Role::Symptom
                && last.life == current
                && since.is_some_and(|since| since <= last.first.sequence)
                && !ended(case, last, rule)
                && !fell_silent(case, last, own)
        })
    })
}

/// (a) An event in `ends` follows the fault.
fn ended(case: &Case<'_>, last: &Hit, rule: &Rule) -> bool {
    rule.ends
        .iter()
        .filter_map(|id| case.rules.index(id))
        .flat_map(|number| hits(case, number))
        .any(|event| event.last.sequence > last.last.sequence)
}

/// (b) A later life ran long enough beyond the fault's latest offset from its own start, without it.
fn outlived(lives: &[Life], hits: &[&Hit]) -> bool {
    let latest = hits
        .iter()
        .map(|hit| hit.last.sequence)
        .max()
        .unwrap_or_default();
    let offset = hits
        .iter()
        .filter_map(|hit| offset(lives, hit))
        .max()
        .unwrap_or_default();
    let last_life = hits.iter().filter_map(|hit| hit.life).max();
    lives
        .iter()
        .enumerate()
        .filter(|(number, life)| {
            last_life.is_none_or(|last| *number > last) && life.first_sequence > latest
        })
        .filter(|(_, life)| life.start_seen && !life.cut)
        .any(|(_, life)| life.age().is_some_and(|age| age > offset + OUTLIVED_BY))
}

/// Time from the start of its life to the last record of a match.
fn offset(lives: &[Life], hit: &Hit) -> Option<TimeDelta> {
    let life = lives.get(hit.life?)?;
    Some(hit.last.time?.time - life.first?.time)
}

/// (c) The line repeats as long as the fault lasts, and its stream goes on without it.
fn fell_silent(case: &Case<'_>, last: &Hit, compiled: &Compiled) -> bool {
    let period = compiled.every.get(last.pattern).copied().flatten();
    let (Some(period), Some(time)) = (period, last.last.time) else {
        return false;
    };
    if registered_before(case, last) && still_runs(case, last) {
        let silence = case.now.map(|now| now.time - time.time);
        if silence.is_some_and(|silence| silence > period * SILENT_PERIODS_REGISTERED) {
            return true;
        }
    }
    let life = case.logs.lives.last().filter(|life| !life.cut);
    let stream_end = match last.program.as_deref() {
        None | Some("kubelet") => life.and_then(|life| life.last),
        Some(program) => case.logs.spans.get(program).and_then(|span| span.last),
    };
    stream_end.is_some_and(|end| {
        let silence = end.time - time.time;
        silence > period * SILENT_PERIODS && silence > SILENT_FOR
    })
}

/// Whether the kubelet had registered in the same life before the fault began.
fn registered_before(case: &Case<'_>, fault: &Hit) -> bool {
    let rules = case.rules.rules().iter().enumerate();
    let proofs = rules.filter(|(_, rule)| rule.proves.contains(&Stage::Registered));
    proofs
        .flat_map(|(number, _)| hits(case, number))
        .any(|event| event.life == fault.life && event.first.sequence < fault.first.sequence)
}

/// Whether the fault's life is the current one and its end was not seen.
fn still_runs(case: &Case<'_>, fault: &Hit) -> bool {
    let current = case.logs.lives.len().checked_sub(1);
    fault.life == current
        && case
            .logs
            .lives
            .last()
            .is_some_and(|life| !life.end_seen && !life.cut)
}

/// The matches of the fault that lasts: back from the newest until a life that was long enough to show it and did not.
fn episode<'a>(lives: &[Life], hits: &[&'a Hit]) -> Vec<&'a Hit> {
    let mut numbers: Vec<usize> = hits.iter().filter_map(|hit| hit.life).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let offset = hits
        .iter()
        .filter_map(|hit| offset(lives, hit))
        .max()
        .unwrap_or_default();
    let long = |life: &Life| {
        life.start_seen && !life.cut && life.age().is_some_and(|age| age > offset + OUTLIVED_BY)
    };
    let mut begin = numbers.last().copied().unwrap_or_default();
    for number in (0..begin).rev() {
        if numbers.binary_search(&number).is_ok() {
            begin = number;
        } else if lives.get(number).is_some_and(long) {
            break;
        }
    }
    let from = lives
        .get(begin)
        .filter(|_| !numbers.is_empty())
        .map_or(0, |life| life.first_sequence);
    let in_episode = |hit: &&&Hit| match hit.life {
        Some(life) => life >= begin,
        None => hit.last.sequence >= from,
    };
    let episode: Vec<&Hit> = hits.iter().filter(in_episode).copied().collect();
    if episode.is_empty() {
        hits.to_vec()
    } else {
        episode
    }
}

/// Takes out what a later proof in the same life refutes. A finding with facts stands: they were read after the log.
pub(super) fn split_refuted(all: Vec<Present>, case: &Case<'_>) -> (Vec<Present>, Vec<Present>) {
    let Some(current) = case.logs.lives.len().checked_sub(1) else {
        return (all, Vec::new());
    };
    let proofs: Vec<(usize, u64)> = all
        .iter()
        .filter(|one| one.finding.role == Role::Progress)
        .filter_map(|one| Some((one.rule, one.last_sequence?)))
        .collect();
    let refutes = |fault: &Present| {
        let fault_sequence = fault.last_sequence.filter(|_| !fault.by_facts);
        let stage = fault.finding.stage;
        fault.lives.last() == Some(&current)
            && fault_sequence.is_some_and(|sequence| {
                proofs.iter().any(|(rule, proof)| {
                    *proof > sequence
                        && case
                            .rules
                            .get(*rule)
                            .is_some_and(|(rule, _)| rule.proves.contains(&stage))
                })
            })
    };
    all.into_iter()
        .partition(|one| !(one.finding.role.is_fault() && refutes(one)))
}
