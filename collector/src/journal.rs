//! Journals read without `journalctl`: which records belong to a unit, and one line of text for each.

mod bytes;
mod choose;
mod cursor;
mod failure;
mod file;
mod files;
mod hash;
mod health;
mod merge;
mod read;
mod record;
mod repeats;
mod salvage;

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

pub(crate) use read::Reader;

/// Which records of which journal folders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JournalAsk {
    /// Journal folders on the node; those that are missing are passed over.
    pub(crate) folders: Vec<String>,
    /// Which records.
    pub(crate) stream: Stream,
    /// Microseconds since 1970; of older records only the first failure is kept.
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
    /// What was left out before this one.
    #[serde(default, skip_serializing_if = "Before::is_nothing")]
    pub(crate) before: Before,
    /// Grows with each cut, so that nobody takes the parts for one text.
    pub(crate) gap: u32,
    /// Bytes of the head.
    pub(crate) head: u32,
    /// Bytes of the message.
    pub(crate) message: u32,
}

/// Records that were left out before a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// For they are older than the window.
    pub(crate) older: u64,
    /// To keep within the cap.
    pub(crate) left_out: u64,
    /// Of the same text as the line, with the time of the first.
    pub(crate) repeats: Option<(u64, u64)>,
}

impl Before {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a stream held.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournalSummary {
    /// Time of the first record in the window, microseconds since 1970.
    pub(crate) first: Option<u64>,
    /// Time of the last.
    pub(crate) last: Option<u64>,
    /// Records of the stream in the window.
    pub(crate) records: u64,
    /// Lines handed over.
    pub(crate) stored: u64,
    /// Records dropped by the cap.
    pub(crate) dropped: u64,
    /// Of these, those after the last line.
    pub(crate) trailing: u64,
    /// Records that a later one of the same text stands for.
    pub(crate) summed: u64,
    /// Records before the window.
    pub(crate) older: u64,
    /// Of these, those around the first failure, which were handed over.
    pub(crate) older_stored: u64,
    /// Boots in order, with the time of their first record in the stream.
    pub(crate) boots: Vec<(String, u64)>,
    /// Records that could not be read.
    pub(crate) unreadable: u64,
    /// Files of which a part is missing or damaged.
    pub(crate) damaged: u64,
}

/// What the journal files say of themselves. Times are microseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournalHealth {
    /// By path.
    pub(crate) files: Vec<FileHealth>,
    /// Oldest first.
    pub(crate) boots: Vec<BootSpan>,
    /// Entries missing between files.
    pub(crate) lost: Vec<Lost>,
    /// By unit.
    pub(crate) suppressed: Vec<Suppressed>,
}

/// One journal file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileHealth {
    /// Path on the node.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// `online`, `offline`, `archived`; absent when it could not be read.
    pub(crate) state: Option<String>,
    /// Entries it says it has.
    pub(crate) entries: u64,
    /// Oldest entry.
    pub(crate) first: Option<u64>,
    /// Newest entry.
    pub(crate) last: Option<u64>,
    /// Written in the compact form.
    pub(crate) compact: bool,
    /// `xz`, `lz4`, `zstd`.
    pub(crate) compression: Vec<String>,
    /// What is wrong with it.
    pub(crate) problem: Option<String>,
}

/// One boot, over all files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BootSpan {
    /// Boot id, hex.
    pub(crate) boot: String,
    /// Oldest entry.
    pub(crate) first: u64,
    /// Newest entry.
    pub(crate) last: u64,
    /// Entries.
    pub(crate) entries: u64,
}

/// Entries that are missing between two files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lost {
    /// Newest entry before the gap.
    pub(crate) after: u64,
    /// Oldest entry behind it.
    pub(crate) before: u64,
    /// How many.
    pub(crate) entries: u64,
}

/// What journald left out because it came too fast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Suppressed {
    /// Whose messages.
    pub(crate) unit: String,
    /// How many.
    pub(crate) messages: u64,
    /// First time that it was said.
    pub(crate) first: u64,
    /// Last time.
    pub(crate) last: u64,
}

/// Where journals are kept: the lasting one and that of this boot.
pub(crate) const FOLDERS: &[&str] = &["/var/log/journal", "/run/log/journal"];

/// [`FOLDERS`], to ask with.
pub(crate) fn folders() -> Vec<String> {
    FOLDERS.iter().map(|path| (*path).to_owned()).collect()
}

/// Asks for the boots and the newest record.
pub(crate) fn boots_ask() -> JournalAsk {
    JournalAsk {
        folders: folders(),
        stream: Stream::Boots,
        since: None,
        cap: 0,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}
