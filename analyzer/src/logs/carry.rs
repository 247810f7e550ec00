//! Records whose message, or whose fields, fill several lines, and lines that stand for several records.

use super::clean::clean;
use super::fold::{Folded, Taken};
use super::message;
use super::scanner::{Parts, Scanner};
use super::stream::At;
use super::transport::Envelope;
use std::sync::Arc;

impl Scanner<'_> {
    /// Offers a line to the record that is being collected.
    pub(super) fn fold(&mut self, number: usize, at: At<'_>) -> Taken {
        let Some(stream) = self.streams.get_mut(number) else {
            return Taken::No;
        };
        let (done, taken) = stream.fold.take(at.line, at.raw);
        if let Some(folded) = done {
            self.folded(number, at.entry, &folded);
        }
        taken
    }

    /// Takes the bytes of a field whose name stood on this line.
    pub(super) fn value(&mut self, number: usize, line: u64, value: Option<Vec<u8>>) {
        if let Some(stream) = self.streams.get_mut(number) {
            stream.fold.take_bytes(line, &value.unwrap_or_default());
        }
    }

    /// Ends the record that the end of the entry cuts off.
    pub(super) fn end_folded(&mut self, number: usize, entry: &Arc<str>) {
        let open = self
            .streams
            .get_mut(number)
            .and_then(|stream| stream.fold.finish());
        if let Some(folded) = open {
            self.folded(number, entry, &folded);
        }
    }

    fn folded(&mut self, number: usize, entry: &Arc<str>, folded: &Folded) {
        let at = At {
            entry,
            line: folded.line,
            raw: &folded.raw,
        };
        let envelope = folded.fields.envelope();
        self.lines_of(number, at, &envelope, &folded.fields.message);
    }

    /// Reads a message of several lines as the text forms of the journal print it: line by line, all from one sender.
    pub(super) fn lines_of(
        &mut self,
        number: usize,
        at: At<'_>,
        envelope: &Envelope<'_>,
        text: &[u8],
    ) {
        for line in text.split(|&byte| byte == b'\n') {
            let line = clean(line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            let parts = Parts {
                envelope: &of_line(envelope, &line),
                message: &message::read(&line),
            };
            self.record(number, at, parts);
        }
    }
}

/// What carried the message, around one of its lines.
fn of_line<'a>(envelope: &Envelope<'a>, line: &'a [u8]) -> Envelope<'a> {
    Envelope {
        text: line.into(),
        ..envelope.clone()
    }
}

/// `message repeated 5 times: [ text]` of syslog.
pub(super) fn repeated(text: &[u8]) -> (u64, &[u8]) {
    let parts = || {
        let rest = text.strip_prefix(b"message repeated ")?;
        let end = memchr::memchr(b' ', rest)?;
        let times: u64 = std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()?;
        let inner = rest
            .get(end..)?
            .strip_prefix(b" times: [ ")?
            .strip_suffix(b"]")?;
        Some((u64::clamp(times, 1, MOST_REPEATS), inner))
    };
    parts().unwrap_or((1, text))
}

/// No log leaves out more.
pub(super) const MOST_REPEATS: u64 = 1_000_000;
