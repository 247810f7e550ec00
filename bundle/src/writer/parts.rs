//! A stream, stored as parts: tar wants a size before the content, and redaction changes sizes.

use super::{BundleWriter, FLUSH_AFTER, WriteError, add_counts, named, places};
use crate::{EntryPath, Outcome, Record, Redacted, hex::hex};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// Most bytes of one part.
const PART_BYTES: usize = 4 << 20;
/// Room for the mark at the end of a cut line.
const MARK_BYTES: usize = 64;

/// Where a line is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Number of the part, from 1.
    pub part: u32,
    /// Line within the part, from 1.
    pub line: u64,
}

/// The open stream of a [`BundleWriter`]. Nothing else can be written until it is finished.
#[must_use = "a stream that is not finished has no record in the manifest"]
pub struct PartWriter<'w, W: Write> {
    writer: &'w mut BundleWriter<W>,
    folder: EntryPath,
    record: Record,
    hash: Sha256,
    parts: u32,
    heading: Vec<u8>,
    text: Vec<u8>,
    lines: u64,
    open_since: Duration,
}

impl<'w, W: Write> PartWriter<'w, W> {
    pub(super) fn new(writer: &'w mut BundleWriter<W>, record: Record, folder: EntryPath) -> Self {
        Self {
            writer,
            folder,
            record,
            hash: Sha256::new(),
            parts: 0,
            heading: Vec::new(),
            text: Vec::new(),
            lines: 0,
            open_since: Duration::ZERO,
        }
    }

    /// The line, with its line end, that every following part begins with. A part that begins with it anyway does not
    /// get it twice.
    pub fn heading(&mut self, line: &Redacted) {
        self.heading_of(line.bytes());
    }

    /// Adds whole lines; only the last of the stream may lack its line end. Says where the first of them is stored.
    pub fn write_lines(&mut self, lines: &Redacted) -> Result<Position, WriteError> {
        self.write_lines_of(lines.bytes(), lines.counts())
    }

    /// The record that [`PartWriter::finish`] adds: outcome, duration and reason are the caller's.
    pub fn record_mut(&mut self) -> &mut Record {
        &mut self.record
    }

    /// Tells the time, as time since the start, and stores lines that waited for two seconds or more.
    pub fn tick(&mut self, now: Duration) -> Result<(), WriteError> {
        self.writer.now = now;
        if !self.text.is_empty() && now.saturating_sub(self.open_since) >= FLUSH_AFTER {
            self.close_part()?;
        }
        Ok(())
    }

    /// Compressed bytes handed to the output, of the whole bundle.
    pub fn bytes_written(&self) -> u64 {
        self.writer.bytes_written()
    }

    /// Stores the last part and the record.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.close_part()?;
        if self.parts > 0 {
            self.record.path = Some(self.folder);
            self.record.parts = Some(self.parts);
            self.record.sha256 = hex(&self.hash.finalize());
        }
        self.writer.record(self.record)
    }

    pub(super) fn heading_of(&mut self, line: &[u8]) {
        self.heading = line.to_vec();
    }

    pub(super) fn write_lines_of(
        &mut self,
        lines: &[u8],
        counts: &BTreeMap<String, u64>,
    ) -> Result<Position, WriteError> {
        add_counts(&mut self.record.redactions, counts);
        let mut first = None;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let position = self.write_line(line)?;
            first.get_or_insert(position);
        }
        Ok(first.unwrap_or(self.next_position()))
    }

    fn write_line(&mut self, line: &[u8]) -> Result<Position, WriteError> {
        let cut = self.cut(line);
        let line = cut.as_deref().unwrap_or(line);
        if self.text.len() + line.len() > PART_BYTES {
            self.close_part()?;
        }
        if self.text.is_empty() {
            self.open_part(line);
        }
        let position = self.next_position();
        self.text.extend_from_slice(line);
        self.lines += 1;
        Ok(position)
    }

    fn open_part(&mut self, first: &[u8]) {
        self.open_since = self.writer.now;
        if first != self.heading && self.heading.len() + first.len() <= PART_BYTES {
            self.text.extend_from_slice(&self.heading);
            self.lines += u64::from(!self.heading.is_empty());
        }
    }

    /// The line as it fits into a part, with the number of bytes left out; `None` where it fits as it is.
    fn cut(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if line.len() <= PART_BYTES {
            return None;
        }
        let room = PART_BYTES - MARK_BYTES - self.heading.len().min(PART_BYTES / 2);
        let kept = utf8_prefix(line, room);
        let mark = format!(" [line cut: {} bytes left out]\n", line.len() - kept.len());
        if self.record.outcome == Outcome::Ok {
            self.record.outcome = Outcome::Truncated;
            self.record.reason = Some("a line longer than 4 MiB was cut".to_owned());
        }
        Some([kept, mark.as_bytes()].concat())
    }

    fn next_position(&self) -> Position {
        Position {
            part: self.parts + 1,
            line: self.lines + 1,
        }
    }

    fn close_part(&mut self) -> Result<(), WriteError> {
        if self.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        let part = self.parts + 1;
        let name = named(&format!("{}/{part:04}.log", self.folder))?;
        let stored = self.writer.store_part(&name, &text)?;
        self.hash.update(&stored.bytes);
        self.record.stored_bytes += stored.bytes.len() as u64;
        add_counts(&mut self.record.redactions, &stored.gate_hits);
        places::note(&mut self.record, &stored.bytes, Some(part));
        self.parts = part;
        self.lines = 0;
        Ok(())
    }
}

/// The longest prefix of at most `room` bytes that does not end inside a character.
fn utf8_prefix(bytes: &[u8], room: usize) -> &[u8] {
    let is_boundary = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let end = (room.saturating_sub(3)..=room)
        .rev()
        .find(is_boundary)
        .unwrap_or(room);
    bytes.get(..end).unwrap_or(bytes)
}
