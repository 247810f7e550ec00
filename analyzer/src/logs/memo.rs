//! Remembers how texts were judged: most lines of a failing kubelet are repeats.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

/// Texts remembered; then all are forgotten.
const CAPACITY: usize = 1 << 18;

/// Verdicts by program class and text. Forgetting never changes a result, because a verdict is a function of the text.
#[derive(Debug)]
pub(crate) struct Memo<V> {
    verdicts: HashMap<(u32, u128), Arc<V>>,
}

impl<V> Memo<V> {
    pub(crate) fn new() -> Self {
        Self {
            verdicts: HashMap::new(),
        }
    }

    /// The verdict on a text, judged now if it is new.
    pub(crate) fn verdict(&mut self, class: u32, text: &[u8], judge: impl FnOnce() -> V) -> Arc<V> {
        let key = (class, fingerprint(text));
        if let Some(verdict) = self.verdicts.get(&key) {
            return Arc::clone(verdict);
        }
        if self.verdicts.len() >= CAPACITY {
            self.verdicts.clear();
        }
        let verdict = Arc::new(judge());
        self.verdicts.insert(key, Arc::clone(&verdict));
        verdict
    }
}

/// 128 bits that tell texts apart.
pub(crate) fn fingerprint(text: &[u8]) -> u128 {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(text);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_not_judged_again_unless_the_class_differs() {
        let mut memo = Memo::new();
        let mut judged = 0;
        for class in [1, 1, 2] {
            memo.verdict(class, b"text", || judged += 1);
        }
        assert_eq!(judged, 2);
    }
}
