//! One journal file: its objects, its entries. Every offset and size in it is distrusted.

use super::bytes::Bytes;
use super::{hash, salvage};
use crate::host::door::size_of;
use nodebundle_journal::object::{DATA, ENTRY, ENTRY_ARRAY, FIELD};
use nodebundle_journal::{HEADER, Header, Packing, Unusable, half_word, id, word};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// A file whose header could be read.
#[derive(Debug)]
pub(super) struct JournalFile {
    /// Path on the node.
    pub(super) path: String,
    /// Bytes the file has.
    pub(super) size: u64,
    pub(super) header: Header,
    bytes: Bytes,
    memo: RefCell<HashMap<u64, Option<Field>>>,
    salvaged: RefCell<Option<Rc<[u64]>>>,
    damaged: Cell<bool>,
}

/// An entry without its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryHead {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) number: u64,
    pub(super) time: u64,
    pub(super) boot: [u8; 16],
}

/// A data object: one field with one value, and where the entries that carry it are listed.
#[derive(Debug, Clone)]
pub(super) struct Data {
    hash: u64,
    next_in_chain: u64,
    pub(super) next_of_field: u64,
    pub(super) first_entry: u64,
    pub(super) array: u64,
    pub(super) entries: u64,
    packing: Option<Packing>,
    payload: (u64, u64),
}

/// A field of an entry: its place in [`FIELDS`] and its value.
pub(super) type Field = (usize, Rc<[u8]>);

/// Fields that lines are made of; all others are passed over.
pub(super) const FIELDS: &[&str] = &[
    "MESSAGE",
    "_SYSTEMD_UNIT",
    "_PID",
    "_HOSTNAME",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "SYSLOG_PID",
    "UNIT",
    "_UID",
    "OBJECT_SYSTEMD_UNIT",
    "COREDUMP_UNIT",
    "_SYSTEMD_INVOCATION_ID",
    "INVOCATION_ID",
    "_LINE_BREAK",
    "_TRANSPORT",
    "PRIORITY",
];

/// An object's header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) size: u64,
}

impl JournalFile {
    pub(super) fn open(path: String, size: u64, bytes: Bytes) -> Result<Self, Unusable> {
        let mut start = vec![0; usize::try_from(size.min(HEADER)).unwrap_or(0)];
        let whole = bytes.copy(0, &mut start);
        let header = Header::parse(if whole { &start } else { &[] })?;
        Ok(Self {
            path,
            size: size_of(bytes.file()).unwrap_or(size),
            header,
            bytes,
            memo: RefCell::default(),
            salvaged: RefCell::default(),
            damaged: Cell::new(false),
        })
    }

    /// Looks at a file again that may have grown, been replaced or cut.
    pub(super) fn refresh(&mut self) {
        let mut start = vec![0; usize::try_from(self.size.min(HEADER)).unwrap_or(0)];
        if self.bytes.copy(0, &mut start)
            && let Ok(header) = Header::parse(&start)
        {
            if header.tail_object != self.header.tail_object {
                self.salvaged.replace(None);
            }
            self.header = header;
        }
        // After the header: a file that grows is never taken for one that was cut.
        self.size = size_of(self.bytes.file()).unwrap_or(self.size);
        self.memo.borrow_mut().clear();
    }

    /// Whether a part of the file is missing.
    pub(super) fn is_cut(&self) -> bool {
        self.header.size.saturating_add(self.header.arena) > self.size
    }

