//! Lines that were seen before but for their numbers: where in them everything is need not be found again.

use super::dial::Dial;
use super::hash::{FastMap, hash};
use super::prefilter::blind;
use super::shape::{Shape, Whole};

/// Shapes remembered; then all are forgotten.
const CAPACITY: usize = 1 << 16;
/// Bytes of lines remembered; then all are forgotten.
const MAX_BYTES: usize = 24 << 20;
/// Longer lines are rare.
const MAX_LINE: usize = 4096;
/// Bytes that are made alike at a time.
const CHUNK: usize = 32;

/// Shapes of lines. Forgetting never changes a result.
#[derive(Default)]
pub(crate) struct Shapes {
    known: Vec<Shape>,
    /// Their places, by the hash of their lines.
    places: FastMap<u64, usize>,
    bytes: usize,
    /// The line that is looked up, its digits made zeros, and how long it is.
    line: Vec<u8>,
    length: usize,
    dial: Dial,
}

impl Shapes {
    /// The shape that a line has, if it is known; of lines that name no program, only in the stream in which it was learnt.
    pub(crate) fn of(&mut self, line: &[u8], stream: Option<usize>) -> Option<(&Shape, &mut Dial)> {
        let key = self.key(line, stream)?;
        let place = *self.places.get(&key)?;
        let shape = self.known.get(place)?;
        shape
            .is_of(self.line.get(..self.length)?, stream)
            .then_some((shape, &mut self.dial))
    }

    /// Remembers the shape of a line that nothing had to be repaired in, if it is one of those that logs are full of.
    pub(crate) fn learn(&mut self, whole: Whole<'_>) {
        let length = whole.line.len();
        let key = self.key(whole.line, whole.stream);
        let Some(key) = key.filter(|key| !self.places.contains_key(key)) else {
            return;
        };
        let Some(shape) = Shape::new(whole, self.line.get(..length).unwrap_or_default()) else {
            return;
        };
        if self.known.len() >= CAPACITY || self.bytes >= MAX_BYTES {
            self.known.clear();
            self.places.clear();
            self.bytes = 0;
        }
        self.bytes += length;
        self.places.insert(key, self.known.len());
        self.known.push(shape);
    }

    /// The hash of a line whose digits were made zeros; `None` where it is none that logs are full of.
    fn key(&mut self, line: &[u8], stream: Option<usize>) -> Option<u64> {
        let first = line.first().filter(|_| line.len() <= MAX_LINE)?;
        let seed = match first {
            // Lines that nothing carried.
            b'I' | b'W' | b'E' => 1 + stream? as u64,
            // Those that begin with a month or a year are no headings, quotations or the like.
            b'0'..=b'9' | b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' => 0,
            _ => return None,
        };
        self.length = line.len();
        self.line.resize(MAX_LINE, 0);
        self.line.get_mut(..line.len())?.copy_from_slice(line);
        let (chunks, _) = self.line.as_chunks_mut::<CHUNK>();
        // Whole chunks: what stands behind the line in the last one does not matter.
        for chunk in chunks.iter_mut().take(line.len().div_ceil(CHUNK)) {
            for byte in chunk {
                *byte = blind(*byte);
            }
        }
        let room = self.line.get(..line.len())?;
        Some(hash(seed, room))
    }
}
