//! What printed times mean in the end: the year and the zone of a stream.

use super::clock::{Basis, Clock, DAY, SECOND, Tick, Yearless, micros_of};
use chrono::{DateTime, Datelike as _, NaiveDate};

/// The year 2200.
const LAST: i64 = 7_258_118_400 * SECOND;

/// Year and zone of one stream's times, found while it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calendar {
    /// Times that the year turned since the first yearless line.
    turns: i32,
    last: Option<(u8, u8)>,
    last_micros: i64,
    /// Turns, month and day of that line, and the beginning of that day.
    day: Option<((i32, u8, u8), i64)>,
    /// Base year 2000 + n means calendar year `year + n`.
    base: Option<i32>,
    /// The turn in which a 29 February was seen.
    leap: Option<i32>,
    /// The day before which no line is, as a heading says.
    begins: Option<NaiveDate>,
    /// The day after which no line is.
    ends: Option<NaiveDate>,
}

impl Calendar {
    /// The place of a printed time in this stream. Times that no clock shows are none.
    pub(crate) fn tick(&mut self, clock: Clock) -> Option<Tick> {
        match clock {
            Clock::Utc(micros) | Clock::Local(micros) if !(0..LAST).contains(&micros) => None,
            Clock::Utc(micros) => Some(Tick {
                micros,
                basis: Basis::Utc,
            }),
            Clock::Local(micros) => Some(Tick {
                micros,
                basis: Basis::Local,
            }),
            Clock::Yearless(time) => self.yearless(time),
        }
    }

    fn yearless(&mut self, time: Yearless) -> Option<Tick> {
        let (month, day) = time.date();
        if let Some((last_month, _)) = self.last {
            // December to January is a new year, January to December a late line of the old one; smaller steps are clock corrections.
            if last_month >= 11 && month <= 2 {
                self.turns += 1;
            } else if last_month <= 2 && month >= 11 && self.turns > 0 {
                self.turns -= 1;
            }
        }
        if let (None, Some(begins)) = (self.last, self.begins) {
            let turned = (u32::from(month), u32::from(day)) < (begins.month(), begins.day());
            self.anchor(begins.year() + i32::from(turned));
        }
        self.last = Some((month, day));
        if (month, day) == (2, 29) {
            self.leap = Some(self.turns);
        }
        let midnight = self.midnight(month, day)?;
        self.last_micros = midnight + time.of_day();
        Some(Tick {
            micros: self.last_micros,
            basis: Basis::Yearless,
        })
    }

    /// The beginning of a day of the year that is counted now.
    fn midnight(&mut self, month: u8, day: u8) -> Option<i64> {
        let key = (self.turns, month, day);
        if let Some((known, midnight)) = self.day
            && known == key
        {
            return Some(midnight);
        }
        let date = NaiveDate::from_ymd_opt(2000 + self.turns, month.into(), day.into())
            .or_else(|| NaiveDate::from_ymd_opt(2000 + self.turns, 3, 1))?;
        let midnight = micros_of(date);
        self.day = Some((key, midnight));
        Some(midnight)
    }

    /// Tells the year of the line read last.
    pub(crate) fn anchor(&mut self, year: i32) {
        self.base.get_or_insert(year - self.turns);
    }

    /// Notes what a heading says of the time that the stream covers.
    pub(crate) fn covers(&mut self, from: Option<NaiveDate>, to: Option<NaiveDate>) {
        self.begins = self.begins.or(from);
        self.ends = to.or(self.ends);
    }

    /// Whether the year is still open.
    pub(crate) fn wants_anchor(&self) -> bool {
        self.base.is_none()
    }

    /// Whether yearless lines can become instants: the stream tells its year, or `newest` does.
    pub(crate) fn settle(&mut self, newest: Option<i64>) {
        let end = self.ends.map(|day| micros_of(day) + DAY);
        let Some(newest) = end.or(newest) else {
            return;
        };
        if self.base.is_some() || self.last.is_none() {
            return;
        }
        let latest = newest + DAY + 2 * 3600 * SECOND;
        let Some(end) = DateTime::from_timestamp_micros(latest) else {
            return;
        };
        let mut base = end.year() - self.turns;
        if shift(self.last_micros, base).is_none_or(|micros| micros > latest) {
            base -= 1;
        }
        if let Some(leap) = self.leap {
            while base > 1900 && NaiveDate::from_ymd_opt(base + leap, 2, 29).is_none() {
                base -= 1;
            }
        }
        self.base = Some(base);
    }

    /// The instant of a tick in microseconds since 1970. `offset` is the node's zone, seconds east of UTC.
    ///
    /// Yearless times of a stream whose year is not known stay in the years after 2000: right relative to each other.
    pub(crate) fn instant(&self, tick: Tick, offset: i32) -> i64 {
        let zone = i64::from(offset) * SECOND;
        match tick.basis {
            Basis::Utc => tick.micros,
            Basis::Local => tick.micros - zone,
            Basis::Yearless => {
                self.base
                    .and_then(|base| shift(tick.micros, base))
                    .unwrap_or(tick.micros)
                    - zone
            }
        }
    }
}

/// Moves a tick from the years after 2000 to those after `base`.
fn shift(micros: i64, base: i32) -> Option<i64> {
    let date = DateTime::from_timestamp_micros(micros)?.date_naive();
    let year = date.year() - 2000 + base;
    let moved = NaiveDate::from_ymd_opt(year, date.month(), date.day())
        .or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))?;
    Some(micros - micros_of(date) + micros_of(moved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::instant;

    #[test]
    fn a_file_over_new_year_gets_two_years_in_order() {
        let mut calendar = Calendar::default();
        let december = calendar.tick(Clock::yearless(12, 31, 0)).unwrap();
        let january = calendar.tick(Clock::yearless(1, 1, 0)).unwrap();
        calendar.settle(Some(instant("2026-01-03T00:00:00Z")));
        assert_eq!(
            calendar.instant(december, 0),
            instant("2025-12-31T00:00:00Z")
        );
        assert_eq!(
            calendar.instant(january, 0),
            instant("2026-01-01T00:00:00Z")
        );
    }

    #[test]
    fn headings_tell_the_year_of_the_lines_below() {
        let day = |text: &str| Some(text.parse().unwrap());
        for (from, to, line, want) in [
            (day("2017-07-06"), None, (7, 10), "2017-07-10T00:00:00Z"),
            (day("2019-12-30"), None, (1, 2), "2020-01-02T00:00:00Z"),
            (None, day("2022-01-15"), (1, 2), "2022-01-02T00:00:00Z"),
            (None, day("2022-01-15"), (12, 30), "2021-12-30T00:00:00Z"),
        ] {
            let mut calendar = Calendar::default();
            calendar.covers(from, to);
            let tick = calendar.tick(Clock::yearless(line.0, line.1, 0)).unwrap();
            calendar.settle(None);
            assert_eq!(calendar.instant(tick, 0), instant(want));
        }
    }

    #[test]
    fn a_leap_day_goes_to_the_leap_year_before_the_anchor() {
        let mut calendar = Calendar::default();
        let leap = calendar.tick(Clock::yearless(2, 29, 0)).unwrap();
        calendar.settle(Some(instant("2026-03-03T00:00:00Z")));
        assert_eq!(calendar.instant(leap, 0), instant("2024-02-29T00:00:00Z"));
    }
}
