//! Output of `chronyc tracking` and `chronyc sources`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::parser::Parser;
use chrono::TimeDelta;

pub(super) const PARSER: Parser = Parser {
    name: "chronyc",
    kind: "output of chronyc",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["chronyc"]) && {
            let head = entry.head();
            head.contains("Leap status")
                || head.contains("Last sample")
                || head.contains("Cannot talk to daemon")
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        let origin = entry.at(line);
        if content.contains("Cannot talk to daemon") {
            claim(
                evidence,
                "host.time.service_active",
                Witness::Hearsay,
                false,
                origin,
            );
            continue;
        }
        match content
            .split_once(':')
            .map(|(key, value)| (key.trim(), value.trim()))
        {
            Some(("Reference ID", _)) => {
                claim(
                    evidence,
                    "host.time.service_active",
                    Witness::Kernel,
                    true,
                    origin,
                );
            }
            Some(("System time", value)) => {
                if let Some(offset) = offset(value) {
                    claim(
                        evidence,
                        "host.time.offset",
                        Witness::Program,
                        Value::Duration(offset),
                        origin,
                    );
                }
            }
            Some(("Leap status", value)) => {
                let synchronised = value != "Not synchronised";
                claim(
                    evidence,
                    "host.time.synchronized",
                    Witness::Program,
                    synchronised,
                    origin,
                );
            }
            _ => {}
        }
    }
}

/// `0.000001341 seconds fast of NTP time`; fast is positive.
fn offset(value: &str) -> Option<TimeDelta> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let [number, "seconds", direction, ..] = words.as_slice() else {
        return None;
    };
    let (whole, fraction) = number.split_once('.')?;
    let nanoseconds: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let offset = TimeDelta::new(whole.parse().ok()?, nanoseconds)?;
    match *direction {
        "fast" => Some(offset),
        "slow" => Some(-offset),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, named};

    #[test]
    fn a_slow_clock_is_negative() {
        let evidence = named(
            &PARSER,
            "Reference ID    : 0A4D0001 (10.77.0.1)\nSystem time     : 2.500000000 seconds slow of NTP time\nLeap status     : Not synchronised\n",
        );
        assert_eq!(
            claimed(&evidence, "host.time.offset").value,
            Value::Duration(TimeDelta::milliseconds(-2500))
        );
        assert_eq!(
            claimed(&evidence, "host.time.synchronized").as_bool(),
            Some(false)
        );
        assert_eq!(
            claimed(&evidence, "host.time.service_active").as_bool(),
            Some(true)
        );
    }

    #[test]
    fn a_daemon_that_does_not_answer_does_not_run() {
        let evidence = named(&PARSER, "506 Cannot talk to daemon\n");
        assert_eq!(
            claimed(&evidence, "host.time.service_active").as_bool(),
            Some(false)
        );
    }
}
