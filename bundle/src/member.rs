//! The gzip member that states its own length, so that a reader can hop over it, or find the next one after damage.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{self, Write as _};

/// Fixed fields, `XLEN` and the `NB` subfield.
pub(crate) const HEADER_BYTES: usize = 28;
/// CRC32 and ISIZE.
pub(crate) const TRAILER_BYTES: usize = 8;
/// Longest member, header to trailer.
pub(crate) const MAX_MEMBER_BYTES: usize = 16 << 20;
/// Most text one member inflates to.
pub(crate) const MAX_TEXT_BYTES: usize = 8 << 20;
/// The member holds `manifest/NNNN.jsonl`.
pub(crate) const HOLDS_MANIFEST_PART: u8 = 1;
/// The member holds `manifest.json` and the end of the archive.
pub(crate) const HOLDS_END: u8 = 2;

/// What never changes: gzip magic, deflate, FEXTRA only, no time, unknown system, XLEN, subfield id and its length.
pub(crate) const MAGIC: [u8; 16] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 16, 0, b'N', b'B', 12, 0,
];
const VERSION: u8 = 1;

/// What a member says of itself. A hint: it is checked against what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemberHeader {
    /// Header to trailer.
    pub(crate) member_bytes: u32,
    /// After inflating.
    pub(crate) text_bytes: u32,
    /// [`HOLDS_MANIFEST_PART`] and [`HOLDS_END`].
    pub(crate) flags: u8,
}

impl MemberHeader {
    /// `None` where the bytes are not the header of a version 1 member within its limits.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, _) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let (magic, fields) = header.split_first_chunk::<16>()?;
        let (member, fields) = fields.split_first_chunk::<4>()?;
        let (text, fields) = fields.split_first_chunk::<4>()?;
        let [version, flags, 0, 0] = fields else {
            return None;
        };
        let parsed = Self {
            member_bytes: u32::from_le_bytes(*member),
            text_bytes: u32::from_le_bytes(*text),
            flags: *flags,
        };
        let member = usize::try_from(parsed.member_bytes).ok()?;
        let text = usize::try_from(parsed.text_bytes).ok()?;
        let fits = (HEADER_BYTES + TRAILER_BYTES + 2..=MAX_MEMBER_BYTES).contains(&member)
            && text <= MAX_TEXT_BYTES;
        (*magic == MAGIC && *version == VERSION && fits).then_some(parsed)
    }

    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let fields = MAGIC
            .into_iter()
            .chain(self.member_bytes.to_le_bytes())
            .chain(self.text_bytes.to_le_bytes())
            .chain([VERSION, self.flags, 0, 0]);
        for (to, from) in bytes.iter_mut().zip(fields) {
            *to = from;
        }
        bytes
    }
}

/// One member, header to trailer. The text is at most [`MAX_TEXT_BYTES`] long.
pub(crate) fn pack(text: &[u8], flags: u8) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(HEADER_BYTES + text.len() / 4 + 64);
    packed.extend_from_slice(&[0; HEADER_BYTES]);
    let mut encoder = DeflateEncoder::new(packed, Compression::new(6));
    encoder.write_all(text)?;
    let mut packed = encoder.finish()?;
    let mut crc = Crc::new();
    crc.update(text);
    packed.extend_from_slice(&crc.sum().to_le_bytes());
    packed.extend_from_slice(&crc.amount().to_le_bytes());
    let header = MemberHeader {
        member_bytes: u32::try_from(packed.len()).map_err(io::Error::other)?,
        text_bytes: u32::try_from(text.len()).map_err(io::Error::other)?,
        flags,
    };
    for (to, from) in packed.iter_mut().zip(header.to_bytes()) {
        *to = from;
    }
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_member_states_its_own_length() {
        let packed = pack(b"hello hello hello", HOLDS_END).unwrap();
        let header = MemberHeader::parse(&packed).unwrap();
        assert_eq!(header.member_bytes as usize, packed.len());
        assert_eq!(header.text_bytes, 17);
        assert_eq!(header.flags, HOLDS_END);
    }

    #[test]
    fn lengths_beyond_the_limits_are_not_a_header() {
        let mut packed = pack(b"text", 0).unwrap();
        packed[16..20].copy_from_slice(&(17u32 << 20).to_le_bytes());
        assert_eq!(MemberHeader::parse(&packed), None);
        packed[16..20].copy_from_slice(&37u32.to_le_bytes());
        assert_eq!(MemberHeader::parse(&packed), None);
    }

    #[test]
    fn an_ordinary_gzip_member_is_not_ours() {
        assert_eq!(
            MemberHeader::parse(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
            None
        );
    }
}
