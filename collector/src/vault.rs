//! The bundle as the collector sees it: raw content goes in, redacted content is stored, every item leaves a record.

use crate::clock::Clock;
use crate::deny;
use crate::host::Taken;
use crate::host::wire::Failure;
use crate::output::Room;
use crate::priority::Floor;
use crate::pseudonym::{Case, Cloak};
use crate::spec::{Item, has_ending};
use crate::undetected::Undetected;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use nodebundle_bundle::redact::{CaseKey, ContentKind, Redactor, SecretGate, Secrets};
use nodebundle_bundle::writer::{BundleWriter, Gate, Setup, WriteError};
use nodebundle_bundle::{EntryPath, Outcome, Record};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;
use std::time::Instant;

/// The bundle being written.
pub(crate) struct Vault<W: Write> {
    writer: BundleWriter<W>,
    redactor: Redactor,
    gate: Rc<RefCell<SecretGate>>,
    clock: Clock,
    started: Instant,
    limits: Limits,
    /// Bytes written when the space is looked at next.
    look_at: u64,
    undetected: Undetected,
    passed_over: bool,
}

/// How large the bundle may become.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Compressed bytes.
    pub(crate) budget: u64,
    /// The space of the output's file system; `None` for standard output.
    pub(crate) room: Option<Room>,
}

/// An item between its start and its record.
#[derive(Debug)]
pub(crate) struct Open {
    /// The record so far.
    pub(crate) record: Record,
    started: Instant,
}

impl Open {
    /// How long it has taken so far.
    pub(crate) fn milliseconds(&self, clock: Clock) -> u64 {
        clock.milliseconds_since(self.started)
    }
}

impl<W: Write> Vault<W> {
    /// Begins the bundle; `bundle.json` is written before this returns.
    pub(crate) fn begin(
        out: W,
        setup: &Setup<'_>,
        case: &Case,
        clock: Clock,
        limits: Limits,
    ) -> Result<Self, WriteError> {
        let redactor = Redactor::new(case.key.clone(), Secrets::none());
        let gate = Rc::new(RefCell::new(redactor.gate()));
        let shared = SharedGate {
            gate: Rc::clone(&gate),
            cloak: case.cloak.clone(),
        };
        let writer = BundleWriter::begin(out, setup, Box::new(shared))?;
        Ok(Self {
            writer,
            redactor,
            gate,
            clock,
            started: Instant::now(),
            limits,
            look_at: LOOK_EVERY,
            undetected: Undetected::default(),
            passed_over: false,
        })
    }

    /// Stores `plan.json`.
    pub(crate) fn plan(&mut self, text: &str) -> Result<(), WriteError> {
        match self.redactor.file(ContentKind::Json, text.as_bytes()) {
            Ok(redacted) => self.writer.plan(&redacted),
            Err(error) => Err(WriteError::Io(std::io::Error::other(error))),
        }
    }

    /// From now on what was learned is masked too.
    pub(crate) fn know(&mut self, key: CaseKey, secrets: Secrets) {
        self.redactor = Redactor::new(key, secrets);
        *self.gate.borrow_mut() = self.redactor.gate();
    }

    /// The redactor.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The writer.
    pub(crate) fn writer(&mut self) -> &mut BundleWriter<W> {
        &mut self.writer
    }

    /// Starts an item.
    pub(crate) fn open(&self, id: String, kind: &str, source: &str) -> Open {
        Open {
            record: Record::new(id, kind, source, Outcome::Ok, self.clock.now()),
            started: Instant::now(),
        }
    }

    /// Starts an item that a spec declares.
    pub(crate) fn open_item(&self, id: String, item: &Item, source: &str) -> Open {
        let mut open = self.open(id, item.kind, source);
        open.record.declared = Some(item.declared());
        open
    }

    /// Compressed bytes the bundle may have.
    pub(crate) fn budget(&self) -> u64 {
        self.limits.budget
    }

