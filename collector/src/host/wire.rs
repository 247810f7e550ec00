//! What the collector asks a worker, and what comes back: one frame each, JSON head and raw bytes.

use crate::bus::{SystemdAnswer, SystemdAsk};
use crate::journal::{JournalAsk, JournalHealth, JournalSummary, LineHead};
use chrono::{DateTime, Utc};
use nodebundle_bundle::Outcome;
use nodebundle_bundle::manifest::{Attributes, Kept};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// One question to a worker. Paths are absolute paths on the node.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Content of a regular file, at most `cap` bytes.
    Read { path: String, cap: u64, keep: Keep },
    /// Names in a folder, with their attributes.
    List { path: String },
    /// Attributes of a path and of what it links to.
    Stat { path: String },
    /// Space of the file system that holds a path.
    Space { path: String },
    /// Hash of a regular file's content.
    Digest { path: String, cap: u64 },
    /// The kernel's network tables of one kind; only on the running host.
    Rtnetlink { kind: u16 },
    /// Output of a program that only root can have put where it is.
    Run {
        argv: Vec<String>,
        cap: u64,
        timeout_ms: u64,
        /// The node itself names the program, which is asked for its version.
        named: bool,
    },
    /// Whether somebody answers on a Unix socket.
    Connect { path: String },
    /// Calls a gRPC method of whoever listens on a Unix socket; the message is a protocol buffer.
    Call {
        path: String,
        method: String,
        message: Vec<u8>,
        timeout_ms: u64,
    },
    /// Asks over HTTP whoever listens on a Unix socket, as anybody could.
    Get {
        path: String,
        target: String,
        timeout_ms: u64,
    },
    /// What systemd knows of its units.
    Systemd(SystemdAsk),
    /// Records of one journal stream.
    Journal(JournalAsk),
    /// The kernel's buffer of messages, at most `cap` bytes.
    KernelBuffer { cap: u64 },
    /// State of the journal files, and what journald left out since a time.
    JournalHealth {
        folders: Vec<String>,
        since: Option<u64>,
    },
}

/// Which part of a file over its cap is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Keep {
    /// 20 % head and 80 % tail, with a marker line between.
    HeadAndTail,
    /// The newest bytes, from a line start.
    Tail,
    /// The first bytes only.
    Start,
}

/// A worker's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The payload is the content.
    File(FileInfo),
    /// Names of a folder.
    Listing(Listing),
    /// Attributes.
    Stat(NodeStat),
    /// Space.
    Space(Space),
    /// Hash of a file.
    Digest(Digest),
    /// The payload is all there is.
    Raw,
    /// The payload is standard output.
    Ran(Ran),
    /// `ok`, `refused`, … of a connect.
    Connected(String),
    /// Status and message of a gRPC call; the payload is the answer.
    Called(u32, String),
    /// Status of an HTTP answer; the payload is its body.
    Got(u16),
    /// What systemd said.
    Systemd(SystemdAnswer),
    /// Some lines of a journal; the payload is their text, back to back.
    Lines(Vec<LineHead>),
    /// The payload is the kernel's buffer.
    KernelBuffer,
    /// End of a journal stream.
    JournalEnd(JournalSummary),
    /// State of the journal files.
    JournalHealth(JournalHealth),
    /// Nothing was yielded, and why.
    Failed(Failure),
}

/// What is known of a file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileInfo {
    /// Size as the file system states it; of pseudo files what was read.
    pub(crate) size: u64,
    /// Attributes of the file, with the link text where the path is a link.
    pub(crate) attributes: Attributes,
    /// Ranges that were kept; empty when all was.
    pub(crate) kept: Vec<Kept>,
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listing {
    /// Whether every name is in it.
    pub(crate) complete: bool,
    /// By name.
    pub(crate) entries: Vec<ListingEntry>,
}

/// One name in a folder. Field order is the order in `listings/*.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListingEntry {
    /// The name; bytes that are not UTF-8 become U+FFFD.
    pub(crate) name: String,
    /// `file`, `dir`, `link`, `socket`, `fifo`, `char`, `block`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Permission bits, octal.
    pub(crate) mode: String,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Bytes.
    pub(crate) size: u64,
    /// Last change of the content.
    pub(crate) mtime: DateTime<Utc>,
    /// Link text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
}

