//! Lines that were seen before but for their numbers: where in them everything is need not be found again.

use super::dial::Dial;
use super::hash::{FastMap, hash_blind, seeded};
use super::shape::{Shape, Whole};

/// Shapes remembered; then all are forgotten.
const CAPACITY: usize = 1 << 16;
/// Bytes of lines remembered; then all are forgotten.
const MAX_BYTES: usize = 24 << 20;

/// Shapes of lines. Forgetting never changes a result.
#[derive(Default)]
pub(crate) struct Shapes {
    known: Vec<Shape>,
    /// Their places, by the hash of their lines and the stream that they are of.
    places: FastMap<u64, u32>,
    bytes: usize,
    /// How often all were forgotten.
    age: u32,
    dial: Dial,
}

/// Where the shape of a line is, until all are forgotten.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    place: Option<u32>,
    age: u32,
}

/// A line and its outline.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outlined<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) outline: Outline,
}

/// What lines that differ in nothing but digits have in common, found without anything else being known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Outline {
    /// It is no line that logs are full of.
    #[default]
    None,
    /// It begins with a month or a year: something carried it.
    Carried(u64),
    /// It begins as a header of klog does: which stream it is of tells who wrote it.
    Bare(u64),
}

impl Outline {
    /// The outline of a line.
    pub(crate) fn of(line: &[u8]) -> Self {
        let Some(first) = line.first().filter(|_| line.len() <= Shape::MAX_LINE) else {
            return Self::None;
        };
        match first {
            b'I' | b'W' | b'E' => Self::Bare(hash_blind(0, line)),
            // Those that begin with a month or a year are no headings, quotations or the like.
            b'0'..=b'9' | b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' => {
                Self::Carried(hash_blind(0, line))
            }
            _ => Self::None,
        }
    }

    fn key(self, stream: Option<usize>) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Carried(hash) => Some(hash),
            Self::Bare(hash) => Some(seeded(1 + stream? as u64, hash)),
        }
    }
}

impl Shapes {
    /// Where the shapes of lines are, of those that are known; of lines that name no program, only in the stream in which they were
    /// learnt. All of them are looked for in step, so that memory is waited for once and not for each.
    pub(crate) fn find<const N: usize>(
        &self,
        lines: &[Outlined<'_>; N],
        stream: Option<usize>,
    ) -> [Found; N] {
        let place = |line: Outlined<'_>| self.places.get(&line.outline.key(stream)?).copied();
        let mut found = lines.map(|line| Found {
            place: place(line),
            age: self.age,
        });
        self.keep(&mut found, lines, Shape::is_as_long);
        self.keep(&mut found, lines, Shape::is_of);
        found
    }

    fn keep<const N: usize>(
        &self,
        found: &mut [Found; N],
        lines: &[Outlined<'_>; N],
        is_kept: impl Fn(&Shape, &[u8]) -> bool,
    ) {
        for (found, line) in found.iter_mut().zip(lines) {
            let shape = found.place.and_then(|place| self.known.get(place as usize));
            if !shape.is_some_and(|shape| is_kept(shape, line.line)) {
                found.place = None;
            }
        }
    }

    /// A shape that was found, if it is one of lines of this stream.
    pub(crate) fn get(
        &mut self,
        found: Found,
        stream: Option<usize>,
    ) -> Option<(&Shape, &mut Dial)> {
        let place = found.place.filter(|_| found.age == self.age)?;
        let shape = self.known.get(place as usize)?;
        shape.is_in(stream).then_some((shape, &mut self.dial))
    }

    /// Remembers the shape of a line that nothing had to be repaired in, if it is one of those that logs are full of.
    pub(crate) fn learn(&mut self, whole: Whole<'_>) {
        let length = whole.line.len();
        let key = Outline::of(whole.line).key(whole.stream);
        let Some(key) = key.filter(|key| !self.places.contains_key(key)) else {
            return;
        };
        let Some(shape) = Shape::new(whole) else {
            return;
        };
        if self.known.len() >= CAPACITY || self.bytes >= MAX_BYTES {
            self.known.clear();
            self.places.clear();
            self.bytes = 0;
            self.age += 1;
        }
        let Ok(place) = u32::try_from(self.known.len()) else {
            return;
        };
        self.bytes += length;
        self.places.insert(key, place);
        self.known.push(shape);
    }
}
