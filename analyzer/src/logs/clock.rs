//! Times as lines print them, and what they mean in the end.
//!
//! A line may print an instant, a local time, or a time without a year. The latter two become instants only when a whole
//! stream has been read, so a [`Tick`] keeps what was printed and [`super::calendar::Calendar`] resolves it.

use chrono::{Datelike as _, NaiveDate};

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;
pub(super) const SECOND: i64 = 1_000_000;

/// A printed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Microseconds since 1970, UTC.
    Utc(i64),
    /// Date and time without a zone, as if it were UTC.
    Local(i64),
    /// Neither year nor zone.
    Yearless(Yearless),
}

impl Clock {
    /// A time of some year: month, day and microseconds of the day.
    pub(crate) fn yearless(month: u8, day: u8, of_day: i64) -> Self {
        let date = i64::from(month) << 8 | i64::from(day);
        Self::Yearless(Yearless(date << OF_DAY_BITS | of_day & OF_DAY))
    }

    /// So many microseconds later on the same day.
    pub(crate) fn later(self, micros: i64) -> Self {
        match self {
            Self::Utc(second) => Self::Utc(second + micros),
            Self::Local(second) => Self::Local(second + micros),
            Self::Yearless(Yearless(second)) => Self::Yearless(Yearless(second + micros)),
        }
    }
}

/// Month, day and microseconds of the day, in one word: clocks are handed from function to function for every line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Yearless(i64);

/// Bits that hold the microseconds of a day, with a leap second and more.
const OF_DAY_BITS: u32 = 40;
const OF_DAY: i64 = (1 << OF_DAY_BITS) - 1;

impl Yearless {
    /// Month and day.
    pub(crate) fn date(self) -> (u8, u8) {
        let [.., month, day] = (self.0 >> OF_DAY_BITS).to_be_bytes();
        (month, day)
    }

    /// Microseconds of the day.
    pub(crate) fn of_day(self) -> i64 {
        self.0 & OF_DAY
    }
}

/// A printed time with its place in the stream: microseconds, and what they count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Microseconds since 1970; for [`Basis::Yearless`] in years counted from 2000.
    pub(crate) micros: i64,
    pub(crate) basis: Basis,
}

/// What is known of a printed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    Utc,
    Local,
    Yearless,
}

/// Midnight of a date, microseconds since 1970.
pub(crate) fn micros_of(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce() - 719_163) * DAY
}

/// All dates such as `2026-11-22` or `2026/11/22` in a text, in order.
pub(crate) fn dates(text: &[u8]) -> impl Iterator<Item = NaiveDate> {
    text.windows(10)
        .filter_map(|window| date(window).map(|(date, _)| date))
}

/// Reads `2026-11-22T07:30:22.304123Z` at the start of a text: date, `T` or a blank, time, fraction, zone. The zone may be missing.
pub(crate) fn iso(text: &[u8]) -> Option<(Clock, &[u8])> {
    let (second, rest) = iso_second(text)?;
    Some(in_second(second, rest))
}

/// The same without fraction and zone, as if it were UTC.
pub(crate) fn iso_second(text: &[u8]) -> Option<(i64, &[u8])> {
    let (date, rest) = date(text)?;
    let (b'T' | b' ', rest) = rest.split_first()? else {
        return None;
    };
    let (of_day, rest) = second(rest)?;
    Some((micros_of(date) + of_day, rest))
}

/// The fraction and the zone behind a second.
#[inline]
pub(crate) fn in_second(second: i64, text: &[u8]) -> (Clock, &[u8]) {
    let (fraction, rest) = fraction(text);
    let micros = second + fraction;
    match zone(rest) {
        Some((seconds, rest)) => (Clock::Utc(micros - i64::from(seconds) * SECOND), rest),
        None => (Clock::Local(micros), rest),
    }
}

