//! One log as it is read: all parts of a journal, or one file.

use super::attribute::Author;
use super::calendar::Calendar;
use super::clock::{Basis, Clock, DAY, Tick, dates};
use super::fold::Fold;
use super::klog::Level;
use super::lines::MAX_LINE;
use super::lives::{Cutter, after_folding};
use super::message::Message;
use super::place::Place;
use super::steps::Steps;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// State of one stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) number: usize,
    /// Names of the entries that it is read from, in order.
    pub(crate) entries: Vec<Arc<str>>,
    /// The line that is read.
    line: u64,
    /// Steps of the clock.
    pub(crate) steps: Steps,
    pub(crate) calendar: Calendar,
    /// Lives of the kubelet in it.
    pub(crate) lives: Cutter,
    /// Runs of a process that has the kubelet as a child.
    pub(crate) supervisor: Cutter,
    /// Program that the name of the entry suggests.
    pub(crate) hint: Option<usize>,
    /// The hint is as good as an identifier: a journal of one unit, a container's file.
    pub(crate) hint_is_sure: bool,
    /// Program named by a section head.
    pub(crate) section: Option<usize>,
    /// Inside the head of `systemctl status`.
    pub(crate) in_status: bool,
    /// The last record with a time lies outside the window that is looked at.
    pub(crate) outside: bool,
    /// Inside a goroutine dump, of this process.
    pub(crate) trace: Option<Author>,
    /// Repeats of the next record that were left out before it.
    pub(crate) left_out: u64,
    /// A record whose value goes on in the following lines.
    pub(crate) block: Option<Block>,
    /// Lines per program, by its number.
    pub(crate) spans: Vec<Option<Span>>,
    /// Oldest and newest time with a year.
    pub(crate) dated: Option<(Tick, Tick)>,
    /// Oldest and newest time without.
    pub(crate) yearless: Option<(Tick, Tick)>,
    /// Zones in which lines whose program prints one can have been carried, seconds east of UTC, and how many lines say so.
    pub(crate) zones: BTreeMap<i32, u64>,
    /// A record of the journal that is spread over lines.
    pub(crate) fold: Fold,
    /// Pieces of a line that its carrier cut, of standard output and of standard error.
    pieces: [Vec<u8>; 2],
    order: Option<Tick>,
    samples: u32,
}

/// First and last record of a program, and how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: Place,
    pub(crate) last: Place,
    pub(crate) records: u64,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) entry: &'a Arc<str>,
    /// Number from 1.
    pub(crate) line: u64,
    /// The line as it stands there.
    pub(crate) raw: &'a [u8],
}

/// A record that several lines make up.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) author: Author,
    pub(crate) level: Level,
    pub(crate) life: Option<usize>,
    pub(crate) place: Place,
    pub(crate) text: Vec<u8>,
    /// The lines, with the offset at which each one's text ends.
    pub(crate) parts: Vec<Part>,
    pub(crate) own_time: bool,
    /// Its last line was read.
    closed: bool,
}

/// A line of a block.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) end: usize,
    pub(crate) line: u64,
    pub(crate) raw: Vec<u8>,
}

/// Lines of a block that are joined; the rest are records of their own.
const MAX_PARTS: usize = 64;
/// Bytes of a block.
const MAX_BLOCK: usize = 64 << 10;
/// Zones are multiples of a quarter of an hour.
const QUARTER: i64 = 900_000_000;
/// Longer than this between a program's time and its carrier's, and the difference tells nothing of the zone.
const MAX_LAG: i64 = 60_000_000;

/// Lines that may be searched for a date that tells the year.
const SAMPLES: u32 = 20_000;

impl Stream {
    pub(crate) fn new(number: usize, hint: Option<usize>, hint_is_sure: bool) -> Self {
        Self {
            number,
            hint,
            hint_is_sure,
            ..Self::default()
        }
    }

    /// The line that is read from now on.
    pub(crate) fn stand_at(&mut self, at: At<'_>) {
        if self
            .entries
            .last()
            .is_none_or(|last| !Arc::ptr_eq(last, at.entry))
        {
            self.entries.push(Arc::clone(at.entry));
        }
        self.line = at.line;
    }

