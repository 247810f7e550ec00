//! What a stream is, told by its first block and never by its name.

use super::codec::Codec;
use crate::member::{MAGIC, MemberHeader};

/// Bytes that suffice to tell.
pub(super) const PEEK: usize = 512;

/// How an encrypted file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    Bytes,
    Text,
}

/// What a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Gzip members that state their own length.
    Members,
    Compressed(Codec),
    Tar,
    Zip,
    /// Encrypted with age, and how it is written.
    Sealed(Seal),
    /// Compressed in a way that this program does not open.
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
        [0x1f, 0x8b, 8, ..] => Content::Compressed(Codec::Gzip),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Content::Zip,
        _ if head.starts_with(XZ) => Content::Compressed(Codec::Xz),
        _ if head.starts_with(ZSTD) => Content::Compressed(Codec::Zstd),
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Content::Compressed(Codec::Zstd),
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
            if BZIP2_BLOCKS.iter().any(|begin| rest.starts_with(begin)) =>
        {
            Content::Compressed(Codec::Bzip2)
        }
        _ if let Some((_, kind)) = FOREIGN.iter().find(|(begin, _)| head.starts_with(begin)) => {
            Content::Foreign(kind)
        }
        _ if head.starts_with(AGE) => Content::Sealed(Seal::Bytes),
        _ if head.trim_ascii_start().starts_with(AGE_TEXT) => Content::Sealed(Seal::Text),
        _ if is_tar(head) => Content::Tar,
        _ => Content::Plain,
    }
}

/// Whether these bytes, all there are, are the beginning of an archive and no more: told from text by their shortness.
pub(super) fn is_cut_magic(all: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 4] = [&[0x1f, 0x8b, 8], b"PK\x03\x04", XZ, ZSTD];
    let is_cut_bzip2 = || match all {
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] => {
            BZIP2_BLOCKS.iter().any(|begin| begin.starts_with(rest))
        }
        _ => b"BZh".starts_with(all),
    };
    !all.is_empty()
        && (BEGINNINGS.iter().any(|magic| magic.starts_with(all))
            || is_cut_bzip2()
            || is_cut_tar(all))
}

/// Less than the first header of a tar: a name, zeros behind it, then numbers.
fn is_cut_tar(all: &[u8]) -> bool {
    const NAME: usize = 100;
    const NUMBERS: std::ops::Range<usize> = NAME..156;
    let name = all.get(..NAME.min(all.len())).unwrap_or_default();
    let Some(end) = memchr::memchr(0, name).filter(|end| *end > 0 && all.len() < PEEK) else {
        return false;
    };
    let (name, zeros) = name.split_at(end);
    let numbers = all.get(NUMBERS.start..NUMBERS.end.min(all.len()));
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'7' | b' ' | 0);
    !name.iter().any(u8::is_ascii_control)
        && zeros.iter().all(|byte| *byte == 0)
        && numbers.unwrap_or_default().iter().all(is_number)
}

const XZ: &[u8] = b"\xfd7zXZ\0";
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// What follows the four bytes of a bzip2 header: a block, or the end of an empty file.
const BZIP2_BLOCKS: [&[u8]; 2] = [
    &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
];

/// How packed files begin that are not opened here.
const FOREIGN: [(&[u8], &str); 6] = [
    (&[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c], "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (b"LZIP\x01", "lzip"),
    (&[0x89, b'L', b'Z', b'O', 0], "lzop"),
    (&[0x1f, 0x9d, 0x90], "compress (.Z)"),
];

/// How files begin that are encrypted with age, as they are and as text.
const AGE: &[u8] = b"age-encryption.org/v1\n";
const AGE_TEXT: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

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
        let compressed = Content::Compressed;
        assert_eq!(content(&[0x1f, 0x8b, 8, 0, 0, 0]), compressed(Codec::Gzip));
        assert_eq!(content(b"\xfd7zXZ\0\0\x04"), compressed(Codec::Xz));
        assert_eq!(content(b"\x28\xb5\x2f\xfd\x24"), compressed(Codec::Zstd));
        assert_eq!(content(b"\x5a\x2a\x4d\x18\x04"), compressed(Codec::Zstd));
        assert_eq!(content(b"BZh91AY&SYxx"), compressed(Codec::Bzip2));
        assert_eq!(content(b"BZh9 is how it begins"), Content::Plain);
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
        let bzip2: [&[u8]; 4] = [b"B", b"BZ", b"BZh6", b"BZh61AY&"];
        let others: [&[u8]; 7] = [
            &[0x1f],
            &[0x1f, 0x8b],
            b"P",
            b"PK",
            b"PK\x03",
            b"\xfd7z",
            b"(",
        ];
        for cut in bzip2.into_iter().chain(others) {
            assert!(is_cut_magic(cut), "{cut:?}");
        }
        for text in [
            &b""[..],
            b"PK1",
            b"I1125",
            b"PKI is broken",
            b"BZh6 ",
            b"BZ2",
        ] {
            assert!(!is_cut_magic(text), "{text:?}");
        }
    }

    #[test]
    fn a_tar_cut_within_its_first_header_is_no_text() {
        let mut header = tar::Header::new_gnu();
        header.set_path("node/etc/hostname").unwrap();
        header.set_size(9);
        header.set_mode(0o644);
        header.set_mtime(1_763_800_000);
        header.set_cksum();
        let bytes = header.as_bytes();
        for cut in 18..512 {
            assert!(is_cut_magic(&bytes[..cut]), "{cut}");
        }
        assert!(!is_cut_magic(&bytes[..17]));
        assert!(!is_cut_magic(b"a line\n\0\0 of a log"));
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
