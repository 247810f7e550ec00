//! Turns groups of matches into hits, once all streams were read: those that differ only in the entry they were read from are one.

use super::digest::{Hit, Occurrence};
use super::patterns::PatternSet;
use super::settle::Scene;
use super::tally::{Group, Mark, Tally};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A hit before its lines are copied: a crash loop of days has tens of thousands.
#[derive(Debug, Clone, Copy)]
struct Row<'t> {
    rule: usize,
    /// Index in the rule.
    pattern: usize,
    key: usize,
    life: Option<usize>,
    count: u64,
    first: Ranked<'t>,
    last: Ranked<'t>,
}

/// A match and its place in the order of all records.
#[derive(Debug, Clone, Copy)]
struct Ranked<'t> {
    mark: &'t Mark,
    sequence: u64,
}

impl Row<'_> {
    /// Takes in a row that comes after this one.
    fn join(&mut self, later: &Self) {
        self.count += later.count;
        if later.last.sequence > self.last.sequence {
            self.last = later.last;
        }
    }
}

/// All hits, by rule and then by time.
pub(super) fn hits(scene: &Scene<'_>, patterns: &PatternSet, tally: &Tally) -> Vec<Hit> {
    let groups = tally.groups().iter();
    let mut rows: Vec<Row<'_>> = groups
        .filter_map(|group| row(scene, patterns, tally, group))
        .collect();
    let same = |row: &Row<'_>| (row.key, row.life);
    rows.sort_unstable_by_key(|row| (same(row), row.first.sequence, row.last.sequence));
    rows.dedup_by(|later, kept| {
        let is_same = same(later) == same(kept);
        if is_same {
            kept.join(later);
        }
        is_same
    });
    rows.sort_unstable_by_key(|row| (row.rule, row.first.sequence, row.pattern, same(row)));
    shown(scene, tally, &rows)
}

fn row<'t>(
    scene: &Scene<'_>,
    patterns: &PatternSet,
    tally: &'t Tally,
    group: &'t Group,
) -> Option<Row<'t>> {
    let key = tally.key_of(group.key)?;
    let pattern = patterns.pattern(key.pattern)?;
    let enough = pattern.min <= 1 || tally.reached(key.pattern, group.slot);
    let life = scene.life(group);
    let early = pattern
        .after
        .is_some_and(|after| scene.is_early(life, group.last().place, after));
    if !enough || early {
        return None;
    }
    let ranked = |mark: &'t Mark| Ranked {
        mark,
        sequence: scene.rank(mark.place),
    };
    Some(Row {
        rule: pattern.rule,
        pattern: pattern.index,
        key: group.key,
        life,
        count: group.count,
        first: ranked(&group.first),
        last: ranked(group.last()),
    })
}

fn shown(scene: &Scene<'_>, tally: &Tally, rows: &[Row<'_>]) -> Vec<Hit> {
    let mut variables: HashMap<usize, Arc<BTreeMap<String, String>>> = HashMap::new();
    let quoted = |ranked: Ranked<'_>| -> Option<Occurrence> {
        let line = tally.line(ranked.mark);
        scene.quoted(ranked.mark.place, ranked.sequence, line)
    };
    let mut all = Vec::with_capacity(rows.len());
    all.extend(rows.iter().filter_map(|row| {
        let key = tally.key_of(row.key)?;
        let own = || Arc::new(key.variables.iter().cloned().collect());
        Some(Hit {
            rule: row.rule,
            pattern: row.pattern,
            program: key.program.clone(),
            life: row.life,
            count: row.count,
            first: quoted(row.first)?,
            last: quoted(row.last)?,
            variables: Arc::clone(variables.entry(row.key).or_insert_with(own)),
        })
    }));
    all
}
