//! Which records of a journal are kept. Below its cap all are; above it repeats are counted instead of stored; what is still too
//! much is cut to the first two minutes and the last lines of each life, then to what is new. The first failure always stays.

use super::failure::FirstFailure;
use super::record::Record;
use super::repeats::{Repeats, Stretch, Summed};
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

/// One run of the unit's process, or one boot.
#[derive(Debug, Clone)]
struct Life {
    last: u64,
    start: u64,
    /// Bytes in the windows.
    window_bytes: u64,
    /// Bytes in the windows of messages that are new in this life.
    fresh_bytes: u64,
}

/// First pass over a stream: its lives and sizes.
#[derive(Debug, Default)]
pub(super) struct Survey {
    lives: Vec<Life>,
    key: Key,
    /// Newest records of the life that are no repeats: size, whether it is outside the first minutes, whether it is new.
    tail: VecDeque<(u64, bool, bool)>,
    repeats: Repeats,
    /// Last records of stretches of repeats.
    ends: BTreeMap<u64, u64>,
    failure: FirstFailure,
    /// Records in the window.
    pub(super) records: u64,
    /// Records before it that were looked at.
    pub(super) older: u64,
    bytes: u64,
    /// Bytes without repeats.
    summed_bytes: u64,
}

/// What tells one life from the next.
#[derive(Debug, Default, PartialEq, Eq)]
struct Key {
    boot: [u8; 16],
    run: Option<Vec<u8>>,
}

impl Key {
    /// Moves on to the record's life; true when that is another one.
    fn advance(&mut self, record: &Record) -> bool {
        let other = record.boot != self.boot
            || matches!((&record.run, &self.run), (Some(new), Some(old)) if new != old);
        if other {
            *self = Self {
                boot: record.boot,
                run: None,
            };
        }
        if self.run.is_none() {
            self.run.clone_from(&record.run);
        }
        other
    }
}

impl Survey {
    /// Counts one record at a position among all that were read.
    pub(super) fn add(&mut self, position: u64, record: &Record) {
        self.failure.note(position, record);
        if record.old {
            self.older += 1;
            return;
        }
        if self.key.advance(record) || self.lives.is_empty() {
            self.close_life();
            self.lives.push(Life {
                last: self.records,
                start: record.usec,
                window_bytes: 0,
                fresh_bytes: 0,
            });
        }
        let size = record.size();
        self.bytes += size;
        let (seen, ended) = self.repeats.see(self.records, record);
        self.note_end(ended);
        if let Some(life) = self.lives.last_mut() {
            life.last = self.records;
            let late = record.usec > life.start.saturating_add(FIRST_MINUTES);
            if !seen.repeat {
                self.summed_bytes += size;
                if !late {
                    life.window_bytes += size;
                    life.fresh_bytes += if seen.new { size } else { 0 };
                }
            }
            let size = if seen.repeat { 0 } else { size };
            self.tail.push_back((size, late, seen.new));
            if self.tail.len() > LAST_LINES {
                self.tail.pop_front();
            }
        }
        self.records += 1;
    }

    fn note_end(&mut self, stretch: Option<Stretch>) {
        if let Some((at, size)) = stretch.and_then(|stretch| stretch.last()) {
            self.ends.insert(at, size);
            self.summed_bytes += size + MARKER;
        }
    }

    fn close_life(&mut self) {
        if let Some(life) = self.lives.last_mut() {
            for (size, late, new) in &self.tail {
                if *late {
                    life.window_bytes += size;
                    life.fresh_bytes += if *new { *size } else { 0 };
                }
            }
        }
        self.tail.clear();
        for stretch in self.repeats.end() {
            self.note_end(Some(stretch));
        }
    }

