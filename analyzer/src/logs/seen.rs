//! Several entries may hold the same record: a unit's journal as text and as JSON, the tail of `systemctl status`, a rotated file.

use super::hash::{Fast, FastMap, hash};
use std::hash::Hasher as _;

/// Records remembered; later ones count as new. A table of 2^20 places holds so many.
const CAPACITY: usize = (1 << 20) / 8 * 7;
/// Records of a first stream that are only noted: they are compared when there is a second one.
const NOTED: usize = CAPACITY;

/// What tells records apart whatever carried them.
pub(crate) struct Identity<'a> {
    pub(crate) program: Option<&'a str>,
    pub(crate) pid: Option<u32>,
    /// The message with its own header.
    pub(crate) message: &'a [u8],
    /// Microseconds, where the message has no time of its own. Carriers print zones and fractions differently, so only
    /// the second within a quarter of an hour counts.
    pub(crate) time: Option<i64>,
}

impl Identity<'_> {
    fn hash(&self) -> u64 {
        let mut hasher = Fast::default();
        hasher.write_u64(hash(0, self.message));
        hasher.write(self.program.unwrap_or_default().as_bytes());
        hasher.write_u32(self.pid.unwrap_or_default());
        hasher.write_i64(
            self.time
                .map_or(-1, |micros| (micros / 1_000_000).rem_euclid(900)),
        );
        hasher.finish()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// Most that one stream had.
    most: u32,
    stream: u32,
    in_stream: u32,
}

/// Records that were counted.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    counts: FastMap<u64, Count>,
    /// Records of the first stream, all new.
    noted: Vec<u64>,
    first: Option<usize>,
}

impl Seen {
    /// Whether a record is new. A stream that has a record twice has two records; another stream that has it twice has the same two.
    pub(crate) fn is_new(&mut self, stream: usize, identity: &Identity<'_>) -> bool {
        let hash = identity.hash();
        let first = *self.first.get_or_insert(stream);
        if stream == first && self.counts.is_empty() && self.noted.len() < NOTED {
            self.noted.push(hash);
            return true;
        }
        if !self.noted.is_empty() {
            // A table that grows is there twice for a while.
            self.counts.reserve(CAPACITY.min(2 * self.noted.len()));
        }
        for noted in std::mem::take(&mut self.noted) {
            self.count(first, noted);
        }
        self.count(stream, hash)
    }

    fn count(&mut self, stream: usize, hash: u64) -> bool {
        let full = self.counts.len() >= CAPACITY;
        let stream = u32::try_from(stream).unwrap_or(u32::MAX);
        let Some(count) = self.counts.get_mut(&hash) else {
            if !full {
                self.counts.insert(
                    hash,
                    Count {
                        most: 1,
                        stream,
                        in_stream: 1,
                    },
                );
            }
            return true;
        };
        if count.stream != stream {
            count.stream = stream;
            count.in_stream = 0;
        }
        count.in_stream += 1;
        let new = count.in_stream > count.most;
        count.most = count.most.max(count.in_stream);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_record_in_another_stream_is_not_new_but_a_repeat_is() {
        let mut seen = Seen::default();
        let mut is_new = |stream, micros| {
            seen.is_new(
                stream,
                &Identity {
                    program: Some("systemd"),
                    pid: Some(1),
                    message: b"kubelet.service: Failed with result 'exit-code'.",
                    time: Some(micros),
                },
            )
        };
        assert!(is_new(0, 10_200_000));
        assert!(is_new(0, 10_900_000));
        assert!(!is_new(1, 10_000_000));
        assert!(!is_new(1, 10_000_000));
        assert!(is_new(1, 10_000_000));
        assert!(is_new(1, 11_000_000));
    }
}
