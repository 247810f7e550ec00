//! What is known of all lines that differ in nothing but their numbers.
//!
//! Of such a line only times and process ids are read; it fits its shape when they are valid. A shape is made only where no other
//! number can change how a line is taken apart.

use super::attribute::Author;
use super::clock::{Clock, digits};
use super::dial::{Dial, Iso};
use super::klog::{self, Level};
use super::life_of::Bearing;
use super::message::{Form, Message, logrus_time_place};
use super::program::is_wrapper;
use super::transport::Envelope;
use super::verdict::{Judged, Verdict};
use std::ops::Range;
use std::sync::Arc;

/// Digits that a number may have and be a number.
const MAX_DIGITS: usize = 9;

/// The shape of a line.
pub(crate) struct Shape {
    /// The only stream whose lines it is the shape of, where more than the line tells who wrote it.
    stream: Option<usize>,
    carrier: Carrier,
    /// Where the text that was carried begins.
    text: u16,
    /// Where the message is, behind its header.
    message: Part,
    /// Where the process id of the author is.
    pid: Option<Part>,
    /// Where logrus has its time, if it has one.
    time: Option<Part>,
    /// Where a header of klog begins.
    klog: Option<u16>,
    /// The message has backslashes before quotes.
    pub(crate) escaped: bool,
    /// The message may hold a date that tells the year of lines without one.
    pub(crate) dated: bool,
    /// Another digit behind a number sign would be an escape of syslog.
    numbered: bool,
    pub(crate) level: Level,
    author: Author,
    pub(crate) bearing: Bearing,
    pub(crate) meaning: Meaning,
}

/// A part of a line: shapes are many, and read for every line.
#[derive(Debug, Clone, Copy)]
struct Part {
    from: u16,
    to: u16,
}

impl Part {
    fn new(range: Range<usize>) -> Option<Self> {
        Some(Self {
            from: u16::try_from(range.start).ok()?,
            to: u16::try_from(range.end).ok()?,
        })
    }

    fn of(self, line: &[u8]) -> Option<&[u8]> {
        line.get(usize::from(self.from)..usize::from(self.to))
    }
}

/// What carried a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    /// Nothing.
    None,
    /// `2026-11-22T07:30:22Z `.
    Iso,
    /// `Nov 22 07:30:22 `.
    Short,
}

/// What lines of a shape mean to the judge.
pub(crate) enum Meaning {
    /// Nothing.
    None,
    /// This match, whatever numbers are in them.
    Match(Judged),
    /// Whatever the verdict says.
    Verdict(Arc<Verdict>),
}

impl Meaning {
    fn new(verdict: Arc<Verdict>, level: Level) -> Self {
        if verdict.is_silent(level) {
            Self::None
        } else if let Some(judged) = verdict.only_match() {
            Self::Match(judged)
        } else {
            Self::Verdict(verdict)
        }
    }

    /// Whether telling it looks at a line's text once more.
    pub(crate) fn reads_text(&self, level: Level) -> bool {
        matches!(self, Self::Verdict(verdict) if verdict.reads_text(level))
    }
}

/// A line, taken apart and judged.
pub(crate) struct Whole<'a> {
    pub(crate) line: &'a [u8],
    /// Its stream, where nothing in it names the program that wrote it.
    pub(crate) stream: Option<usize>,
    pub(crate) envelope: &'a Envelope<'a>,
    pub(crate) message: &'a Message<'a>,
    pub(crate) known: Known,
}

/// What the judge knows of a line, whatever numbers are in it.
pub(crate) struct Known {
    pub(crate) author: Author,
    pub(crate) bearing: Bearing,
    pub(crate) verdict: Arc<Verdict>,
}

/// What only the line itself tells.
pub(crate) struct Own<'a> {
    /// When its carrier got it.
    pub(crate) carried: Option<Clock>,
    /// Its own time.
    pub(crate) clock: Option<Clock>,
    pub(crate) author: Author,
    /// The text that was carried.
    pub(crate) text: &'a [u8],
    /// The message, not normalised.
    pub(crate) message: &'a [u8],
}

