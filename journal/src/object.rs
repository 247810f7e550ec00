//! Kinds of objects that a file is made of, and where their parts stand.

/// One field with one value, and where the entries that carry it are listed.
pub const DATA: u8 = 1;
/// The name of a field.
pub const FIELD: u8 = 2;
/// One record.
pub const ENTRY: u8 = 3;
/// A list of entries.
pub const ENTRY_ARRAY: u8 = 6;
/// Bytes before the value of a data object; those of compact files have 8 more.
pub const DATA_HEAD: u64 = 64;
/// Bytes before the list of fields of an entry.
pub const ENTRY_HEAD: u64 = 64;
