//! What a stream is, told by its first block and never by its name.

use crate::member::{MAGIC, MemberHeader};

/// Bytes that suffice to tell.
pub(super) const PEEK: usize = 512;

/// What a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Gzip members that state their own length.
    Members,
    Gzip,
    Tar,
    Zip,
    /// Compressed or encrypted in a way that this program does not open.
    Foreign(&'static str),
    Plain,
}

/// Tells from at most [`PEEK`] bytes.
pub(super) fn content(head: &[u8]) -> Content {
    // One damaged byte in the first header must not hide the members behind it.
    let is_ours = |head: &[u8]| {
        let alike = head.iter().zip(MAGIC).filter(|(a, b)| **a == *b).count();
        MemberHeader::parse(head).is_some() || (head.len() >= MAGIC.len() && alike >= 15)
    };
    match head {
        _ if is_ours(head) => Content::Members,
        [0x1f, 0x8b, 8, ..] => Content::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Content::Zip,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Content::Foreign("xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Content::Foreign("zstd"),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] => Content::Foreign("bzip2"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Content::Foreign("7z"),
        _ if AGE.iter().any(|begin| head.starts_with(begin)) => Content::Foreign("age"),
        _ if is_tar(head) => Content::Tar,
        _ => Content::Plain,
    }
}

/// Whether these bytes, all there are, are the beginning of an archive and no more: told from text by their shortness.
pub(super) fn is_cut_magic(all: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 2] = [&[0x1f, 0x8b, 8], b"PK\x03\x04"];
    !all.is_empty() && BEGINNINGS.iter().any(|magic| magic.starts_with(all))
}

/// How files begin that are encrypted with age, as they are and as text.
const AGE: [&[u8]; 2] = [
    b"age-encryption.org/v1\n",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
];

/// A tar header: its checksum is right. That also tells tars from before POSIX.
pub(super) fn is_tar(block: &[u8]) -> bool {
    block.len() >= PEEK && block.iter().any(|byte| *byte != 0) && checksum_fits(block)
}

/// Whether the checksum of a tar header is right, counted with unsigned or signed bytes.
pub(super) fn checksum_fits(block: &[u8]) -> bool {
    let Some(header) = block.first_chunk::<PEEK>() else {
        return false;
    };
    let Ok(stated) = tar::Header::from_byte_slice(header).cksum() else {
        return false;
    };
    let counted = |value: fn(u8) -> i64| -> i64 {
        header
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                if (148..156).contains(&at) {
                    32
                } else {
                    value(*byte)
                }
            })
            .sum()
    };
    let stated = i64::from(stated);
    stated == counted(i64::from) || stated == counted(|byte| i64::from(byte.cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        let packed = crate::member::pack(b"text", 0).unwrap();
        assert_eq!(content(&packed), Content::Members);
        assert_eq!(content(&[0x1f, 0x8b, 8, 0, 0, 0]), Content::Gzip);
        assert_eq!(content(b"PK\x03\x04rest"), Content::Zip);
        assert_eq!(content(b"I0102 kubelet"), Content::Plain);
        assert_eq!(content(&[0; 512]), Content::Plain);
        assert_eq!(content(b""), Content::Plain);
        let mut header = tar::Header::new_old();
        header.set_path("a").unwrap();
        header.set_cksum();
        assert_eq!(content(header.as_bytes()), Content::Tar);
    }

    #[test]
    fn an_archive_cut_within_its_first_bytes_is_no_text() {
        for cut in [&[0x1f][..], &[0x1f, 0x8b], b"P", b"PK", b"PK\x03"] {
            assert!(is_cut_magic(cut), "{cut:?}");
        }
        for text in [&b""[..], b"PK1", b"I1125", b"PKI is broken"] {
            assert!(!is_cut_magic(text), "{text:?}");
        }
    }

    #[test]
    fn one_flipped_bit_does_not_hide_our_members() {
        let packed = crate::member::pack(b"text", 0).unwrap();
        for at in 0..28 {
            let mut flipped = packed.clone();
            flipped[at] ^= 4;
            assert_eq!(content(&flipped), Content::Members, "byte {at}");
        }
    }
}
