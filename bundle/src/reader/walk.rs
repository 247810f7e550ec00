//! From any stream to entries: what is an archive is opened, everything else is offered to the visitor.

use super::codec::Codec;
use super::detect::{self, PEEK};
use super::guard::{Content, Counted, Inflated, Lasting, fill};
use super::limits::{Budget, Limits};
use super::summary::{Control, Damage, EntryHead, Link, Packing, ReadSummary, Refusal, shown};
use super::unseal::Keys;
use super::{members, name, tar, zip};
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead, BufReader, Cursor, Read as _};
use std::rc::Rc;

/// What is called for each entry.
pub type Visit<'v> = dyn FnMut(EntryHead<'_>, &mut dyn BufRead) -> Control + 'v;

/// Bytes of a file held at a time.
pub(super) const BUFFER: usize = 256 << 10;

/// Inflated bytes held at a time. Who asks for more at once has them inflated into their own buffer.
const INFLATED: usize = 128 << 10;

/// What an archive says of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meta<'a> {
    pub(super) name: &'a [u8],
    pub(super) size: Option<u64>,
    pub(super) mtime: Option<u64>,
    pub(super) cut: bool,
}

/// What of an input is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Compressed entries and archives inside it too.
    Everything,
    /// The same for names alone: of an entry with a self-describing member of its own, only the beginning is inflated.
    Names,
    /// The input alone, each entry as it is stored.
    Stored,
    /// The input alone; self-describing members only where they hold parts of the manifest.
    Manifest,
    /// The input alone, and no more than its first entry.
    First,
}

