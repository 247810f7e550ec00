//! The plain bytes of an encrypted file, chunk by chunk. Nothing is given before it is authenticated.

use nodebundle_bundle::age::{CHUNK_BYTES, TAG_BYTES, chunk_nonce};
use ring::aead::{Aad, LessSafeKey};
use std::io::{self, BufRead, Read, Seek, SeekFrom};

const SEALED_BYTES: u64 = (CHUNK_BYTES + TAG_BYTES) as u64;

/// A stream, or a file that can be sought in.
pub(super) struct Opened<R> {
    sealed: R,
    key: LessSafeKey,
    /// Where the first chunk begins.
    start: u64,
    /// Number of the chunk that comes next.
    next: u64,
    /// The plain chunk at hand.
    chunk: Vec<u8>,
    at: usize,
    /// The chunk at hand is the last.
    is_last: bool,
    /// Why nothing follows the chunk at hand.
    failed: Option<(io::ErrorKind, &'static str)>,
    /// Plain bytes up to the end or to where the authenticated end, once it was looked up.
    length: Option<u64>,
}

impl<R: BufRead> Opened<R> {
    /// `sealed` is where its first chunk begins, which is at `start`.
    pub(super) fn new(sealed: R, key: LessSafeKey, start: u64) -> Self {
        Self {
            sealed,
            key,
            start,
            next: 0,
            chunk: Vec::new(),
            at: 0,
            is_last: false,
            failed: None,
            length: None,
        }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut sealed = Vec::with_capacity(CHUNK_BYTES + TAG_BYTES);
        let read = self
            .sealed
            .by_ref()
            .take(SEALED_BYTES)
            .read_to_end(&mut sealed);
        let read = read?;
        let is_last = (read as u64) < SEALED_BYTES || self.sealed.fill_buf()?.is_empty();
        self.at = 0;
        self.chunk.clear();
        if sealed.is_empty() {
            self.failed = Some(CUT);
        } else if let Some(chunk) = self.open(sealed.clone(), is_last) {
            self.chunk = chunk;
            self.is_last = is_last;
        } else if is_last && let Some(chunk) = self.open(sealed, false) {
            self.chunk = chunk;
            self.failed = Some(CUT);
        } else {
            self.failed = Some(if is_last { CUT_OR_CHANGED } else { CHANGED });
        }
        self.next += 1;
        Ok(())
    }

    fn open(&self, mut sealed: Vec<u8>, is_last: bool) -> Option<Vec<u8>> {
        let nonce = chunk_nonce(self.next, is_last);
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut sealed);
        let length = opened.ok()?.len();
        // Only an empty file has an empty chunk.
        if length == 0 && self.next > 0 {
            return None;
        }
        sealed.truncate(length);
        Some(sealed)
    }

    fn position(&self) -> u64 {
        let before = self.next.saturating_sub(1) * CHUNK_BYTES as u64;
        before + self.at as u64
    }
}

impl<R: BufRead> Read for Opened<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut plain = self.fill_buf()?;
        let read = plain.read(buf)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Opened<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.chunk.len() && !self.is_last {
            if self.failed.is_none() {
                self.next_chunk()?;
            }
            if let Some((kind, why)) = self.failed.filter(|_| self.chunk.len() == self.at) {
                return Err(io::Error::new(kind, why));
            }
        }
        Ok(self.chunk.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.chunk.len());
    }
}

impl<R: BufRead + Seek> Opened<R> {
    /// Goes to the beginning of a chunk and opens it.
    fn load(&mut self, chunk: u64) -> io::Result<()> {
        let place = self.start + chunk * SEALED_BYTES;
        self.sealed.seek(SeekFrom::Start(place))?;
        self.next = chunk;
        self.is_last = false;
        self.failed = None;
        self.next_chunk()
    }

    fn length(&mut self) -> io::Result<u64> {
        if let Some(length) = self.length {
            return Ok(length);
        }
        let sealed = self.sealed.seek(SeekFrom::End(0))?;
        let last = sealed.saturating_sub(self.start).saturating_sub(1) / SEALED_BYTES;
        self.load(last)?;
        let length = last * CHUNK_BYTES as u64 + self.chunk.len() as u64;
        self.length = Some(length);
        Ok(length)
    }
}

impl<R: BufRead + Seek> Seek for Opened<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let here = self.position();
        let length = self.length()?;
        let (from, by) = match to {
            SeekFrom::Start(place) => (place, 0),
            SeekFrom::Current(by) => (here, by),
            SeekFrom::End(by) => (length, by),
        };
        let place = from.checked_add_signed(by).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning")
        })?;
        // Behind the end there is nothing, so the end will do.
        let place = place.min(length);
        let chunk_bytes = CHUNK_BYTES as u64;
        // The end of the last chunk belongs to it.
        let chunk = if place == length {
            length.saturating_sub(1) / chunk_bytes
        } else {
            place / chunk_bytes
        };
        if self.next != chunk + 1 {
            self.load(chunk)?;
        }
        let at = usize::try_from(place - chunk * chunk_bytes);
        self.at = at.map_err(io::Error::other)?.min(self.chunk.len());
        Ok(place)
    }
}

const CUT: (io::ErrorKind, &str) = (
    io::ErrorKind::UnexpectedEof,
    "the encrypted input is cut short here",
);
const CUT_OR_CHANGED: (io::ErrorKind, &str) = (
    io::ErrorKind::UnexpectedEof,
    "the encrypted input is cut short here, or its last 64 KiB were changed",
);
const CHANGED: (io::ErrorKind, &str) = (
    io::ErrorKind::InvalidData,
    "the encrypted input was changed or damaged here: the next 64 KiB do not open",
);
