//! The archive that is written: entries in the order of the input, below one folder.

use crate::writer::tar_headers;
use chrono::{DateTime, Datelike as _, Timelike as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::{self, Write};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// The folder that holds everything.
const TOP: &str = "scrubbed";
const BLOCK: u64 = 512;

/// Container of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.tar.gz`.
    TarGz,
    /// `.zip`; holds no links.
    Zip,
}

/// An archive while it is written.
pub(super) enum Archive<'o> {
    TarGz {
        out: Box<GzEncoder<&'o mut dyn Write>>,
        /// Bytes that the open entry still has to get, and those that it got.
        left: u64,
        written: u64,
    },
    Zip {
        out: Box<ZipWriter<StreamWriter<&'o mut dyn Write>>>,
        names: BTreeSet<String>,
    },
}

impl<'o> Archive<'o> {
    pub(super) fn begin(format: Format, out: &'o mut dyn Write) -> Self {
        match format {
            Format::TarGz => Self::TarGz {
                out: Box::new(GzEncoder::new(out, Compression::new(6))),
                left: 0,
                written: 0,
            },
            Format::Zip => Self::Zip {
                out: Box::new(ZipWriter::new_stream(out)),
                names: BTreeSet::new(),
            },
        }
    }

    /// Begins an entry; a tar has to know its size.
    pub(super) fn open(&mut self, name: &str, mtime: u64, size: Option<u64>) -> io::Result<()> {
        match self {
            Self::TarGz { out, left, written } => {
                let size = size.ok_or_else(|| io::Error::other("an entry without a size"))?;
                (*left, *written) = (size, 0);
                out.write_all(&tar_headers(&format!("{TOP}/{name}"), size, mtime)?)
            }
            Self::Zip { out, names } => {
                let mut unique = name.to_owned();
                let mut number = 2;
                while !names.insert(unique.clone()) {
                    unique = format!("{name}~{number}");
                    number += 1;
                }
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Deflated)
                    .large_file(size.is_none_or(|size| size > u64::from(u32::MAX)))
                    .last_modified_time(zip_time(mtime));
                Ok(out.start_file(format!("{TOP}/{unique}"), options)?)
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::TarGz { out, left, written } => {
                let over = || io::Error::other("an entry grew between two readings");
                *left = left.checked_sub(bytes.len() as u64).ok_or_else(over)?;
                *written += bytes.len() as u64;
                out.write_all(bytes)
            }
            Self::Zip { out, .. } => out.write_all(bytes),
        }
    }

    /// Ends an entry.
    pub(super) fn close(&mut self) -> io::Result<()> {
        let Self::TarGz { out, left, written } = self else {
            return Ok(());
        };
        if *left > 0 {
            return Err(io::Error::other("an entry shrank between two readings"));
        }
        let padding = written.next_multiple_of(BLOCK) - *written;
        io::copy(&mut io::Read::take(io::repeat(0), padding), out).map(drop)
    }

    /// A symbolic link; false where it cannot be stored.
    pub(super) fn link(&mut self, name: &str, target: &str) -> io::Result<bool> {
        let Self::TarGz { out, .. } = self else {
            return Ok(false);
        };
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        header.set_mtime(0);
        let fits = header.set_path(format!("{TOP}/{name}")).is_ok()
            && header.set_link_name_literal(target).is_ok();
        if fits {
            header.set_cksum();
            out.write_all(header.as_bytes())?;
        }
        Ok(fits)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::TarGz { mut out, .. } => {
                out.write_all(&[0; 1024])?;
                out.finish()?.flush()
            }
            Self::Zip { out, .. } => {
                out.finish()?;
                Ok(())
            }
        }
    }
}

fn zip_time(mtime: u64) -> zip::DateTime {
    let time = i64::try_from(mtime)
        .ok()
        .and_then(|at| DateTime::from_timestamp(at, 0));
    let stored = time.and_then(|time| {
        let year = u16::try_from(time.year()).ok()?;
        let part = |value: u32| u8::try_from(value).ok();
        let (month, day) = (part(time.month())?, part(time.day())?);
        let (hour, minute, second) = (
            part(time.hour())?,
            part(time.minute())?,
            part(time.second())?,
        );
        zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    });
    stored.unwrap_or_default()
}
