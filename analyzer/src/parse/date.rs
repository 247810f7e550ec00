//! Output of `date`.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::observed::ClockReading;
use crate::parser::Parser;
use crate::times;

pub(super) const PARSER: Parser = Parser {
    name: "date",
    kind: "output of date",
    facts: &[],
    accepts: |entry| entry.is_command(&["date"]),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let (line, first) = entry.first_line();
    match times::printed(&first) {
        Some(time) => {
            let reading = ClockReading {
                time,
                collection: false,
            };
            evidence.push(reading, entry.at(line));
        }
        None => evidence.gap(
            entry.name.as_ref(),
            "line 1 is not a time with a known zone",
            &["host.time"],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::command;

    #[test]
    fn the_printed_time_is_a_reading_of_the_clock() {
        let evidence = command(&PARSER, "date", "Sun Nov 22 07:48:02 UTC 2026\n");
        assert_eq!(
            crate::clock::printed(&evidence).unwrap().0.timestamp(),
            1_795_333_682
        );
        assert_eq!(command(&PARSER, "date", "07:48\n").gaps.len(), 1);
    }
}
