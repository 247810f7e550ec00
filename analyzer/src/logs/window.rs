//! The part of the time that is looked at: `--since` and `--until`.

use super::clock::{Clock, micros_of};
use super::scanner::Options;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

/// Whether a printed time lies in the window. Times without a year are read in the years of the window's ends.
pub(crate) fn holds(options: &Options, clock: Clock) -> bool {
    if options.since.is_none() && options.until.is_none() {
        return true;
    }
    let zone = i64::from(options.utc_offset.unwrap_or_default()) * 1_000_000;
    match clock {
        Clock::Utc(micros) => inside(options, micros),
        Clock::Local(micros) => inside(options, micros - zone),
        Clock::Yearless(time) => {
            let (month, day) = time.date();
            let ends = [options.since, options.until];
            ends.iter().flatten().any(|end| {
                NaiveDate::from_ymd_opt(end.year(), month.into(), day.into())
                    .is_some_and(|date| inside(options, micros_of(date) + time.of_day() - zone))
            })
        }
    }
}

fn inside(options: &Options, micros: i64) -> bool {
    let micros_of = |time: DateTime<Utc>| time.timestamp_micros();
    options.since.is_none_or(|since| micros >= micros_of(since))
        && options.until.is_none_or(|until| micros <= micros_of(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_year_is_read_in_the_years_of_the_window() {
        let time = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        let options = Options {
            since: time("2025-12-30T00:00:00Z"),
            until: time("2026-01-02T00:00:00Z"),
            ..Options::default()
        };
        let at = |month, day| holds(&options, Clock::yearless(month, day, 3_600_000_000));
        assert!(at(12, 31) && at(1, 1));
        assert!(!at(12, 29) && !at(1, 2) && !at(6, 1));
        let exact = options.since.unwrap().timestamp_micros();
        assert!(holds(&options, Clock::Utc(exact)) && !holds(&options, Clock::Utc(exact - 1)));
        assert!(holds(&Options::default(), Clock::yearless(6, 1, 0)));
    }
}