impl Shape {
    /// Longer lines are rare, and have no shape.
    pub(crate) const MAX_LINE: usize = 4096;

    /// Whether lines of a stream can have it.
    pub(crate) fn is_in(&self, stream: Option<usize>) -> bool {
        self.stream.is_none() || self.stream == stream
    }

    /// Reads a line of this shape; `None` when one of its times is not valid.
    pub(crate) fn read<'a>(&self, line: &'a [u8], dial: &mut Dial) -> Option<Own<'a>> {
        if self.numbered && memchr::memmem::find(line, b"#0").is_some() {
            return None;
        }
        let mut author = self.author;
        if let Some(pid) = &self.pid {
            let pid = pid.of(line)?;
            author.pid = Some(digits(pid, pid.len())?.0);
        }
        let carried = match self.carrier {
            Carrier::None => None,
            Carrier::Iso => Some(dial.carried.read(line)?),
            Carrier::Short => Some(dial.short(line)?),
        };
        let klog = match self.klog {
            Some(at) => Some(dial.klog(line.get(usize::from(at)..)?)?),
            None => None,
        };
        Some(Own {
            carried,
            clock: self.clock(line, klog, &mut dial.own),
            author,
            text: line.get(usize::from(self.text)..)?,
            message: self.message.of(line)?,
        })
    }

    /// The time of the message, whose header of klog has this one.
    fn clock(&self, line: &[u8], klog: Option<Clock>, own: &mut Iso) -> Option<Clock> {
        let time = self.time.and_then(|time| own.read(time.of(line)?));
        time.or(klog)
    }

    /// The shape of a line, where it has one.
    pub(crate) fn new(whole: Whole<'_>) -> Option<Self> {
        let Whole {
            line,
            stream,
            envelope,
            message,
            known,
        } = whole;
        let text = begin_of(line, &envelope.text)?;
        let carrier = carrier(envelope, line, text)?;
        if carrier == Carrier::None && (stream.is_none() || message.form != Form::Klog) {
            return None;
        }
        let body = begin_of(line, message.body)?;
        let header = Header::new(message.form, line, text, body)?;
        let pid = pid(line.get(..text)?).or(header.pid);
        let shape = Self {
            stream: stream.filter(|_| carrier == Carrier::None),
            carrier,
            text: u16::try_from(text).ok()?,
            message: Part::new(body..body + message.body.len())?,
            pid: known.author.pid.and(pid).and_then(Part::new),
            time: header.time.and_then(Part::new),
            klog: header.klog.and_then(|at| u16::try_from(at).ok()),
            escaped: *message.body != *message.text,
            dated: is_dated(message.body),
            numbered: line.contains(&b'#'),
            level: message.level,
            author: known.author.without_pid(),
            bearing: known.bearing,
            meaning: Meaning::new(known.verdict, message.level),
        };
        let own = shape.read(line, &mut Dial::default())?;
        let same = own.carried == envelope.clock
            && own.clock == message.clock
            && own.author == known.author;
        let sane = same
            && message.component.is_none()
            && longest_number(line.get(..body)?) <= MAX_DIGITS
            && is_message_plain(message.body);
        sane.then_some(shape)
    }
}

/// What stands before the text of a message, as far as it matters for other lines of the same shape.
#[derive(Default)]
struct Header {
    time: Option<Range<usize>>,
    klog: Option<usize>,
    pid: Option<Range<usize>>,
}

