//! A copy of any bundle without its secrets: what another tool packed, or a folder, becomes an ordinary archive whose entries
//! went through the redactor.
//!
//! Names, but for secrets in them, order and times stay. Archives inside are opened; what was in them stands under `archive!/name`. Compressed files
//! are stored plain under their name. The input is read twice; once more when a log is too long to be held and the copy is
//! a tar, whose headers state sizes. Nothing is written but the copy, and no entry is held but short ones.

mod first;
mod kept;
mod names;
mod text;

use crate::reader::{Control, EntryHead, Input, Limits, ReadError, ReadSummary, Reader, Visit};
use crate::redact::{CaseKey, Redactor};
use first::First;
use kept::Archive;
pub(crate) use names::Names;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use text::Masker;

pub use kept::Format;

/// The entry that says what was masked and left out.
pub const ENTRY: &str = "scrub.json";

/// How to scrub.
#[derive(Debug, Clone)]
pub struct ScrubOptions {
    /// Container of the copy.
    pub format: Format,
    /// Keep entries that cannot be searched for secrets, as they are.
    pub keep_binaries: bool,
    /// The key that ids of masked values depend on. `None` derives one from all that is read: the same input has the same ids.
    pub key: Option<CaseKey>,
    /// Name and version of the program, for [`ENTRY`].
    pub tool: String,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Entries of the copy, without links and [`ENTRY`].
    pub entries: u64,
    /// Entry → rule id → values masked; `name` counts a masked name. Entries without any are left out.
    pub masked: BTreeMap<String, BTreeMap<String, u64>>,
    /// Entries that are not in the copy, and why.
    pub left_out: Vec<(String, String)>,
    /// Entries that were kept although they could not be searched.
    pub unsearched: Vec<String>,
    /// What could not be read of the input.
    pub damage: Vec<String>,
    /// The input was read to its proper end.
    pub complete: bool,
}

impl Scrubbed {
    /// Rule id → values masked in all entries.
    pub fn totals(&self) -> BTreeMap<&str, u64> {
        let mut totals = BTreeMap::new();
        for (rule, count) in self.masked.values().flatten() {
            *totals.entry(rule.as_str()).or_insert(0) += count;
        }
        totals
    }
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScrubError {
    /// The input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The copy cannot be written.
    #[error("cannot write the copy: {0}")]
    Write(#[from] io::Error),
    /// Nothing of the input can be read.
    #[error("{0}: nothing in it can be read, so there is nothing to copy")]
    Nothing(String),
}

/// Writes a copy without secrets to `out`.
pub fn scrub(
    input: &Input,
    limits: &Limits,
    options: &ScrubOptions,
    out: &mut dyn Write,
) -> Result<Scrubbed, ScrubError> {
    let limits = &Limits {
        listed: usize::try_from(limits.entries).unwrap_or(usize::MAX),
        links: usize::try_from(limits.entries).unwrap_or(usize::MAX),
        ..limits.clone()
    };
    let mut reader = Reader::new(input.clone(), limits.clone());
    let First { secrets, key, long } = first::read(&mut reader)?;
    let redactor = Redactor::new(options.key.clone().unwrap_or(key), secrets);
    let sizes = if long && options.format == Format::TarGz {
        sizes(&mut reader, &redactor, options.keep_binaries)?
    } else {
        BTreeMap::new()
    };
    let mut copy = Copy {
        archive: Archive::begin(options.format, out),
        names: Names::new(redactor.clone()),
        masker: Masker::new(redactor, options.keep_binaries),
        sizes,
        place: 0,
        done: Scrubbed::default(),
        failed: None,
    };
    let summary = reader.read(&mut |head, body| copy.entry(head, body))?;
    copy.end(&summary, options)?
        .ok_or_else(|| ScrubError::Nothing(input.name()))
}

/// Sizes of long entries once they are masked, by their place among the entries.
fn sizes(
    reader: &mut Reader,
    redactor: &Redactor,
    keep_binaries: bool,
) -> Result<BTreeMap<u64, u64>, ReadError> {
    let mut masker = Masker::new(redactor.clone(), keep_binaries);
    let mut sizes = BTreeMap::new();
    let mut place = 0;
    let visit: &mut Visit<'_> = &mut |head, body| {
        let mut size = 0;
        let mut count = |bytes: &[u8]| {
            size += bytes.len() as u64;
            Ok(())
        };
        // The same error comes again where the entry is copied.
        let whole = masker.entry(&head.full_name(), body, &mut |_| Ok(()), &mut count);
        if whole.is_ok_and(|entry| entry.is_long) {
            sizes.insert(place, size);
        }
        place += 1;
        Control::Continue
    };
    reader.read(visit)?;
    Ok(sizes)
}

/// The copy while it is made.
struct Copy<'o> {
    archive: Archive<'o>,
    names: Names,
    masker: Masker,
    sizes: BTreeMap<u64, u64>,
    place: u64,
    done: Scrubbed,
    /// Why nothing more can be written.
    failed: Option<io::Error>,
}

