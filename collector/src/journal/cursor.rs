//! The entries that carry a field, in order, with a way to begin at a time.

use super::file::{Data, JournalFile};
use std::rc::Rc;

/// A list of entries in one file.
#[derive(Debug)]
pub(super) enum Offsets {
    /// As the file's index gives it: the first entry, then lists with their lengths.
    Indexed { first: u64, lists: Vec<(u64, u64)> },
    /// Every entry of a damaged file.
    Salvaged(Rc<[u64]>),
}

impl Offsets {
    /// Entries with a data object; `None` when a list leads nowhere.
    pub(super) fn of(file: &JournalFile, data: &Data) -> Option<Self> {
        let mut left = data.entries.saturating_sub(1);
        let mut lists = Vec::new();
        let mut at = data.array;
        while left > 0 && at != 0 {
            let (length, next) = file.list(at)?;
            (length > 0 && lists.len() < MOST_LISTS).then_some(())?;
            let used = length.min(left);
            lists.push((at, used));
            left -= used;
            at = next;
        }
        Some(Self::Indexed {
            first: data.first_entry,
            lists,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Indexed { lists, .. } => 1 + lists.iter().map(|(_, length)| length).sum::<u64>(),
            Self::Salvaged(offsets) => offsets.len() as u64,
        }
    }

    /// Where the entry with a number from 0 is; `None` where no list says so.
    pub(super) fn offset(&self, file: &JournalFile, number: u64) -> Option<u64> {
        match self {
            Self::Indexed { first, .. } if number == 0 => Some(*first),
            Self::Indexed { lists, .. } => {
                let mut rest = number - 1;
                let (list, _) = lists.iter().find(|(_, length)| {
                    let here = rest < *length;
                    rest -= if here { 0 } else { *length };
                    here
                })?;
                file.list_item(*list, rest)
            }
            Self::Salvaged(offsets) => offsets.get(usize::try_from(number).ok()?).copied(),
        }
    }

    /// Number of the first entry from a time on. Everything after it counts, whatever the clock did then.
    pub(super) fn from(&self, file: &JournalFile, time: u64) -> u64 {
        let is_late = |number: u64| {
            let offset = self.offset(file, number);
            offset
                .and_then(|offset| file.entry(offset))
                .is_some_and(|entry| entry.time >= time)
        };
        let mut found = bisect(0, self.len(), &is_late);
        // A clock that was set back leaves late entries before early ones.
        let step = (found / SAMPLES).max(1);
        let mut sample = 0;
        while sample < found {
            if is_late(sample) {
                found = bisect(sample.saturating_sub(step), sample, &is_late);
                break;
            }
            sample += step;
        }
        found
    }
}

fn bisect(from: u64, to: u64, is_late: &dyn Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_late(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Lists double in length; a file with more is damaged.
const MOST_LISTS: usize = 100_000;
/// Entries looked at for a clock that was set back.
const SAMPLES: u64 = 64;
