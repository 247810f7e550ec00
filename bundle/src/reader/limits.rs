//! What a hostile archive may cost us.

use std::cell::Cell;
use std::io;

/// Caps on one input. They stop a hostile archive, never a real bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries of all archives together.
    pub entries: u64,
    /// Bytes of one name.
    pub name_bytes: usize,
    /// Bytes of all names together.
    pub names_bytes: u64,
    /// Bytes of one entry, inflated.
    pub entry_bytes: u64,
    /// Bytes read or inflated in all, nested archives included.
    pub total_bytes: u64,
    /// Inflated bytes for one compressed byte, once a stream is larger than [`Limits::ratio_from`].
    pub ratio: u64,
    /// Bytes of a stream from which on the ratio counts.
    pub ratio_from: u64,
    /// Archives inside archives: 3 allows a tar in a zip in a tar.
    pub depth: u8,
    /// Bytes of standard input, which is held in memory.
    pub held_bytes: u64,
    /// Bytes of a zip inside an archive, which is held in memory.
    pub held_zip_bytes: u64,
    /// Refused entries and damages that are listed one by one; more are only counted.
    pub listed: usize,
    /// Links that are listed: the tree of a whole node has thousands.
    pub links: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            name_bytes: crate::EntryPath::MAX_BYTES,
            names_bytes: 32 << 20,
            entry_bytes: 4 << 30,
            total_bytes: 16 << 30,
            ratio: 250,
            ratio_from: 64 << 20,
            depth: 3,
            held_bytes: 1 << 30,
            held_zip_bytes: 128 << 20,
            listed: 1000,
            links: 20_000,
        }
    }
}

/// What has been spent of the limits that end the whole reading.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<u64>,
    over: Cell<Option<&'static str>>,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            left: Cell::new(limits.total_bytes),
            over: Cell::new(None),
        }
    }

    /// Counts bytes; an error when they are too many.
    pub(super) fn spend(&self, bytes: usize) -> io::Result<()> {
        match self.left.get().checked_sub(bytes as u64) {
            Some(left) if self.over.get().is_none() => {
                self.left.set(left);
                Ok(())
            }
            _ => Err(self.exceed("the input holds more bytes than allowed in all")),
        }
    }

    /// Ends the reading.
    pub(super) fn exceed(&self, why: &'static str) -> io::Error {
        let why = self.over.get().unwrap_or(why);
        self.over.set(Some(why));
        io::Error::new(io::ErrorKind::FileTooLarge, why)
    }

    /// Why the reading has to end, if it has to.
    pub(super) fn exceeded(&self) -> Option<&'static str> {
        self.over.get()
    }
}