    /// Decides what a cap leaves.
    pub(super) fn choose(mut self, cap: u64) -> Choice {
        self.close_life();
        let ends: u64 = self.ends.values().map(|size| size + MARKER).sum();
        let windows: u64 = self.lives.iter().map(|life| life.window_bytes).sum();
        let mut left = cap.saturating_sub(ends);
        let all_windows = windows <= left;
        let mut kept = vec![all_windows; self.lives.len()];
        if all_windows {
            left -= windows;
        } else {
            let newest_first = (0..self.lives.len()).rev();
            for at in std::iter::once(0).chain(newest_first) {
                let (Some(life), Some(keep)) = (self.lives.get(at), kept.get_mut(at)) else {
                    continue;
                };
                if !*keep && life.fresh_bytes <= left {
                    left -= life.fresh_bytes;
                    *keep = true;
                }
            }
        }
        let extent = match cap {
            cap if self.bytes <= cap => Extent::All,
            cap if self.summed_bytes <= cap => Extent::Summed,
            _ => Extent::Windows,
        };
        Choice {
            extent,
            lives: self.lives.into_iter().zip(kept).collect(),
            all_windows,
            left,
            at: 0,
            life: 0,
            repeats: Repeats::default(),
            ends: self.ends.into_keys().collect(),
            failure: self.failure.window(),
            end: self.records,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    All,
    /// Repeats are counted, everything else is kept.
    Summed,
    /// Windows of each life, and what is new.
    Windows,
}

/// Second pass: says of each record whether it is kept.
#[derive(Debug)]
pub(super) struct Choice {
    extent: Extent,
    lives: Vec<(Life, bool)>,
    all_windows: bool,
    /// Bytes for new messages outside the windows.
    left: u64,
    at: u64,
    life: usize,
    repeats: Repeats,
    ends: Vec<u64>,
    failure: Option<(u64, u64)>,
    end: u64,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is kept, and stands for others that were left out.
    Kept(Option<Summed>),
    /// A later record of the same shape stands for it.
    Summed,
    /// It is left out.
    Dropped,
}

impl Choice {
    /// Positions around the first failure, where there is one: before the window only these are worth reading.
    pub(super) fn failure_positions(&self) -> Option<RangeInclusive<u64>> {
        self.failure.map(|(from, to)| from..=to)
    }

    /// The fate of the next record; order and positions are those of the survey.
    pub(super) fn fate(&mut self, position: u64, record: &Record) -> Fate {
        let at_failure = self.is_at_failure(position);
        if record.old {
            return if at_failure {
                Fate::Kept(None)
            } else {
                Fate::Dropped
            };
        }
        let at = self.at;
        self.at += 1;
        if at >= self.end {
            return Fate::Dropped;
        }
        if self.extent == Extent::All {
            return Fate::Kept(None);
        }
        while self
            .lives
            .get(self.life)
            .is_some_and(|(life, _)| life.last < at)
        {
            self.life += 1;
            self.repeats.end().for_each(drop);
        }
        let (seen, _) = self.repeats.see(at, record);
        if self.ends.binary_search(&at).is_ok() {
            return Fate::Kept(self.repeats.summed(record));
        }
        if at_failure {
            if seen.repeat {
                self.repeats.show(record);
            }
            return Fate::Kept(None);
        }
        if seen.repeat {
            return Fate::Summed;
        }
        if self.extent == Extent::Summed || self.has_room(at, record, seen.new) {
            return Fate::Kept(None);
        }
        Fate::Dropped
    }

    fn is_at_failure(&self, position: u64) -> bool {
        self.failure
            .is_some_and(|(from, to)| (from..=to).contains(&position))
    }

    fn has_room(&mut self, at: u64, record: &Record, new: bool) -> bool {
        let Some((life, kept)) = self.lives.get(self.life) else {
            return false;
        };
        let early = record.usec <= life.start.saturating_add(FIRST_MINUTES);
        let in_window = early || at + LAST_LINES as u64 > life.last;
        if in_window && (new || self.all_windows) {
            return *kept;
        }
        let size = record.size();
        let fits = new && !in_window && size <= self.left;
        self.left -= if fits { size } else { 0 };
        fits
    }
}

/// Two minutes, in microseconds.
const FIRST_MINUTES: u64 = 120_000_000;
/// Lines kept at the end of a life.
const LAST_LINES: usize = 200;
/// Bytes of a line that says how many were left out.
const MARKER: u64 = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(second: u64, boot: u8, message: &str) -> Record {
        Record {
            usec: second * 1_000_000,
            boot: [boot; 16],
            pid: Some(1),
            run: None,
            unattributed: false,
            error: message.starts_with('E'),
            old: false,
            continues: false,
            head: "h k[1]: ".to_owned(),
            message: message.as_bytes().to_vec(),
        }
    }

    fn letters(number: u64) -> String {
        number
            .to_string()
            .bytes()
            .map(|digit| char::from(digit + 49))
            .collect()
    }

    fn fates(records: &[Record], cap: u64) -> Vec<Fate> {
        let mut survey = Survey::default();
        for (position, record) in records.iter().enumerate() {
            survey.add(position as u64, record);
        }
        let mut choice = survey.choose(cap);
        let mut position = 0..;
        records
            .iter()
            .map(|record| choice.fate(position.next().unwrap(), record))
            .collect()
    }

    fn kept(records: &[Record], cap: u64) -> Vec<usize> {
        let fates = fates(records, cap);
        (0..records.len())
            .filter(|at| matches!(fates[*at], Fate::Kept(_)))
            .collect()
    }

    #[test]
    fn everything_stays_below_the_cap() {
        let records: Vec<Record> = (0..1000).map(|n| record(n, 1, "same")).collect();
        assert_eq!(kept(&records, 1 << 20).len(), 1000);
    }

    #[test]
    fn above_the_cap_repeats_are_counted_and_the_first_and_the_last_stay() {
        let mut records: Vec<Record> = (0..1000).map(|n| record(n, 1, "same")).collect();
        records[500].message = b"other".to_vec();
        let fates = fates(&records, 20_000);
        assert_eq!(fates[19], Fate::Kept(None));
        assert_eq!(fates[20], Fate::Summed);
        assert_eq!(fates[500], Fate::Kept(None));
        let summed = Summed {
            count: 978,
            from: 20_000_000,
        };
        assert_eq!(fates[999], Fate::Kept(Some(summed)));
    }

    #[test]
    fn a_silence_ends_a_stretch() {
        let mut records: Vec<Record> = (0..50).map(|n| record(n, 1, "same")).collect();
        records.extend((0..50).map(|n| record(5000 + n, 1, "same")));
        let summed: Vec<u64> = fates(&records, 3_000)
            .into_iter()
            .filter_map(|fate| match fate {
                Fate::Kept(Some(summed)) => Some(summed.count),
                _ => None,
            })
            .collect();
        assert_eq!(summed, [29, 29]);
    }

    #[test]
    fn still_over_the_cap_each_life_keeps_its_first_two_minutes_and_its_last_lines() {
        let different = |n: u64, boot| record(n, boot, &letters(n));
        let mut records: Vec<Record> = (0..2000).map(|n| different(n, 1)).collect();
        records.extend((0..2000).map(|n| different(5000 + n, 2)));
        let kept = kept(&records, 40_000);
        assert!(kept.contains(&0) && kept.contains(&120) && kept.contains(&1999));
        assert!(kept.contains(&2000) && kept.contains(&3999) && !kept.contains(&3500));
        assert!(kept.len() < 1100);
    }

    #[test]
    fn the_first_error_after_success_stays_however_old_it_is() {
        let mut records: Vec<Record> = (0..30_000).map(|n| record(n, 1, &letters(n))).collect();
        for record in records.iter_mut().take(20_000) {
            record.old = true;
        }
        records[100].message = b"E of no matter".to_vec();
        records[200].message = b"Successfully registered node".to_vec();
        records[5000].message = b"E the first".to_vec();
        records[100].error = true;
        records[5000].error = true;
        let kept = kept(&records, 40_000);
        assert!(kept.contains(&4500) && kept.contains(&5000) && kept.contains(&5500));
        assert!(!kept.contains(&100) && !kept.contains(&4499) && !kept.contains(&5501));
    }

    #[test]
    fn a_new_message_in_the_middle_survives_and_its_repeats_do_not() {
        let mut records: Vec<Record> = (0..3000).map(|n| record(n, 1, "same")).collect();
        records[1000].message = b"the one error".to_vec();
        assert!(kept(&records, 20_000).contains(&1000));
    }
}
