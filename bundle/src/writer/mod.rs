//! The only way to make a bundle: in one pass, in order, with every byte seen by the gate.

mod gate;
mod parts;
mod places;
#[cfg(test)]
pub(crate) mod sample;
mod tar_gz;
#[cfg(test)]
mod tests;
mod zip;

pub use gate::Gate;
pub use parts::{PartWriter, Position};

use crate::member::HOLDS_MANIFEST_PART;
use crate::{BundleInfo, EntryPath, Manifest, Record, Redacted, entry_path::EntryPathError};
use crate::{hex::hex, manifest::SCHEMA_VERSION};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;
use tar_gz::TarGz;
pub(crate) use tar_gz::headers as tar_headers;
use zip::Zip;

/// Records go to disk at least this often, in items …
const RECORDS_PER_PART: usize = 64;
/// … and in time. A gzip member is never held open for longer.
const FLUSH_AFTER: Duration = Duration::from_secs(2);

/// The container of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `.tar.gz` of self-describing members.
    TarGz,
    /// `.zip`.
    Zip,
}

/// Why a bundle could not be written on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output failed; what was handed to it before can be read.
    #[error("cannot write the bundle: {0}")]
    Io(#[from] io::Error),
    /// The entry does not fit into one member.
    #[error(
        "{name} has {bytes} bytes, more than one entry can hold: split it into a stream of parts"
    )]
    TooLarge {
        /// Name with the top folder.
        name: String,
        /// Bytes of content.
        bytes: usize,
    },
    /// The name is taken by an entry written before, or reserved for the manifest.
    #[error("{0} is in the bundle already: every entry needs a name of its own")]
    Duplicate(EntryPath),
    /// The name cannot name an entry.
    #[error("cannot name an entry {name:?}: {why}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        why: EntryPathError,
    },
}

/// What a bundle is made with.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// `.tar.gz` or `.zip`.
    pub container: Container,
    /// The folder that holds everything: `nodebundle-<node>-<utc>`.
    pub top_folder: &'a str,
    /// Content of `bundle.json`.
    pub info: &'a BundleInfo,
    /// Modification time of every entry, in seconds since 1970.
    pub mtime: u64,
}

/// A bundle that is being written. The caller owns the output and its file.
///
/// The same calls make the same bytes. Entries are stored in the order in which they come.
pub struct BundleWriter<W: Write> {
    out: W,
    written: u64,
    archive: Archive,
    top: String,
    gate: Box<dyn Gate>,
    gate_hits: BTreeMap<String, u64>,
    names: BTreeSet<String>,
    records: Vec<Record>,
    records_stored: usize,
    manifest_parts: u32,
    now: Duration,
    open_since: Duration,
    unrecorded_since: Duration,
}

enum Archive {
    TarGz(TarGz),
    Zip(Zip),
}

/// Bytes as they were stored.
struct Stored<'b> {
    bytes: Cow<'b, [u8]>,
    gate_hits: BTreeMap<String, u64>,
}

impl<W: Write> BundleWriter<W> {
    /// Writes `bundle.json` and flushes it to `out`, before anything of the node is read.
    pub fn begin(out: W, setup: &Setup<'_>, gate: Box<dyn Gate>) -> Result<Self, WriteError> {
        let archive = match setup.container {
            Container::TarGz => Archive::TarGz(TarGz::new(setup.mtime)),
            Container::Zip => Archive::Zip(Zip::new(setup.mtime)),
        };
        let mut writer = Self {
            out,
            written: 0,
            archive,
            top: named(setup.top_folder)?.to_string(),
            gate,
            gate_hits: BTreeMap::new(),
            names: BTreeSet::from(["manifest.json".to_owned()]),
            records: Vec::new(),
            records_stored: 0,
            manifest_parts: 0,
            now: Duration::ZERO,
            open_since: Duration::ZERO,
            unrecorded_since: Duration::ZERO,
        };
        let info = json(serde_json::to_vec_pretty(setup.info))?;
        writer.store(&named("bundle.json")?, &info, 0)?;
        writer.close_member()?;
        Ok(writer)
    }

