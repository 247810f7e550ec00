//! Turns what was kept while reading into the digest: years, merged lives, ranks.

use super::digest::{Hit, Life, LogDigest, Span, Stamp, Template};
use super::judge::Judge;
use super::merge::{Merged, merge};
use super::place::{Place, Ranks, Timeline};
use super::scanner::Options;
use super::stream::Stream;
use super::tally::{Group, Slot};
use super::templates::Counted;
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// Templates that a digest shows.
const MAX_TEMPLATES: usize = 100;

/// Makes the digest.
pub(crate) fn settle(judge: Judge<'_>, mut streams: Vec<Stream>, options: Options) -> LogDigest {
    let newest = newest_dated(&streams, options);
    for stream in &mut streams {
        stream.calendar.settle(newest);
    }
    let timeline = Timeline {
        calendars: streams.iter().map(|stream| &stream.calendar).collect(),
        offset: options.utc_offset,
    };
    let merged = merge(&timeline, &streams);
    let (oldest, newest) = range(&timeline, &streams);
    let Judge {
        patterns,
        programs,
        tally,
        templates,
        stated,
        ..
    } = judge;
    let templates = templates.into_counted();
    let places = merged
        .lives
        .iter()
        .flat_map(|life| [life.first, life.last])
        .chain(
            tally
                .groups()
                .iter()
                .flat_map(|group| [group.first.place, group.last.place]),
        )
        .chain(templates.iter().map(|counted| counted.first.place))
        .chain(stated.values().map(|(_, spot)| spot.place));
    let ranks = Ranks::new(&timeline, places);
    let name = |number: &usize| {
        programs
            .get(Some(*number))
            .map(|program| program.name.to_string())
    };
    let mut digest = LogDigest {
        oldest,
        newest,
        spans: spans(&timeline, &streams, name),
        lives: merged
            .lives
            .iter()
            .map(|life| life.show(&timeline, &ranks))
            .collect(),
        ..LogDigest::default()
    };
    digest.programs = digest.spans.keys().cloned().collect();
    let scene = Scene {
        timeline: &timeline,
        merged: &merged,
        ranks: &ranks,
    };
    let hit = |group: &Group| {
        let key = tally.key_of(group)?;
        let pattern = patterns.pattern(key.pattern)?;
        let counts = pattern.min <= 1 || tally.reached(key.pattern, group.slot);
        counts
            .then(|| Hit {
                rule: pattern.rule,
                pattern: pattern.index,
                program: key.program.as_deref().map(str::to_owned),
                life: scene.life(group),
                count: group.count,
                first: ranks.occurrence(&timeline, group.first.clone()),
                last: ranks.occurrence(&timeline, group.last.clone()),
                variables: key.variables.iter().cloned().collect(),
            })
            .filter(|hit| {
                !pattern
                    .after
                    .is_some_and(|after| scene.is_early(hit, after))
            })
    };
    digest.hits = join(tally.groups().iter().filter_map(hit).collect());
    digest.unexplained = unexplained(&scene, templates);
    for ((name, _), (value, spot)) in stated {
        let occurrence = ranks.occurrence(&timeline, spot);
        let later = digest
            .stated
            .get(&name)
            .is_none_or(|(_, known)| known.sequence <= occurrence.sequence);
        if later {
            digest.stated.insert(name, (value, occurrence));
        }
    }
    digest
}

struct Scene<'a> {
    timeline: &'a Timeline<'a>,
    merged: &'a Merged,
    ranks: &'a Ranks,
}

impl Scene<'_> {
    /// The life of a group: that of its stream, or the one running at its time.
    fn life(&self, group: &Group) -> Option<usize> {
        match group.slot {
            Slot::Life { stream, life } => self.merged.of(stream, life),
            Slot::Span { .. } => self.merged.at(self.timeline.stamp(group.first.place)?.time),
        }
    }

    fn is_early(&self, hit: &Hit, after: i64) -> bool {
        let start = hit
            .life
            .and_then(|life| self.merged.lives.get(life))
            .filter(|life| life.start_seen)
            .and_then(|life| self.timeline.stamp(life.first));
        start
            .zip(hit.last.time)
            .is_some_and(|(start, last)| last.time - start.time < TimeDelta::microseconds(after))
    }
}

fn join(mut all: Vec<Hit>) -> Vec<Hit> {
    let key = |hit: &Hit| {
        (
            hit.rule,
            hit.pattern,
            hit.program.clone(),
            hit.life,
            hit.variables.clone(),
        )
    };
    all.sort_by_cached_key(|hit| (key(hit), hit.first.sequence, hit.last.sequence));
    let mut joined: Vec<Hit> = Vec::with_capacity(all.len());
    for hit in all {
        match joined.last_mut().filter(|last| key(last) == key(&hit)) {
            Some(last) => {
                last.count += hit.count;
                if hit.last.sequence > last.last.sequence {
                    last.last = hit.last;
                }
            }
            None => joined.push(hit),
        }
    }
    joined.sort_by(|a, b| {
        (a.rule, a.first.sequence, a.pattern).cmp(&(b.rule, b.first.sequence, b.pattern))
    });
    joined
}

