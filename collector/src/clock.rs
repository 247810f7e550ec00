//! The only place that reads the wall clock.

use chrono::{DateTime, Utc};
use std::time::{Duration, Instant};

/// Wall clock and elapsed time; both stand still when `--now` fixes them, so that the same tree gives the same bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    fixed: Option<DateTime<Utc>>,
}

impl Clock {
    /// The running clock, or one that always says `fixed`.
    pub(crate) fn new(fixed: Option<DateTime<Utc>>) -> Self {
        Self { fixed }
    }

    /// The wall clock, UTC.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the file that reads the clock"
    )]
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.fixed.unwrap_or_else(Utc::now)
    }

    /// Milliseconds since `start`; 0 when the clock is fixed.
    pub(crate) fn milliseconds_since(&self, start: Instant) -> u64 {
        if self.fixed.is_some() {
            return 0;
        }
        milliseconds(start.elapsed())
    }
}

/// Whole milliseconds of a duration.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