fn date(text: &[u8]) -> Option<(NaiveDate, &[u8])> {
    let [
        c,
        c2,
        y,
        y2,
        b'-' | b'/',
        m,
        m2,
        b'-' | b'/',
        d,
        d2,
        rest @ ..,
    ] = text
    else {
        return None;
    };
    let year = i32::from(pair(*c, *c2)?) * 100 + i32::from(pair(*y, *y2)?);
    let (month, day) = (pair(*m, *m2)?, pair(*d, *d2)?);
    let date = NaiveDate::from_ymd_opt(year, month.into(), day.into())?;
    Some((date, rest))
}

/// Reads `07:30:22` with an optional fraction after `.` or `,`: microseconds of the day.
pub(crate) fn time(text: &[u8]) -> Option<(i64, &[u8])> {
    let (second, rest) = second(text)?;
    let (fraction, rest) = fraction(rest);
    Some((second + fraction, rest))
}

/// Reads `07:30:22`: microseconds of the day.
fn second(text: &[u8]) -> Option<(i64, &[u8])> {
    let [h, h2, b':', m, m2, b':', s, s2, rest @ ..] = text else {
        return None;
    };
    let (hours, minutes, seconds) = (pair(*h, *h2)?, pair(*m, *m2)?, pair(*s, *s2)?);
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let whole = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    Some((whole * SECOND, rest))
}

/// Two digits.
#[inline]
pub(crate) fn pair(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

/// Reads `.304123`: microseconds.
#[inline]
pub(crate) fn fraction(text: &[u8]) -> (i64, &[u8]) {
    let Some((b'.' | b',', after)) = text.split_first() else {
        return (0, text);
    };
    if let Some((micros, rest)) = micros(after) {
        let more = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        return (micros, rest.get(more..).unwrap_or_default());
    }
    let length = after
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let Some((digits, rest)) = after.split_at_checked(length).filter(|_| length > 0) else {
        return (0, text);
    };
    let units = [100_000, 10_000, 1_000, 100, 10];
    let parts = digits.iter().zip(units);
    let micros = parts
        .map(|(byte, unit)| i64::from(byte - b'0') * unit)
        .sum();
    (micros, rest)
}

/// Six digits.
#[inline]
fn micros(text: &[u8]) -> Option<(i64, &[u8])> {
    let (six, rest) = text.split_first_chunk::<6>()?;
    let (&[[h, h2], [m, m2], [l, l2]], _) = six.as_chunks() else {
        return None;
    };
    let (high, middle, low) = (pair(h, h2)?, pair(m, m2)?, pair(l, l2)?);
    let micros = i64::from(high) * 10_000 + i64::from(middle) * 100 + i64::from(low);
    Some((micros, rest))
}

#[inline]
fn zone(text: &[u8]) -> Option<(i32, &[u8])> {
    match text.split_first()? {
        (b'Z', rest) => Some((0, rest)),
        (sign @ (b'+' | b'-'), rest) => {
            let (hours, rest) = digits(rest, 2)?;
            let rest = rest.strip_prefix(b":").unwrap_or(rest);
            let (minutes, rest) = digits(rest, 2)?;
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Some((if *sign == b'-' { -seconds } else { seconds }, rest))
        }
        _ => None,
    }
}

/// Exactly `count` digits at the start of a text.
pub(crate) fn digits(text: &[u8], count: usize) -> Option<(u32, &[u8])> {
    let (number, rest) = text.split_at_checked(count)?;
    let mut value = 0_u32;
    for byte in number {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u32::from(byte - b'0'))?;
    }
    Some((value, rest))
}

/// A month by its name in a common locale, by `4月`, `4월`, or by a bare number.
pub(crate) fn month(word: &[u8]) -> Option<u8> {
    if let Some(month) = english(word) {
        return Some(month);
    }
    let number = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if number > 0 {
        let (number, rest) = digits(word, number.min(2))?;
        let sane = matches!(rest, b"" | b"." | b"\xE6\x9C\x88" | b"\xEC\x9B\x94");
        return u8::try_from(number)
            .ok()
            .filter(|number| sane && (1..=12).contains(number));
    }
    let word = std::str::from_utf8(word).ok()?.to_lowercase();
    let word = word.trim_end_matches('.');
    let position = NAMES
        .iter()
        .position(|names| names.split('|').any(|name| name == word))?;
    u8::try_from(position + 1).ok()
}

