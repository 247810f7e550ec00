//! A zip written in one pass: every entry is compressed in memory, so its local header is true and a cut archive can
//! be walked.

use super::WriteError;
use chrono::{DateTime, Datelike as _, Timelike as _};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write as _;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Version 2.0: deflate.
const VERSION: u16 = 20;
/// Made by Unix, so that the attributes hold the mode.
const MADE_BY: u16 = (3 << 8) | VERSION;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const DEFLATE: u16 = 8;
/// A regular file, 0600.
const ATTRIBUTES: u32 = 0o100_600 << 16;

/// The central directory that is being gathered.
#[derive(Debug)]
pub(super) struct Zip {
    directory: Vec<u8>,
    entries: u16,
    offset: u32,
    time: u16,
    date: u16,
}

impl Zip {
    pub(super) fn new(mtime: u64) -> Self {
        let (time, date) = dos_time(mtime);
        Self {
            directory: Vec::new(),
            entries: 0,
            offset: 0,
            time,
            date,
        }
    }

    /// Bytes of the central directory so far; they are written at the end.
    pub(super) fn waiting(&self) -> usize {
        self.directory.len()
    }

    /// The local header and content of one entry, ready to be written.
    pub(super) fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, WriteError> {
        let full = || WriteError::TooLarge {
            name: name.to_owned(),
            bytes: bytes.len(),
        };
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(bytes)?;
        let packed = encoder.finish()?;
        let fields = self.shared_fields(name, bytes, &packed).ok_or_else(full)?;
        let mut local = LOCAL.to_le_bytes().to_vec();
        local.extend_from_slice(&fields);
        local.extend_from_slice(&0u16.to_le_bytes());
        local.extend_from_slice(name.as_bytes());
        local.extend_from_slice(&packed);
        let next = u32::try_from(local.len())
            .ok()
            .and_then(|length| self.offset.checked_add(length));
        let (offset, entries) = next.zip(self.entries.checked_add(1)).ok_or_else(full)?;
        self.list(name, &fields);
        self.offset = offset;
        self.entries = entries;
        Ok(local)
    }

    /// The central directory and its end record.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let mut end = std::mem::take(&mut self.directory);
        let length = u32::try_from(end.len()).unwrap_or(u32::MAX);
        end.extend_from_slice(&END.to_le_bytes());
        end.extend_from_slice(&[0; 4]);
        end.extend_from_slice(&self.entries.to_le_bytes());
        end.extend_from_slice(&self.entries.to_le_bytes());
        end.extend_from_slice(&length.to_le_bytes());
        end.extend_from_slice(&self.offset.to_le_bytes());
        end.extend_from_slice(&[0; 2]);
        end
    }

    /// From "version needed" to "name length": alike in local header and central directory.
    fn shared_fields(&self, name: &str, bytes: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut fields = Vec::with_capacity(24);
        for word in [VERSION, FLAGS, DEFLATE, self.time, self.date] {
            fields.extend_from_slice(&word.to_le_bytes());
        }
        fields.extend_from_slice(&crc.sum().to_le_bytes());
        fields.extend_from_slice(&u32::try_from(packed.len()).ok()?.to_le_bytes());
        fields.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
        fields.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
        Some(fields)
    }

    fn list(&mut self, name: &str, fields: &[u8]) {
        let directory = &mut self.directory;
        directory.extend_from_slice(&CENTRAL.to_le_bytes());
        directory.extend_from_slice(&MADE_BY.to_le_bytes());
        directory.extend_from_slice(fields);
        // Extra field, comment, disk and internal attributes: none.
        directory.extend_from_slice(&[0; 8]);
        directory.extend_from_slice(&ATTRIBUTES.to_le_bytes());
        directory.extend_from_slice(&self.offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
}

/// Time and date as DOS wrote them: two-second steps from 1980.
fn dos_time(mtime: u64) -> (u16, u16) {
    let when = i64::try_from(mtime)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .filter(|when| (1980..=2107).contains(&when.year()));
    let Some(when) = when else {
        return (0, 0x21);
    };
    let time = (when.hour() << 11) | (when.minute() << 5) | (when.second() / 2);
    let year = u32::try_from(when.year() - 1980).unwrap_or(0);
    let date = (year << 9) | (when.month() << 5) | when.day();
    (
        u16::try_from(time).unwrap_or(0),
        u16::try_from(date).unwrap_or(0x21),
    )
}
