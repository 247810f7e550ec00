//! Reads a stream in one thread while another works on what was read.

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
    work: impl FnMut(&mut dyn Read) -> T + Send,
) -> T {
    let (full, pieces) = sync_channel(WAITING);
    let (used, empty) = channel();
    // A thread that does not start drops what it was given.
    let work = Mutex::new(work);
    let with = |reader: &mut dyn Read| work.lock().unwrap_or_else(PoisonError::into_inner)(reader);
    let mut pieces = Pieces {
        read: pieces,
        used,
        piece: Vec::new(),
        at: 0,
    };
    thread::scope(|scope| {
        match thread::Builder::new().spawn_scoped(scope, move || with(&mut pieces)) {
            Ok(worker) => {
                pump(reader, &full, &empty);
                drop(full);
                worker.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
            Err(_) => with(reader),
        }
    })
}

type Piece = io::Result<Vec<u8>>;

/// Reads to the end, to an error, or until nobody wants more.
fn pump(reader: &mut dyn Read, full: &SyncSender<Piece>, empty: &Receiver<Vec<u8>>) {
    loop {
        let mut piece = empty.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let (filled, error) = fill(reader, &mut piece);
        piece.truncate(filled);
        if filled > 0 && full.send(Ok(piece)).is_err() {
            return;
        }
        if let Some(error) = error {
            // Nobody is left to tell it to when this fails.
            drop(full.send(Err(error)));
            return;
        }
        if filled < PIECE {
            return;
        }
    }
}

/// Fills a piece; less is in it at the end of the stream, or before an error.
fn fill(reader: &mut dyn Read, piece: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while let Some(room) = piece.get_mut(filled..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

/// What was read ahead, as a stream.
struct Pieces {
    read: Receiver<Piece>,
    used: Sender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            let Ok(next) = self.read.recv() else {
                return Ok(0);
            };
            let used = std::mem::replace(&mut self.piece, next?);
            self.at = 0;
            // The reader may be done, and then needs no room.
            drop(self.used.send(used));
        }
        let mut rest = self.piece.get(self.at..).unwrap_or_default();
        let read = rest.read(buf)?;
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