    /// Whether its indexes cannot be used, so that its objects are looked at one after the other.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.get() || self.is_cut()
    }

    /// An index led nowhere.
    pub(super) fn note_damage(&self) {
        self.damaged.set(true);
    }

    /// Where objects of this moment end: what a file that is being written gets later is not looked at.
    pub(super) fn end(&self) -> u64 {
        let tail = self.header.tail_object;
        let online = self.header.state == 1 && tail >= self.header.size && !self.is_cut();
        let last = self.object(tail).filter(|_| online);
        last.map_or(self.size, |object| tail.saturating_add(object.size))
    }

    /// An object's header, if one that lies in the file can stand there.
    pub(super) fn object(&self, at: u64) -> Option<Object> {
        if at < self.header.size || !at.is_multiple_of(8) {
            return None;
        }
        let mut head = [0; 16];
        self.bytes.copy(at, &mut head).then_some(())?;
        let [kind, flags, ..] = head;
        let size = word(&head, 8)?;
        let fits = size >= 16 && at.checked_add(size)? <= self.size;
        ((1..=7).contains(&kind) && fits).then_some(Object { kind, flags, size })
    }

    /// An entry's time, number and boot.
    pub(super) fn entry(&self, at: u64) -> Option<EntryHead> {
        let object = self.object(at)?;
        let mut head = [0; 64];
        (object.kind == ENTRY && self.bytes.copy(at, &mut head)).then_some(())?;
        Some(EntryHead {
            offset: at,
            size: object.size,
            number: word(&head, 16)?,
            time: word(&head, 24)?,
            boot: id(&head, 40)?,
        })
    }

    /// The fields of an entry that lines are made of, and whether some could not be read.
    pub(super) fn fields(&self, entry: &EntryHead) -> (Vec<Field>, bool) {
        let width: usize = if self.header.is_compact() { 4 } else { 16 };
        let bytes = usize::try_from(entry.size.saturating_sub(64)).unwrap_or(usize::MAX);
        let mut items = vec![0; bytes.min(MOST_FIELDS * width)];
        if !self.bytes.copy(entry.offset + 64, &mut items) {
            return (Vec::new(), true);
        }
        let mut fields = Vec::new();
        let mut damaged = false;
        for item in items.chunks_exact(width) {
            let at = word(item, 0).or_else(|| half_word(item, 0).map(u64::from));
            match at.filter(|at| *at != 0).map(|at| self.field(at)) {
                None => break,
                Some(Ok(field)) => fields.extend(field),
                Some(Err(())) => damaged = true,
            }
        }
        (fields, damaged)
    }

    /// A field of an entry; `Ok(None)` when lines do not need it.
    fn field(&self, at: u64) -> Result<Option<Field>, ()> {
        if let Some(known) = self.memo.borrow().get(&at) {
            return Ok(known.clone());
        }
        let data = self.data(at).ok_or(())?;
        let field = self.needed(&data)?;
        if data.entries > 1 {
            let mut memo = self.memo.borrow_mut();
            if memo.len() >= MEMO {
                memo.clear();
            }
            memo.insert(at, field.clone());
        }
        Ok(field)
    }

    fn needed(&self, data: &Data) -> Result<Option<Field>, ()> {
        let plain = data.packing == Some(Packing::Plain);
        if plain && data.payload.1 > 0 {
            let mut name = [0; LONGEST_NAME];
            let length = usize::try_from(data.payload.1)
                .unwrap_or(usize::MAX)
                .min(LONGEST_NAME);
            let name = name.get_mut(..length).ok_or(())?;
            if !self.bytes.copy(data.payload.0, name) {
                return Err(());
            }
            if place(name).is_none() {
                return Ok(None);
            }
        }
        let text = self.text(data).ok_or(())?;
        let value = |at: usize| {
            text.iter()
                .position(|byte| *byte == b'=')
                .map(|end| (at, end))
        };
        let Some((at, end)) = place(&text).and_then(value) else {
            return Ok(None);
        };
        Ok(text.get(end + 1..).map(|value| (at, Rc::from(value))))
    }

    /// `NAME=value` of a data object.
    pub(super) fn text(&self, data: &Data) -> Option<Vec<u8>> {
        let (at, length) = data.payload;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= MOST_PAYLOAD)?;
        let mut packed = vec![0; length];
        self.bytes.copy(at, &mut packed).then_some(())?;
        data.packing?.open(packed)
    }

    /// A data object.
    pub(super) fn data(&self, at: u64) -> Option<Data> {
        let object = self.object(at).filter(|object| object.kind == DATA)?;
        let head: u64 = if self.header.is_compact() { 72 } else { 64 };
        let mut bytes = [0; 64];
        self.bytes.copy(at, &mut bytes).then_some(())?;
        Some(Data {
            hash: word(&bytes, 16)?,
            next_in_chain: word(&bytes, 24)?,
            next_of_field: word(&bytes, 32)?,
            first_entry: word(&bytes, 40)?,
            array: word(&bytes, 48)?,
            entries: word(&bytes, 56)?,
            packing: Packing::of(object.flags),
            payload: (at + head, object.size.checked_sub(head)?),
        })
    }

    /// The data object of `NAME=value`; the error says that the index is damaged.
    pub(super) fn find(&self, payload: &[u8]) -> Result<Option<Data>, ()> {
        let hash = self.hash(payload);
        let mut at = self.bucket(self.header.data_table, hash)?;
        for _ in 0..LONGEST_CHAIN {
            if at == 0 || at >= self.end() {
                return Ok(None);
            }
            let data = self.data(at).ok_or(())?;
            if data.hash == hash && self.text(&data).as_deref() == Some(payload) {
                return Ok(Some(data));
            }
            at = data.next_in_chain;
        }
        Err(())
    }

    /// First data object of a field, of whatever value.
    pub(super) fn first_of_field(&self, name: &[u8]) -> Result<u64, ()> {
        let hash = self.hash(name);
        let mut at = self.bucket(self.header.field_table, hash)?;
        for _ in 0..LONGEST_CHAIN {
            if at == 0 {
                return Ok(0);
            }
            let object = self
                .object(at)
                .filter(|object| object.kind == FIELD)
                .ok_or(())?;
            let mut bytes = vec![0; usize::try_from(object.size.min(40 + 256)).unwrap_or(40)];
            if !self.bytes.copy(at, &mut bytes) {
                return Err(());
            }
            if bytes.get(40..) == Some(name) {
                return word(&bytes, 32).ok_or(());
            }
            at = word(&bytes, 24).ok_or(())?;
        }
        Err(())
    }

    fn bucket(&self, (table, size): (u64, u64), hash: u64) -> Result<u64, ()> {
        let at = hash.checked_rem(size / 16).ok_or(())? * 16;
        let mut item = [0; 8];
        let inside = table
            .checked_add(at)
            .is_some_and(|at| self.bytes.copy(at, &mut item));
        if inside {
            Ok(u64::from_le_bytes(item))
        } else {
            Err(())
        }
    }

    fn hash(&self, data: &[u8]) -> u64 {
        if self.header.is_keyed() {
            hash::keyed(&self.header.file_id, data)
        } else {
            hash::jenkins(data)
        }
    }

    /// One number of a list: compact files have short ones.
    pub(super) fn list_item(&self, list: u64, at: u64) -> Option<u64> {
        let mut item = [0; 8];
        if self.header.is_compact() {
            let mut short = [0; 4];
            self.bytes
                .copy(list.checked_add(24 + at * 4)?, &mut short)
                .then_some(())?;
            return Some(u64::from(u32::from_le_bytes(short)));
        }
        self.bytes
            .copy(list.checked_add(24 + at * 8)?, &mut item)
            .then_some(())?;
        Some(u64::from_le_bytes(item))
    }

    /// Length of a list of entries, and the list after it (0 after the last).
    pub(super) fn list(&self, at: u64) -> Option<(u64, u64)> {
        let object = self
            .object(at)
            .filter(|object| object.kind == ENTRY_ARRAY)?;
        let mut next = [0; 8];
        self.bytes.copy(at + 16, &mut next).then_some(())?;
        let width = if self.header.is_compact() { 4 } else { 8 };
        Some((
            object.size.saturating_sub(24) / width,
            u64::from_le_bytes(next),
        ))
    }

    /// Offsets of all entries, found by walking the objects; worked out once.
    pub(super) fn salvaged(&self) -> Rc<[u64]> {
        let known = self.salvaged.borrow().clone();
        known.unwrap_or_else(|| {
            let found: Rc<[u64]> = salvage::entries(self).into();
            self.salvaged.replace(Some(Rc::clone(&found)));
            found
        })
    }
}

/// Which of [`FIELDS`] a text begins with.
fn place(text: &[u8]) -> Option<usize> {
    FIELDS.iter().position(|name| {
        text.strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&b'='))
    })
}

/// Longest name in [`FIELDS`], with its `=`.
const LONGEST_NAME: usize = 24;
const MOST_FIELDS: usize = 1024;
/// Fields remembered per file.
const MEMO: usize = 4096;
/// A bucket with more is damaged.
const LONGEST_CHAIN: usize = 100_000;
const MOST_PAYLOAD: usize = 16 << 20;
