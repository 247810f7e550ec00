//! Entries of several files that carry one of several fields, each once, in the order in which they were logged.

use super::cursor::Offsets;
use super::file::{EntryHead, JournalFile};
use std::cmp::Ordering;

/// Entries in order.
#[derive(Debug)]
pub(super) struct Merge<'f> {
    files: &'f [JournalFile],
    cursors: Vec<Cursor>,
    last: Option<(usize, u64)>,
    /// Entries that could not be read.
    pub(super) unreadable: u64,
    /// Entries before the window that were not looked at.
    pub(super) skipped: u64,
}

/// Most entries of one field and file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// In the window; of more the newest.
    pub(super) window: u64,
    /// Before the window.
    pub(super) older: u64,
}

#[derive(Debug)]
struct Cursor {
    file: usize,
    offsets: Offsets,
    next: u64,
    /// Number of the first entry in the window.
    window: u64,
    head: Option<EntryHead>,
}

/// An entry and where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) file: usize,
    pub(super) entry: EntryHead,
    /// Before the window.
    pub(super) old: bool,
}

impl<'f> Merge<'f> {
    /// Entries with any of the fields (`NAME=value`), from `since` on and some before that.
    pub(super) fn new(
        files: &'f [JournalFile],
        fields: &[Vec<u8>],
        since: Option<u64>,
        limits: Limits,
    ) -> Self {
        let mut merge = Self {
            files,
            cursors: Vec::new(),
            last: None,
            unreadable: 0,
            skipped: 0,
        };
        for (number, file) in files.iter().enumerate() {
            for offsets in lists(file, fields) {
                let window = since.map_or(0, |since| offsets.from(file, since));
                let window = window.max(offsets.len().saturating_sub(limits.window));
                let next = window.saturating_sub(limits.older);
                merge.skipped += next;
                let mut cursor = Cursor {
                    file: number,
                    offsets,
                    next,
                    window,
                    head: None,
                };
                merge.unreadable += cursor.advance(file);
                merge.cursors.push(cursor);
            }
        }
        merge
    }

    fn first(&self) -> Option<usize> {
        let mut best: Option<(usize, &Cursor, EntryHead)> = None;
        for (at, cursor) in self.cursors.iter().enumerate() {
            let Some(head) = cursor.head else { continue };
            let earlier = best.is_none_or(|(_, other, entry)| {
                self.order((cursor.file, head), (other.file, entry)) == Ordering::Less
            });
            if earlier {
                best = Some((at, cursor, head));
            }
        }
        best.map(|(at, ..)| at)
    }

    /// Files of one sequence number their entries; other files have only times in common.
    fn order(&self, a: (usize, EntryHead), b: (usize, EntryHead)) -> Ordering {
        let sequence = |file: usize| self.files.get(file).map(|file| file.header.sequence_id);
        let numbers = if sequence(a.0) == sequence(b.0) {
            a.1.number.cmp(&b.1.number)
        } else {
            Ordering::Equal
        };
        numbers
            .then(a.1.time.cmp(&b.1.time))
            .then(a.0.cmp(&b.0))
            .then(a.1.offset.cmp(&b.1.offset))
    }
}

impl Iterator for Merge<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let at = self.first()?;
            let cursor = self.cursors.get_mut(at)?;
            let entry = cursor.head?;
            let file = cursor.file;
            let old = cursor.next <= cursor.window;
            self.unreadable += cursor.advance(self.files.get(file)?);
            // An entry with several of the fields comes several times in a row.
            if self.last.replace((file, entry.offset)) != Some((file, entry.offset)) {
                return Some(Found { file, entry, old });
            }
        }
    }
}

impl Cursor {
    /// Moves to the next entry that can be read; says how many could not.
    fn advance(&mut self, file: &JournalFile) -> u64 {
        let mut unreadable = 0;
        let end = file.end();
        self.head = None;
        while self.next < self.offsets.len() && self.head.is_none() {
            // A list that is being written ends in zeros, or beyond what was there when reading began.
            let offset = self.offsets.offset(file, self.next);
            self.next += 1;
            if offset.is_some_and(|offset| offset == 0 || offset >= end) {
                continue;
            }
            self.head = offset.and_then(|offset| file.entry(offset));
            unreadable += u64::from(self.head.is_none());
        }
        unreadable
    }
}

/// The lists of the fields in one file; of a damaged file all its entries.
fn lists(file: &JournalFile, fields: &[Vec<u8>]) -> Vec<Offsets> {
    let mut lists = Vec::new();
    for field in fields {
        match file.find(field) {
            Ok(None) => {}
            Ok(Some(data)) => match Offsets::of(file, &data) {
                Some(offsets) => lists.push(offsets),
                None => file.note_damage(),
            },
            Err(()) => file.note_damage(),
        }
    }
    if file.is_damaged() {
        return vec![Offsets::Salvaged(file.salvaged())];
    }
    lists
}
