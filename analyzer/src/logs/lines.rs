//! A stream of bytes → numbered lines, without ever holding the stream.

use std::io::{self, Read};

/// Bytes of a line that are kept; the rest of a longer line is read and dropped.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// The journal holds no longer value.
const MOST_COUNTED: u64 = 768 << 20;

const CHUNK: usize = 256 << 10;

/// Reads lines from a stream of any length. Ends at `\n`; a final line needs none.
pub(crate) struct Lines<'r> {
    reader: &'r mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    searched: usize,
    number: u64,
    ended: bool,
}

/// One line as it stands in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'b> {
    /// Number from 1, as an editor counts.
    pub(crate) number: u64,
    /// Its bytes without the line end (`\n`, `\r\n`) and without a byte order mark, at most [`MAX_LINE`].
    pub(crate) bytes: &'b [u8],
}

impl<'r> Lines<'r> {
    pub(crate) fn new(reader: &'r mut dyn Read) -> Self {
        Self::after(0, reader)
    }

    /// Goes on behind lines that somebody else read.
    pub(crate) fn after(number: u64, reader: &'r mut dyn Read) -> Self {
        Self {
            reader,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            searched: 0,
            number,
            ended: false,
        }
    }

    /// The next line; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some((from, to)) = self.find()? else {
            return Ok(None);
        };
        self.number += 1;
        let mut bytes = self.buffer.get(from..to).unwrap_or_default();
        if self.number == 1 {
            bytes = without_mark(bytes);
        }
        Ok(Some(Line {
            number: self.number,
            bytes: line_of(bytes),
        }))
    }

    /// The whole stream, when it has no more than `most` bytes and nothing was read from it. It is still to be read.
    pub(crate) fn whole(&mut self, most: usize) -> io::Result<Option<&[u8]>> {
        while !self.ended && self.end <= most {
            self.fill()?;
        }
        Ok(self
            .buffer
            .get(..self.end)
            .filter(|_| self.ended && self.end <= most))
    }

    /// Reads bytes that stand behind their own length, 8 bytes little-endian, and before a line end: how the journal exports
    /// values that are no text. At most [`MAX_LINE`] of them are kept. `None` where no such thing can stand here.
    pub(crate) fn counted_bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        const LENGTH: usize = 8;
        while self.end - self.start < LENGTH && !self.ended {
            self.fill()?;
        }
        let fresh = self.buffer.get(self.start..self.end).unwrap_or_default();
        let Some((length, _)) = fresh.split_first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let length = u64::from_le_bytes(*length);
        if length > MOST_COUNTED {
            return Ok(None);
        }
        self.skip(LENGTH as u64, None)?;
        let mut bytes = Vec::new();
        self.skip(length, Some(&mut bytes))?;
        self.skip(1, None)?;
        Ok(Some(bytes))
    }

    /// Passes over bytes, counting the lines in them.
    fn skip(&mut self, count: u64, mut kept: Option<&mut Vec<u8>>) -> io::Result<()> {
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        while left > 0 {
            if self.start == self.end {
                if self.ended {
                    break;
                }
                self.fill()?;
            }
            let fresh = self.buffer.get(self.start..self.end).unwrap_or_default();
            let now = fresh.get(..left).unwrap_or(fresh);
            self.number += memchr::memchr_iter(b'\n', now).count() as u64;
            if let Some(kept) = kept.as_deref_mut() {
                let room = MAX_LINE.saturating_sub(kept.len());
                kept.extend_from_slice(now.get(..room).unwrap_or(now));
            }
            left -= now.len();
            self.start += now.len();
            self.searched = self.start;
        }
        Ok(())
    }

    fn find(&mut self) -> io::Result<Option<(usize, usize)>> {
        loop {
            let fresh = self.buffer.get(self.searched..self.end).unwrap_or_default();
            if let Some(offset) = memchr::memchr(b'\n', fresh) {
                let line = (self.start, self.searched + offset);
                self.start = line.1 + 1;
                self.searched = self.start;
                return Ok(Some(line));
            }
            self.searched = self.end;
            if self.ended {
                let line = (self.start, self.end);
                self.start = self.end;
                return Ok((line.0 < line.1).then_some(line));
            }
            if self.end - self.start >= MAX_LINE {
                let line = (self.start, self.start + MAX_LINE);
                self.skip_line()?;
                return Ok(Some(line));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.searched -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() + CHUNK, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = read_some(self.reader, room)?;
        self.end += read;
        self.ended = read == 0;
        Ok(())
    }

    /// Drops the rest of an overlong line. The kept part stays at the front of the buffer, chunks are read behind it.
    fn skip_line(&mut self) -> io::Result<()> {
        let kept = self.end;
        if self.buffer.len() < kept + CHUNK {
            self.buffer.resize(kept + CHUNK, 0);
        }
        loop {
            let room = self.buffer.get_mut(kept..).unwrap_or_default();
            let read = read_some(self.reader, room)?;
            let chunk = room.get(..read).unwrap_or_default();
            let line_end = memchr::memchr(b'\n', chunk);
            if read == 0 || line_end.is_some() {
                self.ended = read == 0;
                self.start = kept + line_end.map_or(0, |at| at + 1);
                self.end = kept + read;
                self.searched = self.start;
                return Ok(());
            }
        }
    }
}

/// A line without the rest of its end.
pub(crate) fn line_of(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// The first line of a file without a byte order mark.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn read_some(reader: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut reader = bytes;
        let mut lines = Lines::new(&mut reader);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, line.bytes.to_vec()));
        }
        all
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_taken_off() {
        assert_eq!(
            lines(b"\xEF\xBB\xBFone\r\n\ntwo\nlast"),
            [
                (1, b"one".to_vec()),
                (2, Vec::new()),
                (3, b"two".to_vec()),
                (4, b"last".to_vec())
            ]
        );
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn bytes_behind_their_length_may_hold_line_ends() {
        let mut input = b"MESSAGE\n".to_vec();
        let long = [&b"one\n\ntwo\n"[..], &vec![b'x'; 700_000]].concat();
        for value in [&b"a\n"[..], &long] {
            input.extend_from_slice(&(value.len() as u64).to_le_bytes());
            input.extend_from_slice(value);
            input.extend_from_slice(b"\n");
        }
        input.extend_from_slice(b"_PID=1\n\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
        let mut reader = input.as_slice();
        let mut lines = Lines::new(&mut reader);
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"MESSAGE");
        assert_eq!(lines.counted_bytes().unwrap().unwrap(), b"a\n");
        assert_eq!(lines.counted_bytes().unwrap().unwrap(), long);
        let next = lines.next().unwrap().unwrap();
        assert_eq!(next.bytes, b"_PID=1");
        assert_eq!(
            next.number,
            1 + input
                .iter()
                .take(input.len() - 15)
                .filter(|&&byte| byte == b'\n')
                .count() as u64
        );
        assert_eq!(lines.counted_bytes().unwrap(), None);
    }

    #[test]
    fn an_overlong_line_is_cut_and_the_next_one_is_whole() {
        for length in [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 16 << 20] {
            let mut input = vec![b'x'; length];
            input.extend_from_slice(b"\nnext\n");
            let all = lines(&input);
            assert_eq!(all.len(), 2, "{length}");
            assert_eq!(all[0].1.len(), length.min(MAX_LINE));
            assert_eq!(all[1], (2, b"next".to_vec()));
        }
    }
}
