//! Finds the patterns whose required texts a text contains, without building an automaton first.
//!
//! Every required text gives one window of some bytes. A bitmap of their hashes is asked at every place of a text; what it
//! lets through is compared in full.

/// Bits of the hash of a window.
const BITS: u32 = 16;

/// Required texts of a set of patterns, none of them shorter than a window.
#[derive(Debug)]
pub(crate) struct Prefilter<const WIDTH: usize> {
    /// A bit for each hash that some window has.
    marks: Vec<u64>,
    /// Sorted by window.
    needles: Vec<Needle>,
}

#[derive(Debug)]
struct Needle {
    window: u64,
    /// Where the window ends in the text.
    end: usize,
    text: Vec<u8>,
    pattern: usize,
}

impl<const WIDTH: usize> Prefilter<WIDTH> {
    /// Takes the texts in lower case, each with its pattern. Those that are shorter than a window are never found.
    pub(crate) fn new(texts: impl Iterator<Item = (usize, Vec<u8>)>) -> Self {
        let mut marks = vec![0_u64; 1 << (BITS - 6)];
        let mut needles: Vec<Needle> = texts
            .filter_map(|(pattern, mut text)| {
                for byte in &mut text {
                    *byte = blind(*byte);
                }
                let (end, window) = rarest::<WIDTH>(&text)?;
                Some(Needle {
                    window,
                    end,
                    text,
                    pattern,
                })
            })
            .collect();
        needles.sort_unstable_by_key(|needle| (needle.window, needle.pattern));
        for needle in &needles {
            let (word, bit) = place(needle.window);
            if let Some(word) = marks.get_mut(word) {
                *word |= bit;
            }
        }
        Self { marks, needles }
    }

    /// Adds the patterns of which a required text is in this one, letters of any case and digits of any value; some come twice.
    pub(crate) fn find(&self, text: &[u8], found: &mut Vec<usize>) {
        let mut window = 0;
        for (at, byte) in text.iter().enumerate() {
            window = push::<WIDTH>(window, blind(byte.to_ascii_lowercase()));
            let (word, bit) = place(window);
            if self.marks.get(word).is_some_and(|word| word & bit != 0) {
                self.compare(window, text.get(..=at).unwrap_or_default(), text, found);
            }
        }
    }

    fn compare(&self, window: u64, before: &[u8], text: &[u8], found: &mut Vec<usize>) {
        let first = self
            .needles
            .partition_point(|needle| needle.window < window);
        let same = self.needles.iter().skip(first);
        for needle in same.take_while(|needle| needle.window == window) {
            let start = before.len().checked_sub(needle.end);
            let there = start.and_then(|start| text.get(start..start + needle.text.len()));
            let equal = |there: &[u8]| {
                let there = there.iter().map(|byte| blind(byte.to_ascii_lowercase()));
                there.eq(needle.text.iter().copied())
            };
            if there.is_some_and(equal) {
                found.push(needle.pattern);
            }
        }
    }
}

/// A byte in which digits are all the same.
pub(crate) fn blind(byte: u8) -> u8 {
    if byte.is_ascii_digit() { b'0' } else { byte }
}

fn push<const WIDTH: usize>(window: u64, byte: u8) -> u64 {
    window >> 8 | u64::from(byte) << (8 * (WIDTH - 1))
}

/// Word and bit of a window's mark.
fn place(window: u64) -> (usize, u64) {
    let hash = window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS);
    (
        usize::try_from(hash >> 6).unwrap_or_default(),
        1 << (hash & 63),
    )
}

/// The window whose letters are rarest in logs, and where it ends.
fn rarest<const WIDTH: usize>(text: &[u8]) -> Option<(usize, u64)> {
    let (mut sum, mut window) = (0, 0);
    let mut best: Option<(u32, usize, u64)> = None;
    for (at, &byte) in text.iter().enumerate() {
        window = push::<WIDTH>(window, byte);
        sum += rarity(byte);
        if let Some(&before) = at.checked_sub(WIDTH).and_then(|before| text.get(before)) {
            sum -= rarity(before);
        }
        let is_better = best.is_none_or(|(most, ..)| sum >= most);
        if at + 1 >= WIDTH && is_better {
            best = Some((sum, at + 1, window));
        }
    }
    best.map(|(_, end, window)| (end, window))
}

fn rarity(byte: u8) -> u32 {
    RARITY.get(usize::from(byte)).copied().unwrap_or_default()
}

/// By byte: the smaller the more usual it is in logs. A table, because every start of the program asks it for each byte of each text.
const RARITY: [u32; 256] = {
    let mut table = [3; 256];
    rate(&mut table, b" etaoinsr", 1);
    rate(&mut table, b"\"cdlupm0.", 2);
    rate(&mut table, b"jqxz_", 5);
    table
};

#[expect(
    clippy::indexing_slicing,
    reason = "it runs while this is compiled, and a table of all bytes has each"
)]
const fn rate(table: &mut [u32; 256], mut bytes: &[u8], rarity: u32) {
    while let [byte, rest @ ..] = bytes {
        table[*byte as usize] = rarity;
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_at_every_place_in_any_case_and_with_any_digits() {
        let texts = [(7, b"main process".to_vec()), (9, b"code=1".to_vec())];
        let prefilter = Prefilter::<6>::new(texts.into_iter());
        let of = |text: &str| {
            let mut found = Vec::new();
            prefilter.find(text.as_bytes(), &mut found);
            found
        };
        assert_eq!(of("Main PROCESS"), [7]);
        assert_eq!(of("a main process b code=2"), [7, 9]);
        assert_eq!(of("CODE=3"), [9]);
        for text in [
            "",
            "code=",
            "code=x",
            "main  process",
            "ain process",
            "main proces",
        ] {
            assert!(of(text).is_empty(), "{text}");
        }
    }
}
