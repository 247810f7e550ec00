//! Streams that know their limits.

use super::limits::{Budget, Limits};
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// Counts what is taken from a stream.
pub(super) struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    /// The stream and its count.
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let taken = Rc::new(Cell::new(0));
        let count = Rc::clone(&taken);
        (Self { inner, taken }, count)
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.taken.set(self.taken.get() + bytes as u64);
        self.inner.consume(bytes);
    }
}

/// An inflating stream that ends with an error when it grows out of proportion.
pub(super) struct Inflated<R> {
    inner: R,
    /// Compressed bytes taken so far.
    taken: Rc<Cell<u64>>,
    given: u64,
    ratio: u64,
    ratio_from: u64,
    budget: Rc<Budget>,
}

impl<R: Read> Inflated<R> {
    pub(super) fn new(
        inner: R,
        taken: Rc<Cell<u64>>,
        ratio: u64,
        limits: &Limits,
        budget: Rc<Budget>,
    ) -> Self {
        Self {
            inner,
            taken,
            given: 0,
            ratio,
            ratio_from: limits.ratio_from,
            budget,
        }
    }

    fn is_out_of_proportion(&self) -> bool {
        self.given > self.ratio_from && self.given / self.ratio.max(1) > self.taken.get()
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_out_of_proportion() {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the compression ratio is higher than allowed",
            ));
        }
        let read = self.inner.read(buf)?;
        self.budget.spend(read)?;
        self.given += read as u64;
        Ok(read)
    }
}

/// A stream whose first error is repeated; some decoders say it once and then claim to be at their end.
pub(super) struct Lasting<R> {
    inner: R,
    error: Option<(io::ErrorKind, String)>,
}

impl<R: Read> Lasting<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, error: None }
    }
}

impl<R: Read> Read for Lasting<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, why)) = &self.error {
            return Err(io::Error::new(*kind, why.clone()));
        }
        self.inner.read(buf).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.error = Some((error.kind(), error.to_string()));
            }
        })
    }
}

/// The content of one entry as the visitor gets it: capped, and with its first error kept.
pub(super) struct Content<'a> {
    inner: &'a mut dyn BufRead,
    left: u64,
    /// Bytes the visitor took.
    pub(super) bytes: u64,
    /// Why the content is not whole.
    pub(super) error: Option<String>,
}

impl<'a> Content<'a> {
    pub(super) fn new(inner: &'a mut dyn BufRead, cap: u64) -> Self {
        Self {
            inner,
            left: cap,
            bytes: 0,
            error: None,
        }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = within(self.left, buf);
        if room.is_empty() || self.error.is_some() {
            return self.fill_buf()?.read(room);
        }
        match self.inner.read(room) {
            Ok(read) => {
                self.left -= read as u64;
                self.bytes += read as u64;
                Ok(read)
            }
            Err(error) => {
                self.error = Some(error.to_string());
                Err(error)
            }
        }
    }
}

impl BufRead for Content<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Some(error) = &self.error {
            return Err(io::Error::other(error.clone()));
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        match self.inner.fill_buf() {
            Ok([]) => Ok(&[]),
            Ok(_) if left == 0 => {
                let why = "the entry is larger than allowed";
                self.error = Some(why.to_owned());
                Err(io::Error::new(io::ErrorKind::FileTooLarge, why))
            }
            Ok(filled) => Ok(filled.get(..left).unwrap_or(filled)),
            Err(error) => {
                self.error = Some(error.to_string());
                Err(error)
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.bytes += bytes as u64;
        self.inner.consume(bytes);
    }
}

/// Exactly so many bytes of a stream; an error where it ends before.
pub(super) struct Exactly<'a> {
    inner: &'a mut dyn BufRead,
    left: u64,
}

impl<'a> Exactly<'a> {
    pub(super) fn new(inner: &'a mut dyn BufRead, bytes: u64) -> Self {
        Self { inner, left: bytes }
    }

    /// Leaves out what is left.
    pub(super) fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let filled = self.fill_buf()?.len();
            if filled == 0 {
                return Ok(());
            }
            self.consume(filled);
        }
    }
}

impl Read for Exactly<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = within(self.left, buf);
        match self.inner.read(room)? {
            0 if !room.is_empty() => Err(cut_short()),
            read => {
                self.left -= read as u64;
                Ok(read)
            }
        }
    }
}

impl BufRead for Exactly<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        match self.inner.fill_buf()? {
            [] => Err(cut_short()),
            filled => Ok(filled.get(..left).unwrap_or(filled)),
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.inner.consume(bytes);
    }
}

/// The input ends where more must follow.
pub(super) fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the input is cut short here")
}

/// As much of a buffer as may be filled.
fn within(left: u64, buf: &mut [u8]) -> &mut [u8] {
    let length = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
    buf.get_mut(..length).unwrap_or_default()
}

/// Fills the buffer as far as the stream goes. An error ends it like an end of file; the stream repeats it.
pub(super) fn fill(stream: &mut dyn BufRead, buf: &mut [u8]) -> usize {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    filled
}
