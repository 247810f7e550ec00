//! Tar entries gathered into self-describing gzip members.

use super::WriteError;
use crate::member::{self, HOLDS_END, MAX_TEXT_BYTES};
use std::io;

const BLOCK: usize = 512;
/// A member is closed once it holds this much text.
const MEMBER_TEXT: usize = 1 << 20;

/// The member that is being filled.
#[derive(Debug)]
pub(super) struct TarGz {
    text: Vec<u8>,
    flags: u8,
    mtime: u64,
}

impl TarGz {
    pub(super) fn new(mtime: u64) -> Self {
        Self {
            text: Vec::new(),
            flags: 0,
            mtime,
        }
    }

    /// Bytes of text that wait to be compressed.
    pub(super) fn waiting(&self) -> usize {
        self.text.len()
    }

    /// Whether the member has to be closed before one more entry goes in.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= MEMBER_TEXT
    }

    /// Adds one entry; `flags` are those of its member.
    pub(super) fn append(&mut self, name: &str, bytes: &[u8], flags: u8) -> Result<(), WriteError> {
        let mut headers = headers(name, bytes.len() as u64, self.mtime)?;
        let after = self.text.len() + headers.len() + padded(bytes.len()) + 2 * BLOCK;
        if after > MAX_TEXT_BYTES {
            return Err(WriteError::TooLarge {
                name: name.to_owned(),
                bytes: bytes.len(),
            });
        }
        self.text.append(&mut headers);
        self.text.extend_from_slice(bytes);
        pad(&mut self.text);
        self.flags |= flags;
        Ok(())
    }

    /// Adds the two zero blocks that end the archive.
    pub(super) fn end(&mut self) {
        self.text.resize(self.text.len() + 2 * BLOCK, 0);
        self.flags |= HOLDS_END;
    }

    /// The closed member, ready to be written; `None` when there is nothing in it.
    pub(super) fn take(&mut self) -> Result<Option<Vec<u8>>, WriteError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        let packed = member::pack(&self.text, self.flags)?;
        self.text.clear();
        self.flags = 0;
        Ok(Some(packed))
    }
}

/// The header of a file, after a PAX header where the name does not fit.
pub(crate) fn headers(name: &str, size: u64, mtime: u64) -> io::Result<Vec<u8>> {
    let mut blocks = Vec::with_capacity(BLOCK);
    let mut header = header(size, mtime, tar::EntryType::Regular);
    if header.set_path(name).is_err() {
        let record = pax_path(name);
        let mut pax = self::header(record.len() as u64, mtime, tar::EntryType::XHeader);
        pax.set_path("pax")?;
        pax.set_cksum();
        blocks.extend_from_slice(pax.as_bytes());
        blocks.extend_from_slice(record.as_bytes());
        pad(&mut blocks);
        header.set_path("long-name")?;
    }
    header.set_cksum();
    blocks.extend_from_slice(header.as_bytes());
    Ok(blocks)
}

fn header(size: u64, mtime: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mtime(mtime);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// `<length> path=<name>\n`, where the length counts itself.
fn pax_path(name: &str) -> String {
    let rest = format!(" path={name}\n");
    let mut length = rest.len() + 1;
    while format!("{length}{rest}").len() != length {
        length += 1;
    }
    format!("{length}{rest}")
}

fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(BLOCK)
}

fn pad(text: &mut Vec<u8>) {
    text.resize(padded(text.len()), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_pax_record_counts_itself() {
        for length in [1, 80, 90, 91, 92, 93, 94, 985, 990, 991, 992] {
            let record = pax_path(&"n".repeat(length));
            let stated: usize = record.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(stated, record.len());
        }
    }

    #[test]
    fn an_entry_beyond_the_member_limit_is_refused() {
        let mut member = TarGz::new(0);
        let error = member.append("a", &vec![0; 8 << 20], 0).unwrap_err();
        assert!(error.to_string().contains("split"));
        assert_eq!(member.waiting(), 0);
    }
}
