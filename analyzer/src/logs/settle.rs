//! Turns what was kept while reading into the digest: years, merged lives, ranks.

use super::digest::{ClockStep, LogDigest, Occurrence, Span, Stamp, Template};
use super::hits::hits;
use super::judge::Judge;
use super::merge::{Merged, merge};
use super::place::{Place, Ranks, Spot, Timeline, quote};
use super::program;
use super::programs::Program;
use super::scanner::Options;
use super::stream::Stream;
use super::tally::{Group, Slot, Tally};
use super::templates::Counted;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// Templates that a digest shows.
const MAX_TEMPLATES: usize = 100;

/// Makes the digest.
pub(crate) fn settle(judge: Judge<'_>, mut streams: Vec<Stream>, options: Options) -> LogDigest {
    let offset = settle_years(&mut streams, options);
    let timeline = timeline(&streams, offset);
    let merged = merge(&timeline, &streams);
    let Judge {
        patterns,
        programs,
        tally,
        templates,
        stated,
        ..
    } = judge;
    let templates = templates.into_counted();
    let scene = Scene {
        ranks: ranks(&timeline, &merged, &tally, &templates, &stated),
        timeline: &timeline,
        merged: &merged,
    };
    let names = |number: usize| programs.get(Some(number)).map(names).unwrap_or_default();
    let (oldest, newest) = range(&timeline, &streams);
    let spans = spans(&timeline, &streams, names);
    LogDigest {
        oldest,
        newest,
        programs: spans.keys().cloned().collect(),
        spans,
        lives: merged
            .lives
            .iter()
            .map(|life| life.show(&timeline, &scene.ranks))
            .collect(),
        clock_steps: clock_steps(&timeline, &streams),
        hits: hits(&scene, patterns, &tally),
        unexplained: scene.unexplained(templates),
        stated: scene.stated(stated),
    }
}

/// Finds the years of times that print none; the node's zone, seconds east of UTC.
pub(crate) fn settle_years(streams: &mut [Stream], options: Options) -> i32 {
    let offset = options.utc_offset.unwrap_or_else(|| zone(streams));
    let newest = newest_dated(streams, options.now, offset);
    for stream in streams {
        stream.calendar.settle(newest);
    }
    offset
}

/// The axis of streams whose years were settled.
pub(crate) fn timeline(streams: &[Stream], offset: i32) -> Timeline<'_> {
    Timeline {
        calendars: streams.iter().map(|stream| &stream.calendar).collect(),
        entries: streams
            .iter()
            .map(|stream| stream.entries.as_slice())
            .collect(),
        offset,
    }
}

/// Steps of the clock in time order; the same step in several streams once.
fn clock_steps(timeline: &Timeline<'_>, streams: &[Stream]) -> Vec<ClockStep> {
    let mut all: Vec<ClockStep> = streams
        .iter()
        .flat_map(|stream| stream.steps.found())
        .filter_map(|step| {
            Some(ClockStep {
                by: TimeDelta::microseconds(step.by),
                after: timeline.stamp(step.place)?,
                origin: timeline.origin(step.place)?,
            })
        })
        .collect();
    all.sort_by(|a, b| (a.after, &a.origin, a.by).cmp(&(b.after, &b.origin, b.by)));
    all.dedup_by(|a, b| {
        a.after.time == b.after.time && (a.by - b.by).abs() < TimeDelta::seconds(2)
    });
    all
}

/// Statements by name and stream.
type Stated = BTreeMap<(String, usize), (String, Spot)>;

fn ranks(
    timeline: &Timeline<'_>,
    merged: &Merged,
    tally: &Tally,
    templates: &[Counted],
    stated: &Stated,
) -> Ranks {
    let lives = merged.lives.iter().flat_map(|life| [life.first, life.last]);
    let groups = tally.groups().iter();
    let places = lives
        .chain(groups.flat_map(|group| [group.first.place, group.last().place]))
        .chain(templates.iter().map(|counted| counted.first.place))
        .chain(stated.values().map(|(_, spot)| spot.place));
    Ranks::new(timeline, places)
}

/// Everything that places and groups are resolved with.
pub(super) struct Scene<'a> {
    timeline: &'a Timeline<'a>,
    merged: &'a Merged,
    ranks: Ranks,
}