impl Header {
    /// The header of a line whose carried text begins at `text` and whose message at `body`; `None` where another number could make
    /// it another header.
    fn new(form: Form, line: &[u8], text: usize, body: usize) -> Option<Self> {
        let carried = line.get(text..)?;
        match form {
            Form::Klog if carried.first().is_some_and(u8::is_ascii_uppercase) => {
                klog::header(carried)?.pid?;
                Some(Self {
                    klog: Some(text),
                    pid: klog_pid(line.get(..body)?),
                    ..Self::default()
                })
            }
            Form::Logrus if carried.starts_with(b"time=") || carried.starts_with(b"level=") => {
                let quoted = line.get(body..)?;
                let quoted = quoted.strip_prefix(b"\"").unwrap_or(quoted);
                let time = logrus_time_place(carried);
                (!looks_like_klog(quoted)).then(|| Self {
                    time: time.map(|time| text + time.start..text + time.end),
                    ..Self::default()
                })
            }
            Form::Plain => is_plain(carried).then(Self::default),
            _ => None,
        }
    }
}

/// The carrier of a line, where it is one of those that logs are full of.
fn carrier(envelope: &Envelope<'_>, line: &[u8], text: usize) -> Option<Carrier> {
    if !envelope.known {
        return (text == 0).then_some(Carrier::None);
    }
    let carrier = if line.first()?.is_ascii_digit() {
        Carrier::Iso
    } else {
        Carrier::Short
    };
    is_carried_plainly(envelope).then_some(carrier)
}

/// Where in a line a part of it begins.
fn begin_of(line: &[u8], part: &[u8]) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    (line.get(at..at + part.len())? == part).then_some(at)
}

/// The digits of `host ident[pid]: `.
fn pid(before: &[u8]) -> Option<Range<usize>> {
    let before = before.strip_suffix(b"]: ")?;
    let number = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let start = before.len() - number;
    (number > 0 && before.get(..start)?.ends_with(b"[")).then_some(start..before.len())
}

/// The process id of `E1122 07:22:29.934915      76 run.go:72] `.
fn klog_pid(header: &[u8]) -> Option<Range<usize>> {
    let end = memchr::memrchr(b' ', header.trim_ascii_end())?;
    let digits = header.get(..end)?.iter().rev();
    let number = digits.take_while(|byte| byte.is_ascii_digit()).count();
    (number > 0).then_some(end - number..end)
}

fn longest_number(text: &[u8]) -> usize {
    let runs = text.split(|byte| !byte.is_ascii_digit());
    runs.map(<[u8]>::len).max().unwrap_or_default()
}

/// From a program that its identifier alone tells, in one piece.
fn is_carried_plainly(envelope: &Envelope<'_>) -> bool {
    let ident = envelope.ident.as_deref().unwrap_or_default();
    let tells = std::str::from_utf8(ident)
        .is_ok_and(|ident| !ident.is_empty() && ident != "kernel" && !is_wrapper(ident));
    tells
        && !ident.iter().any(u8::is_ascii_digit)
        && envelope.unit.is_none()
        && envelope.boot.is_none()
        && !envelope.partial
        && !envelope.is_error
}

/// It is no count of repeats and no beginning of a block.
fn is_message_plain(message: &[u8]) -> bool {
    !message.starts_with(b"message repeated ") && !message.ends_with(b"=<")
}

/// It has what dates of other lines' years stand near.
fn is_dated(message: &[u8]) -> bool {
    memchr::memmem::find(message, b" m=+").is_some()
        || memchr::memmem::find(message, b"current time ").is_some()
}

/// No number makes a header of what a text begins with.
fn is_plain(text: &[u8]) -> bool {
    let begin = text.trim_ascii_start();
    let behind = |separator: &[u8]| matches!(separator, [b' ' | b'\t' | b':', rest @ ..] if looks_like_klog(rest));
    !matches!(begin.first(), Some(b'0'..=b'9' | b'{'))
        && !looks_like_klog(begin)
        && !text.windows(3).any(behind)
}

/// `E1…`: with a valid time it may be a header of klog.
fn looks_like_klog(text: &[u8]) -> bool {
    matches!(text, [b'I' | b'W' | b'E' | b'F', digit, ..] if digit.is_ascii_digit())
}
