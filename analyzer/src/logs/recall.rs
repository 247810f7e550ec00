//! Remembers the matches of texts whose patterns look at numbers: a failing kubelet repeats those lines to the digit, too.

use super::hash::hash;

/// Texts remembered; each may be in two places, and the latest that belong there have them.
const PLACES: usize = 1 << 15;
/// Texts of a log that are not worth remembering: few logs are so short and repeat themselves.
const FIRST: usize = 256;
/// Bytes of a text that is worth remembering.
const MAX_TEXT: usize = 1 << 10;

/// Matches by program class and text. Forgetting never changes a result, because matches are a function of class and text.
#[derive(Debug)]
pub(crate) struct Recall<M> {
    places: Vec<Known<M>>,
    /// Texts that were asked for.
    asked: usize,
}

#[derive(Debug, Clone)]
struct Known<M> {
    hash: u64,
    class: u32,
    text: Vec<u8>,
    matches: Vec<M>,
}

impl<M: Copy> Recall<M> {
    pub(crate) fn new() -> Self {
        Self {
            places: Vec::new(),
            asked: 0,
        }
    }

    /// Adds the matches of a text, found now if they are not known.
    pub(crate) fn matches(
        &mut self,
        class: u32,
        text: &[u8],
        matches: &mut Vec<M>,
        find: impl FnOnce(&mut Vec<M>),
    ) {
        self.asked += 1;
        if text.is_empty() || text.len() > MAX_TEXT || self.asked <= FIRST {
            return find(matches);
        }
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || Known {
                hash: 0,
                class: 0,
                text: Vec::new(),
                matches: Vec::new(),
            });
        }
        let hash = hash(class.into(), text);
        let place = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        for place in [place, place ^ 1] {
            let known = self.places.get(place);
            let is_same = |known: &&Known<M>| {
                known.hash == hash && known.class == class && known.text == text
            };
            if let Some(known) = known.filter(is_same) {
                return matches.extend_from_slice(&known.matches);
            }
        }
        let before = matches.len();
        find(matches);
        if let Some(known) = self.places.get_mut(place ^ (self.asked & 1)) {
            known.hash = hash;
            known.class = class;
            known.text.clear();
            known.text.extend_from_slice(text);
            known.matches.clear();
            let found = matches.get(before..).unwrap_or_default();
            known.matches.extend(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_once_for_each_text_and_class() {
        let mut recall = Recall::new();
        recall.asked = FIRST;
        let (mut asked, mut all) = (0, Vec::new());
        for (class, text) in [(0, "a 1"), (0, "a 1"), (0, "a 2"), (1, "a 1"), (0, "a 1")] {
            recall.matches(class, text.as_bytes(), &mut all, |matches| {
                asked += 1;
                matches.push((class, text));
            });
        }
        assert_eq!(asked, 3);
        assert_eq!(
            all,
            [(0, "a 1"), (0, "a 1"), (0, "a 2"), (1, "a 1"), (0, "a 1")]
        );
        let long = "x".repeat(MAX_TEXT + 1);
        for _ in 0..2 {
            recall.matches(0, long.as_bytes(), &mut all, |_| asked += 1);
        }
        assert_eq!(asked, 5);
    }
}
