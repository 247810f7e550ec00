//! Lives of several streams → lives of the node: the same process may be in a unit's journal as text and as JSON, in the
//! tail of `systemctl status` and in the journal of the whole boot.

use super::digest::Life;
use super::lives::{Cutter, Draft};
use super::place::{Place, Ranks, Timeline};
use super::stream::Stream;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lives of the node in time order, and which life of which stream each one holds.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(crate) lives: Vec<MergedLife>,
    index: BTreeMap<(usize, usize), usize>,
    starts: Vec<(DateTime<Utc>, usize)>,
}

/// One run of the kubelet process.
#[derive(Debug, Clone)]
pub(crate) struct MergedLife {
    pub(crate) boot: Option<Arc<str>>,
    pub(crate) pid: Option<u32>,
    pub(crate) start_seen: bool,
    pub(crate) end_seen: bool,
    pub(crate) cut: bool,
    pub(crate) first: Place,
    pub(crate) last: Place,
    pub(crate) records: u64,
    /// Stream and number of the lives that it holds.
    of: Vec<(usize, usize)>,
}

/// Carriers print times as coarsely as one second, and get lines at different moments.
const TOLERANCE: TimeDelta = TimeDelta::seconds(2);

impl Merged {
    /// The life of the node that holds a life of a stream.
    pub(crate) fn of(&self, stream: usize, life: usize) -> Option<usize> {
        self.index.get(&(stream, life)).copied()
    }

    /// The last life that had begun at a time.
    pub(crate) fn at(&self, time: DateTime<Utc>) -> Option<usize> {
        let after = self
            .starts
            .partition_point(|(start, _)| *start <= time + TOLERANCE);
        let (_, life) = self.starts.get(after.checked_sub(1)?)?;
        Some(*life)
    }
}

/// Merges the lives of all streams. Processes that only supervise a kubelet count when nothing shows the kubelet itself.
pub(crate) fn merge(timeline: &Timeline<'_>, streams: &[Stream]) -> Merged {
    let own = collect(timeline, streams, |stream| &stream.lives);
    let drafts = if own.iter().any(|life| life.records > 0) {
        own
    } else {
        let mut all = collect(timeline, streams, |stream| &stream.supervisor);
        // Supervised lives have no number in the streams that rules look at.
        for life in &mut all {
            life.of.clear();
        }
        if all.is_empty() { own } else { all }
    };
    let mut lives: Vec<MergedLife> = Vec::new();
    for draft in drafts {
        match lives
            .iter_mut()
            .rev()
            .find(|life| life.is_same(&draft, timeline))
        {
            Some(life) => life.absorb(draft, timeline),
            None => lives.push(draft),
        }
    }
    lives.sort_by_key(|life| timeline.key(life.first));
    let index = lives
        .iter()
        .enumerate()
        .flat_map(|(number, life)| life.of.iter().map(move |&of| (of, number)))
        .collect();
    let starts = lives
        .iter()
        .enumerate()
        .filter_map(|(number, life)| Some((timeline.stamp(life.first)?.time, number)))
        .collect();
    Merged {
        lives,
        index,
        starts,
    }
}

fn collect(
    timeline: &Timeline<'_>,
    streams: &[Stream],
    cutter: impl Fn(&Stream) -> &Cutter,
) -> Vec<MergedLife> {
    let mut all: Vec<MergedLife> = streams
        .iter()
        .flat_map(|stream| {
            let drafts = cutter(stream).lives().iter().enumerate();
            drafts.map(|(number, draft)| MergedLife::new(draft, (stream.number, number)))
        })
        .collect();
    // Processes with an id come first, so that starts without one find them.
    all.sort_by_key(|life| (life.pid.is_none(), timeline.key(life.first)));
    all
}

impl MergedLife {
    /// The life as a digest shows it.
    pub(crate) fn show(&self, timeline: &Timeline<'_>, ranks: &Ranks) -> Life {
        Life {
            boot: self.boot.as_deref().map(str::to_owned),
            pid: self.pid,
            start_seen: self.start_seen,
            end_seen: self.end_seen,
            cut: self.cut,
            first: timeline.stamp(self.first),
            last: timeline.stamp(self.last),
            from: timeline.origin(self.first),
            to: timeline.origin(self.last),
            first_sequence: ranks.rank(timeline, self.first),
            last_sequence: ranks.rank(timeline, self.last),
            records: self.records,
        }
    }

    fn new(draft: &Draft, of: (usize, usize)) -> Self {
        Self {
            boot: draft.boot.clone(),
            pid: draft.pid,
            start_seen: draft.start_seen,
            end_seen: draft.end_seen,
            cut: draft.cut,
            first: draft.first,
            last: draft.last,
            records: draft.records,
            of: vec![of],
        }
    }

    fn is_same(&self, other: &Self, timeline: &Timeline<'_>) -> bool {
        let pids = match (self.pid, other.pid) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        let boots = match (&self.boot, &other.boot) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        let has = |stream: usize| self.of.iter().any(|&(own, _)| own == stream);
        let apart = || !other.of.iter().any(|&(stream, _)| has(stream));
        pids && boots
            && apart()
            && (self.goes_on_in(other, timeline) || self.overlaps(other, timeline))
    }

    /// Files of one log follow each other, and a quiet process may say nothing for long around the border. A boot gives a process
    /// id again only after all others; where no boot is told, neither an end nor a start may stand between.
    fn goes_on_in(&self, other: &Self, timeline: &Timeline<'_>) -> bool {
        let (earlier, later) = if timeline.key(self.first) <= timeline.key(other.first) {
            (self, other)
        } else {
            (other, self)
        };
        let same_boot = match (&self.boot, &other.boot) {
            (Some(one), Some(two)) => one == two,
            (None, None) => !earlier.end_seen && !later.start_seen,
            _ => false,
        };
        let same_pid = self.pid.is_some() && self.pid == other.pid;
        same_boot && same_pid && !(self.start_seen && other.start_seen)
    }

    fn overlaps(&self, other: &Self, timeline: &Timeline<'_>) -> bool {
        let span = |life: &Self| {
            Some((
                timeline.stamp(life.first)?.time,
                timeline.stamp(life.last)?.time,
            ))
        };
        match (span(self), span(other)) {
            (Some((first, last)), Some((other_first, other_last))) => {
                first <= other_last + TOLERANCE && other_first <= last + TOLERANCE
            }
            _ => self.pid.is_some() && self.pid == other.pid,
        }
    }

    fn absorb(&mut self, other: Self, timeline: &Timeline<'_>) {
        self.boot = self.boot.take().or(other.boot);
        self.pid = self.pid.or(other.pid);
        self.start_seen |= other.start_seen;
        self.end_seen |= other.end_seen;
        self.cut |= other.cut;
        self.records = self.records.max(other.records);
        if timeline.key(other.first) < timeline.key(self.first) {
            self.first = other.first;
        }
        if timeline.key(other.last) > timeline.key(self.last) {
            self.last = other.last;
        }
        self.of.extend(other.of);
    }
}
