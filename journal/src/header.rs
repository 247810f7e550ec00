//! The header of a journal file.

use crate::number::{half_word, id, word};

/// What the first bytes of the file say.
#[derive(Debug, Clone)]
pub struct Header {
    /// Flags that a reader must know.
    pub incompatible: u32,
    /// 0 offline, 1 online, 2 archived.
    pub state: u8,
    /// Id of the file, the key of its hashes.
    pub file_id: [u8; 16],
    /// Id of the run of sequence numbers that it is part of.
    pub sequence_id: [u8; 16],
    /// Bytes of the header.
    pub size: u64,
    /// Bytes behind the header that hold objects.
    pub arena: u64,
    /// Offset and bytes of the hash table of fields with values.
    pub data_table: (u64, u64),
    /// Offset and bytes of the hash table of field names.
    pub field_table: (u64, u64),
    /// Offset of the last object.
    pub tail_object: u64,
    /// How many entries.
    pub entries: u64,
    /// Sequence number of the last entry.
    pub tail_number: u64,
    /// Sequence number of the first entry.
    pub head_number: u64,
    /// Microseconds since 1970; 0 without entries.
    pub head_time: u64,
    /// Microseconds since 1970; 0 without entries.
    pub tail_time: u64,
}

/// Why a file is not read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It has no bytes.
    Empty,
    /// It ends within its header.
    Short,
    /// It begins with something else.
    NoJournal,
    /// Flags of a format that is not known.
    Future(u32),
}

impl Header {
    /// Reads the first bytes of a file, at most [`HEADER`] of them.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unusable> {
        if bytes.is_empty() {
            return Err(Unusable::Empty);
        }
        if bytes.len() < LEAST_HEADER {
            return Err(Unusable::Short);
        }
        if !bytes.starts_with(MAGIC) {
            return Err(Unusable::NoJournal);
        }
        let at = |at| word(bytes, at).unwrap_or(0);
        let incompatible = half_word(bytes, 12).unwrap_or(0);
        if incompatible & !KNOWN_FLAGS != 0 {
            return Err(Unusable::Future(incompatible & !KNOWN_FLAGS));
        }
        Ok(Self {
            incompatible,
            state: bytes.get(16).copied().unwrap_or(0),
            file_id: id(bytes, 24).unwrap_or_default(),
            sequence_id: id(bytes, 72).unwrap_or_default(),
            size: at(88),
            arena: at(96),
            data_table: (at(104), at(112)),
            field_table: (at(120), at(128)),
            tail_object: at(136),
            entries: at(152),
            tail_number: at(160),
            head_number: at(168),
            head_time: at(184),
            tail_time: at(192),
        })
    }

    /// Hashes are made with the file's own key.
    pub fn is_keyed(&self) -> bool {
        self.incompatible & KEYED != 0
    }

    /// Compact files have shorter lists.
    pub fn is_compact(&self) -> bool {
        self.incompatible & COMPACT != 0
    }
}

/// What every journal file begins with.
pub const MAGIC: &[u8] = b"LPKSHHRH";
/// Newest header known.
pub const HEADER: u64 = 272;
/// Oldest header with all we use: 184 bytes and the two times, which every systemd since 2012 writes.
const LEAST_HEADER: usize = 200;
const KEYED: u32 = 1 << 2;
const COMPACT: u32 = 1 << 4;
/// xz, lz4, keyed hashes, zstd, compact.
const KNOWN_FLAGS: u32 = 0x1f;
