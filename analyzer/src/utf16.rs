//! Texts that Windows wrote as UTF-16 → UTF-8, while they are read.

use std::io::{self, BufRead, Read};

/// Calls `read` with a text as UTF-8: with its decoder where the text begins with the mark of UTF-16, else with the text itself.
pub(crate) fn as_text<T>(body: &mut dyn BufRead, read: impl FnOnce(&mut dyn BufRead) -> T) -> T {
    let unit: fn([u8; 2]) -> u16 = match body.fill_buf() {
        Ok([0xff, 0xfe, ..]) => u16::from_le_bytes,
        Ok([0xfe, 0xff, ..]) => u16::from_be_bytes,
        // An error comes again where it is looked for.
        _ => return read(body),
    };
    body.consume(2);
    read(&mut Decoder {
        reader: body,
        unit,
        text: Vec::new(),
        at: 0,
        half: None,
        high: None,
    })
}

/// Bytes that are decoded at once.
const CHUNK: usize = 64 << 10;

struct Decoder<'r> {
    reader: &'r mut dyn BufRead,
    unit: fn([u8; 2]) -> u16,
    /// What was decoded, and how much of it was taken.
    text: Vec<u8>,
    at: usize,
    /// The first byte of a unit whose second is not read yet.
    half: Option<u8>,
    /// The first unit of a pair whose second is not read yet.
    high: Option<u16>,
}

impl Decoder<'_> {
    /// Decodes one stretch; whether there is more.
    fn next(&mut self) -> io::Result<bool> {
        let bytes = self.reader.fill_buf()?;
        let count = bytes.len().min(CHUNK);
        let bytes = bytes.get(..count).unwrap_or(bytes);
        let units = self
            .high
            .take()
            .into_iter()
            .chain(units(self.unit, &mut self.half, bytes));
        let mut units: Vec<u16> = units.collect();
        if count > 0
            && units
                .last()
                .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            self.high = units.pop();
        }
        let decoded = char::decode_utf16(units);
        let text: String = decoded
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.text = text.into_bytes();
        self.at = 0;
        self.reader.consume(count);
        Ok(count > 0)
    }
}

/// The units of a stretch of bytes that may begin and end within one.
fn units(unit: fn([u8; 2]) -> u16, half: &mut Option<u8>, bytes: &[u8]) -> Vec<u16> {
    let mut bytes = bytes;
    let mut units = Vec::with_capacity(bytes.len() / 2 + 1);
    if let (Some(first), [second, rest @ ..]) = (*half, bytes) {
        units.push(unit([first, *second]));
        *half = None;
        bytes = rest;
    }
    let (pairs, rest) = bytes.as_chunks::<2>();
    units.extend(pairs.iter().map(|pair| unit(*pair)));
    if let [first] = rest {
        *half = Some(*first);
    }
    units
}

impl BufRead for Decoder<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at >= self.text.len() && self.next()? {}
        Ok(self.text.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let text = self.fill_buf()?;
        let count = text.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(text) {
            *to = *from;
        }
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn read(bytes: &[u8], step: usize) -> String {
        let mut body = BufReader::with_capacity(step, bytes);
        let mut text = Vec::new();
        as_text(&mut body, |text_of| text_of.read_to_end(&mut text)).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn both_orders_are_read_whatever_the_stretches() {
        let text = "CONTAINER  STATE\r\n0a  Running \u{e9} \u{1f600}\r\n";
        let units = || "\u{feff}".encode_utf16().chain(text.encode_utf16());
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for step in [2, 3, 5, 7, 4096] {
            assert_eq!(read(&little, step), text, "{step}");
            assert_eq!(read(&big, step), text, "{step}");
            assert_eq!(read(text.as_bytes(), step), text, "{step}");
        }
    }

    #[test]
    fn a_cut_or_wrong_text_is_read_as_far_as_it_goes() {
        let cut = [0xff, 0xfe, b'a', 0, 0x3d, 0xd8, b'b', 0, b'c'];
        assert_eq!(read(&cut, 3), "a\u{fffd}b");
        let half_a_pair = [0xff, 0xfe, b'a', 0, 0x3d, 0xd8];
        assert_eq!(read(&half_a_pair, 4), "a\u{fffd}");
        assert_eq!(read(&[0xff, 0xfe], 4), "");
    }
}