    /// The place of a line whose carrier or header printed `clock`.
    pub(crate) fn place(&mut self, ordinal: u64, clock: Option<Clock>) -> Place {
        let time = clock.and_then(|clock| self.calendar.tick(clock));
        let before = self.order;
        if let Some(tick) = time {
            self.order = time;
            let range = if tick.basis == Basis::Yearless {
                &mut self.yearless
            } else {
                &mut self.dated
            };
            *range = Some(range.map_or((tick, tick), |(oldest, newest)| {
                (
                    if tick.micros < oldest.micros {
                        tick
                    } else {
                        oldest
                    },
                    if tick.micros > newest.micros {
                        tick
                    } else {
                        newest
                    },
                )
            }));
        }
        let place = Place {
            stream: self.number,
            ordinal,
            order: self.order,
            is_timed: time.is_some(),
            entry: u32::try_from(self.entries.len().saturating_sub(1)).unwrap_or(u32::MAX),
            line: self.line,
        };
        if self.section.is_none() {
            self.steps.follow(before, place);
        }
        place
    }

    /// Learns the year from a date of the same day in the text of a line without year.
    pub(crate) fn learn_year(&mut self, outer: Option<Clock>, inner: Option<Clock>, text: &[u8]) {
        let Some(Clock::Yearless(time)) = outer.or(inner) else {
            return;
        };
        if !self.wants_year() {
            return;
        }
        self.samples += 1;
        let (month, day) = time.date();
        let year = match inner {
            Some(Clock::Utc(micros) | Clock::Local(micros)) => same_day(micros, month, day),
            _ => year_in(text, month, day),
        };
        if let Some(year) = year {
            self.calendar.anchor(year);
        }
    }

    /// Whether dates in messages are still looked for.
    pub(crate) fn wants_year(&self) -> bool {
        self.calendar.wants_anchor() && self.samples < SAMPLES
    }

    /// Learns the node's zone from a program that prints one behind a carrier that does not.
    pub(crate) fn learn_zone(&mut self, outer: Option<Clock>, inner: Option<Clock>) {
        let (Some(Clock::Yearless(local)), Some(Clock::Utc(utc))) = (outer, inner) else {
            return;
        };
        let half = DAY / 2;
        let ahead = (local.of_day() - utc + half).rem_euclid(DAY) - half;
        let quarters = (ahead + QUARTER / 2).div_euclid(QUARTER);
        let lag = (ahead - quarters * QUARTER).abs();
        if let (true, Ok(zone)) = (lag < MAX_LAG, i32::try_from(quarters * 900)) {
            *self.zones.entry(zone).or_default() += 1;
        }
    }

    /// Whether a line that is whole stands for itself: nothing before it goes on in it.
    pub(crate) fn is_between_records(&self) -> bool {
        let [output, error] = &self.pieces;
        !self.in_status
            && self.block.is_none()
            && self.left_out == 0
            && output.is_empty()
            && error.is_empty()
    }

    /// Whether a line of this author may be part of a goroutine dump, or end one.
    pub(crate) fn is_near_dump(&self, author: Author) -> bool {
        self.trace
            .is_some_and(|trace| trace.is_continued_by(author))
    }

    /// Joins the pieces of a line that its carrier cut; `None` until the last one came.
    pub(crate) fn whole<'a>(
        &mut self,
        partial: bool,
        is_error: bool,
        text: &'a [u8],
    ) -> Option<Cow<'a, [u8]>> {
        let [output, error] = &mut self.pieces;
        let pieces = if is_error { error } else { output };
        if !partial && pieces.is_empty() {
            return Some(Cow::Borrowed(text));
        }
        let room = MAX_LINE.saturating_sub(pieces.len());
        pieces.extend_from_slice(text.get(..room).unwrap_or(text));
        (!partial).then(|| Cow::Owned(std::mem::take(pieces)))
    }

    /// Forgets what the end of an entry cuts off.
    pub(crate) fn end_entry(&mut self) {
        self.trace = None;
        self.in_status = false;
        self.pieces.iter_mut().for_each(Vec::clear);
    }

    pub(crate) fn count(&mut self, program: Option<usize>, place: Place) {
        let Some(program) = program else { return };
        if self.spans.len() <= program {
            self.spans.resize(program + 1, None);
        }
        let Some(span) = self.spans.get_mut(program) else {
            return;
        };
        let span = span.get_or_insert(Span {
            first: place,
            last: place,
            records: 0,
        });
        span.last = place;
        span.records += 1;
    }

    /// Joins a line without header to the open record of the same process.
    pub(crate) fn continues(&mut self, author: Author, at: At<'_>, message: &Message<'_>) -> bool {
        let open = self
            .block
            .as_mut()
            .filter(|block| block.author.is_continued_by(author) && !block.is_full());
        let Some(block) = open.filter(|_| !message.headed) else {
            return false;
        };
        let text = message.text.trim_ascii();
        block.text.push(b' ');
        block.text.extend_from_slice(text);
        block.parts.push(Part {
            end: block.text.len(),
            line: at.line,
            raw: at.raw.to_vec(),
        });
        block.closed = text == b">" || text.starts_with(b"> ");
        true
    }

    /// Follows goroutine dumps and usage texts: they hold file names and flags, and no messages.
    pub(crate) fn is_dump(&mut self, author: Author, message: &Message<'_>) -> bool {
        if message.headed {
            if self.is_near_dump(author) {
                self.trace = None;
            }
            return false;
        }
        let text = message.text.as_ref();
        if text.starts_with(b"goroutine ") {
            self.trace = Some(author);
        }
        self.is_near_dump(author) && message.level < Level::Error || is_usage(text)
    }

    /// Follows the folding of the oldest lives.
    pub(crate) fn fold(&mut self) {
        if let Some(block) = &mut self.block {
            block.life = block.life.map(after_folding);
        }
    }
}