    /// Compressed bytes that may still be written, as far as known before what waits and the manifest are compressed.
    pub(crate) fn left(&self) -> u64 {
        let waiting = self.writer.pending_bytes() as u64 / 4;
        let manifest = self.writer.records().len() as u64 * RECORD;
        let used = self.writer.bytes_written() + waiting + manifest;
        self.limits.budget.saturating_sub(used)
    }

    /// Whether an item will fit: by its length, or where that is too much by how well parts of it shrink.
    fn fits(&self, bytes: &[u8]) -> bool {
        let left = self.left();
        bytes.len() as u64 <= left || shrunk(bytes) <= left
    }

    /// Whether a file was passed over because it would not fit; smaller ones may still.
    pub(crate) fn passed_over(&self) -> bool {
        self.passed_over
    }

    /// Whether the bundle has its size.
    pub(crate) fn is_full(&self) -> bool {
        self.left() == 0
    }

    /// Lowers the budget so that it crosses none of the thresholds of the kubelet that still hold.
    pub(crate) fn respect(&mut self, floors: &[Floor]) {
        let room = self.limits.room.as_ref();
        if let Some(spare) = room.and_then(|room| room.above(floors)) {
            let written = self.writer.bytes_written();
            self.limits.budget = self.limits.budget.min(written + spare);
        }
    }

    /// Lowers the budget to what is written when the file system ran low meanwhile; looks every 4 MiB.
    pub(crate) fn mind_the_room(&mut self) {
        let written = self.writer.bytes_written();
        if written < self.look_at {
            return;
        }
        self.look_at = written + LOOK_EVERY;
        if self.limits.room.as_ref().is_some_and(Room::is_low) {
            self.limits.budget = self.limits.budget.min(written);
        }
    }

    /// Stores a file of the node, or says in its record why not.
    pub(crate) fn file(
        &mut self,
        mut open: Open,
        path: &str,
        taken: &Taken,
    ) -> Result<Outcome, WriteError> {
        describe(&mut open.record, taken);
        let kind = ContentKind::detect(path, &taken.bytes);
        if let Some(why) = deny::by_content(kind, &taken.bytes) {
            open.record.source_bytes = None;
            return self.fail(open, &Failure::new(Outcome::Skipped, why));
        }
        if !self.fits(&taken.bytes) {
            self.passed_over = true;
            return self.fail(open, &Failure::new(Outcome::Skipped, FULL));
        }
        let entry = format!("files{path}");
        self.content(open, &entry, kind, &taken.bytes)
    }

    /// Stores text made on the node.
    pub(crate) fn text(
        &mut self,
        open: Open,
        entry: &str,
        text: &str,
    ) -> Result<Outcome, WriteError> {
        let kind = if has_ending(entry, "json") {
            ContentKind::Json
        } else {
            ContentKind::Text
        };
        self.content(open, entry, kind, text.as_bytes())
    }

    fn content(
        &mut self,
        mut open: Open,
        entry: &str,
        kind: ContentKind,
        bytes: &[u8],
    ) -> Result<Outcome, WriteError> {
        let redacted = match self.redactor.file(kind, bytes) {
            Ok(redacted) => redacted,
            Err(error) => {
                return self.fail(open, &Failure::new(Outcome::Error, error.to_string()));
            }
        };
        let entry = match EntryPath::new(entry) {
            Ok(entry) => entry,
            Err(error) => {
                return self.fail(open, &Failure::new(Outcome::Error, error.to_string()));
            }
        };
        open.record.duration_ms = self.clock.milliseconds_since(open.started);
        let outcome = open.record.outcome;
        match self.writer.entry(&entry, &redacted, open.record.clone()) {
            Err(WriteError::Duplicate(_)) => self.fail(
                open,
                &Failure::new(Outcome::Skipped, "stored by another item"),
            ),
            Err(error) => Err(error),
            Ok(()) => self.tick().map(|()| outcome),
        }
    }

