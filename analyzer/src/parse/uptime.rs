//! How long the node runs: `/proc/uptime`, `uptime`.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::parser::Parser;
use chrono::TimeDelta;

pub(super) const PARSER: Parser = Parser {
    name: "uptime",
    kind: "time since boot",
    facts: &[],
    accepts: |entry| {
        entry.path() == Some("/proc/uptime")
            || entry.may_be_output_of(&["uptime"]) && entry.head().contains("load average")
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let (span, witness) = if entry.path().is_some() {
        (seconds(first), Witness::Kernel)
    } else {
        (printed(first), Witness::Program)
    };
    match span {
        Some(span) => claim(
            evidence,
            "host.uptime",
            witness,
            Value::Duration(span),
            entry.at(1),
        ),
        None => evidence.gap(
            entry.name.as_ref(),
            "line 1 is not a time since boot",
            &["host.uptime"],
        ),
    }
}

fn seconds(line: &str) -> Option<TimeDelta> {
    let whole = line.split(['.', ' ']).next()?;
    TimeDelta::try_seconds(whole.parse().ok()?)
}

/// `07:48:02 up 5 days,  1:23,  2 users,  load average: …`; without days `up 1:23`, `up 12 min`.
fn printed(line: &str) -> Option<TimeDelta> {
    let (_, rest) = line.split_once(" up ")?;
    let mut total = TimeDelta::zero();
    for part in rest.split(',') {
        let words: Vec<&str> = part.split_whitespace().collect();
        let number = |word: &str| {
            word.parse::<i64>()
                .ok()
                .filter(|number| *number < 1_000_000)
        };
        total += match words.as_slice() {
            [count, "day" | "days"] => TimeDelta::days(number(count)?),
            [count, "min"] => TimeDelta::minutes(number(count)?),
            [clock] if clock.contains(':') => {
                let (hours, minutes) = clock.split_once(':')?;
                TimeDelta::hours(number(hours)?) + TimeDelta::minutes(number(minutes)?)
            }
            _ => break,
        };
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, command, file};

    #[test]
    fn both_forms_are_read() {
        let evidence = file(&PARSER, "/proc/uptime", "5003.92 5271.22\n");
        assert_eq!(
            claimed(&evidence, "host.uptime").value,
            Value::Duration(TimeDelta::seconds(5003))
        );
        for (line, minutes) in [
            (
                " 07:48:02 up  1:23,  0 user,  load average: 0.44, 0.40, 1.23",
                83,
            ),
            (
                " 07:48:02 up 2 days, 12 min,  1 user,  load average: 0.44, 0.40, 1.23",
                2892,
            ),
        ] {
            let evidence = command(&PARSER, "uptime", line);
            assert_eq!(
                claimed(&evidence, "host.uptime").value,
                Value::Duration(TimeDelta::minutes(minutes))
            );
        }
    }

    #[test]
    fn nonsense_is_a_gap() {
        assert_eq!(file(&PARSER, "/proc/uptime", "").gaps.len(), 1);
        let huge = command(
            &PARSER,
            "uptime",
            " up 99999999999999 days, load average: 1",
        );
        assert_eq!(huge.gaps.len(), 1);
    }
}
