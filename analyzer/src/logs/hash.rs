//! A fast hash of texts and small keys. It tells texts apart; it does not withstand somebody who looks for collisions, so whoever
//! must be sure compares the texts as well, or asks for twice as many bits with a seed that nobody knows.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys need no protection against chosen collisions.
pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<Fast>>;

const ONE: u64 = 0x9E37_79B9_7F4A_7C15;
const TWO: u64 = 0xD6E8_FEB8_6659_FD93;
const THREE: u64 = 0xA076_1D64_78BD_642F;

/// 64 bits of a text, differing by seed.
pub(crate) fn hash(seed: u64, text: &[u8]) -> u64 {
    let [hash, _] = digest(seed, text, |byte| byte);
    hash
}

/// 128 bits of a text, the same for texts that differ in nothing but the value of digits.
pub(crate) fn hash_blind(seed: u64, text: &[u8]) -> [u64; 2] {
    // All digits become one byte, which is no other's.
    digest(seed, text, |byte| byte.wrapping_sub(b'0').max(9))
}

/// A hash that differs by seed as well.
pub(crate) fn seeded(seed: u64, hash: u64) -> u64 {
    fold(seed ^ ONE, hash ^ TWO)
}

/// The bytes, each made another.
#[inline]
pub(crate) fn mapped<const N: usize>(bytes: &[u8; N], map: impl Fn(u8) -> u8) -> [u8; N] {
    let mut bytes = *bytes;
    for byte in &mut bytes {
        *byte = map(*byte);
    }
    bytes
}

#[inline]
fn digest(seed: u64, text: &[u8], map: impl Fn(u8) -> u8 + Copy) -> [u64; 2] {
    let mut state = [seed ^ ONE, seed ^ TWO];
    let (blocks, rest) = text.as_chunks::<64>();
    if !blocks.is_empty() {
        // Four at a time do not wait for each other.
        let [first, _] = state;
        let mut states = [first, first ^ TWO, first ^ THREE, !first];
        for block in blocks {
            if let ([a, b, c, d], _) = mapped(block, map).as_chunks::<16>() {
                let [one, two, three, four] = states;
                states = [
                    take_in(one, *a, TWO),
                    take_in(two, *b, TWO),
                    take_in(three, *c, TWO),
                    take_in(four, *d, TWO),
                ];
            }
        }
        let [one, two, three, four] = states;
        state = [
            fold(one ^ TWO, two ^ ONE) ^ fold(three ^ TWO, four ^ ONE).rotate_left(32),
            fold(one ^ THREE, four ^ TWO) ^ fold(two ^ ONE, three ^ THREE).rotate_left(32),
        ];
    }
    let both = |state: [u64; 2], pair, [one, two]: [u64; 2]| {
        let [first, second] = state;
        [take_in(first, pair, one), take_in(second, pair, two)]
    };
    let (pairs, rest) = rest.as_chunks::<16>();
    for pair in pairs {
        state = both(state, mapped(pair, map), [TWO, ONE]);
    }
    if rest.is_empty() {
        // All of it was taken in.
    } else if let Some(last) = text.last_chunk() {
        state = both(state, mapped(last, map), [THREE, TWO]);
    } else {
        state = both(state, padded(text, map), [THREE, TWO]);
    }
    let length = text.len() as u64;
    let [first, second] = state;
    [fold(first ^ length, THREE), fold(second ^ length, ONE)]
}

/// A short text with zeros before it.
fn padded(text: &[u8], map: impl Fn(u8) -> u8) -> [u8; 16] {
    let mut last = [0; 16];
    for (to, from) in last.iter_mut().rev().zip(text.iter().rev()) {
        *to = map(*from);
    }
    last
}

#[inline]
fn take_in(state: u64, pair: [u8; 16], with: u64) -> u64 {
    let (low, high) = halves(pair);
    fold(low ^ with, high ^ state)
}

#[inline]
fn halves(pair: [u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(pair);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are what is wanted"
    )]
    (both as u64, (both >> 64) as u64)
}

/// Both halves of the product in one word.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = a.carrying_mul(b, 0);
    low ^ high
}

/// The hasher of a [`FastMap`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fast(u64);

impl Hasher for Fast {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(self.0, bytes);
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word ^ ONE, TWO);
    }
    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
    fn write_isize(&mut self, word: isize) {
        self.write_u64(word.cast_unsigned() as u64);
    }
    fn write_i64(&mut self, word: i64) {
        self.write_u64(word.cast_unsigned());
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_byte_the_length_and_the_seed_count() {
        let text: Vec<u8> = (0..200).collect();
        let mut seen = HashSet::new();
        let mut is_new = |seed, text: &[u8]| {
            let halves = digest(seed, text, |byte| byte);
            halves.into_iter().all(|half| seen.insert(half))
        };
        for length in 0..=text.len() {
            assert!(is_new(0, &text[..length]), "{length}");
        }
        assert!(is_new(1, &text));
        for at in 0..text.len() {
            let mut other = text.clone();
            other[at] ^= 0x80;
            assert!(is_new(0, &other), "{at}");
        }
        assert_ne!(hash(0, b"a"), hash(0, b"a\0"));
    }

    #[test]
    fn no_byte_but_a_digit_is_taken_for_another() {
        let hashes: HashSet<_> = (0..=255).map(|byte| hash_blind(0, &[byte])).collect();
        assert_eq!(hashes.len(), 256 - 9);
    }

    #[test]
    fn texts_that_differ_in_digits_alone_have_one_blind_hash() {
        for length in 0..200 {
            let text = b"a7-".repeat(length);
            let zeros = b"a0-".repeat(length);
            assert_eq!(hash_blind(3, &text), hash_blind(3, &zeros), "{length}");
        }
    }
}
