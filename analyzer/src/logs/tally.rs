//! Counts matches while streams are read: one group per pattern, variables and life.

use super::hash::FastMap;
use super::lives::{LATE, after_folding};
use super::place::Place;
use super::quotes::{Quote, Quotes};
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

impl Slot {
    /// The same once the oldest lives of a stream were folded.
    fn after_folding(self, folded: usize) -> Self {
        match self {
            Self::Life { stream, life } if stream == folded => Self::Life {
                stream,
                life: after_folding(life),
            },
            other => other,
        }
    }
}

/// Matches that are counted together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub(crate) key: usize,
    pub(crate) slot: Slot,
    pub(crate) count: u64,
    pub(crate) first: Mark,
    /// The last one, where there are several.
    later: Option<Mark>,
    /// The group of the same key before this one.
    earlier: Option<usize>,
}

/// A match and the line that is quoted of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) place: Place,
    quote: Quote,
}

impl Mark {
    fn new(sight: Sight<'_>, quotes: &mut Quotes) -> Self {
        Self {
            place: sight.place,
            quote: quotes.keep(sight.raw),
        }
    }

    fn set(&mut self, sight: Sight<'_>, quotes: &mut Quotes) {
        self.place = sight.place;
        quotes.replace(&mut self.quote, sight.raw);
    }
}

impl Group {
    /// The match that came last.
    pub(crate) fn last(&self) -> &Mark {
        self.later.as_ref().unwrap_or(&self.first)
    }

    fn add(&mut self, sight: Sight<'_>, quotes: &mut Quotes) {
        self.count += sight.weight;
        match &mut self.later {
            Some(last) => last.set(sight, quotes),
            None => self.later = Some(Mark::new(sight, quotes)),
        }
    }

    fn marks(&mut self) -> impl Iterator<Item = &mut Mark> {
        std::iter::once(&mut self.first).chain(&mut self.later)
    }

    /// Takes in a group that comes after this one.
    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.later = Some(*other.last());
    }
}

/// A matching record.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
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
    /// The newest group of each key.
    newest: Vec<Option<usize>>,
    quotes: Quotes,
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

    /// What a group's key stands for.
    pub(crate) fn key_of(&self, key: usize) -> Option<&Key> {
        self.keys.get(key)
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
        let last = self.groups_of(key).find_map(|group| match group.slot {
            Slot::Span { stream: own, span } if own == stream => Some((span, group.last().place)),
            _ => None,
        });
        let span = match last {
            Some((span, last)) if continues(span, last, sight.place) => span,
            Some((span, _)) => span + 1,
            None => 0,
        };
        self.count(key, Slot::Span { stream, span }, sight);
    }

    fn count(&mut self, key: usize, slot: Slot, sight: Sight<'_>) {
        let known = self.places_of(key).find(|&at| {
            let group = self.groups.get(at);
            group.is_some_and(|group| group.slot == slot)
        });
        if let Some(group) = known.and_then(|group| self.groups.get_mut(group)) {
            return group.add(sight, &mut self.quotes);
        }
        let first = Mark::new(sight, &mut self.quotes);
        self.groups.push(Group {
            key,
            slot,
            count: sight.weight,
            first,
            later: None,
            earlier: None,
        });
        self.chain(self.groups.len() - 1);
    }

    /// Makes a group the newest of its key.
    fn chain(&mut self, at: usize) {
        let Some(group) = self.groups.get_mut(at) else {
            return;
        };
        if self.newest.len() <= group.key {
            self.newest.resize(group.key + 1, None);
        }
        if let Some(newest) = self.newest.get_mut(group.key) {
            group.earlier = newest.replace(at);
        }
    }

    /// The latest groups of a key, newest first. A record belongs to one of these, or to none yet; where logs are read in turns it
    /// may get a group of its own once more, which is joined with the other one in the end.
    fn groups_of(&self, key: usize) -> impl Iterator<Item = &Group> {
        self.places_of(key).filter_map(|at| self.groups.get(at))
    }

    fn places_of(&self, key: usize) -> impl Iterator<Item = usize> {
        let newest = self.newest.get(key).copied().flatten();
        let earlier = |&at: &usize| self.groups.get(at)?.earlier;
        std::iter::successors(newest, earlier).take(LATE + 1)
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
        self.fold_groups(stream);
        self.fold_thresholds(stream);
    }

    fn fold_groups(&mut self, stream: usize) {
        let mut known: FastMap<(usize, Slot), usize> = FastMap::default();
        let mut kept = 0;
        for at in 0..self.groups.len() {
            let Some(mut group) = self.groups.get(at).copied() else {
                continue;
            };
            group.slot = group.slot.after_folding(stream);
            let first = *known.entry((group.key, group.slot)).or_insert(kept);
            let is_new = first == kept;
            kept += usize::from(is_new);
            match self.groups.get_mut(first) {
                Some(place) if is_new => *place = group,
                Some(known) => known.join(&group),
                None => {}
            }
        }
        self.groups.truncate(kept);
        self.newest.clear();
        for at in 0..kept {
            self.chain(at);
        }
        let marks = self.groups.iter_mut().flat_map(Group::marks);
        self.quotes.pack(marks.map(|mark| &mut mark.quote));
    }

    fn fold_thresholds(&mut self, stream: usize) {
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

    /// The line that is quoted of a match.
    pub(crate) fn line(&self, mark: &Mark) -> &[u8] {
        self.quotes.line(mark.quote)
    }
}

/// Whether a match that comes after the last one of a span is still in it.
fn continues(span: usize, last: Place, now: Place) -> bool {
    let Some((last, now)) = last.order.zip(now.order) else {
        return true;
    };
    let doublings = u32::try_from(span / SPANS_PER_GAP).unwrap_or(32).min(32);
    now.micros - last.micros <= SPAN_GAP << doublings
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
        let now = sight.place.time().map(|tick| tick.micros);
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
        let tick = Some(Tick {
            micros: seconds * 1_000_000,
            basis: Basis::Utc,
        });
        let place = Place {
            stream: 0,
            ordinal: 1,
            order: tick,
            is_timed: true,
            entry: 0,
            line: 0,
        };
        let sight = Sight {
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
