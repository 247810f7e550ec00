//! The journal files of a node, opened through its door.

use super::bytes::{Bytes, Cache};
use super::file::JournalFile;
use crate::host::door::Door;
use crate::host::wire::Failure;
use nodebundle_bundle::Outcome;
use nodebundle_journal::Unusable;
use std::cell::RefCell;
use std::rc::Rc;

/// Journal files that are open, so that every stream reads the same ones.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) folders: Vec<String>,
    pub(super) usable: Vec<JournalFile>,
    /// Those that yield nothing, and why.
    pub(super) unusable: Vec<UnusableFile>,
    cache: Rc<RefCell<Cache>>,
}

/// A journal file that is not read.
#[derive(Debug, Clone)]
pub(super) struct UnusableFile {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) failure: Failure,
}

impl Files {
    /// Opens what is there; fails when there is no folder at all.
    pub(super) fn open(door: &Door, folders: &[String]) -> Result<Self, Failure> {
        let mut opened = Self {
            folders: folders.to_vec(),
            usable: Vec::new(),
            unusable: Vec::new(),
            cache: Rc::default(),
        };
        let mut failures = Vec::new();
        let mut found = false;
        for folder in folders {
            match door.list(folder) {
                Ok(listing) => {
                    found = true;
                    opened.folder(door, folder, &listing);
                }
                Err(failure) => failures.push(failure),
            }
        }
        if found {
            return Ok(opened);
        }
        // One that may not be read says more than one that is not there.
        let absent = |failure: &Failure| failure.outcome == Outcome::Absent;
        let worst = failures
            .iter()
            .position(|failure| !absent(failure))
            .unwrap_or(0);
        Err(failures
            .into_iter()
            .nth(worst)
            .unwrap_or_else(|| Failure::new(Outcome::Error, "no journal folder")))
    }

    fn folder(&mut self, door: &Door, folder: &str, listing: &crate::host::wire::Listing) {
        for entry in &listing.entries {
            let path = format!("{folder}/{}", entry.name);
            if entry.kind == "dir" && is_machine(&entry.name) {
                match door.list(&path) {
                    Ok(inner) => {
                        let files = inner.entries.iter().filter(|file| file.kind == "file");
                        for file in files {
                            self.file(door, format!("{path}/{}", file.name), file.size);
                        }
                    }
                    Err(failure) => self.refuse(path, 0, failure),
                }
            } else if entry.kind == "file" {
                self.file(door, path, entry.size);
            }
        }
    }

    fn file(&mut self, door: &Door, path: String, size: u64) {
        if !(path.ends_with(".journal") || path.ends_with(".journal~")) {
            return;
        }
        if self.usable.len() >= MOST_FILES {
            let failure = Failure::new(Outcome::Skipped, "more journal files than are read");
            return self.refuse(path, size, failure);
        }
        let file = match door.open_regular(&path) {
            Ok(file) => file,
            Err(failure) => return self.refuse(path, size, failure),
        };
        let bytes = Bytes::new(file, self.usable.len(), Rc::clone(&self.cache));
        match JournalFile::open(path.clone(), size, bytes) {
            Err(why) => self.refuse(path, size, explain(why)),
            // The same file under two names.
            Ok(file)
                if self
                    .usable
                    .iter()
                    .any(|other| other.header.file_id == file.header.file_id) => {}
            Ok(file) => self.usable.push(file),
        }
    }

    fn refuse(&mut self, path: String, size: u64, failure: Failure) {
        self.unusable.push(UnusableFile {
            path,
            size,
            failure,
        });
    }

    /// Looks at the files again before they are read.
    pub(super) fn refresh(&mut self) {
        self.cache.borrow_mut().clear();
        for file in &mut self.usable {
            file.refresh();
        }
    }

    /// Reads that failed so far.
    pub(super) fn errors(&self) -> u64 {
        self.cache.borrow().errors()
    }

    /// Why nothing can be read, when no file is usable.
    pub(super) fn failure(&self) -> Option<Failure> {
        if !self.usable.is_empty() {
            return None;
        }
        let folders = self.folders.join(", ");
        Some(match self.unusable.first() {
            None => Failure::new(Outcome::Absent, format!("no journal file in {folders}")),
            Some(first) => Failure {
                reason: Some(format!(
                    "no usable journal file in {folders}: {}",
                    first.failure.reason.as_deref().unwrap_or("not readable")
                )),
                ..first.failure.clone()
            },
        })
    }
}

fn explain(why: Unusable) -> Failure {
    match why {
        Unusable::Empty => Failure::new(Outcome::Empty, "an empty file"),
        Unusable::Short => Failure::new(Outcome::Error, "cut off within its header"),
        Unusable::NoJournal => Failure::new(Outcome::Error, "its header is not that of a journal"),
        Unusable::Future(flags) => Failure::new(
            Outcome::Error,
            format!("written in a newer format (flags {flags:#x})"),
        ),
    }
}

/// A machine id, or one with a namespace behind it.
fn is_machine(name: &str) -> bool {
    let id = name.split('.').next().unwrap_or(name);
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Journal files that are read.
const MOST_FILES: usize = 1024;
