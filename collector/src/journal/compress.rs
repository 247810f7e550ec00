//! Long fields are stored compressed.

use std::io::Read as _;

/// How a field is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// As it is.
    Plain,
    /// With xz, which is not read.
    Xz,
    /// One LZ4 block behind its length.
    Lz4,
    /// A zstd frame.
    Zstd,
}

impl Packing {
    /// What the flags of a data object say; `None` for flags of the future.
    pub(super) fn of(flags: u8) -> Option<Self> {
        match flags {
            0 => Some(Self::Plain),
            1 => Some(Self::Xz),
            2 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The field itself, at most [`MOST`] bytes of it; `None` when it is damaged or packed with xz.
    pub(super) fn open(self, packed: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(packed),
            Self::Xz => None,
            Self::Lz4 => {
                let (length, block) = packed.split_first_chunk::<8>()?;
                let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                (length <= MOST).then_some(())?;
                lz4_flex::block::decompress(block, length).ok()
            }
            Self::Zstd => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).ok()?;
                let mut text = Vec::new();
                decoder.take(MOST as u64).read_to_end(&mut text).ok()?;
                Some(text)
            }
        }
    }
}

/// Longest field after unpacking.
const MOST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_fields_and_those_that_claim_to_be_huge_yield_nothing() {
        assert_eq!(Packing::Lz4.open(vec![1, 2, 3]), None);
        let mut huge = (1_u64 << 40).to_le_bytes().to_vec();
        huge.extend_from_slice(b"\x00abc");
        assert_eq!(Packing::Lz4.open(huge), None);
        assert_eq!(Packing::Zstd.open(b"no zstd frame".to_vec()), None);
        assert_eq!(Packing::of(3), None);
    }
}
