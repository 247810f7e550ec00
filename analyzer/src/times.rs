//! Times as command-line tools print them. Only those that say their zone count.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// `2026-11-22T07:48:02+00:00`, `2026-11-22T07:48:02Z`, `Sun, 22 Nov 2026 07:48:02 GMT`, `Sun Nov 22 07:48:02 UTC 2026`,
/// `Sun 2026-11-22 07:48:02 UTC`, `Wed 25 Nov 2026 03:19:30 PM UTC`, `Oct 13 06:46:38 2026 GMT`.
pub fn printed(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(time) = DateTime::parse_from_rfc2822(text) {
        return Some(time.to_utc());
    }
    let mut parts = Parts::default();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        parts.take(word)?;
    }
    parts.time()
}

#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    clock: Option<NaiveTime>,
    afternoon: Option<bool>,
    offset_minutes: Option<i64>,
}

impl Parts {
    /// Sorts one word in; `None` for a word that belongs to no time.
    fn take(&mut self, word: &str) -> Option<()> {
        if let Some(month) = MONTHS.iter().position(|month| *month == word) {
            self.month = u32::try_from(month + 1).ok();
        } else if word.contains(':') && !word.starts_with(['+', '-']) {
            self.clock = clock(word);
            self.clock?;
        } else if let Ok(date) = NaiveDate::parse_from_str(word, "%Y-%m-%d") {
            use chrono::Datelike as _;
            (self.year, self.month, self.day) =
                (Some(date.year()), Some(date.month()), Some(date.day()));
        } else if let Some(offset) = zone(word) {
            self.offset_minutes = Some(offset);
        } else if let Ok(number) = word.parse::<u32>() {
            if number > 31 {
                self.year = i32::try_from(number).ok();
            } else {
                self.day = Some(number);
            }
        } else if word == "AM" || word == "PM" {
            self.afternoon = Some(word == "PM");
        } else if !DAYS.contains(&word) {
            return None;
        }
        Some(())
    }

    fn time(self) -> Option<DateTime<Utc>> {
        let date = NaiveDate::from_ymd_opt(self.year?, self.month?, self.day?)?;
        let clock = half_day(self.clock?, self.afternoon)?;
        let local = NaiveDateTime::new(date, clock).and_utc();
        local.checked_sub_signed(chrono::TimeDelta::try_minutes(self.offset_minutes?)?)
    }
}

fn clock(word: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(word, format).ok())
}

fn half_day(clock: NaiveTime, afternoon: Option<bool>) -> Option<NaiveTime> {
    use chrono::Timelike as _;
    match (afternoon, clock.hour()) {
        (Some(true), hour) if hour < 12 => clock.with_hour(hour + 12),
        (Some(false), 12) => clock.with_hour(0),
        _ => Some(clock),
    }
}

/// Minutes east of UTC. Names other than UTC and GMT are ambiguous.
fn zone(word: &str) -> Option<i64> {
    if ["UTC", "GMT", "Z"].contains(&word) {
        return Some(0);
    }
    let sign = match word.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits = word.get(1..)?.replace(':', "");
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        2 => Some(sign * number * 60),
        4 => Some(sign * (number / 100 * 60 + number % 100)),
        _ => None,
    }
}

/// English names, as most programs print them whatever the language.
pub(crate) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_common_tools_name_one_instant() {
        for text in [
            "2026-11-22T07:48:02+00:00",
            "Sun, 22 Nov 2026 07:48:02 GMT",
            "Sun Nov 22 07:48:02 UTC 2026",
            "Sun 2026-11-22 07:48:02 UTC",
            "Sun 22 Nov 2026 07:48:02 AM UTC",
            "Nov 22 07:48:02 2026 GMT",
            "2026-11-22 09:48:02.5 +0200",
        ] {
            let time = printed(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(time.timestamp(), 1_795_333_682, "{text}");
        }
        assert_eq!(
            printed("Sun Nov 22 12:30:00 AM UTC 2026")
                .unwrap()
                .timestamp(),
            1_795_307_400
        );
    }

    #[test]
    fn a_time_without_a_known_zone_is_no_instant() {
        for text in [
            "Sun Nov 22 07:48:02 CET 2026",
            "Sun Nov 22 07:48:02 2026",
            "",
            "ok",
            "Nov 31 07:48:02 2026 GMT",
        ] {
            assert_eq!(printed(text), None, "{text}");
        }
    }
}
