//! Journals read without `journalctl`: which records belong to a unit, and one line of text for each.

mod choose;
mod read;
mod record;

use serde::{Deserialize, Serialize};

pub(crate) use read::Reader;

/// Which records of which journal folders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JournalAsk {
    /// Journal folders on the node; those that are missing are passed over.
    pub(crate) folders: Vec<String>,
    /// Which records.
    pub(crate) stream: Stream,
    /// Microseconds since 1970; older records are not looked at.
    pub(crate) since: Option<u64>,
    /// Bytes of text to keep.
    pub(crate) cap: u64,
}

/// A set of records that is stored as one item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Stream {
    /// Those of a unit, and those of its programs that lost their unit.
    Unit { unit: String, programs: Vec<String> },
    /// The kernel's.
    Kernel,
    /// No records: start of every boot and time of the newest record, in the summary.
    Boots,
}

/// One record; its head (`time host ident[pid]: `) and its message follow in the payload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LineHead {
    /// Boot id, hex.
    pub(crate) boot: String,
    /// Process that logged it.
    pub(crate) pid: Option<u32>,
    /// Taken without `_SYSTEMD_UNIT`.
    pub(crate) unattributed: bool,
    /// Records before this one were dropped; counts up, so that nobody takes the parts for one text.
    pub(crate) gap: u32,
    /// Bytes of the head.
    pub(crate) head: u32,
    /// Bytes of the message.
    pub(crate) message: u32,
}

/// What a stream held.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournalSummary {
    /// Time of the first record, microseconds since 1970.
    pub(crate) first: Option<u64>,
    /// Time of the last.
    pub(crate) last: Option<u64>,
    /// Records that belong to the stream.
    pub(crate) records: u64,
    /// Lines handed over.
    pub(crate) stored: u64,
    /// Records dropped by the cap.
    pub(crate) dropped: u64,
    /// Boots in order, with the time of their first record in the stream.
    pub(crate) boots: Vec<(String, u64)>,
    /// Records that could not be read.
    pub(crate) unreadable: u64,
}

/// Where journals are kept: the lasting one and that of this boot.
pub(crate) const FOLDERS: &[&str] = &["/var/log/journal", "/run/log/journal"];

/// Asks for the boots and the newest record.
pub(crate) fn boots_ask() -> JournalAsk {
    JournalAsk {
        folders: FOLDERS.iter().map(|path| (*path).to_owned()).collect(),
        stream: Stream::Boots,
        since: None,
        cap: 0,
    }
}
