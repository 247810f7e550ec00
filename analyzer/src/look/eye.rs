//! What looks at the lines of logs, and shows those that a search wants.

use super::search::{Finds, Found, Search};
use crate::logs::{Decoded, Place, Reader, Visitor, canonical};
use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Looks at the lines of one entry after the other.
pub(super) struct Eye<'a> {
    pub(super) search: &'a Search,
    needs_text: bool,
    finds: &'a mut dyn Finds,
    pub(super) queue: Queue,
    /// The output's fault.
    pub(super) failed: Option<io::Error>,
    entry: Arc<str>,
    /// Lines that match in this entry.
    pub(super) matches: u64,
    /// The last lines that were not shown.
    before: VecDeque<Decoded>,
    /// Lines still to be shown behind a match.
    after: usize,
    /// The line that was shown last; `None` before the first one of all.
    shown: Option<u64>,
}

/// Lines whose time is not known yet, and those behind them.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) lines: Vec<(Found, Place)>,
    pub(super) bytes: usize,
}

/// Bytes of lines that wait for their year; then what is known by then has to do.
pub(super) const MOST_WAITING: usize = 64 << 20;

impl<'a> Eye<'a> {
    /// One that has seen nothing yet; `needs_text` when the pattern has to see messages without their headings.
    pub(super) fn new(search: &'a Search, needs_text: bool, finds: &'a mut dyn Finds) -> Self {
        Self {
            search,
            needs_text,
            finds,
            queue: Queue::default(),
            failed: None,
            entry: Arc::from(""),
            matches: 0,
            before: VecDeque::new(),
            after: 0,
            shown: None,
        }
    }

    pub(super) fn begin(&mut self, entry: &Arc<str>) {
        self.entry = Arc::clone(entry);
        self.matches = 0;
        self.before.clear();
        self.after = 0;
        self.shown = self.shown.map(|_| u64::MAX);
    }

    pub(super) fn end(&mut self) {
        if self.matches > 0
            && self.failed.is_none()
            && let Err(error) = self.finds.entry(&self.entry, self.matches)
        {
            self.failed = Some(error);
        }
    }

    fn passes(&self, line: &Decoded) -> bool {
        let units = &self.search.units;
        let is = |name: &Option<String>, asked: &str| {
            name.as_deref()
                .is_some_and(|name| canonical(name) == canonical(asked))
        };
        let of_unit = units
            .iter()
            .any(|asked| is(&line.unit, asked) || is(&line.ident, asked));
        (units.is_empty() || of_unit) && line.level >= self.search.level
    }

    pub(super) fn hand_on(&mut self, line: Decoded, matches: bool) {
        let around = self.search.around != (0, 0);
        let adjacent = |shown: u64| shown.checked_add(1) == Some(line.line);
        let apart = around && self.shown.is_some_and(|shown| !adjacent(shown));
        self.shown = Some(line.line);
        let place = line.place;
        let found = Found {
            entry: Arc::clone(&self.entry),
            line: line.line,
            time: Reader::stamp(place),
            unit: line.unit,
            ident: line.ident,
            pid: line.pid,
            level: line.level.as_str(),
            text: line.text,
            raw: line.raw,
            matches,
            apart,
        };
        let waits = place.time().is_some() && found.time.is_none();
        if waits || !self.queue.lines.is_empty() {
            self.queue.bytes += found.text.len() + found.raw.len() + size_of::<(Found, Place)>();
            self.queue.lines.push((found, place));
        } else {
            self.show(&found);
        }
    }

    pub(super) fn show(&mut self, found: &Found) {
        if self.failed.is_none()
            && let Err(error) = self.finds.line(found)
        {
            self.failed = Some(error);
        }
    }
}

impl Visitor for Eye<'_> {
    fn needs_text(&self) -> bool {
        self.needs_text
    }

    fn wants(&mut self, raw: &[u8], text: Option<&[u8]>) -> Option<bool> {
        let pattern = &self.search.pattern;
        let matches = pattern.is_match(raw) || text.is_some_and(|text| pattern.is_match(text));
        (matches || self.search.around != (0, 0)).then_some(matches)
    }

    fn take(&mut self, line: Decoded, matches: bool) -> ControlFlow<()> {
        if !self.passes(&line) {
            return ControlFlow::Continue(());
        }
        let (before, after) = self.search.around;
        if matches {
            self.matches += 1;
            if !self.search.counts_only {
                for line in std::mem::take(&mut self.before) {
                    self.hand_on(line, false);
                }
                self.hand_on(line, true);
                self.after = after;
            }
        } else if self.after > 0 {
            self.after -= 1;
            self.hand_on(line, false);
        } else if before > 0 {
            if self.before.len() >= before {
                self.before.pop_front();
            }
            self.before.push_back(line);
        }
        if self.failed.is_some() || self.search.first_only && self.matches > 0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
