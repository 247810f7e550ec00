//! The only door to a bundle, and to what other tools pack: a stream of entries, whatever the container.
//!
//! Nothing is written to disk, no name is followed, no size is believed. What an input is, its content tells, never its
//! name. An input that is cut or damaged yields what is left of it.

mod codec;
mod detect;
mod folder;
mod guard;
mod input;
mod limits;
mod manifest;
mod members;
mod name;
mod part;
mod pump;
mod summary;
mod tar;
#[cfg(test)]
mod tests;
mod unseal;
mod walk;
mod xz;
mod zip;
mod zip_cut;
mod zip_end;
mod zstd;

pub use input::{Expanded, Input, expand};
pub use limits::Limits;
pub use summary::{Control, Damage, EntryHead, Link, Packing, ReadSummary, Refusal};
pub use unseal::{Keys, Seekable, Unseal, UnsealError};
pub use walk::Visit;

use crate::hex::hex;
use detect::{Content, Seal};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Seek as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use walk::{BUFFER, Meta, Opening, Walk};

/// Why an input could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It cannot be opened.
    #[error("cannot open {name}: {why}")]
    Open {
        /// As the person named it.
        name: String,
        /// What the system says.
        why: io::Error,
    },
    /// It has to be held in memory and is larger than allowed.
    #[error(
        "{name} is larger than the {allowed} bytes that can be read from a stream: give it as a file"
    )]
    TooLarge {
        /// As the person named it.
        name: String,
        /// The limit.
        allowed: u64,
    },
    /// It is one of the parts that `--split` made.
    #[error(
        "{name} is one part of a split bundle: join the parts first with `cat {whole}.[0-9]* > {whole}` (on Windows: copy /b {whole}.001+{whole}.002+… {whole}), then read {whole}"
    )]
    Part {
        /// As the person named it.
        name: String,
        /// File name of the joined bundle.
        whole: String,
    },
    /// It is encrypted, and only its receiver has the key.
    #[error(
        "{name} is encrypted with age: decrypt it first with `age -d -i KEYFILE -o {plain} {name}`, where KEYFILE holds the receiver's private key, then read {plain}; or give KEYFILE to the analyzer with --identity"
    )]
    Encrypted {
        /// As the person named it.
        name: String,
        /// A name for the decrypted bundle.
        plain: String,
    },
    /// It is encrypted, and the keys that are at hand do not open it.
    #[error("{name}: {why}")]
    Sealed {
        /// As the person named it.
        name: String,
        /// Why, and what to do.
        why: UnsealError,
    },
}

impl ReadError {
    fn open(name: &str, why: io::Error) -> Self {
        Self::Open {
            name: name.to_owned(),
            why,
        }
    }

    fn encrypted(name: String) -> Self {
        let plain = name.strip_suffix(".age").unwrap_or("BUNDLE").to_owned();
        Self::Encrypted { name, plain }
    }
}

/// One input that can be read several times.
#[derive(Debug)]
pub struct Reader {
    input: Input,
    limits: Limits,
    listing: Option<Listing>,
}

/// What a first reading tells.
#[derive(Debug, Clone, Default)]
struct Listing {
    /// Archive → the folder that holds everything in it.
    tops: BTreeMap<String, String>,
    names: Vec<String>,
}

impl Reader {
    /// A reader; the input is opened when it is read.
    pub fn new(input: Input, limits: Limits) -> Self {
        Self {
            input,
            limits,
            listing: None,
        }
    }

    /// Names of all entries in order, without top folders; what is inside an archive of the input is `archive!/name`.
    /// A foreign archive is read once for it.
    pub fn names(&mut self) -> Result<&[String], ReadError> {
        if self.listing.is_none() {
            self.listing = Some(self.list()?);
        }
        Ok(self.listing.as_ref().map_or(&[], |listing| &listing.names))
    }

    /// Offers every entry to `visit`. The order is that of the archive; in a folder, that of the names.
    pub fn read(&mut self, visit: &mut Visit<'_>) -> Result<ReadSummary, ReadError> {
        let tops = self.tops()?;
        self.pass(&tops, Opening::Everything, visit)
    }

    /// Like [`Reader::read`], and computes the checksum of the file besides.
    pub fn read_hashed(&mut self, visit: &mut Visit<'_>) -> Result<ReadSummary, ReadError> {
        let tops = self.tops()?;
        self.hashed_pass(&tops, Opening::Everything, visit)
    }

    /// Like [`Reader::read_hashed`], but what is compressed or an archive inside the input is offered as it is stored.
    pub fn read_stored(&mut self, visit: &mut Visit<'_>) -> Result<ReadSummary, ReadError> {
        let tops = self.tops()?;
        self.hashed_pass(&tops, Opening::Stored, visit)
    }

    /// Top folders, without a reading of its own where the first entry tells that it is a bundle of ours.
    fn tops(&mut self) -> Result<BTreeMap<String, String>, ReadError> {
        if let Some(listing) = &self.listing {
            return Ok(listing.tops.clone());
        }
        let mut first = None;
        self.pass(&BTreeMap::new(), Opening::First, &mut |head, _| {
            first = Some((head.archive.to_owned(), head.name.to_owned()));
            Control::Stop
        })?;
        match first {
            Some((archive, name)) if archive.is_empty() && name == "bundle.json" => {
                return Ok(BTreeMap::new());
            }
            Some((archive, name)) if archive.is_empty() => {
                if let Some((top, "bundle.json")) = name.split_once('/') {
                    return Ok(BTreeMap::from([(archive, top.to_owned())]));
                }
            }
            _ => {}
        }
        self.names()?;
        Ok(self
            .listing
            .as_ref()
            .map(|listing| listing.tops.clone())
            .unwrap_or_default())
    }

