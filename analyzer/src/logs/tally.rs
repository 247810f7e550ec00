//! Counts matches while streams are read: one group per pattern, variables and life.

use super::hash::FastMap;
use super::lives::after_folding;
use super::place::{Place, Spot};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// What matched: a pattern, the program of the line and the captured variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Index in the pattern set.
    pub(crate) pattern: usize,
    pub(crate) program: Option<Arc<str>>,
    pub(crate) variables: Vec<(String, String)>,
}

/// Where matches are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// A life of a stream.
    Life { stream: usize, life: usize },
    /// A span of time in a stream that has no lives; its life is found when all streams were read.
    Span { stream: usize, span: usize },
}

/// Matches that are counted together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: usize,
    pub(crate) slot: Slot,
    pub(crate) count: u64,
    pub(crate) first: Spot,
    /// The last one, where there are several.
    later: Option<Spot>,
}

impl Group {
    /// The match that came last.
    pub(crate) fn last(&self) -> &Spot {
        self.later.as_ref().unwrap_or(&self.first)
    }

    fn add(&mut self, sight: Sight<'_>) {
        self.count += sight.weight;
        match &mut self.later {
            Some(last) => last.set(sight),
            None => self.later = Some(Spot::new(sight)),
        }
    }

    /// Takes in a group that comes after this one.
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.later = Some(other.later.unwrap_or(other.first));
    }
}

/// A matching record.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) entry: &'a Arc<str>,
    pub(crate) line: u64,
    pub(crate) raw: &'a [u8],
    pub(crate) place: Place,
    /// How often the carrier says that it was repeated, at least 1.
    pub(crate) weight: u64,
}

/// All matches of all streams.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    keys: Vec<Key>,
    key_index: HashMap<Key, usize>,
    /// Variants by pattern and program.
    variants: HashMap<(usize, Option<Arc<str>>), Variants>,
    groups: Vec<Group>,
    group_index: FastMap<(usize, Slot), usize>,
    /// Where each key was counted last, and its group.
    recent: Vec<Option<(Slot, usize)>>,
    spans: FastMap<(usize, usize), usize>,
    thresholds: FastMap<(usize, usize, Option<usize>), Threshold>,
}

/// Sets of variables that are told apart: how many, and the key of the last.
#[derive(Debug, Clone, Copy, Default)]
struct Variants {
    count: usize,
    last: usize,
}

/// Sets of variables that are told apart per pattern and program; more are counted with the last of these.
const MAX_VARIANTS: usize = 128;
/// Matches of a stream without lives are counted together when this many microseconds lie between them, at first.
const SPAN_GAP: i64 = 5_000_000;
/// Spans per key and stream after which the gap doubles.
const SPANS_PER_GAP: usize = 64;

impl Tally {
    /// The number of a key.
    pub(crate) fn key(&mut self, key: Key) -> usize {
        if let Some(&number) = self.key_index.get(&key) {
            return number;
        }
        let last = self.keys.len();
        let variants = self
            .variants
            .entry((key.pattern, key.program.clone()))
            .or_default();
        if variants.count >= MAX_VARIANTS {
            return variants.last;
        }
        *variants = Variants {
            count: variants.count + 1,
            last,
        };
        self.keys.push(key.clone());
        self.key_index.insert(key, last);
        last
    }

    pub(crate) fn key_of(&self, group: &Group) -> Option<&Key> {
        self.keys.get(group.key)
    }

    /// Counts a match in a life of its stream.
    pub(crate) fn count_in_life(
        &mut self,
        key: usize,
        stream: usize,
        life: usize,
        sight: Sight<'_>,
    ) {
        self.count(key, Slot::Life { stream, life }, sight);
    }

    /// Counts a match in a stream without lives.
    pub(crate) fn count_in_span(&mut self, key: usize, stream: usize, sight: Sight<'_>) {
        let known = self.spans.get(&(key, stream)).copied();
        let span = match known {
            Some(span) if self.continues(key, stream, span, sight.place) => span,
            Some(span) => span + 1,
            None => 0,
        };
        if known != Some(span) {
            self.spans.insert((key, stream), span);
        }
        self.count(key, Slot::Span { stream, span }, sight);
    }

    fn continues(&self, key: usize, stream: usize, span: usize, place: Place) -> bool {
        let slot = Slot::Span { stream, span };
        let group = self
            .find(key, slot)
            .and_then(|group| self.groups.get(group));
        let Some((last, now)) = group.and_then(|group| group.last().place.order.zip(place.order))
        else {
            return true;
        };
        let doublings = u32::try_from(span / SPANS_PER_GAP).unwrap_or(32).min(32);
        now.micros - last.micros <= SPAN_GAP << doublings
    }

    fn count(&mut self, key: usize, slot: Slot, sight: Sight<'_>) {
        let known = self.find(key, slot);
        self.remember(key, slot, known.unwrap_or(self.groups.len()));
        if let Some(group) = known.and_then(|group| self.groups.get_mut(group)) {
            return group.add(sight);
        }
        self.group_index.insert((key, slot), self.groups.len());
        self.groups.push(Group {
            key,
            slot,
            count: sight.weight,
            first: Spot::new(sight),
            later: None,
        });
    }

    /// The group of a key in a slot. Mostly it is the one in which the key was counted last, which is known without a look at it.
    fn find(&self, key: usize, slot: Slot) -> Option<usize> {
        match self.recent.get(key) {
            Some(Some((last, group))) if *last == slot => Some(*group),
            _ => self.group_index.get(&(key, slot)).copied(),
        }
    }