fn unexplained(scene: &Scene<'_>, counted: Vec<Counted>) -> Vec<Template> {
    let current = scene.merged.lives.len().checked_sub(1);
    let start = scene
        .merged
        .lives
        .last()
        .and_then(|life| scene.timeline.stamp(life.first));
    let mut all: Vec<Template> = counted
        .into_iter()
        .map(|counted| Template {
            current: in_current(scene, &counted, current, start),
            last: scene.timeline.stamp(counted.last),
            first: scene.ranks.occurrence(scene.timeline, counted.first),
            text: counted.text.to_string(),
            program: counted.program.as_deref().map(str::to_owned),
            count: counted.count,
        })
        .collect();
    all.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| (&a.text, &a.program).cmp(&(&b.text, &b.program)))
    });
    all.truncate(MAX_TEMPLATES);
    all
}

/// How often a text is in the current life: counted for kubelets, by time for others.
fn in_current(
    scene: &Scene<'_>,
    counted: &Counted,
    current: Option<usize>,
    start: Option<Stamp>,
) -> u64 {
    if !counted.latest.is_empty() {
        return counted
            .latest
            .iter()
            .filter(|(stream, life, _)| scene.merged.of(*stream, *life) == current)
            .map(|(_, _, count)| count)
            .sum();
    }
    let first = scene.timeline.stamp(counted.first.place);
    let last = scene.timeline.stamp(counted.last);
    match (start, first, last) {
        (Some(start), Some(first), _) if first.time >= start.time => counted.count,
        (Some(start), _, Some(last)) if last.time < start.time => 0,
        (Some(_), Some(_), Some(_)) => 1,
        _ => counted.count,
    }
}

fn newest_dated(streams: &[Stream], options: Options) -> Option<i64> {
    let own = streams.iter().filter_map(|stream| {
        let (_, newest) = stream.dated?;
        Some(stream.calendar.instant(newest, options.utc_offset))
    });
    let anchored = streams
        .iter()
        .filter(|stream| !stream.calendar.wants_anchor())
        .filter_map(|stream| {
            let (_, newest) = stream.yearless?;
            Some(stream.calendar.instant(newest, options.utc_offset))
        });
    let now = options.now.map(|now| now.timestamp_micros());
    own.chain(anchored).chain(now).max()
}

/// Oldest and newest time of which the year is known or well inferred.
fn range(timeline: &Timeline<'_>, streams: &[Stream]) -> (Option<Stamp>, Option<Stamp>) {
    let mut stamps: Vec<Stamp> = streams
        .iter()
        .flat_map(|stream| {
            [stream.dated, stream.yearless]
                .into_iter()
                .flatten()
                .flat_map(|(oldest, newest)| [oldest, newest])
                .filter(|tick| timeline.is_dated(stream.number, *tick))
                .map(|tick| Place {
                    stream: stream.number,
                    ordinal: 0,
                    time: Some(tick),
                    order: Some(tick),
                })
        })
        .filter_map(|place| timeline.stamp(place))
        .collect();
    stamps.sort_unstable();
    (stamps.first().copied(), stamps.last().copied())
}

fn spans(
    timeline: &Timeline<'_>,
    streams: &[Stream],
    name: impl Fn(&usize) -> Option<String>,
) -> BTreeMap<String, Span> {
    let mut all: BTreeMap<String, Span> = BTreeMap::new();
    for (program, span) in streams.iter().flat_map(|stream| &stream.spans) {
        let Some(name) = name(program) else { continue };
        let first = timeline.stamp(span.first);
        let last = timeline.stamp(span.last);
        let known = all.entry(name).or_insert(Span {
            first,
            last,
            records: 0,
        });
        known.records = known.records.max(span.records);
        known.first = [known.first, first].into_iter().flatten().min();
        known.last = known.last.max(last);
    }
    all
}

impl super::merge::MergedLife {
    fn show(&self, timeline: &Timeline<'_>, ranks: &Ranks) -> Life {
        Life {
            boot: self.boot.as_deref().map(str::to_owned),
            pid: self.pid,
            start_seen: self.start_seen,
            end_seen: self.end_seen,
            cut: self.cut,
            first: timeline.stamp(self.first),
            last: timeline.stamp(self.last),
            first_sequence: ranks.rank(timeline, self.first),
            last_sequence: ranks.rank(timeline, self.last),
            records: self.records,
        }
    }
}
