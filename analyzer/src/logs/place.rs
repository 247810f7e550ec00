//! Where a record stands among all records, before the years of all streams are known.

use super::calendar::Calendar;
use super::clock::{Basis, Tick};
use super::digest::Stamp;
use super::quotes::cut;
use super::tally::Sight;
use crate::finding::Evidence;
use crate::origin::Origin;
use chrono::DateTime;
use std::sync::Arc;

/// The place of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) stream: usize,
    /// Counts lines in the order they were read.
    pub(crate) ordinal: u64,
    /// Its own time or that of the record before it.
    pub(crate) order: Option<Tick>,
    /// That is its own.
    pub(crate) is_timed: bool,
    /// Which of its stream's entries holds it.
    pub(crate) entry: u32,
    /// Line in that entry; 0 where none is meant.
    pub(crate) line: u64,
}

impl Place {
    /// The place of a time.
    pub(crate) fn at(stream: usize, tick: Tick) -> Self {
        Self {
            stream,
            ordinal: 0,
            order: Some(tick),
            is_timed: true,
            entry: 0,
            line: 0,
        }
    }

    /// The place of a line of which nothing but the order is known.
    pub(crate) fn nowhere(ordinal: u64) -> Self {
        Self {
            stream: usize::MAX,
            ordinal,
            order: None,
            is_timed: false,
            entry: 0,
            line: 0,
        }
    }

    /// Its own time.
    pub(crate) fn time(&self) -> Option<Tick> {
        self.order.filter(|_| self.is_timed)
    }
}

/// A record that may be quoted.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// The line as it stands there, cut.
    pub(crate) raw: Vec<u8>,
    pub(crate) place: Place,
}

impl Spot {
    /// Makes this the spot of another record, keeping the buffer.
    pub(crate) fn set(&mut self, sight: Sight<'_>) {
        self.place = sight.place;
        self.raw.clear();
        self.raw.extend_from_slice(cut(sight.raw));
    }

    pub(crate) fn new(sight: Sight<'_>) -> Self {
        Self {
            raw: cut(sight.raw).to_vec(),
            place: sight.place,
        }
    }
}

/// A line as text.
pub(crate) fn quote(raw: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        // A character that the cut halved is no encoding error.
        if !chunk.invalid().is_empty() && text.len() + 3 <= Evidence::MAX_TEXT {
            text.push('\u{FFFD}');
        }
    }
    text
}

/// Turns places into instants and ranks, once all streams were read.
pub(crate) struct Timeline<'a> {
    pub(crate) calendars: Vec<&'a Calendar>,
    /// Names of the entries that each stream was read from.
    pub(crate) entries: Vec<&'a [Arc<str>]>,
    /// The node's zone, seconds east of UTC.
    pub(crate) offset: i32,
}

impl Timeline<'_> {
    /// The time of a record.
    pub(crate) fn stamp(&self, place: Place) -> Option<Stamp> {
        let tick = place.time()?;
        Some(Stamp {
            time: DateTime::from_timestamp_micros(self.instant(place.stream, tick))?,
            year_inferred: tick.basis == Basis::Yearless,
        })
    }

    /// Where a record stands; `None` when no line is meant.
    pub(crate) fn origin(&self, place: Place) -> Option<Origin> {
        (place.line > 0).then(|| self.line(place))?
    }

    /// The line of a record, whatever its number.
    pub(crate) fn line(&self, place: Place) -> Option<Origin> {
        let entries = self.entries.get(place.stream)?;
        let entry = entries.get(usize::try_from(place.entry).ok()?)?;
        Some(Origin::line(Arc::clone(entry), place.line))
    }

    /// Sorts records by time, those of streams without any time last, in the order they were read.
    pub(crate) fn key(&self, place: Place) -> (i64, u64) {
        let order = place.order.map(|tick| self.instant(place.stream, tick));
        (order.unwrap_or(i64::MAX), place.ordinal)
    }

    /// Whether the year of a time is more than a guess.
    pub(crate) fn is_dated(&self, stream: usize, tick: Tick) -> bool {
        tick.basis != Basis::Yearless
            || self
                .calendars
                .get(stream)
                .is_some_and(|calendar| !calendar.wants_anchor())
    }

    fn instant(&self, stream: usize, tick: Tick) -> i64 {
        self.calendars
            .get(stream)
            .map_or(tick.micros, |calendar| calendar.instant(tick, self.offset))
    }
}

/// Ranks of the places that a digest shows.
pub(crate) struct Ranks(Vec<(i64, u64)>);

impl Ranks {
    pub(crate) fn new(timeline: &Timeline<'_>, places: impl Iterator<Item = Place>) -> Self {
        let mut keys: Vec<_> = places.map(|place| timeline.key(place)).collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys)
    }

    pub(crate) fn rank(&self, timeline: &Timeline<'_>, place: Place) -> u64 {
        let (Ok(rank) | Err(rank)) = self.0.binary_search(&timeline.key(place));
        rank as u64
    }
}