    /// Writes `plan.json`: what will be asked for.
    pub fn plan(&mut self, plan: &Redacted) -> Result<(), WriteError> {
        self.store(&named("plan.json")?, plan.bytes(), 0)?;
        self.close_member()
    }

    /// Stores one item whole. Path, stored bytes, checksum and redactions of the record are filled in here.
    pub fn entry(
        &mut self,
        path: &EntryPath,
        content: &Redacted,
        record: Record,
    ) -> Result<(), WriteError> {
        self.entry_of(path, content.bytes(), content.counts(), record)
    }

    /// Adds the record of an item that yielded nothing.
    pub fn record(&mut self, record: Record) -> Result<(), WriteError> {
        if self.records_stored == self.records.len() {
            self.unrecorded_since = self.now;
        }
        self.records.push(record);
        if self.records.len() - self.records_stored >= RECORDS_PER_PART {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Begins a stream whose parts are `<folder>/0001.log`, …; all records so far are stored first.
    pub fn stream(
        &mut self,
        record: Record,
        folder: EntryPath,
    ) -> Result<PartWriter<'_, W>, WriteError> {
        self.checkpoint()?;
        Ok(PartWriter::new(self, record, folder))
    }

    /// Tells the time, as time since the start, and stores what waited for two seconds or more.
    pub fn tick(&mut self, now: Duration) -> Result<(), WriteError> {
        self.now = now;
        let due = |since: Duration| now.saturating_sub(since) >= FLUSH_AFTER;
        if self.records_stored < self.records.len() && due(self.unrecorded_since) {
            self.checkpoint()
        } else if self.pending_bytes() > 0 && due(self.open_since) {
            self.close_member()
        } else {
            Ok(())
        }
    }

    /// Stores all records so far as a part of the manifest and hands everything to `out`.
    pub fn checkpoint(&mut self) -> Result<(), WriteError> {
        self.manifest_part()?;
        self.close_member()
    }

    /// Writes `manifest.json` and the end of the archive; gives `out` back. `reason` says why it is not complete.
    pub fn finish(mut self, complete: bool, reason: Option<String>) -> Result<W, WriteError> {
        self.manifest_part()?;
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            complete,
            reason,
            records: std::mem::take(&mut self.records),
        };
        let bytes = json(manifest.to_json())?;
        let manifest = self.store_unlisted("manifest.json", &bytes, 0).map(|_| ());
        match &mut self.archive {
            Archive::TarGz(tar) => tar.end(),
            Archive::Zip(zip) => {
                let end = zip.end();
                self.hand_over(&end)?;
            }
        }
        self.close_member()?;
        manifest.map(|()| self.out)
    }

    /// Compressed bytes handed to the output.
    pub fn bytes_written(&self) -> u64 {
        self.written
    }

    /// Bytes that wait in memory: text of the open gzip member, or the central directory of a zip.
    pub fn pending_bytes(&self) -> usize {
        match &self.archive {
            Archive::TarGz(tar) => tar.waiting(),
            Archive::Zip(zip) => zip.waiting(),
        }
    }

    /// All records so far, in the order in which they were finished.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What the gate had to mask: rule id → hits. Not empty means exit code 4.
    pub fn gate_hits(&self) -> &BTreeMap<String, u64> {
        &self.gate_hits
    }

    fn entry_of(
        &mut self,
        path: &EntryPath,
        bytes: &[u8],
        counts: &BTreeMap<String, u64>,
        mut record: Record,
    ) -> Result<(), WriteError> {
        let stored = self.store(path, bytes, 0)?;
        record.path = Some(path.clone());
        record.stored_bytes = stored.bytes.len() as u64;
        record.sha256 = hex(&Sha256::digest(&stored.bytes));
        add_counts(&mut record.redactions, counts);
        add_counts(&mut record.redactions, &stored.gate_hits);
        places::note(&mut record, &stored.bytes, None);
        self.record(record)
    }

