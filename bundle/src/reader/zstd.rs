//! zstd, with several frames.

use super::codec::MAX_WINDOW_MIB;
use super::guard::{Exactly, cut_short, fill};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, Read};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The other bytes of the magic of a frame to skip; the first is 0x50 to 0x5f.
const SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];
/// An empty last block, and a checksum: it makes the decoder give what it holds back.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// The plain stream behind zstd data.
pub(super) struct Zstd<R> {
    stream: R,
    frame: Option<FrameDecoder>,
    failed: Option<(io::ErrorKind, String)>,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(stream: R) -> Self {
        Self {
            stream,
            frame: None,
            failed: None,
        }
    }

    /// One block more, or what ends the frame early.
    fn block(&mut self) {
        let Some(frame) = &mut self.frame else { return };
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let Err(error) = frame.decode_blocks(&mut self.stream, one) else {
            return;
        };
        let one = BlockDecodingStrategy::UptoBlocks(1);
        if frame.decode_blocks(&LAST_BLOCK[..], one).is_err() {
            self.frame = None;
        }
        let is_cut = self.stream.fill_buf().is_ok_and(<[u8]>::is_empty);
        self.fail(&if is_cut {
            cut_short()
        } else {
            damaged(&error.to_string())
        });
    }

    /// Ends a frame whose content was given.
    fn end(&mut self) {
        let Some(frame) = self.frame.take() else {
            return;
        };
        let stated = frame.get_checksum_from_data();
        if self.failed.is_none() && stated.is_some() && stated != frame.get_calculated_checksum() {
            self.fail(&damaged("a checksum is wrong"));
        }
    }

    /// Goes on to the next frame; false at the end of the stream.
    fn begin(&mut self) -> io::Result<bool> {
        let mut magic = [0; 4];
        match fill(&mut self.stream, &mut magic) {
            // An error looks like an end to `fill`; asking again brings it out.
            0 => return self.stream.fill_buf().map(|_| false),
            4 => {}
            _ => return Err(cut_short()),
        }
        if let [0x50..=0x5f, rest @ ..] = magic
            && rest == SKIPPED
        {
            let mut size = [0; 4];
            Exactly::new(&mut self.stream, 4).read_exact(&mut size)?;
            Exactly::new(&mut self.stream, u32::from_le_bytes(size).into()).skip_rest()?;
            return Ok(true);
        }
        if magic != MAGIC {
            return Err(damaged("these bytes are not a frame"));
        }
        let header = self.header()?;
        let mut frame = FrameDecoder::new();
        let begun = frame.init(&*header);
        begun.map_err(|error| damaged(&error.to_string()))?;
        self.frame = Some(frame);
        Ok(true)
    }

    /// The header of a frame whose window is not too large.
    fn header(&mut self) -> io::Result<Vec<u8>> {
        let mut header = MAGIC.to_vec();
        let mut take = |bytes: u64| -> io::Result<Vec<u8>> {
            let mut field = Vec::new();
            Exactly::new(&mut self.stream, bytes).read_to_end(&mut field)?;
            header.extend_from_slice(&field);
            Ok(field)
        };
        let descriptor = take(1)?.first().copied().unwrap_or_default();
        let is_single_segment = descriptor & 0x20 != 0;
        let mut window = 0;
        if !is_single_segment {
            let byte = take(1)?.first().copied().unwrap_or_default();
            let base = 1_u64 << (10 + u32::from(byte >> 3));
            window = base + base / 8 * u64::from(byte & 7);
        }
        take(match descriptor & 3 {
            3 => 4,
            bytes => bytes.into(),
        })?;
        let size_bytes = match descriptor >> 6 {
            0 => u64::from(is_single_segment),
            1 => 2,
            2 => 4,
            _ => 8,
        };
        let size = take(size_bytes)?;
        if is_single_segment {
            window = size
                .iter()
                .rev()
                .fold(0, |n, byte| n << 8 | u64::from(*byte));
        }
        if window > u64::from(MAX_WINDOW_MIB) << 20 {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                format!(
                    "its zstd window is larger than {MAX_WINDOW_MIB} MiB: unpack it first with `zstd -d --long=31`"
                ),
            ));
        }
        Ok(header)
    }
}

impl<R> Zstd<R> {
    fn fail(&mut self, error: &io::Error) {
        self.failed = Some((error.kind(), error.to_string()));
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match &mut self.frame {
                Some(frame) if frame.can_collect() > 0 => return frame.read(buf),
                Some(frame) if frame.is_finished() => self.end(),
                Some(_) => self.block(),
                None => {
                    if let Some((kind, why)) = &self.failed {
                        return Err(io::Error::new(*kind, why.clone()));
                    }
                    match self.begin() {
                        Ok(true) => {}
                        Ok(false) => return Ok(0),
                        Err(error) => self.fail(&error),
                    }
                }
            }
        }
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the zstd data is damaged ({what})"),
    )
}