    fn list(&self) -> Result<Listing, ReadError> {
        let mut found: Vec<(String, String)> = Vec::new();
        self.pass(&BTreeMap::new(), Opening::Names, &mut |head, _| {
            found.push((head.archive.to_owned(), head.name.to_owned()));
            Control::Continue
        })?;
        let archives: BTreeSet<&str> = found.iter().map(|(archive, _)| archive.as_str()).collect();
        let mut tops = BTreeMap::new();
        for archive in archives {
            let inside = found.iter().filter(|(a, _)| a == archive);
            if let Some(top) = name::common_top(inside.map(|(_, name)| name.as_str())) {
                tops.insert(archive.to_owned(), top.to_owned());
            }
        }
        let names = found.iter().map(|(archive, name)| {
            let name = name::below(tops.get(archive).map(String::as_str), name);
            summary::full_name(archive, name)
        });
        Ok(Listing {
            names: names.collect(),
            tops,
        })
    }

    /// A pass while another thread computes the checksum of the file.
    fn hashed_pass(
        &self,
        tops: &BTreeMap<String, String>,
        opening: Opening,
        visit: &mut Visit<'_>,
    ) -> Result<ReadSummary, ReadError> {
        let stopped = AtomicBool::new(false);
        thread::scope(|scope| {
            let hashing = thread::Builder::new().spawn_scoped(scope, || self.sha256(&stopped));
            let read = self.pass(tops, opening, &mut |head, body| {
                let control = visit(head, body);
                stopped.fetch_or(control == Control::Stop, Ordering::Relaxed);
                control
            });
            let hashed = match hashing {
                Ok(thread) => thread.join().unwrap_or(Ok(None)),
                Err(_) => self.sha256(&stopped),
            };
            Ok(ReadSummary {
                sha256: hashed?,
                ..read?
            })
        })
    }

    fn pass<'w>(
        &'w self,
        tops: &'w BTreeMap<String, String>,
        opening: Opening,
        visit: &'w mut Visit<'w>,
    ) -> Result<ReadSummary, ReadError> {
        let mut walk = Walk::new(&self.limits, tops, opening, visit, self.input.keys());
        if let Some(folder) = self.input.folder() {
            walk.enter("", Packing::Folder, |walk| folder::walk(walk, folder));
            return Ok(walk.into_summary());
        }
        if let Some(path) = self.input.path() {
            part::must_be_joined(path)?;
        }
        let mut file = self.plain()?;
        let mut head = [0; detect::PEEK];
        let filled = guard::fill(&mut file, &mut head);
        let head = head.get(..filled).unwrap_or_default();
        let content = detect::content(head);
        if detect::is_cut_magic(head) {
            walk.damage(Some(filled as u64), "the input is cut short here");
        } else if content == Content::Zip {
            walk.enter("", Packing::Zip, |walk| zip::walk(walk, file));
        } else if content == Content::Members && opening != Opening::First {
            walk.enter("", Packing::MemberTarGz, |walk| {
                members::walk_ahead(walk, &mut head.chain(file));
            });
        } else {
            let name = self.input.entry_name();
            let meta = Meta {
                name: name.as_bytes(),
                size: None,
                mtime: None,
                cut: false,
            };
            walk.offer(meta, &mut head.chain(file));
        }
        Ok(walk.into_summary())
    }

    /// The input, decrypted where it has to be.
    fn plain(&self) -> Result<Box<dyn Seekable + Send + '_>, ReadError> {
        let mut file = self.input.open()?;
        let mut head = [0; detect::PEEK];
        let filled = guard::fill(&mut file, &mut head);
        let content = detect::content(head.get(..filled).unwrap_or_default());
        let rewound = file.rewind();
        rewound.map_err(|error| ReadError::open(&self.input.name(), error))?;
        match (content, self.input.keys()) {
            (Content::Sealed(_), None) => Err(ReadError::encrypted(self.input.name())),
            (Content::Sealed(Seal::Bytes), Some(keys)) => {
                let plain = keys.unseal().file(file);
                plain.map_err(|why| ReadError::Sealed {
                    name: self.input.name(),
                    why,
                })
            }
            _ => Ok(file),
        }
    }

    /// `None` for a folder, or once the reading was stopped.
    fn sha256(&self, stopped: &AtomicBool) -> Result<Option<String>, ReadError> {
        if self.input.folder().is_some() {
            return Ok(None);
        }
        let mut file = self.input.open()?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            if stopped.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Some(hex(&hash.finalize()))),
                Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::open(&self.input.name(), error)),
            }
        }
    }
}

/// Offers every entry of an input to `visit`; see [`Reader::read`].
pub fn read(
    input: &Input,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<ReadSummary, ReadError> {
    Reader::new(input.clone(), limits.clone()).read(visit)
}

/// Names of all entries; see [`Reader::names`].
pub fn names(input: &Input, limits: &Limits) -> Result<Vec<String>, ReadError> {
    Reader::new(input.clone(), limits.clone())
        .names()
        .map(<[String]>::to_vec)
}