impl Block {
    pub(crate) fn new(
        author: Author,
        message: &Message<'_>,
        life: Option<usize>,
        place: Place,
        at: At<'_>,
    ) -> Self {
        Self {
            author,
            level: message.level,
            life,
            place,
            text: message.text.to_vec(),
            parts: vec![Part {
                end: message.text.len(),
                line: at.line,
                raw: at.raw.to_vec(),
            }],
            own_time: message.clock.is_some(),
            closed: false,
        }
    }

    /// Takes no more lines.
    pub(crate) fn is_full(&self) -> bool {
        self.closed || self.parts.len() >= MAX_PARTS || self.text.len() >= MAX_BLOCK
    }
}

/// `      --flag type   text` of a usage text.
fn is_usage(text: &[u8]) -> bool {
    text.starts_with(b"  ") && text.trim_ascii_start().starts_with(b"--")
}

fn same_day(micros: i64, month: u8, day: u8) -> Option<i32> {
    use chrono::Datelike as _;
    let date = chrono::DateTime::from_timestamp_micros(micros)?.date_naive();
    (date.month() == u32::from(month) && date.day() == u32::from(day)).then(|| date.year())
}

/// `LastHeartbeatTime:2020-02-08 13:39:19` in a line of 8 February. Times of certificates are other days, nearly always:
/// only a printed clock (`m=+21.5`, `current time`) is taken.
fn year_in(text: &[u8], month: u8, day: u8) -> Option<i32> {
    let clock = memchr::memmem::find(text, b" m=+")
        .or_else(|| memchr::memmem::find(text, b"current time "))?;
    let near = text.get(clock.saturating_sub(48)..text.len().min(clock + 48))?;
    dates(near).find_map(|date| same_day(super::clock::micros_of(date), month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_what_most_lines_agree_on() {
        let mut stream = Stream::default();
        let hours = |hours: i64| hours * 3_600_000_000;
        let outer = Some(Clock::yearless(11, 12, hours(17) + hours(1) / 2));
        for lag in [0, 3_000_000, 400_000_000] {
            stream.learn_zone(outer, Some(Clock::Utc(hours(12) - lag)));
        }
        assert_eq!(stream.zones, BTreeMap::from([(19_800, 2)]));
        let outer = Some(Clock::yearless(11, 12, hours(22)));
        stream.learn_zone(outer, Some(Clock::Utc(hours(24 + 3))));
        assert_eq!(stream.zones.get(&-18_000), Some(&1));
    }

    #[test]
    fn pieces_of_a_line_are_joined() {
        let mut stream = Stream::default();
        assert_eq!(stream.whole(true, false, b"one "), None);
        assert_eq!(
            stream.whole(false, true, b"other").as_deref(),
            Some(&b"other"[..])
        );
        assert_eq!(
            stream.whole(false, false, b"two").as_deref(),
            Some(&b"one two"[..])
        );
        assert_eq!(
            stream.whole(false, false, b"three").as_deref(),
            Some(&b"three"[..])
        );
    }
}