/// A path's attributes, following links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeStat {
    /// Type word as in [`ListingEntry::kind`].
    pub(crate) kind: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Mode, owner, times, link text of the path itself.
    pub(crate) attributes: Attributes,
}

/// Space of a file system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Space {
    /// Bytes in all.
    pub(crate) bytes: u64,
    /// Bytes free for ordinary users.
    pub(crate) bytes_available: u64,
    /// Inodes in all.
    pub(crate) inodes: u64,
    /// Inodes free.
    pub(crate) inodes_available: u64,
    /// Mounted read-only.
    pub(crate) read_only: bool,
}

/// A file reduced to a hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// SHA-256, lower-case hex; `None` where the file is longer than the cap.
    pub(crate) sha256: Option<String>,
    /// Its first bytes, at most 4 KiB.
    pub(crate) start: Vec<u8>,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ran {
    /// Exit status; `None` when a signal or the time limit ended it.
    pub(crate) exit: Option<i32>,
    /// The time limit ended it.
    pub(crate) timed_out: bool,
    /// Output beyond the cap was dropped.
    pub(crate) cut: bool,
}

/// Why an item yielded nothing. Not an error: often the best evidence there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// One of the manifest's outcomes.
    pub(crate) outcome: Outcome,
    /// Errno name.
    pub(crate) errno: Option<String>,
    /// With `absent`: the nearest folder that exists, when the parent is missing too.
    pub(crate) below: Option<String>,
    /// In words.
    pub(crate) reason: Option<String>,
    /// Link text, when the path is a link to something missing.
    pub(crate) attributes: Option<Box<Attributes>>,
}

impl Failure {
    /// A failure with an outcome and a reason only.
    pub(crate) fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            errno: None,
            below: None,
            reason: Some(reason.into()),
            attributes: None,
        }
    }

    /// The item's or the run's deadline passed.
    pub(crate) fn timeout(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Timeout, reason)
    }
}

/// Writes one frame.
pub(crate) fn send<T: Serialize>(out: &mut impl Write, head: &T, payload: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let mut frame = Vec::with_capacity(8 + head.len() + payload.len());
    frame.extend_from_slice(&length(head.len())?.to_le_bytes());
    frame.extend_from_slice(&length(payload.len())?.to_le_bytes());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(payload);
    out.write_all(&frame)
}

/// Reads one frame; `None` at a clean end of the stream.
pub(crate) fn receive<T: DeserializeOwned>(
    input: &mut impl Read,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut lengths = [0u8; 8];
    match input.read_exact(&mut lengths) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let (head, payload) = lengths.split_at(4);
    let (head, payload) = (le_word(head), le_word(payload));
    if head > MAX_FRAME || payload > MAX_FRAME {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a frame is too long",
        ));
    }
    let mut head_bytes = vec![0; head as usize];
    input.read_exact(&mut head_bytes)?;
    let mut payload_bytes = vec![0; payload as usize];
    input.read_exact(&mut payload_bytes)?;
    Ok(Some((serde_json::from_slice(&head_bytes)?, payload_bytes)))
}

fn le_word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| (word << 8) | u32::from(*byte))
}

fn length(bytes: usize) -> io::Result<u32> {
    u32::try_from(bytes)
        .ok()
        .filter(|length| *length <= MAX_FRAME)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a frame is too long"))
}

/// No frame is longer: the largest cap is 16 MiB.
const MAX_FRAME: u32 = 20 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_sent() {
        let mut pipe = Vec::new();
        send(&mut pipe, &Ask::Stat { path: "/x".into() }, b"raw").unwrap();
        let (ask, payload) = receive::<Ask>(&mut pipe.as_slice()).unwrap().unwrap();
        assert!(matches!(ask, Ask::Stat { path } if path == "/x"));
        assert_eq!(payload, b"raw");
        assert!(receive::<Ask>(&mut [].as_slice()).unwrap().is_none());
    }

    #[test]
    fn a_frame_that_claims_to_be_huge_is_refused() {
        let bytes = [0xff; 8];
        assert!(receive::<Ask>(&mut bytes.as_slice()).is_err());
    }
}
