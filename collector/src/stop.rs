//! When collection must end: a signal to the supervisor, or the deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Shared by everything that waits.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    signal: Arc<AtomicBool>,
    deadline: Instant,
    length: Duration,
}

impl Stop {
    /// Ends at the deadline, or when the flag is set.
    pub(crate) fn new(deadline: Instant) -> Self {
        Self {
            signal: Arc::new(AtomicBool::new(false)),
            deadline,
            length: deadline.saturating_duration_since(Instant::now()),
        }
    }

    /// Never ends by itself.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self::new(Instant::now() + Duration::from_hours(1))
    }

    /// The flag, for signal handlers.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.signal)
    }

    /// Ends now.
    pub(crate) fn request(&self) {
        self.signal.store(true, Ordering::Relaxed);
    }

    /// Why to end, if at all.
    pub(crate) fn why(&self) -> Option<&'static str> {
        if self.signal.load(Ordering::Relaxed) {
            return Some("interrupted by a signal");
        }
        if self.left().is_zero() {
            return Some("the deadline passed");
        }
        None
    }

    /// Time until the deadline.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether less than a quarter of the time is left.
    pub(crate) fn is_late(&self) -> bool {
        self.left() < self.length / 4
    }

    /// The most that one item may take of it: two that hang leave time for the others.
    pub(crate) fn share(&self) -> Duration {
        let left = self.left();
        (left / 4).max(LEAST_SHARE.min(left))
    }
}

/// A shorter wait would tell nothing.
const LEAST_SHARE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_never_gets_all_the_time_that_is_left() {
        let stop = Stop::new(Instant::now() + Duration::from_secs(20));
        assert!(stop.share() <= Duration::from_secs(5));
        assert!(stop.share() > Duration::from_secs(4));
        let over = Stop::new(Instant::now());
        assert_eq!(over.share(), Duration::ZERO);
    }
}
