//! Reads logs one after another, line by line, and keeps what rules need to know.

use super::attribute::{Author, author};
use super::carry::{MOST_REPEATS, repeated};
use super::clean::{clean, unquote};
use super::digest::LogDigest;
use super::fold::{Fold, Taken};
use super::heading::{Heading, heading};
use super::judge::{Judge, Record};
use super::life_of::{Bearing, bearing, life_of};
use super::message::{self, Message};
use super::patterns::PatternSet;
use super::place::Place;
use super::program;
use super::settle;
use super::shape::{Known, Whole};
use super::shapes::{Found, Outline, Outlined, Shapes};
use super::stream::{At, Block, Stream};
use super::transport::{self, Envelope};
use super::window;
use crate::source::Source;
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What is known besides the logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The node's time when the logs were taken, to find years with; the newest dated record serves without it.
    pub now: Option<DateTime<Utc>>,
    /// The node's zone, seconds east of UTC, for times that print none. Without it the lines that print both a local time and
    /// a zone tell, and UTC is assumed where none does.
    pub utc_offset: Option<i32>,
    /// Records before this are left out.
    pub since: Option<DateTime<Utc>>,
    /// Records after this are left out.
    pub until: Option<DateTime<Utc>>,
}

/// Scans the logs of one node.
pub struct Scanner<'p> {
    pub(super) options: Options,
    pub(super) judge: Judge<'p>,
    pub(super) streams: Vec<Stream>,
    stream_index: HashMap<String, usize>,
    pub(super) shapes: Shapes,
    pub(super) ordinal: u64,
}

/// A line, taken apart.
#[derive(Clone, Copy)]
pub(super) struct Parts<'p> {
    pub(super) envelope: &'p Envelope<'p>,
    pub(super) message: &'p Message<'p>,
}

impl<'p> Scanner<'p> {
    /// A scanner that has read nothing.
    pub fn new(patterns: &'p PatternSet, options: Options) -> Self {
        Self {
            options,
            judge: Judge::new(patterns),
            streams: Vec::new(),
            stream_index: HashMap::new(),
            shapes: Shapes::default(),
            ordinal: 0,
        }
    }

    /// Replaces the options: what other entries tell of the node's time may come after its logs.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    /// Says that one log is all there is, so that no other holds the same records.
    pub(crate) fn expect_no_duplicates(&mut self) {
        self.judge.expect_no_duplicates();
    }

    /// What the logs hold.
    pub fn finish(self) -> LogDigest {
        let Self {
            options,
            mut judge,
            streams,
            shapes,
            ..
        } = self;
        // The results need the room.
        drop(shapes);
        judge.forget();
        settle::settle(judge, streams, options)
    }

    /// The number of the stream that an entry is part of.
    pub(super) fn stream(&mut self, entry: &str, source: &Source) -> usize {
        let key = log_name(entry);
        if let Some(&number) = self.stream_index.get(key) {
            return number;
        }
        let number = self.streams.len();
        self.stream_index.insert(key.to_owned(), number);
        let hint = program::of_source(source).and_then(|name| self.judge.number(name.as_bytes()));
        let sure = program::is_of_one(source);
        self.streams.push(Stream::new(number, hint, sure));
        number
    }

    /// Takes in one line.
    pub(super) fn line(&mut self, number: usize, at: At<'_>) -> Taken {
        let outlined = Outlined {
            line: at.raw,
            outline: Outline::of(at.raw),
        };
        let [shape] = self.shapes.find(&[outlined], self.home(number));
        self.found(number, at, shape)
    }

    /// Takes in one line whose shape was looked for.
    pub(super) fn found(&mut self, number: usize, at: At<'_>, shape: Found) -> Taken {
        self.ordinal += 1;
        let Some(stream) = self.streams.get_mut(number) else {
            return Taken::No;
        };
        if stream.fold.is_open() || Fold::may_begin(at.raw) {
            let taken = self.fold(number, at);
            if taken != Taken::No {
                return taken;
            }
        }
        if !self.repeat(number, at, shape) {
            self.lone_line(number, at);
        }
        Taken::No
    }

    fn lone_line(&mut self, number: usize, at: At<'_>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        let line = clean(at.raw);
        let is_clean = line.len() == at.raw.len() && matches!(line, Cow::Borrowed(_));
        if line.trim_ascii().is_empty() {
            stream.in_status = false;
            return;
        }
        if stream.in_status && !ends_status(&line) {
            return;
        }
        stream.in_status = false;
        // Blocks of klog end with the sign that people quote with.
        let line = match line.first() {
            Some(b'>' | b'|' | b'`') if stream.block.is_none() => unquote(&line),
            _ => &line,
        };
        if let Some(heading) = heading(line) {
            return self.heading(number, heading);
        }
        let envelope = transport::open(line);
        let Some(text) = stream.whole(envelope.partial, envelope.is_error, &envelope.text) else {
            return;
        };
        if memchr::memchr2(b'\n', 0x1b, &text).is_some() {
            return self.lines_of(number, at, &envelope, &text);
        }
        let message = message::read(&text);
        let parts = Parts {
            envelope: &envelope,
            message: &message,
        };
        let known = self.record(number, at, parts);
        let stream = self.home(number);
        if let (true, Some(known)) = (is_clean, known) {
            self.shapes.learn(Whole {
                line: at.raw,
                stream,
                envelope: &envelope,
                message: &message,
                known,
            });
        }
    }

