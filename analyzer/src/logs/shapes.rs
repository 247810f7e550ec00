//! Lines that were seen before but for their numbers: where in them everything is need not be found again.
//!
//! Only what logs are full of is remembered: klog lines of a program with an identifier and a process id, in text forms of the
//! journal. Of such a line only times and process ids are read; it fits its shape when they are valid.

use super::attribute::Author;
use super::clock::{Clock, digits, iso};
use super::hash::{FastMap, hash};
use super::judge::Verdict;
use super::klog::{self, Level};
use super::message::{Message, plain_quotes};
use super::prefilter::blind;
use super::program::is_wrapper;
use super::transport::{Envelope, short_clock};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Shapes remembered; then all are forgotten.
const CAPACITY: usize = 1 << 16;
/// Bytes of lines remembered; then all are forgotten.
const MAX_BYTES: usize = 24 << 20;
/// Longer lines are rare.
const MAX_LINE: usize = 4096;
/// Digits that a number may have and be a number.
const MAX_DIGITS: usize = 9;

/// Shapes of lines. Forgetting never changes a result.
#[derive(Default)]
pub(crate) struct Shapes {
    known: FastMap<u64, Shape>,
    bytes: usize,
    /// The line that is looked up, its digits made zeros.
    line: Vec<u8>,
}

struct Shape {
    line: Box<[u8]>,
    /// Where the process id of the carrier is.
    pid: Range<usize>,
    /// Where the text that was carried begins.
    text: usize,
    /// Where the message behind the header begins.
    message: usize,
    /// The message has backslashes before quotes.
    escaped: bool,
    level: Level,
    author: Author,
    verdict: Arc<Verdict>,
}

/// A line, taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'p> {
    pub(crate) envelope: &'p Envelope<'p>,
    pub(crate) message: &'p Message<'p>,
}

/// A line whose shape is known.
pub(crate) struct Known<'a> {
    pub(crate) envelope: Envelope<'a>,
    pub(crate) message: Message<'a>,
    pub(crate) judged: Judged,
}

/// What the judge knows of a line, whatever numbers are in it.
pub(crate) struct Judged {
    pub(crate) author: Author,
    pub(crate) verdict: Arc<Verdict>,
}

impl Shapes {
    /// Takes apart a line whose shape is known.
    pub(crate) fn read<'a>(&mut self, line: &'a [u8]) -> Option<Known<'a>> {
        let shape = self.shape(line)?;
        let pid = line.get(shape.pid.clone())?;
        let (pid, _) = digits(pid, pid.len())?;
        let text = line.get(shape.text..)?;
        let message = line.get(shape.message..)?;
        let mut author = shape.author;
        author.pid = Some(pid);
        let verdict = &shape.verdict;
        let is_read = shape.escaped && verdict.reads_text(shape.level);
        Some(Known {
            envelope: Envelope {
                clock: Some(carrier_clock(line)?),
                pid: Some(pid),
                text: Cow::Borrowed(text),
                known: true,
                ..Envelope::default()
            },
            message: Message {
                level: shape.level,
                clock: Some(klog::clock(text)?),
                text: if is_read {
                    plain_quotes(message)
                } else {
                    Cow::Borrowed(message)
                },
                headed: true,
                ..Message::default()
            },
            judged: Judged {
                author,
                verdict: Arc::clone(verdict),
            },
        })
    }

    /// Remembers the shape of a line that nothing had to be repaired in, if it is one of those that logs are full of.
    pub(crate) fn learn(&mut self, line: &[u8], parts: Parts<'_>, judged: Judged) {
        let Some(shape) = Shape::new(line, parts, judged) else {
            return;
        };
        if self.known.len() >= CAPACITY || self.bytes >= MAX_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += line.len();
        self.known.insert(hash(0, &shape.line), shape);
    }

    fn shape(&mut self, line: &[u8]) -> Option<&Shape> {
        if line.len() > MAX_LINE || !begins_with_time(line) {
            return None;
        }
        self.line.clear();
        self.line.extend(line.iter().map(|&byte| blind(byte)));
        let shape = self.known.get(&hash(0, &self.line))?;
        (*shape.line == *self.line).then_some(shape)
    }
}

impl Shape {
    fn new(line: &[u8], parts: Parts<'_>, judged: Judged) -> Option<Self> {
        let Parts { envelope, message } = parts;
        let text = begin_of(line, &envelope.text)?;
        let header = klog::header(line.get(text..)?)?;
        let at = begin_of(line, header.message)?;
        let pid = pid(line.get(..text)?)?;
        let sane = line.len() <= MAX_LINE
            && begins_with_time(line)
            && !line.contains(&b'#')
            && carrier_clock(line) == envelope.clock
            && digits(line.get(pid.clone())?, pid.len()).map(|(pid, _)| pid) == envelope.pid
            && longest_number(line.get(..at)?) <= MAX_DIGITS
            && line.get(text).is_some_and(u8::is_ascii_uppercase)
            && klog::clock(line.get(text..)?) == message.clock
            && is_carried_plainly(envelope)
            && message.headed
            && message.component.is_none()
            && header.pid.is_some()
            && is_message_plain(header.message)
            && judged.author.pid == envelope.pid;
        sane.then(|| Self {
            line: line.iter().map(|&byte| blind(byte)).collect(),
            pid,
            text,
            message: at,
            escaped: matches!(message.text, Cow::Owned(_)),
            level: message.level,
            author: judged.author,
            verdict: judged.verdict,
        })
    }
}

/// Lines that begin with a month or a year are no headings, quotations or the like.
fn begins_with_time(line: &[u8]) -> bool {
    matches!(
        line.first(),
        Some(b'0'..=b'9' | b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D')
    )
}

fn carrier_clock(line: &[u8]) -> Option<Clock> {
    if line.first()?.is_ascii_digit() {
        Some(iso(line)?.0)
    } else {
        short_clock(line)?.0
    }
}

/// Where the end of a line begins that is this text.
fn begin_of(line: &[u8], text: &[u8]) -> Option<usize> {
    Some(line.strip_suffix(text)?.len())
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

/// Nothing in it is read otherwise than by patterns: no count of repeats, no beginning of a block, no date.
fn is_message_plain(message: &[u8]) -> bool {
    const BEGIN: usize = 24;
    let begin = message.get(..BEGIN).unwrap_or(message);
    !begin.contains(&b'\\')
        && !message.starts_with(b"message repeated ")
        && !message.ends_with(b"=<")
        && memchr::memmem::find(message, b" m=+").is_none()
        && memchr::memmem::find(message, b"current time ").is_none()
}
