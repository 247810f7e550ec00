//! Where a fact or an event was read.

use std::sync::Arc;

/// An entry of the bundle and, where it has lines, one of them.
///
/// `entry` is the name as a person finds it in the bundle or folder, so that `entry:line` can be opened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Name of the entry, without the bundle's top folder.
    pub entry: Arc<str>,
    /// Line number from 1, as an editor counts; of a journal file (`system.journal`) the record's sequence number,
    /// `__SEQNUM` of `journalctl -o json`; `None` where the whole entry is meant.
    pub line: Option<u64>,
}

impl Origin {
    /// A whole entry.
    pub fn entry(entry: impl Into<Arc<str>>) -> Self {
        Self {
            entry: entry.into(),
            line: None,
        }
    }

    /// One line of an entry.
    pub fn line(entry: impl Into<Arc<str>>, line: u64) -> Self {
        Self {
            entry: entry.into(),
            line: Some(line),
        }
    }
}
