//! What can still be read of a file that was cut or overwritten: its entries, found by walking from object to object.

use super::file::JournalFile;
use nodebundle_journal::object::ENTRY;

/// Offsets of the entries in the order in which they were written; of too many the newest.
pub(super) fn entries(file: &JournalFile) -> Vec<u64> {
    let mut found = Vec::new();
    let mut at = file.header.size.next_multiple_of(8);
    let mut lost = 0;
    while at < file.size {
        let Some(object) = file.object(at) else {
            // An object that says nonsense: look for the next that does not.
            lost += 8;
            at += 8;
            if lost > MOST_LOST {
                break;
            }
            continue;
        };
        if lost > 0 && !is_likely(file, at, object.size) {
            lost += 8;
            at += 8;
            continue;
        }
        lost = 0;
        if object.kind == ENTRY {
            found.push(at);
        }
        if found.len() > 2 * MOST_ENTRIES {
            found.drain(..MOST_ENTRIES);
        }
        at = at.saturating_add(object.size.next_multiple_of(8));
    }
    found
}

/// Behind a damaged place two objects must follow each other before one is believed.
fn is_likely(file: &JournalFile, at: u64, size: u64) -> bool {
    let next = at.saturating_add(size.next_multiple_of(8));
    next >= file.size || file.object(next).is_some()
}

/// Entries remembered of one file.
const MOST_ENTRIES: usize = 500_000;
/// A damaged stretch or empty tail longer than this ends the search.
const MOST_LOST: u64 = 16 << 20;