impl Scene<'_> {
    /// The life of a group: that of its stream, or the one running at its time.
    pub(super) fn life(&self, group: &Group) -> Option<usize> {
        match group.slot {
            Slot::Life { stream, life } => self.merged.of(stream, life),
            Slot::Span { .. } => self.merged.at(self.timeline.stamp(group.first.place)?.time),
        }
    }

    pub(super) fn is_early(&self, life: Option<usize>, last: Place, after: i64) -> bool {
        let start = life
            .and_then(|life| self.merged.lives.get(life))
            .filter(|life| life.start_seen)
            .and_then(|life| self.timeline.stamp(life.first));
        start
            .zip(self.timeline.stamp(last))
            .is_some_and(|(start, last)| last.time - start.time < TimeDelta::microseconds(after))
    }

    fn unexplained(&self, counted: Vec<Counted>) -> Vec<Template> {
        let mut all: Vec<Template> = counted
            .into_iter()
            .filter_map(|counted| {
                Some(Template {
                    current: self.in_current(&counted),
                    last: self.timeline.stamp(counted.last),
                    first: self.occurrence(&counted.first)?,
                    text: counted.text.to_string(),
                    program: counted.program.as_deref().map(str::to_owned),
                    count: counted.count,
                })
            })
            .collect();
        all.sort_by(|a, b| {
            let key = |template: &Template| std::cmp::Reverse(template.count);
            (key(a), &a.text, &a.program).cmp(&(key(b), &b.text, &b.program))
        });
        all.truncate(MAX_TEMPLATES);
        all
    }

    /// How often a text is in the current life: counted for kubelets, by time for others.
    fn in_current(&self, counted: &Counted) -> u64 {
        let current = self.merged.lives.len().checked_sub(1);
        if !counted.latest.is_empty() {
            let latest = counted.latest.iter();
            return latest
                .filter(|(stream, life, _)| self.merged.of(*stream, *life) == current)
                .map(|(_, _, count)| count)
                .sum();
        }
        let start = self
            .merged
            .lives
            .last()
            .and_then(|life| self.timeline.stamp(life.first));
        let first = self.timeline.stamp(counted.first.place);
        let last = self.timeline.stamp(counted.last);
        match (start, first, last) {
            (Some(start), Some(first), _) if first.time >= start.time => counted.count,
            (Some(start), _, Some(last)) if last.time < start.time => 0,
            (Some(_), Some(_), Some(_)) => 1,
            _ => counted.count,
        }
    }

    /// The latest statement of each name.
    fn stated(&self, stated: Stated) -> BTreeMap<String, (String, Occurrence)> {
        let mut latest: BTreeMap<String, (String, Occurrence)> = BTreeMap::new();
        for ((name, _), (value, spot)) in stated {
            let Some(occurrence) = self.occurrence(&spot) else {
                continue;
            };
            let known = latest.get(&name);
            if known.is_none_or(|(_, known)| known.sequence <= occurrence.sequence) {
                latest.insert(name, (value, occurrence));
            }
        }
        latest
    }

    /// The place of a record in the order of all.
    pub(super) fn rank(&self, place: Place) -> u64 {
        self.ranks.rank(self.timeline, place)
    }

    fn occurrence(&self, spot: &Spot) -> Option<Occurrence> {
        self.quoted(spot.place, self.rank(spot.place), &spot.raw)
    }

    /// A record, its rank and the line that is quoted of it.
    pub(super) fn quoted(&self, place: Place, sequence: u64, raw: &[u8]) -> Option<Occurrence> {
        Some(Occurrence {
            time: self.timeline.stamp(place),
            sequence,
            origin: self.timeline.line(place)?,
            text: quote(raw),
        })
    }
}

/// The zone that most lines speak for; UTC when none does.
fn zone(streams: &[Stream]) -> i32 {
    let mut votes: BTreeMap<i32, u64> = BTreeMap::new();
    for (&zone, count) in streams.iter().flat_map(|stream| &stream.zones) {
        *votes.entry(zone).or_default() += count;
    }
    let most = votes.iter().max_by_key(|(_, count)| **count);
    most.map_or(0, |(&zone, _)| zone)
}

/// The newest instant that is known without guessing a year from others.
fn newest_dated(streams: &[Stream], now: Option<DateTime<Utc>>, offset: i32) -> Option<i64> {
    let instants = streams.iter().flat_map(|stream| {
        let anchored = stream.yearless.filter(|_| !stream.calendar.wants_anchor());
        [stream.dated, anchored]
            .into_iter()
            .flatten()
            .map(|(_, newest)| stream.calendar.instant(newest, offset))
    });
    let now = now.map(|now| now.timestamp_micros());
    instants.chain(now).max()
}

/// Oldest and newest time, without those whose year nothing tells.
fn range(timeline: &Timeline<'_>, streams: &[Stream]) -> (Option<Stamp>, Option<Stamp>) {
    let ticks = streams.iter().flat_map(|stream| {
        [stream.dated, stream.yearless]
            .into_iter()
            .flatten()
            .flat_map(|(oldest, newest)| [oldest, newest])
            .map(|tick| (stream.number, tick))
    });
    let mut stamps: Vec<Stamp> = ticks
        .filter(|(stream, tick)| timeline.is_dated(*stream, *tick))
        .filter_map(|(stream, tick)| timeline.stamp(Place::at(stream, tick)))
        .collect();
    stamps.sort_unstable();
    (stamps.first().copied(), stamps.last().copied())
}

/// The names that a program's lines cover: its own, and those of what it holds.
fn names(program: &Program) -> Vec<String> {
    let held = program::embedded(&program.name).iter();
    let held = held.filter(|_| program.runs_kubelet).copied();
    std::iter::once(&*program.name)
        .chain(held)
        .map(str::to_owned)
        .collect()
}

fn spans(
    timeline: &Timeline<'_>,
    streams: &[Stream],
    names: impl Fn(usize) -> Vec<String>,
) -> BTreeMap<String, Span> {
    let mut all: BTreeMap<String, Span> = BTreeMap::new();
    let of_stream = |stream: &'_ Stream| stream.spans.clone().into_iter().enumerate();
    for (program, span) in streams.iter().flat_map(of_stream) {
        let Some(span) = span else { continue };
        let first = timeline.stamp(span.first);
        let last = timeline.stamp(span.last);
        for name in names(program) {
            let known = all.entry(name).or_default();
            known.records = known.records.max(span.records);
            known.first = [known.first, first].into_iter().flatten().min();
            known.last = known.last.max(last);
        }
    }
    all
}
