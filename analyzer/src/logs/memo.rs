//! Remembers how texts were judged: most lines of a failing kubelet are repeats, but for their numbers.

use super::hash::{FastMap, hash};
use super::prefilter::blind;
use std::sync::Arc;

/// Texts remembered; then all are forgotten.
const CAPACITY: usize = 1 << 16;
/// Bytes of texts remembered; then all are forgotten.
const MAX_BYTES: usize = 24 << 20;

/// Verdicts by program class and text, texts that differ in nothing but the value of digits being one. Forgetting never changes a
/// result, because a verdict is a function of class and text.
#[derive(Debug)]
pub(crate) struct Memo<V> {
    verdicts: FastMap<u64, Known<V>>,
    bytes: usize,
    /// The text that is looked up, its digits made zeros.
    text: Vec<u8>,
}

#[derive(Debug)]
struct Known<V> {
    class: u32,
    text: Box<[u8]>,
    verdict: Arc<V>,
}

impl<V> Memo<V> {
    pub(crate) fn new() -> Self {
        Self {
            verdicts: FastMap::default(),
            bytes: 0,
            text: Vec::new(),
        }
    }

    /// The verdict on a text, judged now if it is new.
    pub(crate) fn verdict(&mut self, class: u32, text: &[u8], judge: impl FnOnce() -> V) -> Arc<V> {
        self.text.clear();
        self.text.extend(text.iter().map(|&byte| blind(byte)));
        let key = hash(class.into(), &self.text);
        if let Some(known) = self.verdicts.get(&key)
            && known.class == class
            && *known.text == *self.text
        {
            return Arc::clone(&known.verdict);
        }
        if self.verdicts.len() >= CAPACITY || self.bytes >= MAX_BYTES {
            self.verdicts.clear();
            self.bytes = 0;
        }
        let verdict = Arc::new(judge());
        self.bytes += self.text.len();
        let known = Known {
            class,
            text: Box::from(self.text.as_slice()),
            verdict: Arc::clone(&verdict),
        };
        self.verdicts.insert(key, known);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_not_judged_again_unless_the_class_differs() {
        let mut memo = Memo::new();
        let mut judged = 0;
        for (class, text) in [
            (1, "text 1"),
            (1, "text 2"),
            (2, "text 1"),
            (1, "text 12"),
            (1, "Text 1"),
        ] {
            memo.verdict(class, text.as_bytes(), || judged += 1);
        }
        assert_eq!(judged, 4);
    }
}
