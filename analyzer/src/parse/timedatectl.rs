//! Output of `timedatectl`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::ClockReading;
use crate::parser::Parser;
use crate::times;

pub(super) const PARSER: Parser = Parser {
    name: "timedatectl",
    kind: "output of timedatectl",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["timedatectl"]) && entry.head().contains("Universal time:")
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        let Some((key, value)) = content.trim().split_once(": ") else {
            continue;
        };
        let origin = entry.at(line);
        let truth = match value.trim() {
            "yes" | "active" => Some(true),
            "no" | "inactive" | "n/a" => Some(false),
            _ => None,
        };
        match (key, truth) {
            ("Universal time", _) => {
                if let Some(time) = times::printed(value) {
                    evidence.push(
                        ClockReading {
                            time,
                            collection: false,
                        },
                        origin,
                    );
                }
            }
            ("System clock synchronized" | "NTP synchronized", Some(truth)) => {
                claim(
                    evidence,
                    "host.time.synchronized",
                    Witness::Program,
                    truth,
                    origin,
                );
            }
            (
                "NTP service"
                | "NTP enabled"
                | "Network time on"
                | "systemd-timesyncd.service active",
                Some(truth),
            ) => {
                claim(
                    evidence,
                    "host.time.service_active",
                    Witness::Program,
                    truth,
                    origin,
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, named};

    #[test]
    fn synchronised_and_served_are_two_things() {
        let evidence = named(
            &PARSER,
            "               Local time: Sun 2026-11-22 07:48:02 UTC\n           Universal time: Sun 2026-11-22 07:48:02 UTC\nSystem clock synchronized: yes\n              NTP service: inactive\n",
        );
        assert_eq!(
            claimed(&evidence, "host.time.synchronized").as_bool(),
            Some(true)
        );
        assert_eq!(
            claimed(&evidence, "host.time.service_active").as_bool(),
            Some(false)
        );
        assert_eq!(crate::clock::printed(&evidence).unwrap().1.line, Some(2));
    }
}
