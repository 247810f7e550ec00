//! Reads a stream in one thread, and cuts it into lines there, while another works on what was read.

use super::lines::line_of;
use super::shapes::{Outline, Outlined};
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bytes that go from one thread to the other at once.
const PIECE: usize = 256 << 10;
/// Pieces that may wait.
const WAITING: usize = 6;

/// Calls `work` once, in another thread, with what `reader` gives; this thread reads ahead of it. Where no thread can be had, both
/// are done here.
pub fn read_ahead<T: Send>(
    reader: &mut dyn Read,
    work: impl FnMut(&mut Pieces<'_>) -> T + Send,
) -> T {
    let (full, pieces) = sync_channel(WAITING);
    let (used, empty) = channel();
    // A thread that does not start drops what it was given.
    let work = Mutex::new(work);
    let with = |from: Supply<'_>| {
        let mut pieces = Pieces::new(from);
        work.lock().unwrap_or_else(PoisonError::into_inner)(&mut pieces)
    };
    thread::scope(|scope| {
        let ahead = || with(Supply::Ahead { full: pieces, used });
        match thread::Builder::new().spawn_scoped(scope, ahead) {
            Ok(worker) => {
                pump(reader, &full, &empty);
                drop(full);
                worker.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
            Err(_) => with(Supply::Here(Cutter::new(reader))),
        }
    })
}

/// Reads to the end, to an error, or until nobody wants more.
fn pump(reader: &mut dyn Read, full: &SyncSender<io::Result<Piece>>, empty: &Receiver<Piece>) {
    let mut cutter = Cutter::new(reader);
    while let Some(piece) = cutter.next(empty.try_recv().unwrap_or_default()) {
        if full.send(piece).is_err() {
            return;
        }
    }
}

/// A stretch of the stream: whole lines, unless one is longer than a piece or has no end.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    bytes: Vec<u8>,
    lines: Vec<Cut>,
    /// Where its whole lines end.
    whole: usize,
}

/// A line of a piece.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Where its line end is.
    end: usize,
    outline: Outline,
}

impl Piece {
    /// How many whole lines it has.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// One of its whole lines, by number from 0; nothing beyond them.
    pub(crate) fn line(&self, number: usize) -> Outlined<'_> {
        let from = number.checked_sub(1).map_or(0, |before| self.after(before));
        let line = |cut: &Cut| Outlined {
            line: line_of(self.bytes.get(from..cut.end).unwrap_or_default()),
            outline: cut.outline,
        };
        self.lines.get(number).map(line).unwrap_or_default()
    }

    /// Where what follows a line begins.
    pub(crate) fn after(&self, number: usize) -> usize {
        self.lines.get(number).map_or(self.whole, |cut| cut.end + 1)
    }

    /// What stands there from a place on.
    pub(crate) fn from(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// What follows its whole lines.
    pub(crate) fn rest(&self) -> &[u8] {
        self.from(self.whole)
    }

    fn cut(&mut self) {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', &self.bytes) {
            let line = self.bytes.get(from..end).unwrap_or_default();
            let outline = Outline::of(line_of(line));
            self.lines.push(Cut { end, outline });
            from = end + 1;
        }
        self.whole = from;
    }
}

/// Reads a stream and cuts it into pieces.
struct Cutter<'r> {
    reader: &'r mut dyn Read,
    /// The beginning of a line whose end was not read yet.
    begun: Vec<u8>,
    error: Option<io::Error>,
    ended: bool,
}

impl<'r> Cutter<'r> {
    fn new(reader: &'r mut dyn Read) -> Self {
        Self {
            reader,
            begun: Vec::new(),
            error: None,
            ended: false,
        }
    }

    /// The next piece; an error comes after all that was read before it.
    fn next(&mut self, mut piece: Piece) -> Option<io::Result<Piece>> {
        if self.ended {
            return self.error.take().map(Err);
        }
        piece.lines.clear();
        self.fill(&mut piece.bytes);
        piece.cut();
        if !self.ended && piece.whole > 0 {
            self.begun.extend_from_slice(piece.rest());
            piece.bytes.truncate(piece.whole);
        }
        if piece.bytes.is_empty() {
            return self.error.take().map(Err);
        }
        Some(Ok(piece))
    }

    /// Fills a buffer; less is in it at the end of the stream, or before an error.
    fn fill(&mut self, bytes: &mut Vec<u8>) {
        let mut filled = self.begun.len();
        bytes.resize(filled + PIECE, 0);
        if let Some(start) = bytes.get_mut(..filled) {
            start.copy_from_slice(&self.begun);
        }
        self.begun.clear();
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => self.ended = true,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    self.ended = true;
                }
            }
            if self.ended {
                break;
            }
        }
        bytes.truncate(filled);
    }
}

/// What was read ahead, piece by piece or as a stream.
pub struct Pieces<'r> {
    from: Supply<'r>,
    /// What is read of as a stream.
    open: Piece,
    at: usize,
}

/// Who cuts the pieces.
enum Supply<'r> {
    /// Another thread.
    Ahead {
        full: Receiver<io::Result<Piece>>,
        used: Sender<Piece>,
    },
    /// This one.
    Here(Cutter<'r>),
}

impl<'r> Pieces<'r> {
    fn new(from: Supply<'r>) -> Self {
        Self {
            from,
            open: Piece::default(),
            at: 0,
        }
    }

    /// The next piece, in exchange for one that was used.
    pub(crate) fn next(&mut self, old: Piece) -> io::Result<Option<Piece>> {
        match &mut self.from {
            Supply::Ahead { full, used } => {
                // The reader may be done, and then needs no room.
                drop(used.send(old));
                full.recv().ok().transpose()
            }
            Supply::Here(cutter) => cutter.next(old).transpose(),
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.open.bytes.len() {
            self.at = 0;
            let old = std::mem::take(&mut self.open);
            match self.next(old)? {
                Some(piece) => self.open = piece,
                None => return Ok(0),
            }
        }
        let read = self.open.from(self.at).read(buf)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(reader: &mut dyn Read) -> (Vec<u8>, Option<String>) {
        read_ahead(reader, |reader| {
            let mut all = Vec::new();
            let end = reader.read_to_end(&mut all);
            (all, end.err().map(|error| error.to_string()))
        })
    }

    #[test]
    fn all_bytes_come_in_order() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 20 * PIECE + 7] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let (all, error) = collected(&mut bytes.as_slice());
            assert!(all == bytes && error.is_none(), "{length}");
        }
    }

    #[test]
    fn an_error_comes_after_all_that_was_read_before_it() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("cut"))
            }
        }
        let (all, error) = collected(&mut (&b"before"[..]).chain(Broken));
        assert_eq!(all, b"before");
        assert_eq!(error.as_deref(), Some("cut"));
    }

    #[test]
    fn work_that_stops_early_or_panics_leaves_nothing_hanging() {
        let bytes = vec![7; 40 * PIECE];
        assert_eq!(read_ahead(&mut bytes.as_slice(), |_| 5), 5);
        let panic = std::panic::catch_unwind(|| {
            read_ahead(&mut bytes.as_slice(), |_| {
                assert!(bytes.is_empty(), "on purpose");
            });
        });
        assert!(panic.is_err());
    }
}
