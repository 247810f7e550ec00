//! Whether one of many words can stand in a text, by how they begin: most lines hold none, and that is told faster than by looking for all.

/// How some words begin.
#[derive(Default)]
pub(crate) struct Beginnings {
    /// Bytes of each beginning: 8, or those of the shortest word.
    length: usize,
    /// A bit for each hash of a beginning.
    bits: Vec<u64>,
    /// All beginnings, sorted.
    all: Vec<u64>,
}

/// Bits for hashes: 16 KiB.
const BITS: u32 = 17;

impl Beginnings {
    pub(crate) fn of<'w>(words: impl Iterator<Item = &'w [u8]> + Clone) -> Self {
        let length = words.clone().map(<[u8]>::len).min().unwrap_or(0).min(8);
        let mut found = Self {
            length,
            bits: vec![0; 1 << (BITS - 6)],
            all: words.filter_map(|word| found_in(word, 0, length)).collect(),
        };
        found.all.sort_unstable();
        found.all.dedup();
        for word in &found.all {
            let (place, bit) = place(*word);
            if let Some(bits) = found.bits.get_mut(place) {
                *bits |= bit;
            }
        }
        found
    }

    /// The first place from which on a word can stand in the text; `None` where none does.
    pub(crate) fn first_in(&self, bytes: &[u8]) -> Option<usize> {
        let places = 0..(bytes.len() + 1).checked_sub(self.length.max(1))?;
        if self.length == 0 {
            return Some(0);
        }
        places
            .into_iter()
            .find(|at| found_in(bytes, *at, self.length).is_some_and(|word| self.has(word)))
    }

    fn has(&self, word: u64) -> bool {
        let (place, bit) = place(word);
        let marked = self.bits.get(place).is_some_and(|bits| bits & bit != 0);
        marked && self.all.binary_search(&word).is_ok()
    }
}

/// So many bytes as one number.
fn found_in(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    if let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        return Some(u64::from_le_bytes(eight) & mask(length));
    }
    let mut word = [0; 8];
    let own = bytes.get(at..at + length)?;
    word.get_mut(..length)?.copy_from_slice(own);
    Some(u64::from_le_bytes(word))
}

/// The bits of the first bytes.
fn mask(length: usize) -> u64 {
    match length {
        0 => 0,
        1..8 => (1 << (8 * length)) - 1,
        _ => u64::MAX,
    }
}

/// Where a beginning has its bit.
fn place(word: u64) -> (usize, u64) {
    let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
    let place = usize::try_from(hash >> 6).unwrap_or(0);
    (place, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(words: &[&[u8]], text: &[u8]) -> Option<usize> {
        Beginnings::of(words.iter().copied()).first_in(text)
    }

    #[test]
    fn a_word_is_found_wherever_it_stands_and_another_is_not() {
        let words: [&[u8]; 2] = [b"blue-42-horse", b"pa$$w0rd"];
        assert_eq!(first(&words, b"pa$$w0rd"), Some(0));
        assert_eq!(first(&words, b"x blue-42-horse"), Some(2));
        assert_eq!(first(&words, b"blue-42"), None);
        assert_eq!(first(&words, b""), None);
        assert_eq!(first(&words, b"a line without any of them"), None);
    }

    #[test]
    fn short_words_are_found_too() {
        let words: [&[u8]; 2] = [b"abc", b"0123456789"];
        assert_eq!(first(&words, b"xxabc"), Some(2));
        assert_eq!(first(&words, b"xx0123456789"), Some(2));
        assert_eq!(first(&words, b"ab"), None);
        assert_eq!(first(&[b""], b"abc"), Some(0));
    }

    #[test]
    fn every_word_of_many_is_found() {
        let words: Vec<Vec<u8>> = (0..5000_u32)
            .map(|number| format!("{number:08}x").into_bytes())
            .collect();
        let found = Beginnings::of(words.iter().map(Vec::as_slice));
        for word in &words {
            let text = [b"--", word.as_slice()].concat();
            assert_eq!(found.first_in(&text), Some(2));
        }
    }
}
