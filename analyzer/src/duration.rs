//! Spans of time as people write them in Kubernetes configuration and in rules: `90s`, `1h30m`, `7d`.

use chrono::TimeDelta;

/// Parses a span: numbers with a unit (`ms`, `s`, `m`, `h`, `d`), one after the other, with an optional sign.
///
/// `None` for anything else, also for a number without a unit other than `0`.
pub fn parse(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    if rest.is_empty() {
        return None;
    }
    let mut milliseconds = 0_f64;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(letters)?;
        milliseconds += number.parse::<f64>().ok()? * unit_milliseconds(unit)?;
        rest = next;
    }
    if milliseconds > MAX_MILLISECONDS {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded just above, and fractions of a millisecond do not matter"
    )]
    let span = TimeDelta::milliseconds(milliseconds as i64);
    Some(if negative { -span } else { span })
}

/// The span as text, coarse enough to read: `45s`, `12m`, `3h 20m`, `12d 4h`.
pub fn text(span: TimeDelta) -> String {
    let sign = if span < TimeDelta::zero() { "-" } else { "" };
    let seconds = span.num_seconds().unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let pair = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{sign}{large}{large_unit}")
        } else {
            format!("{sign}{large}{large_unit} {small}{small_unit}")
        }
    };
    match (days, hours, minutes) {
        (1.., _, _) => pair(days, "d", hours, "h"),
        (0, 1.., _) => pair(hours, "h", minutes, "m"),
        (0, 0, 1..) => pair(minutes, "m", seconds % 60, "s"),
        (0, 0, 0) if seconds > 0 || span.is_zero() => format!("{sign}{seconds}s"),
        _ => format!("{}ms", span.num_milliseconds()),
    }
}

fn unit_milliseconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    })
}

/// A thousand years; anything longer is not a setting.
const MAX_MILLISECONDS: f64 = 3.2e13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_kubernetes_writes_them() {
        assert_eq!(parse("1h30m"), Some(TimeDelta::minutes(90)));
        assert_eq!(parse("7d"), Some(TimeDelta::days(7)));
        assert_eq!(parse("-1.5s"), Some(TimeDelta::milliseconds(-1500)));
        assert_eq!(parse("0"), Some(TimeDelta::zero()));
        for bad in ["", "10", "h", "5 m", "1y", "-", "99999999999999999999d"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_are_printed_with_at_most_two_units() {
        assert_eq!(text(TimeDelta::seconds(45)), "45s");
        assert_eq!(text(TimeDelta::seconds(-12_000)), "-3h 20m");
        assert_eq!(text(TimeDelta::milliseconds(12)), "12ms");
        assert_eq!(text(TimeDelta::days(12)), "12d");
    }
}
