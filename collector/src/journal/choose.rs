//! Which records of a journal over its cap are kept: per life the first two minutes and the last lines, then what is new.

use super::record::Record;
use std::collections::{HashSet, VecDeque};

/// One run of the unit's process, or one boot.
#[derive(Debug, Clone)]
struct Life {
    last: u64,
    start: u64,
    /// Bytes in the windows.
    window_bytes: u64,
    /// Bytes in the windows without repeats.
    fresh_bytes: u64,
}

/// First pass over a stream: its lives and sizes.
#[derive(Debug, Default)]
pub(super) struct Survey {
    lives: Vec<Life>,
    key: Key,
    /// Newest records of the life: size, whether it is outside the first minutes, whether it is new.
    tail: VecDeque<(u64, bool, bool)>,
    seen: Seen,
    pub(super) records: u64,
    bytes: u64,
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

/// Messages of the current life, without their numbers.
#[derive(Debug, Default)]
struct Seen(HashSet<u64>);

impl Seen {
    /// Whether no message of this shape came before in this life.
    fn is_new(&mut self, message: &[u8]) -> bool {
        self.0.len() < MAX_SHAPES && self.0.insert(shape(message))
    }
}

impl Survey {
    /// Counts one record.
    pub(super) fn add(&mut self, record: &Record) {
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
        let new = self.seen.is_new(&record.message);
        if let Some(life) = self.lives.last_mut() {
            life.last = self.records;
            let late = record.usec > life.start.saturating_add(FIRST_MINUTES);
            if !late {
                life.window_bytes += size;
                life.fresh_bytes += if new { size } else { 0 };
            }
            self.tail.push_back((size, late, new));
            if self.tail.len() > LAST_LINES {
                self.tail.pop_front();
            }
        }
        self.records += 1;
        self.bytes += size;
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
        self.seen = Seen::default();
    }

    /// Decides what a cap leaves.
    pub(super) fn choose(mut self, cap: u64) -> Choice {
        self.close_life();
        let windows: u64 = self.lives.iter().map(|life| life.window_bytes).sum();
        let repeats = windows <= cap;
        let mut left = cap;
        let mut kept = vec![repeats; self.lives.len()];
        if repeats {
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
        Choice {
            all: self.bytes <= cap,
            lives: self.lives.into_iter().zip(kept).collect(),
            repeats,
            left,
            at: 0,
            life: 0,
            seen: Seen::default(),
            end: self.records,
        }
    }
}

/// Second pass: says of each record whether it is kept.
#[derive(Debug)]
pub(super) struct Choice {
    all: bool,
    lives: Vec<(Life, bool)>,
    repeats: bool,
    /// Bytes for new messages outside the windows.
    left: u64,
    at: u64,
    life: usize,
    seen: Seen,
    end: u64,
}

impl Choice {
    /// Whether to keep the next record; the order is that of the survey.
    pub(super) fn keeps(&mut self, record: &Record) -> bool {
        let at = self.at;
        self.at += 1;
        if at >= self.end {
            return false;
        }
        if self.all {
            return true;
        }
        while self
            .lives
            .get(self.life)
            .is_some_and(|(life, _)| life.last < at)
        {
            self.life += 1;
            self.seen = Seen::default();
        }
        let new = self.seen.is_new(&record.message);
        let Some((life, kept)) = self.lives.get(self.life) else {
            return false;
        };
        let early = record.usec <= life.start.saturating_add(FIRST_MINUTES);
        let in_window = early || at + LAST_LINES as u64 > life.last;
        if in_window && (new || self.repeats) {
            return *kept;
        }
        let size = record.size();
        if new && !in_window && size <= self.left {
            self.left -= size;
            return true;
        }
        false
    }
}

/// A message without its numbers and times, hashed: repeats differ in little else.
fn shape(message: &[u8]) -> u64 {
    let text = match message {
        [b'I' | b'W' | b'E' | b'F', b'0'..=b'9', ..] => message
            .iter()
            .position(|byte| *byte == b']')
            .and_then(|at| message.get(at..))
            .unwrap_or(message),
        _ => message,
    };
    text.iter()
        .filter(|byte| !byte.is_ascii_digit())
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Two minutes, in microseconds.
const FIRST_MINUTES: u64 = 120_000_000;
/// Lines kept at the end of a life.
const LAST_LINES: usize = 200;
/// Shapes remembered per life.
const MAX_SHAPES: usize = 20_000;

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
            continues: false,
            head: "h k[1]: ".to_owned(),
            message: message.as_bytes().to_vec(),
        }
    }

    fn kept(records: &[Record], cap: u64) -> Vec<usize> {
        let mut survey = Survey::default();
        for record in records {
            survey.add(record);
        }
        let mut choice = survey.choose(cap);
        (0..records.len())
            .filter(|at| choice.keeps(&records[*at]))
            .collect()
    }

    #[test]
    fn everything_stays_below_the_cap() {
        let records: Vec<Record> = (0..1000).map(|n| record(n, 1, "same")).collect();
        assert_eq!(kept(&records, 1 << 20).len(), 1000);
    }

    #[test]
    fn over_the_cap_each_life_keeps_its_first_two_minutes_and_its_last_lines() {
        let mut records: Vec<Record> = (0..2000).map(|n| record(n, 1, "same")).collect();
        records.extend((0..2000).map(|n| record(5000 + n, 2, "same")));
        let kept = kept(&records, 40_000);
        assert!(kept.contains(&0) && kept.contains(&120) && !kept.contains(&130));
        assert!(kept.contains(&1999) && kept.contains(&1801) && !kept.contains(&1700));
        assert!(kept.contains(&2000) && kept.contains(&3999));
    }

    #[test]
    fn a_new_message_in_the_middle_survives_and_its_repeats_do_not() {
        let mut records: Vec<Record> = (0..3000).map(|n| record(n, 1, "same")).collect();
        records[1000].message = b"the one error".to_vec();
        records[1001].message = b"the one error".to_vec();
        let kept = kept(&records, 20_000);
        assert!(kept.contains(&1000) && !kept.contains(&1001));
    }

    #[test]
    fn numbers_and_klog_times_do_not_make_a_message_new() {
        assert_eq!(
            shape(b"E1122 07:47:16.76 101 x.go:1] retry 3"),
            shape(b"E1122 08:00:00.00 99 x.go:1] retry 4")
        );
    }
}