    /// Adds the record of an item that yielded nothing.
    pub(crate) fn fail(
        &mut self,
        mut open: Open,
        failure: &Failure,
    ) -> Result<Outcome, WriteError> {
        let record = &mut open.record;
        record.outcome = failure.outcome;
        record.errno.clone_from(&failure.errno);
        record.below.clone_from(&failure.below);
        record.reason.clone_from(&failure.reason);
        if record.attributes.is_none() {
            record.attributes = failure.attributes.as_deref().cloned();
        }
        record.duration_ms = self.clock.milliseconds_since(open.started);
        if !self.undetected.takes(record) {
            self.writer.record(open.record)?;
        }
        self.tick()?;
        Ok(failure.outcome)
    }

    /// From now on the items are those of a distribution that was not found; `None` for others.
    pub(crate) fn look_for(&mut self, undetected: Option<&'static str>) {
        self.undetected.look_for(undetected);
    }

    /// Adds the records of distributions that were not found, for the items so far.
    pub(crate) fn tell_undetected(&mut self, what: &str) -> Result<(), WriteError> {
        self.look_for(None);
        let mut records = self.undetected.records(what).into_iter();
        records.try_for_each(|record| self.writer.record(record))
    }

    /// Lets the writer store what waited too long; with a fixed clock nothing depends on time.
    fn tick(&mut self) -> Result<(), WriteError> {
        if self.clock.is_fixed() {
            return Ok(());
        }
        self.writer.tick(self.started.elapsed())
    }

    /// When the bundle began, for those who tell the writer the time; `None` with a fixed clock.
    pub(crate) fn began(&self) -> Option<Instant> {
        (!self.clock.is_fixed()).then_some(self.started)
    }

    /// Ends the bundle.
    pub(crate) fn finish(self, complete: bool, reason: Option<String>) -> Result<W, WriteError> {
        self.writer.finish(complete, reason)
    }
}

/// Why the rest is left out of a bundle at its limit.
pub(crate) const FULL: &str = "the bundle has its size";

/// About how many compressed bytes a text will need, from parts of it.
fn shrunk(bytes: &[u8]) -> u64 {
    let step = (bytes.len() / SAMPLES).max(SAMPLE);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let mut taken = 0;
    for part in bytes.chunks(step) {
        let part = part.get(..SAMPLE).unwrap_or(part);
        taken += part.len() as u64;
        if encoder.write_all(part).is_err() {
            return bytes.len() as u64;
        }
    }
    let packed = encoder.finish().map_or(taken, |packed| packed.len() as u64);
    bytes.len() as u64 * packed / taken.max(1)
}

/// Parts looked at, and bytes of each.
const SAMPLES: usize = 4;
const SAMPLE: usize = 16 << 10;

/// Compressed bytes that a record adds to the manifest, generously.
const RECORD: u64 = 64;

/// The space is looked at again after this many bytes.
const LOOK_EVERY: u64 = 4 << 20;

/// The gate is made before the secrets are learned, and exchanged afterwards.
///
/// What it looks at has its pseudonyms already.
struct SharedGate {
    gate: Rc<RefCell<SecretGate>>,
    cloak: Option<Cloak>,
}

impl Gate for SharedGate {
    fn check(&mut self, bytes: &[u8]) -> Option<(Vec<u8>, BTreeMap<String, u64>)> {
        let Some(cloak) = &self.cloak else {
            return self.gate.borrow_mut().check(bytes);
        };
        let cloaked = cloak.bytes(bytes);
        match self.gate.borrow_mut().check(&cloaked) {
            Some(masked) => Some(masked),
            None if cloaked == bytes => None,
            None => Some((cloaked, BTreeMap::new())),
        }
    }

    fn name(&mut self, name: &str) -> Option<String> {
        self.cloak.as_ref().map(|cloak| cloak.name(name))
    }
}

fn describe(record: &mut Record, taken: &Taken) {
    record.attributes = Some(taken.info.attributes.clone());
    record.source_bytes = Some(taken.info.size);
    record.kept.clone_from(&taken.info.kept);
    record.outcome = if !taken.info.kept.is_empty() {
        Outcome::Truncated
    } else if taken.bytes.is_empty() {
        Outcome::Empty
    } else {
        Outcome::Ok
    };
}