/// One reading of one input.
pub(super) struct Walk<'a> {
    pub(super) limits: &'a Limits,
    pub(super) budget: Rc<Budget>,
    /// Archive → the top folder to take off.
    tops: &'a BTreeMap<String, String>,
    opening: Opening,
    visit: &'a mut Visit<'a>,
    /// What opens the encrypted.
    keys: Option<&'a Keys>,
    /// Archives around the place we are at; `None` before the input itself is opened.
    depth: Option<u8>,
    archive: String,
    names_bytes: u64,
    /// Hashes of the names so far.
    seen: HashSet<u64>,
    stopped: bool,
    pub(super) summary: ReadSummary,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        limits: &'a Limits,
        tops: &'a BTreeMap<String, String>,
        opening: Opening,
        visit: &'a mut Visit<'a>,
        keys: Option<&'a Keys>,
    ) -> Self {
        Self {
            limits,
            budget: Rc::new(Budget::new(limits)),
            tops,
            opening,
            visit,
            keys,
            depth: None,
            archive: String::new(),
            names_bytes: 0,
            seen: HashSet::new(),
            stopped: false,
            summary: ReadSummary {
                packing: Packing::File,
                complete: true,
                stopped: None,
                entries: 0,
                bytes: 0,
                refused: Vec::new(),
                refused_count: 0,
                links: Vec::new(),
                repeated: Vec::new(),
                damage: Vec::new(),
                sha256: None,
            },
        }
    }

    /// Ends the reading.
    pub(super) fn into_summary(mut self) -> ReadSummary {
        self.summary.stopped = self.budget.exceeded().map(str::to_owned);
        self.summary.complete &= self.summary.stopped.is_none();
        self.summary
    }

    /// What is opened.
    pub(super) fn opening(&self) -> Opening {
        self.opening
    }

    /// Whether a limit or the visitor ended the reading.
    pub(super) fn is_over(&self) -> bool {
        self.stopped || self.budget.exceeded().is_some()
    }

    /// One entry, or the input itself: opened where it is an archive, else offered to the visitor.
    pub(super) fn offer(&mut self, meta: Meta<'_>, body: &mut dyn BufRead) {
        let name = match name::normalised(meta.name, self.limits) {
            Ok(Some(name)) => name,
            Ok(None) => return,
            Err(why) => return self.refuse(meta.name, &why),
        };
        if !self.may_have_another(&name) {
            return;
        }
        self.open(&name, meta, body, self.keys);
    }

    /// Opens or shows what is at hand; with keys, also where it is encrypted.
    fn open(&mut self, name: &str, meta: Meta<'_>, body: &mut dyn BufRead, keys: Option<&Keys>) {
        let mut head = [0; PEEK];
        let filled = fill(body, &mut head);
        let head = head.get(..filled).unwrap_or_default();
        let content = detect::content(head);
        let mut body = head.chain(body);
        let opens_inside = matches!(self.opening, Opening::Everything | Opening::Names);
        if !opens_inside && self.depth.is_some() {
            return self.show(name, meta, &mut body);
        }
        match content {
            detect::Content::Plain => self.show(name, meta, &mut body),
            detect::Content::Sealed(_) => self.sealed(name, meta, &mut body, keys),
            detect::Content::Foreign(kind) => {
                self.refuse(meta.name, &format!("it is {kind} data: unpack it first"));
            }
            detect::Content::Members => self.enter(name, Packing::MemberTarGz, |walk| {
                members::walk(walk, &mut body);
            }),
            detect::Content::Tar => self.enter(name, Packing::Tar, |walk| {
                tar::walk_stream(walk, &mut body);
            }),
            detect::Content::Compressed(codec) => self.compressed(codec, name, meta, &mut body),
            detect::Content::Zip => self.held_zip(name, &mut body),
        }
    }

    /// Opens an archive at this place. The input itself has no name.
    pub(super) fn enter(&mut self, name: &str, packing: Packing, read: impl FnOnce(&mut Self)) {
        let Some(depth) = self.depth else {
            self.depth = Some(0);
            self.summary.packing = packing;
            return read(self);
        };
        if depth >= self.limits.depth {
            return self.refuse(name.as_bytes(), "archives are nested deeper than allowed");
        }
        let inner = self.path_of(name);
        let outer = std::mem::replace(&mut self.archive, inner);
        self.depth = Some(depth + 1);
        read(self);
        self.depth = Some(depth);
        self.archive = outer;
    }

    /// Notes something that is not read.
    pub(super) fn refuse(&mut self, name: &[u8], why: &str) {
        self.summary.refused_count += 1;
        if self.summary.refused.len() < self.limits.listed {
            let name = self.path_of(&shown(name));
            self.summary.refused.push(Refusal {
                name,
                why: why.to_owned(),
            });
        }
    }

    /// Notes a link; it is not followed.
    pub(super) fn link(&mut self, raw: &[u8], target: &[u8], hard: bool) {
        match name::normalised(raw, self.limits) {
            Ok(Some(name)) if self.summary.links.len() < self.limits.links => {
                let top = self.tops.get(&self.archive).map(String::as_str);
                let name = self.path_of(name::below(top, &name));
                self.summary.links.push(Link {
                    name,
                    target: shown(target),
                    hard,
                });
            }
            Ok(_) => {}
            Err(why) => self.refuse(raw, &why),
        }
    }

    /// Notes a place of damage.
    pub(super) fn damage(&mut self, offset: Option<u64>, what: impl Into<String>) {
        self.summary.complete = false;
        if self.summary.damage.len() < self.limits.listed {
            self.summary.damage.push(Damage {
                archive: self.archive.clone(),
                offset,
                what: what.into(),
            });
        }
    }

    /// The stream behind a compression: a tar, or one compressed file.
    fn compressed(&mut self, codec: Codec, name: &str, meta: Meta<'_>, body: &mut dyn BufRead) {
        let (counted, taken) = Counted::new(body);
        let inflated = Inflated::new(
            Lasting::new(codec.decoder(counted)),
            taken,
            codec.ratio(self.limits),
            self.limits,
            Rc::clone(&self.budget),
        );
        let mut inflated = BufReader::with_capacity(INFLATED, inflated);
        let mut head = [0; PEEK];
        let filled = fill(&mut inflated, &mut head);
        let head = head.get(..filled).unwrap_or_default();
        let is_tar = detect::is_tar(head);
        let mut inflated = head.chain(inflated);
        if is_tar {
            self.enter(name, codec.packing(), |walk| {
                tar::walk_stream(walk, &mut inflated);
            });
        } else {
            let meta = Meta { size: None, ..meta };
            self.show(name, meta, &mut inflated);
        }
    }

    /// What is encrypted, as what it is behind that.
    fn sealed(&mut self, name: &str, meta: Meta<'_>, body: &mut dyn BufRead, keys: Option<&Keys>) {
        let Some(keys) = keys else {
            let why = if self.keys.is_some() {
                "it is encrypted again and again: decrypt it first"
            } else {
                "it is encrypted with age: give the receiver's private key with --identity, or decrypt it first"
            };
            return self.refuse(name.as_bytes(), why);
        };
        match keys.unseal().stream(Box::new(body)) {
            Ok(plain) => {
                let meta = Meta { size: None, ..meta };
                let mut plain = BufReader::with_capacity(BUFFER, Lasting::new(plain));
                self.open(name, meta, &mut plain, None);
            }
            Err(why) => self.refuse(name.as_bytes(), &why.to_string()),
        }
    }

    /// A zip needs its end first, so one that comes as a stream is held.
    fn held_zip(&mut self, name: &str, body: &mut dyn BufRead) {
        let mut held = Vec::new();
        let cap = self.limits.held_zip_bytes;
        match body.take(cap + 1).read_to_end(&mut held) {
            Ok(_) if held.len() as u64 > cap => {
                self.refuse(
                    name.as_bytes(),
                    "the zip is too large to be opened here: unpack it first",
                );
            }
            Ok(_) => self.enter(name, Packing::Zip, |walk| {
                zip::walk(walk, Cursor::new(held));
            }),
            Err(error) => self.damage(None, format!("{}: {error}", shown(name.as_bytes()))),
        }
    }

    fn may_have_another(&mut self, name: &str) -> bool {
        self.names_bytes += (name.len() + self.archive.len()) as u64;
        if self.summary.entries >= self.limits.entries {
            self.budget
                .exceed("the input has more entries than allowed");
        } else if self.names_bytes > self.limits.names_bytes {
            self.budget
                .exceed("the names in the input are longer than allowed in all");
        }
        let mut hasher = DefaultHasher::new();
        (&self.archive, name).hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) && self.summary.repeated.len() < self.limits.listed {
            let top = self.tops.get(&self.archive).map(String::as_str);
            let name = self.path_of(name::below(top, name));
            self.summary.repeated.push(name);
        }
        !self.is_over()
    }

    fn show(&mut self, name: &str, meta: Meta<'_>, body: &mut dyn BufRead) {
        let top = self.tops.get(&self.archive).map(String::as_str);
        let head = EntryHead {
            name: name::below(top, name),
            archive: &self.archive,
            size: meta.size,
            mtime: meta.mtime,
            cut: meta.cut,
        };
        let mut content = Content::new(body, self.limits.entry_bytes);
        let control = (self.visit)(head, &mut content);
        self.summary.entries += 1;
        self.summary.bytes += content.bytes;
        self.stopped |= control == Control::Stop;
        if let Some(error) = content.error {
            let name = shown(name.as_bytes());
            self.damage(None, format!("{name}: {error}"));
        }
    }

    fn path_of(&self, name: &str) -> String {
        super::summary::full_name(&self.archive, name)
    }
}