    fn remember(&mut self, key: usize, slot: Slot, group: usize) {
        if self.recent.len() <= key {
            self.recent.resize(key + 1, None);
        }
        if let Some(recent) = self.recent.get_mut(key) {
            *recent = Some((slot, group));
        }
    }

    /// Notes a match of a pattern that needs `min` of them within `within` microseconds.
    pub(crate) fn approach(
        &mut self,
        pattern: usize,
        slot: (usize, Option<usize>),
        rate: Rate,
        sight: Sight<'_>,
    ) {
        self.thresholds
            .entry((pattern, slot.0, slot.1))
            .or_default()
            .add(rate, sight);
    }

    /// Whether enough matches of a pattern came close enough in a slot.
    pub(crate) fn reached(&self, pattern: usize, slot: Slot) -> bool {
        let key = match slot {
            Slot::Life { stream, life } => (pattern, stream, Some(life)),
            Slot::Span { stream, .. } => (pattern, stream, None),
        };
        self.thresholds
            .get(&key)
            .is_some_and(|threshold| threshold.reached)
    }

    /// Follows the folding of a stream's oldest lives.
    pub(crate) fn fold(&mut self, stream: usize) {
        let renumbered = |slot: Slot| match slot {
            Slot::Life { stream: own, life } if own == stream => Slot::Life {
                stream,
                life: after_folding(life),
            },
            other => other,
        };
        self.group_index.clear();
        self.recent.clear();
        for mut group in std::mem::take(&mut self.groups) {
            group.slot = renumbered(group.slot);
            let key = (group.key, group.slot);
            let known = self.group_index.get(&key);
            if let Some(known) = known.and_then(|&at| self.groups.get_mut(at)) {
                known.join(group);
            } else {
                self.group_index.insert(key, self.groups.len());
                self.groups.push(group);
            }
        }
        let mut thresholds: Vec<_> = std::mem::take(&mut self.thresholds).into_iter().collect();
        thresholds.sort_unstable_by_key(|(key, _)| *key);
        for ((pattern, own, life), threshold) in thresholds {
            let life = if own == stream {
                life.map(after_folding)
            } else {
                life
            };
            let known = self.thresholds.entry((pattern, own, life)).or_default();
            known.reached |= threshold.reached;
            if !known.reached && threshold.recent.len() > known.recent.len() {
                known.recent = threshold.recent;
            }
        }
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

/// How many matches within which time make an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) min: u32,
    pub(crate) within: Option<i64>,
}

#[derive(Debug, Default)]
struct Threshold {
    recent: VecDeque<Option<i64>>,
    reached: bool,
}

impl Threshold {
    fn add(&mut self, rate: Rate, sight: Sight<'_>) {
        let min = usize::try_from(rate.min).unwrap_or(usize::MAX);
        let now = sight.place.time.map(|tick| tick.micros);
        for _ in 0..sight.weight {
            if self.reached {
                break;
            }
            self.recent.push_back(now);
            if self.recent.len() > min {
                self.recent.pop_front();
            }
            let oldest = self.recent.front().copied().flatten();
            let apart = now.zip(oldest).map_or(0, |(now, oldest)| now - oldest);
            self.reached =
                self.recent.len() == min && rate.within.is_none_or(|within| apart <= within);
        }
        if self.reached {
            self.recent.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::clock::{Basis, Tick};

    fn count(tally: &mut Tally, key: usize, seconds: i64) {
        let entry = Arc::from("e");
        let tick = Some(Tick {
            micros: seconds * 1_000_000,
            basis: Basis::Utc,
        });
        let place = Place {
            stream: 0,
            ordinal: 1,
            time: tick,
            order: tick,
            entry: 0,
            line: 0,
        };
        let sight = Sight {
            entry: &entry,
            line: 1,
            raw: b"raw",
            place,
            weight: 1,
        };
        tally.count_in_span(key, 0, sight);
        let rate = Rate {
            min: 3,
            within: Some(10_000_000),
        };
        tally.approach(0, (0, None), rate, sight);
    }

    fn key(variable: usize) -> Key {
        Key {
            pattern: 0,
            program: None,
            variables: vec![("n".into(), variable.to_string())],
        }
    }

    #[test]
    fn an_event_needs_enough_matches_close_together() {
        let mut tally = Tally::default();
        let key = tally.key(key(0));
        let slot = Slot::Span { stream: 0, span: 0 };
        for seconds in [0, 20, 29] {
            count(&mut tally, key, seconds);
        }
        assert!(!tally.reached(0, slot));
        count(&mut tally, key, 30);
        assert!(tally.reached(0, slot));
    }

    #[test]
    fn matches_far_apart_are_counted_apart_but_never_in_too_many_groups() {
        let mut tally = Tally::default();
        let number = tally.key(key(0));
        for hit in 0..100_000 {
            count(&mut tally, number, 10 * hit);
        }
        assert!(tally.groups().len() > 2 && tally.groups().len() < 1_000);
        assert_eq!(
            tally.groups().iter().map(|group| group.count).sum::<u64>(),
            100_000
        );
    }

    #[test]
    fn variables_without_end_do_not_fill_memory() {
        let mut tally = Tally::default();
        let keys: Vec<usize> = (0..10_000).map(|n| tally.key(key(n))).collect();
        assert_eq!(keys.iter().max(), Some(&(MAX_VARIANTS - 1)));
        assert_eq!(tally.key(key(3)), 3);
    }
}
