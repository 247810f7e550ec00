//! The text form of an encrypted file: base64 between two lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::io::{self, BufRead, Read};

const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
/// Longest line that is looked at; those of the form have 64 letters.
const LINE_BYTES: u64 = 1024;

/// The bytes that the text stands for.
pub(super) struct Armor<R> {
    text: R,
    held: Vec<u8>,
    at: usize,
    begun: bool,
    ended: bool,
}

impl<R: BufRead> Armor<R> {
    pub(super) fn new(text: R) -> Self {
        Self {
            text,
            held: Vec::new(),
            at: 0,
            begun: false,
            ended: false,
        }
    }

    fn line(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        let read = self
            .text
            .by_ref()
            .take(LINE_BYTES)
            .read_until(b'\n', &mut line)?;
        let line = line.trim_ascii();
        if read == 0 {
            // The decryption says what is missing.
            self.ended = true;
        } else if !self.begun {
            self.begun = line == BEGIN;
            if !self.begun && !line.is_empty() {
                return Err(damaged());
            }
        } else if line == END {
            self.ended = true;
        } else {
            self.held = BASE64.decode(line).map_err(|_error| damaged())?;
            self.at = 0;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Armor<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.held.len() && !self.ended {
            self.line()?;
        }
        let read = self.held.get(self.at..).unwrap_or_default().read(buf)?;
        self.at += read;
        Ok(read)
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a line of the encrypted text is damaged",
    )
}