impl Copy<'_> {
    fn entry(&mut self, head: EntryHead<'_>, body: &mut dyn BufRead) -> Control {
        let name = head.full_name();
        let size = self.sizes.get(&self.place).copied();
        self.place += 1;
        match self.masked(&name, head.mtime.unwrap_or(0), size, body) {
            Ok(()) => Control::Continue,
            Err(error) => {
                self.failed = Some(error);
                Control::Stop
            }
        }
    }

    fn masked(
        &mut self,
        name: &str,
        mtime: u64,
        size: Option<u64>,
        body: &mut dyn BufRead,
    ) -> io::Result<()> {
        let archive = std::cell::RefCell::new(&mut self.archive);
        let shown = self.names.masked(name);
        let mut entry = self.masker.entry(
            name,
            body,
            &mut |held| archive.borrow_mut().open(&shown, mtime, size.or(held)),
            &mut |bytes| archive.borrow_mut().write(bytes),
        )?;
        if shown != name {
            *entry.counts.entry("name".to_owned()).or_insert(0) += 1;
        }
        let name: &str = &shown;
        if let Some(why) = entry.left_out {
            self.done.left_out.push((name.to_owned(), why.to_owned()));
            return Ok(());
        }
        self.archive.close()?;
        self.done.entries += 1;
        if entry.is_unsearched {
            self.done.unsearched.push(name.to_owned());
        }
        if !entry.counts.is_empty() {
            let counts = self.done.masked.entry(name.to_owned()).or_default();
            for (rule, count) in entry.counts {
                *counts.entry(rule).or_insert(0) += count;
            }
        }
        Ok(())
    }

    /// Links, and what was done; `None` where nothing was read.
    fn end(
        mut self,
        summary: &ReadSummary,
        options: &ScrubOptions,
    ) -> Result<Option<Scrubbed>, io::Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        for refusal in &summary.refused {
            let name = self.names.masked(&refusal.name).into_owned();
            self.done.left_out.push((name, refusal.why.clone()));
        }
        self.done.damage = summary
            .damage
            .iter()
            .map(|damage| damage.what.clone())
            .collect();
        self.done.damage.extend(summary.stopped.clone());
        self.done.complete = summary.complete;
        if self.done.entries == 0 {
            return Ok(None);
        }
        for link in &summary.links {
            let name = self.names.masked(&link.name).into_owned();
            if !self.archive.link(&name, &self.names.masked(&link.target))? {
                let why = "a link that cannot be stored";
                self.done.left_out.push((name, why.to_owned()));
            }
        }
        let mut text = serde_json::to_vec_pretty(&manifest(&self.done, options))?;
        text.push(b'\n');
        self.archive.open(ENTRY, 0, Some(text.len() as u64))?;
        self.archive.write(&text)?;
        self.archive.close()?;
        self.archive.finish()?;
        Ok(Some(self.done))
    }
}

fn manifest(done: &Scrubbed, options: &ScrubOptions) -> serde_json::Value {
    let left_out = done.left_out.iter();
    json!({
        "schema_version": 1,
        "tool": options.tool,
        "complete": done.complete,
        "entries": done.entries,
        "totals": done.totals(),
        "masked": done.masked,
        "left_out": left_out.map(|(name, why)| json!({"entry": name, "why": why})).collect::<Vec<_>>(),
        "unsearched": done.unsearched,
        "damage": done.damage,
    })
}

#[cfg(test)]
mod tests;