/// What nearly every log has.
fn english(word: &[u8]) -> Option<u8> {
    Some(match word {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// Abbreviations of months as `strftime` prints them: Catalan, Croatian, Czech, Danish, Dutch, English, Finnish, French, German,
/// Greek, Hungarian, Italian, Norwegian, Polish, Portuguese, Romanian, Russian, Slovak, Spanish, Swedish, Turkish, Ukrainian.
/// A name that two languages give to different months is that of the larger one.
const NAMES: [&str; 12] = [
    "jan|january|janv|ene|gen|sty|janeiro|янв|января|led|tammi|oca|ian|січ|ιαν|sij",
    "feb|february|febr|févr|fév|lut|fev|фев|февраля|úno|helmi|şub|лют|φεβ|vel",
    "mar|march|mars|märz|mrz|mär|mrt|maa|мар|марта|bře|maalis|márc|бер|μαρ|març|ožu",
    "apr|april|avr|avril|abr|kwi|апр|апреля|dub|huhti|nis|ápr|кві|απρ|tra",
    "may|mai|mei|maj|mag|maio|май|мая|kvě|touko|máj|тра|μαι|maig|svi",
    "jun|june|juin|juni|giu|cze|июн|июня|čvn|kesä|haz|jún|iun|чер|ιουν|juny",
    "jul|july|juil|juli|lug|lip|июл|июля|čvc|heinä|tem|júl|iul|лип|ιουλ",
    "aug|august|août|ago|sie|авг|августа|srp|elo|ağu|сер|αυγ|kol",
    "sep|september|sept|set|wrz|сен|сентября|zář|syys|eyl|szept|вер|σεπ|ruj",
    "oct|october|okt|ott|paź|out|окт|октября|říj|loka|eki|жов|οκτ",
    "nov|november|noi|lis|ноя|ноября|marras|kas|νοε|stu",
    "dec|december|déc|dez|dic|gru|дек|декабря|pro|joulu|ara|гру|δεκ|des",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::instant;

    #[test]
    fn iso_times_are_read_with_every_zone_and_fraction() {
        for (text, want) in [
            (
                "2026-11-22T07:30:22.304123Z host",
                "2026-11-22T07:30:22.304123Z",
            ),
            ("2025-11-12T17:49:24+0530 x", "2025-11-12T12:19:24Z"),
            (
                "2022-10-29T16:10:22.592603036-05:00 x",
                "2022-10-29T21:10:22.592603Z",
            ),
            (
                "2026-11-22T06:45:12,567890+00:00 x",
                "2026-11-22T06:45:12.567890Z",
            ),
        ] {
            let (clock, _) = iso(text.as_bytes()).unwrap();
            assert_eq!(clock, Clock::Utc(instant(want)), "{text}");
        }
        assert!(iso(b"2026-13-01T00:00:00Z").is_none());
        assert!(iso(b"2026-11-22 7:30").is_none());
    }

    #[test]
    fn months_are_known_in_several_languages() {
        for (word, want) in [
            ("Nov", 11),
            ("okt", 10),
            ("août", 8),
            ("4月", 4),
            ("7", 7),
            ("10月", 10),
            ("10월", 10),
            ("12", 12),
            ("janv.", 1),
            ("Şub", 2),
            ("ноября", 11),
            ("marras", 11),
        ] {
            assert_eq!(month(word.as_bytes()), Some(want), "{word}");
        }
        for word in ["kubelet", "13", "123", "4x", ""] {
            assert_eq!(month(word.as_bytes()), None, "{word}");
        }
    }
}