    fn heading(&mut self, number: usize, heading: Heading<'_>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        match heading {
            Heading::Noise => {}
            Heading::Boot(boot) => {
                stream.lives.boot(boot);
                stream.supervisor.boot(boot);
            }
            Heading::Begins(day) => stream.calendar.covers(Some(day), None),
            Heading::Ends(day) => stream.calendar.covers(None, Some(day)),
            Heading::Section(name) => {
                let program = program::of_section(name);
                stream.section = program.and_then(|name| self.judge.number(name.as_bytes()));
            }
            Heading::Hole => stream.lives.hole(),
            Heading::Repeats(count) => stream.left_out = count,
            Heading::Status => stream.in_status = true,
        }
    }

    /// Counts a line that was not read as one.
    pub(super) fn count_line(&mut self) {
        self.ordinal += 1;
    }

    /// Takes in one record; what the judge knows of it whatever numbers are in it, unless it was none or became part of another.
    pub(super) fn record(&mut self, number: usize, at: At<'_>, parts: Parts<'_>) -> Option<Known> {
        let Parts { envelope, message } = parts;
        let stream = self.streams.get_mut(number)?;
        let left_out = std::mem::take(&mut stream.left_out);
        if let Some(clock) = envelope.clock.or(message.clock) {
            stream.outside = !window::holds(&self.options, clock);
        }
        if stream.outside {
            return None;
        }
        let author = author(&mut self.judge, stream, envelope, message);
        if stream.continues(author, at, message) {
            return None;
        }
        stream.stand_at(at);
        let interrupts = |block: &Block| block.is_full() || block.author.program == author.program;
        if stream.block.as_ref().is_some_and(interrupts) {
            self.close_block(number, at.entry);
        }
        let bearing = bearing(&self.judge, author, &message.text);
        let (place, life) = self.place(number, (author, bearing), parts);
        let stream = self.streams.get_mut(number)?;
        if stream.is_dump(author, message) {
            return None;
        }
        if message.text.ends_with(b"=<") {
            stream.block = Some(Block::new(author, message, life, place, at));
            return None;
        }
        let (weight, text) = repeated(&message.text);
        let record = Record {
            author,
            level: message.level,
            text,
            original: &envelope.text,
            own_time: message.clock.is_some(),
            life,
            weight: weight.saturating_add(left_out).min(MOST_REPEATS),
            at,
            parts: &[],
            place,
        };
        let verdict = self.judge.verdict(&record);
        self.judge.judge_by(&verdict, &stream.lives, &record);
        Some(Known {
            author,
            bearing,
            verdict,
        })
    }

    /// The stream as far as it tells who wrote its lines: below a heading it does not.
    pub(super) fn home(&self, number: usize) -> Option<usize> {
        let stream = self.streams.get(number);
        stream.filter(|stream| stream.section.is_none())?;
        Some(number)
    }

    /// The place of a line in time and in the lives of the kubelet, which it may cut.
    fn place(
        &mut self,
        number: usize,
        (author, bearing): (Author, Bearing),
        Parts { envelope, message }: Parts<'_>,
    ) -> (Place, Option<usize>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return (Place::nowhere(self.ordinal), None);
        };
        if let Some(boot) = envelope.boot.as_deref() {
            let boot = std::str::from_utf8(boot).ok();
            stream.lives.boot(boot);
            stream.supervisor.boot(boot);
        }
        stream.learn_zone(envelope.clock, message.clock);
        stream.learn_year(envelope.clock, message.clock, &message.text);
        let place = stream.place(self.ordinal, envelope.clock.or(message.clock));
        stream.steps.measure(envelope, place);
        stream.count(author.program, place);
        let life = life_of(bearing, &self.judge, stream, (author, &message.text, place));
        if stream.lives.take_folded() {
            stream.fold();
            self.judge.fold(number);
        }
        (place, life)
    }

    pub(super) fn close_block(&mut self, number: usize, entry: &Arc<str>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        let Some(block) = stream.block.take() else {
            return;
        };
        let Some(first) = block.parts.first() else {
            return;
        };
        let record = Record {
            author: block.author,
            level: block.level,
            text: &block.text,
            original: &block.text,
            own_time: block.own_time,
            life: block.life,
            weight: 1,
            at: At {
                entry,
                line: first.line,
                raw: &first.raw,
            },
            parts: &block.parts,
            place: block.place,
        };
        self.judge.judge(&stream.lives, &record);
    }
}

/// The name that all parts of one log share: `journal/kubelet.service/0001.log` → `journal/kubelet.service/`.
pub(super) fn log_name(entry: &str) -> &str {
    let Some((folder, name)) = entry.rsplit_once('/') else {
        return entry;
    };
    let part = name
        .strip_suffix(".log")
        .is_some_and(|stem| stem.len() == 4 && stem.bytes().all(|byte| byte.is_ascii_digit()));
    if part { folder } else { entry }
}

/// Whether the description of a unit ended before this line, though no empty line parts them, as where a fence or a prompt came
/// between.
fn ends_status(line: &[u8]) -> bool {
    let line = unquote(line);
    line.first()
        .is_some_and(|first| !first.is_ascii_whitespace())
        && (heading(line).is_some() || transport::open(line).known)
}

#[cfg(test)]
mod tests;
