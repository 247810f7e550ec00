//! Lines that were seen before but for their numbers: where in them everything is need not be found again.

use super::dial::Dial;
use super::hash::{FastMap, hash_blind, seeded};
use super::shape::{Shape, Whole};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

/// Shapes remembered; then all are forgotten.
const CAPACITY: usize = 1 << 16;

/// What outlines are hashed with: who cannot know it cannot write a line that is taken for another one.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));

/// Shapes of lines. Forgetting never changes a result.
#[derive(Default)]
pub(crate) struct Shapes {
    known: Vec<(Check, Shape)>,
    /// Their places, by the hash of their lines and the stream that they are of.
    places: FastMap<u64, u32>,
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

/// The half of an outline's hash that is not looked up by.
type Check = u64;

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
    Carried([u64; 2]),
    /// It begins as a header of klog does: which stream it is of tells who wrote it.
    Bare([u64; 2]),
}

impl Outline {
    /// The outline of a line.
    pub(crate) fn of(line: &[u8]) -> Self {
        let Some(first) = line.first().filter(|_| line.len() <= Shape::MAX_LINE) else {
            return Self::None;
        };
        match first {
            b'I' | b'W' | b'E' => Self::Bare(hash_blind(*SEED, line)),
            // Those that begin with a month or a year are no headings, quotations or the like.
            b'0'..=b'9' | b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' => {
                Self::Carried(hash_blind(*SEED, line))
            }
            _ => Self::None,
        }
    }

    fn key(self, stream: Option<usize>) -> Option<(u64, Check)> {
        match self {
            Self::None => None,
            Self::Carried([key, check]) => Some((key, check)),
            Self::Bare([key, check]) => Some((seeded(1 + stream? as u64, key), check)),
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
        let keys = lines.map(|line| line.outline.key(stream));
        let places = keys.map(|key| Some((*self.places.get(&key?.0)?, key?.1)));
        places.map(|place| Found {
            place: place.and_then(|(place, check)| {
                let (known, _) = self.known.get(place as usize)?;
                (*known == check).then_some(place)
            }),
            age: self.age,
        })
    }

    /// A shape that was found, if it is one of lines of this stream.
    pub(crate) fn get(
        &mut self,
        found: Found,
        stream: Option<usize>,
    ) -> Option<(&Shape, &mut Dial)> {
        let place = found.place.filter(|_| found.age == self.age)?;
        let (_, shape) = self.known.get(place as usize)?;
        shape.is_in(stream).then_some((shape, &mut self.dial))
    }

    /// Remembers the shape of a line that nothing had to be repaired in, if it is one of those that logs are full of.
    pub(crate) fn learn(&mut self, whole: Whole<'_>) {
        let key = Outline::of(whole.line).key(whole.stream);
        let Some((key, check)) = key.filter(|(key, _)| !self.places.contains_key(key)) else {
            return;
        };
        let Some(shape) = Shape::new(whole) else {
            return;
        };
        if self.known.len() >= CAPACITY {
            self.known.clear();
            self.places.clear();
            self.age += 1;
        }
        let Ok(place) = u32::try_from(self.known.len()) else {
            return;
        };
        self.places.insert(key, place);
        self.known.push((check, shape));
    }
}
