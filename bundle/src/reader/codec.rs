//! Compressions that are opened, all as streams.

use super::limits::Limits;
use super::pump::{Bzip2, Pump};
use super::summary::Packing;
use super::xz::Xz;
use super::zstd::Zstd;
use flate2::bufread::MultiGzDecoder;
use std::io::{BufRead, Read};

/// Most mebibytes that a decoder may hold of what it has given: the dictionary of xz, the window of zstd.
pub(super) const MAX_WINDOW_MIB: u32 = 128;

/// A compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Xz,
    Zstd,
    Bzip2,
}

impl Codec {
    /// The plain stream. All members, streams or frames are read; what stands before a cut or damage comes before the error.
    pub(super) fn decoder<'s>(self, stream: impl BufRead + 's) -> Box<dyn Read + 's> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(stream)),
            Self::Xz => Box::new(Pump::new(stream, Xz::new())),
            Self::Zstd => Box::new(Zstd::new(stream)),
            Self::Bzip2 => Box::new(Pump::new(stream, Bzip2::new())),
        }
    }

    /// How a tar behind it is packed.
    pub(super) fn packing(self) -> Packing {
        match self {
            Self::Gzip => Packing::TarGz,
            Self::Xz => Packing::TarXz,
            Self::Zstd => Packing::TarZst,
            Self::Bzip2 => Packing::TarBz2,
        }
    }

    /// The ratio that is allowed. Journals are mostly zeros: gzip packs these 1000 times at most, the others more.
    pub(super) fn ratio(self, limits: &Limits) -> u64 {
        match self {
            Self::Gzip => limits.ratio,
            Self::Xz | Self::Zstd | Self::Bzip2 => limits.ratio.saturating_mul(4),
        }
    }
}
