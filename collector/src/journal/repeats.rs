//! Messages that come again and again: all but the first and the last of a stretch are counted, not stored.

use super::record::Record;
use std::collections::BTreeMap;

/// Stretches of the current life, by the shape of the message.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    stretches: BTreeMap<u64, Stretch>,
}

/// The same message in one life, never silent for long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    count: u64,
    /// Beyond the first ones, kept for another reason.
    shown: u64,
    /// Time of the first that is left out.
    from: u64,
    last_time: u64,
    last_at: u64,
    last_size: u64,
}

/// How the next line stands for those that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summed {
    /// Records left out.
    pub(super) count: u64,
    /// Time of the first of them, microseconds since 1970.
    pub(super) from: u64,
}

/// What a record is among those of its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// First of its shape in this life.
    pub(super) new: bool,
    /// Beyond the first ones of its stretch.
    pub(super) repeat: bool,
}

impl Repeats {
    /// Notes a record; a stretch that ended with it comes back.
    pub(super) fn see(&mut self, at: u64, record: &Record) -> (Seen, Option<Stretch>) {
        let shape = shape(&record.message);
        let known = self.stretches.len();
        let mut ended = None;
        let new = !self.stretches.contains_key(&shape);
        if new && known >= MOST_SHAPES {
            let seen = Seen {
                new: false,
                repeat: false,
            };
            return (seen, None);
        }
        let fresh = Stretch {
            count: 0,
            shown: 0,
            from: 0,
            last_time: record.usec,
            last_at: at,
            last_size: 0,
        };
        let stretch = self.stretches.entry(shape).or_insert(fresh);
        if record.usec > stretch.last_time.saturating_add(SILENCE) {
            ended = Some(*stretch);
            *stretch = fresh;
        }
        stretch.count += 1;
        stretch.last_time = record.usec;
        stretch.last_at = at;
        stretch.last_size = record.size();
        if stretch.count == KEPT + stretch.shown + 1 {
            stretch.from = record.usec;
        }
        let seen = Seen {
            new,
            repeat: stretch.count > KEPT,
        };
        (seen, ended)
    }

    /// Notes that a repeat is kept all the same.
    pub(super) fn show(&mut self, record: &Record) {
        if let Some(stretch) = self.stretches.get_mut(&shape(&record.message)) {
            stretch.shown += 1;
        }
    }

    /// What the last record of a stretch stands for, at that record.
    pub(super) fn summed(&self, record: &Record) -> Option<Summed> {
        self.stretches.get(&shape(&record.message))?.summed()
    }

    /// The life is over: what is left of its stretches.
    pub(super) fn end(&mut self) -> impl Iterator<Item = Stretch> + use<> {
        std::mem::take(&mut self.stretches).into_values()
    }
}

impl Stretch {
    /// Number and size of its last record, where it has repeats.
    pub(super) fn last(&self) -> Option<(u64, u64)> {
        (self.count > KEPT).then_some((self.last_at, self.last_size))
    }

    fn summed(&self) -> Option<Summed> {
        let count = self.count.saturating_sub(KEPT + 1 + self.shown);
        (count > 0).then_some(Summed {
            count,
            from: self.from,
        })
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

/// Records of a stretch that are kept before the counting begins.
const KEPT: u64 = 20;
/// Ten minutes without it end a stretch, in microseconds.
const SILENCE: u64 = 600_000_000;
/// Shapes remembered per life.
const MOST_SHAPES: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_klog_times_do_not_make_a_message_new() {
        assert_eq!(
            shape(b"E1122 07:47:16.76 101 x.go:1] retry 3"),
            shape(b"E1122 08:00:00.00 99 x.go:1] retry 4")
        );
    }
}