    fn manifest_part(&mut self) -> Result<(), WriteError> {
        let fresh = self.records.get(self.records_stored..).unwrap_or_default();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for record in fresh {
            lines.extend(json(serde_json::to_vec(record))?);
            lines.push(b'\n');
        }
        let part = self.manifest_parts + 1;
        let name = named(&format!("manifest/{part:04}.jsonl"))?;
        self.store(&name, &lines, HOLDS_MANIFEST_PART)?;
        self.manifest_parts = part;
        self.records_stored = self.records.len();
        Ok(())
    }

    fn store<'b>(
        &mut self,
        path: &EntryPath,
        bytes: &'b [u8],
        flags: u8,
    ) -> Result<Stored<'b>, WriteError> {
        if !self.names.insert(path.as_str().to_owned()) {
            return Err(WriteError::Duplicate(path.clone()));
        }
        self.store_unlisted(path.as_str(), bytes, flags)
    }

    fn store_unlisted<'b>(
        &mut self,
        name: &str,
        bytes: &'b [u8],
        flags: u8,
    ) -> Result<Stored<'b>, WriteError> {
        let stored = self.pass_gate(bytes);
        let name = self.shown(name)?;
        self.append(&format!("{}/{name}", self.top), &stored.bytes, flags)?;
        Ok(stored)
    }

    /// Stores a part of a stream in a member of its own.
    fn store_part<'b>(
        &mut self,
        path: &EntryPath,
        text: &'b [u8],
    ) -> Result<Stored<'b>, WriteError> {
        self.close_member()?;
        let stored = self.store(path, text, 0)?;
        self.close_member()?;
        Ok(stored)
    }

    /// The name that the gate gives an entry.
    fn shown(&mut self, name: &str) -> Result<EntryPath, WriteError> {
        named(&self.gate.name(name).unwrap_or_else(|| name.to_owned()))
    }

    fn pass_gate<'b>(&mut self, bytes: &'b [u8]) -> Stored<'b> {
        match self.gate.check(bytes) {
            Some((masked, gate_hits)) => {
                add_counts(&mut self.gate_hits, &gate_hits);
                Stored {
                    bytes: Cow::Owned(masked),
                    gate_hits,
                }
            }
            None => Stored {
                bytes: Cow::Borrowed(bytes),
                gate_hits: BTreeMap::new(),
            },
        }
    }

    fn append(&mut self, name: &str, bytes: &[u8], flags: u8) -> Result<(), WriteError> {
        match &mut self.archive {
            Archive::TarGz(tar) => {
                if tar.waiting() == 0 {
                    self.open_since = self.now;
                }
                tar.append(name, bytes, flags)?;
                if tar.is_full() {
                    self.close_member()?;
                }
            }
            Archive::Zip(zip) => {
                let entry = zip.entry(name, bytes)?;
                self.hand_over(&entry)?;
            }
        }
        Ok(())
    }

    fn close_member(&mut self) -> Result<(), WriteError> {
        if let Archive::TarGz(tar) = &mut self.archive
            && let Some(member) = tar.take()?
        {
            self.hand_over(&member)?;
        }
        Ok(self.out.flush()?)
    }

    fn hand_over(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.out.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

fn named(name: &str) -> Result<EntryPath, WriteError> {
    EntryPath::new(name).map_err(|why| WriteError::Name {
        name: name.to_owned(),
        why,
    })
}

fn json(bytes: serde_json::Result<Vec<u8>>) -> Result<Vec<u8>, WriteError> {
    bytes.map_err(|error| WriteError::Io(error.into()))
}

fn add_counts(to: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>) {
    for (rule, count) in from {
        *to.entry(rule.clone()).or_default() += count;
    }
}
