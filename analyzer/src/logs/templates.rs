//! Error texts that no rule knows, with their variable parts taken out.

use super::lives::after_folding;
use super::place::{Place, Spot};
use super::tally::Sight;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Templates kept while reading.
const CAPACITY: usize = 4096;
/// Bytes of a template.
const MAX_TEXT: usize = 400;

/// A template that was seen.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) text: Arc<str>,
    pub(crate) program: Option<Arc<str>>,
    pub(crate) count: u64,
    pub(crate) first: Spot,
    pub(crate) last: Place,
    /// For each stream with lives: its latest life with this text, and how often it has it.
    pub(crate) latest: Vec<(usize, usize, u64)>,
}

/// All templates of all streams.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    counted: Vec<Counted>,
    index: HashMap<(Option<Arc<str>>, Arc<str>), usize>,
}

/// The place of a text's template; `None` inside when there was no room for it.
pub(crate) type Slot = OnceLock<Option<usize>>;

/// Who wrote a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) program: Option<&'a Arc<str>>,
    pub(crate) life: Option<usize>,
}

impl Templates {
    /// Counts one record of a text. When too many different templates come, new ones are left out.
    pub(crate) fn count(&mut self, slot: &Slot, by: Author<'_>, text: &[u8], sight: Sight<'_>) {
        let at = *slot.get_or_init(|| self.place(template(text), by.program, sight));
        let Some(counted) = at.and_then(|at| self.counted.get_mut(at)) else {
            return;
        };
        counted.count += sight.weight;
        counted.last = sight.place;
        let Some(life) = by.life else { return };
        let stream = sight.place.stream;
        match counted.latest.iter_mut().find(|latest| latest.0 == stream) {
            Some(latest) if latest.1 == life => latest.2 += sight.weight,
            Some(latest) => *latest = (stream, life, sight.weight),
            None => counted.latest.push((stream, life, sight.weight)),
        }
    }

    fn place(
        &mut self,
        text: Arc<str>,
        program: Option<&Arc<str>>,
        first: Sight<'_>,
    ) -> Option<usize> {
        let key = (program.cloned(), Arc::clone(&text));
        if let Some(&at) = self.index.get(&key) {
            return Some(at);
        }
        if self.counted.len() >= CAPACITY {
            return None;
        }
        self.index.insert(key, self.counted.len());
        self.counted.push(Counted {
            text,
            program: program.cloned(),
            count: 0,
            first: Spot::new(first),
            last: first.place,
            latest: Vec::new(),
        });
        Some(self.counted.len() - 1)
    }

    /// Follows the folding of a stream's oldest lives.
    pub(crate) fn fold(&mut self, stream: usize) {
        let latest = self
            .counted
            .iter_mut()
            .flat_map(|counted| &mut counted.latest);
        for (_, life, _) in latest.filter(|latest| latest.0 == stream) {
            *life = after_folding(*life);
        }
    }

    pub(crate) fn into_counted(self) -> Vec<Counted> {
        self.counted
    }
}

/// The text with numbers, ids, addresses, paths and short quoted parts as `<*>`.
pub(crate) fn template(text: &[u8]) -> Arc<str> {
    let text = text.get(..text.len().min(4 * MAX_TEXT)).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(text.len().min(MAX_TEXT));
    for word in text.split_inclusive([' ', '=', '"', '(', ')', '[', ']', ',', ';']) {
        if out.len() >= MAX_TEXT {
            break;
        }
        let end = word.trim_end_matches([' ', '=', '"', '(', ')', '[', ']', ',', ';']);
        let tail = word.get(end.len()..).unwrap_or_default();
        if is_variable(end) {
            if !out.ends_with("<*>") {
                out.push_str("<*>");
            }
        } else {
            out.push_str(end);
        }
        out.push_str(tail);
    }
    Arc::from(out.trim_end())
}

/// Words with digits, paths and addresses change from line to line.
fn is_variable(word: &str) -> bool {
    let bare = word.trim_matches(['\'', '.', ':', '\\']);
    bare.bytes().any(|byte| byte.is_ascii_digit()) || bare.contains('/') && bare.len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_parts_become_stars() {
        assert_eq!(
            &*template(b"\"Failed to pull\" err=\"dial tcp 10.0.0.1:6443: refused\" pod=\"kube-system/x-1\" n=5"),
            "\"Failed to pull\" err=\"dial tcp <*> refused\" pod=\"<*>\" n=<*>"
        );
        assert_eq!(
            template(b"attempt 1 failed"),
            template(b"attempt 27 failed")
        );
    }
}
