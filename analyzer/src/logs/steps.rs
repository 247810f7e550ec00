//! Where the node's clock was set.

use super::clock::{Basis, Clock, Tick};
use super::place::Place;
use super::transport::Envelope;

/// Follows the times of one stream.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    found: Vec<Step>,
    /// So many that the stream is in no order of time.
    unordered: bool,
    /// The boot that is measured, and its beginning by the wall clock.
    boot: Option<(Vec<u8>, i64)>,
}

/// The clock was set before this place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Microseconds; negative: back.
    pub(crate) by: i64,
    pub(crate) place: Place,
}

impl Steps {
    /// The steps, none where the stream is in no order.
    pub(crate) fn found(&self) -> impl Iterator<Item = &Step> {
        self.found.iter().filter(|_| !self.unordered)
    }

    /// Compares a record's time with that of the record before it.
    pub(crate) fn follow(&mut self, before: Option<Tick>, place: Place) {
        let (Some(before), Some(now)) = (before, place.time()) else {
            return;
        };
        if before.basis != now.basis || now.basis == Basis::Yearless || self.boot.is_some() {
            return;
        }
        let by = now.micros - before.micros;
        if by < -BACK {
            self.note(by, place);
        }
    }

    /// Compares a record's time with the time since the boot, where its carrier tells both.
    pub(crate) fn measure(&mut self, envelope: &Envelope<'_>, place: Place) {
        let (Some(uptime), Some(Clock::Utc(time)), Some(boot)) =
            (envelope.uptime, envelope.clock, envelope.boot.as_deref())
        else {
            return;
        };
        let began = time - uptime;
        let Some((known, since)) = &mut self.boot else {
            self.boot = Some((boot.to_vec(), began));
            return;
        };
        let by = began - *since;
        if known.as_slice() != boot {
            *known = boot.to_vec();
            *since = began;
        } else if by.abs() > MEASURED {
            *since = began;
            self.note(by, place);
        }
    }

    fn note(&mut self, by: i64, place: Place) {
        self.unordered |= self.found.len() >= MOST_STEPS;
        if !self.unordered {
            self.found.push(Step { by, place });
        }
    }
}

/// Writers of one log overtake each other by less, microseconds.
const BACK: i64 = 60_000_000;
/// A clock that is only slewed stays within this, microseconds.
const MEASURED: i64 = 2_000_000;
/// No clock is set more often.
const MOST_STEPS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Place {
        let tick = Tick {
            micros: second * 1_000_000,
            basis: Basis::Utc,
        };
        Place::at(0, tick)
    }

    fn seconds(steps: &Steps) -> Vec<i64> {
        steps.found().map(|step| step.by / 1_000_000).collect()
    }

    #[test]
    fn times_that_go_back_are_steps_unless_they_do_so_all_the_time() {
        let mut steps = Steps::default();
        for (before, now) in [(100, 70), (100, 20), (20, 500)] {
            steps.follow(at(before).time(), at(now));
        }
        assert_eq!(seconds(&steps), [-80]);
        for _ in 0..20 {
            steps.follow(at(1000).time(), at(0));
        }
        assert!(seconds(&steps).is_empty());
    }

    #[test]
    fn the_time_since_the_boot_shows_steps_both_ways_and_no_boot_is_one() {
        let mut steps = Steps::default();
        for (boot, time, uptime) in [
            (b"a", 1000, 10),
            (b"a", 1011, 20),
            (b"a", 9030, 30),
            (b"a", 40, 40),
            (b"b", 5000, 1),
        ] {
            let envelope = Envelope {
                clock: Some(Clock::Utc(time * 1_000_000)),
                boot: Some(boot.into()),
                uptime: Some(uptime * 1_000_000),
                ..Envelope::default()
            };
            steps.measure(&envelope, at(time));
        }
        assert_eq!(seconds(&steps), [8010, -9000]);
    }
}
