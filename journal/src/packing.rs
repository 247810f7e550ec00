//! Long fields are stored compressed.

use lzma_rust2::XzReader;
use std::io::Read;

/// How a field is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// An xz stream: RHEL 7, `CentOS` 7, Debian 8.
    Xz,
    /// One LZ4 block behind its length.
    Lz4,
    /// A zstd frame.
    Zstd,
}

impl Packing {
    /// What the flags of a data object say; `None` for flags of the future.
    pub fn of(flags: u8) -> Option<Self> {
        match flags {
            0 => Some(Self::Plain),
            1 => Some(Self::Xz),
            2 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The field itself, at most [`MOST`] bytes of it; `None` when it is damaged.
    pub fn open(self, packed: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(packed),
            Self::Xz => at_most(XzReader::new_mem_limit(
                packed.as_slice(),
                false,
                MOST_WINDOW_KIB,
            )),
            Self::Lz4 => {
                let (length, block) = packed.split_first_chunk::<8>()?;
                let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                (length <= MOST).then_some(())?;
                lz4_flex::block::decompress(block, length).ok()
            }
            Self::Zstd => at_most(ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).ok()?),
        }
    }
}

/// All that comes, up to [`MOST`].
fn at_most(unpacked: impl Read) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    unpacked.take(MOST as u64).read_to_end(&mut text).ok()?;
    Some(text)
}

/// Longest field after unpacking.
const MOST: usize = 1 << 20;
/// journald packs with a window of at most 8 MiB, which is allocated and hardly touched.
const MOST_WINDOW_KIB: u32 = 9 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn damaged_fields_and_those_that_claim_to_be_huge_yield_nothing() {
        assert_eq!(Packing::Lz4.open(vec![1, 2, 3]), None);
        let mut huge = (1_u64 << 40).to_le_bytes().to_vec();
        huge.extend_from_slice(b"\x00abc");
        assert_eq!(Packing::Lz4.open(huge), None);
        assert_eq!(Packing::Zstd.open(b"no zstd frame".to_vec()), None);
        assert_eq!(Packing::of(3), None);
    }

    /// `MESSAGE=` and 60 times `no space left on device `, packed as journald packs it.
    const XZ: &str = "/Td6WFoAAAD/EtlBAgAhAQwAAACPmEGc4AWnAC9dACaRRqzQb3S4piJ2ugMTbbYuSAJ6DDMHqFx0yOVpNbDX2jT0AM56OSirOcMqzL4AAAAAAUOoCwAAAEn/z92oAAr8AgAAAAAAWVo=";
    /// One letter a hundred times, behind a header that asks for a window of 256 MiB.
    const WIDE: &str = "/Td6WFoAAATm1rRGAgAhASAAAAAJiKV24ABjAAZdADxungAAAAAAAFmzcVcWqutkAAEiZEpW680ftvN9AQAAAAAEWVo=";

    fn bytes(base64: &str) -> Vec<u8> {
        STANDARD.decode(base64).unwrap()
    }

    #[test]
    fn xz_is_unpacked_whole() {
        let text = format!("MESSAGE={}", "no space left on device ".repeat(60));
        assert_eq!(Packing::Xz.open(bytes(XZ)), Some(text.into_bytes()));
    }

    #[test]
    fn xz_that_asks_for_a_huge_window_yields_nothing() {
        assert_eq!(Packing::Xz.open(bytes(WIDE)), None);
    }

    #[test]
    fn no_damage_of_many_bytes_to_xz_does_harm() {
        let whole = bytes(XZ);
        let mut state = 7_usize;
        for _ in 0..4000 {
            let mut damaged = whole.clone();
            for _ in 0..4 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let (at, byte) = ((state >> 33) % whole.len(), (state >> 24).to_le_bytes()[0]);
                damaged[at] = byte;
            }
            Packing::Xz.open(damaged);
        }
    }

    #[test]
    fn no_damage_of_one_bit_to_xz_does_harm() {
        let whole = bytes(XZ);
        for at in 0..whole.len() {
            let cut = whole[..at].to_vec();
            assert_eq!(Packing::Xz.open(cut), None, "cut at {at}");
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                Packing::Xz.open(damaged);
            }
        }
    }
}
