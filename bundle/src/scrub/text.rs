//! One entry through the redactor: held whole where it is short, piece by piece where it is long.

use super::first::{HELD_BYTES, kind_of};
use crate::redact::{ContentKind, Redactor, SecretGate};
use crate::writer::Gate as _;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

/// Files up to this size are masked by their structure.
const STRUCTURED_BYTES: usize = 1 << 20;
/// Text of a long entry that is masked at a time, where a line ends.
const PIECE_BYTES: usize = 4 << 20;
/// A line is cut here, for the lack of an end.
const LINE_BYTES: usize = 32 << 20;
/// A key that is printed over lines ends within so many bytes.
const KEY_BYTES: usize = 64 << 10;
/// What is looked at to tell text from other content.
const SAMPLE_BYTES: usize = 64 << 10;

/// Masks entries, one after another.
pub(super) struct Masker {
    redactor: Redactor,
    gate: SecretGate,
    keep_binaries: bool,
}

/// What became of an entry.
#[derive(Debug, Default)]
pub(super) struct Masked {
    pub(super) counts: BTreeMap<String, u64>,
    /// Why it is not in the copy.
    pub(super) left_out: Option<&'static str>,
    /// It could not be searched and was kept.
    pub(super) is_unsearched: bool,
    /// It was too long to be held.
    pub(super) is_long: bool,
}

type Open<'f> = dyn FnMut(Option<u64>) -> io::Result<()> + 'f;
type Put<'f> = dyn FnMut(&[u8]) -> io::Result<()> + 'f;

impl Masker {
    pub(super) fn new(redactor: Redactor, keep_binaries: bool) -> Self {
        Self {
            gate: redactor.gate(),
            redactor,
            keep_binaries,
        }
    }

    /// Calls `open` with the size where it is known, unless the entry is left out, and `put` with what is stored.
    pub(super) fn entry(
        &mut self,
        name: &str,
        body: &mut dyn BufRead,
        open: &mut Open<'_>,
        put: &mut Put<'_>,
    ) -> io::Result<Masked> {
        let mut masked = Masked::default();
        let mut held = Vec::new();
        let mut body = Source { body, ended: false };
        body.fill(&mut held, HELD_BYTES + 1);
        masked.is_long = held.len() > HELD_BYTES;
        let sample = held.get(..SAMPLE_BYTES).unwrap_or(&held);
        if is_binary(sample) {
            if !self.keep_binaries {
                masked.left_out = Some("it is no text and cannot be searched for secrets");
                return Ok(masked);
            }
            masked.is_unsearched = true;
            open((!masked.is_long).then_some(held.len() as u64))?;
            while !held.is_empty() {
                put(&held)?;
                held.clear();
                body.fill(&mut held, PIECE_BYTES);
            }
            return Ok(masked);
        }
        if !masked.is_long {
            let text = self.masked(name, held, &mut masked.counts);
            open(Some(text.len() as u64))?;
            put(&text)?;
            return Ok(masked);
        }
        open(None)?;
        loop {
            let cut = body.ended.then_some(held.len()).or_else(|| safe_end(&held));
            match cut {
                Some(cut) => {
                    let rest = held.split_off(cut);
                    let piece = std::mem::replace(&mut held, rest);
                    put(&self.masked("", piece, &mut masked.counts))?;
                    if held.is_empty() && body.ended {
                        return Ok(masked);
                    }
                }
                None if held.len() >= LINE_BYTES => {
                    let piece = std::mem::take(&mut held);
                    put(&self.masked("", piece, &mut masked.counts))?;
                }
                None => {}
            }
            body.fill(&mut held, PIECE_BYTES);
        }
    }

    /// The text without secrets; what has no name is plain text.
    fn masked(
        &mut self,
        name: &str,
        mut text: Vec<u8>,
        counts: &mut BTreeMap<String, u64>,
    ) -> Vec<u8> {
        // A log of a machine that crashed has runs of NULs.
        for byte in text.iter_mut().filter(|byte| **byte == 0) {
            *byte = b' ';
        }
        let kind = if name.is_empty() || text.len() > STRUCTURED_BYTES {
            ContentKind::Text
        } else {
            kind_of(name, &text)
        };
        let redacted = self.redactor.file(kind, &text);
        let redacted = redacted.or_else(|_| self.redactor.file(ContentKind::Text, &text));
        let mut add = |more: &BTreeMap<String, u64>| {
            for (rule, count) in more {
                *counts.entry(rule.clone()).or_insert(0) += count;
            }
        };
        let stored = if let Ok(redacted) = redacted {
            add(redacted.counts());
            redacted.bytes().to_vec()
        } else {
            add(&BTreeMap::from([("unmaskable".to_owned(), 1)]));
            let lines = memchr::memchr_iter(b'\n', &text).count();
            [b"REDACTED(unmaskable)".to_vec(), vec![b'\n'; lines]].concat()
        };
        match self.gate.check(&stored) {
            Some((safe, hits)) => {
                add(&hits);
                safe
            }
            None => stored,
        }
    }
}

/// The content of an entry up to its end, or to where it cannot be read any further.
struct Source<'b> {
    body: &'b mut dyn BufRead,
    ended: bool,
}

impl Source<'_> {
    /// Adds at most so many bytes.
    fn fill(&mut self, held: &mut Vec<u8>, bytes: usize) {
        let before = held.len();
        // The reader notes the error; what came before it is used.
        let read = (&mut *self.body).take(bytes as u64).read_to_end(held);
        self.ended |= read.is_err() || held.len() - before < bytes;
    }
}

/// Where a piece may end: behind a line, and not within a key that is printed over several.
fn safe_end(text: &[u8]) -> Option<usize> {
    let end = memchr::memrchr(b'\n', text)? + 1;
    let tail_start = end.saturating_sub(KEY_BYTES);
    let tail = text.get(tail_start..end)?;
    let Some(begin) = memchr::memmem::rfind(tail, b"-----BEGIN ") else {
        return Some(end);
    };
    if memchr::memmem::find(tail.get(begin..)?, b"-----END ").is_some() {
        return Some(end);
    }
    let before = text.get(..tail_start + begin)?;
    let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    Some(if line == 0 { end } else { line })
}

/// Whether this is no text: many NULs, or much that is no UTF-8. Nothing is text.
fn is_binary(sample: &[u8]) -> bool {
    let nul = memchr::memchr_iter(0, sample).count();
    let wrong: usize = sample
        .utf8_chunks()
        .map(|chunk| chunk.invalid().len())
        .sum();
    let is_journal = sample.starts_with(b"LPKSHHRH");
    is_journal || nul * 20 > sample.len() || wrong * 5 > sample.len()
}
