//! The only place that reads the wall clock.

use chrono::{DateTime, SecondsFormat, Utc};
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

    /// Whether it stands still.
    pub(crate) fn is_fixed(&self) -> bool {
        self.fixed.is_some()
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

/// `2026-11-22T07:47:16Z`
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A journal's time.
pub(crate) fn from_microseconds(microseconds: u64) -> DateTime<Utc> {
    i64::try_from(microseconds)
        .ok()
        .and_then(DateTime::from_timestamp_micros)
        .unwrap_or_default()
}

/// A journal's time to the microsecond: `2026-11-22T07:47:16.761257Z`
pub(crate) fn exact(microseconds: u64) -> String {
    from_microseconds(microseconds).to_rfc3339_opts(SecondsFormat::Micros, true)
}
