//! Memory: `free`, `/proc/meminfo`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "memory",
    kind: "memory of the node",
    facts: &[],
    accepts: |entry| {
        entry.path() == Some("/proc/meminfo")
            || entry.may_be_output_of(&["free"]) && {
                let head = entry.head();
                head.contains("\nMem:") || head.contains("MemTotal:")
            }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    if text.contains("MemTotal:") {
        meminfo(entry, &text, evidence);
    } else {
        free(entry, &text, evidence);
    }
}

fn meminfo(entry: &Entry, text: &str, evidence: &mut Evidence) {
    for (line, content) in numbered(text) {
        let Some((key, value)) = content.split_once(':') else {
            continue;
        };
        let number = value
            .split_whitespace()
            .next()
            .and_then(|number| number.parse::<i64>().ok());
        let Some(bytes) = number.and_then(|number| number.checked_mul(1024)) else {
            continue;
        };
        let origin = entry.at(line);
        match key {
            "MemTotal" => claim(
                evidence,
                "host.memory.total",
                Witness::Kernel,
                bytes,
                origin,
            ),
            "MemAvailable" => claim(
                evidence,
                "host.memory.available",
                Witness::Kernel,
                bytes,
                origin,
            ),
            "SwapTotal" => claim(
                evidence,
                "host.swap.active",
                Witness::Program,
                bytes > 0,
                origin,
            ),
            _ => {}
        }
    }
}

fn free(entry: &Entry, text: &str, evidence: &mut Evidence) {
    let mut available = None;
    let mut scale = None;
    for (line, content) in numbered(text) {
        let words: Vec<&str> = content.split_whitespace().collect();
        let origin = entry.at(line);
        match words.as_slice() {
            ["total", ..] => available = words.iter().position(|word| *word == "available"),
            ["Mem:", total, ..] => {
                let unit = *scale.get_or_insert_with(|| unit(entry, total));
                if let Some(bytes) = bytes(total, unit) {
                    claim(
                        evidence,
                        "host.memory.total",
                        Witness::Program,
                        bytes,
                        origin.clone(),
                    );
                }
                let left = available.and_then(|at| words.get(at + 1));
                if let Some(bytes) = left.and_then(|left| bytes(left, unit)) {
                    claim(
                        evidence,
                        "host.memory.available",
                        Witness::Program,
                        bytes,
                        origin,
                    );
                }
            }
            ["Swap:", total, ..] => {
                let active = total.starts_with(|digit: char| ('1'..='9').contains(&digit))
                    || total.contains('.');
                claim(
                    evidence,
                    "host.swap.active",
                    Witness::Hearsay,
                    active,
                    origin,
                );
            }
            _ => {}
        }
    }
}

/// Bytes that a bare number counts. Without a known option: KiB, unless that would be less memory than a node can have.
fn unit(entry: &Entry, total: &str) -> i64 {
    for (option, unit) in [("-b", 1), ("-k", 1 << 10), ("-m", 1 << 20), ("-g", 1 << 30)] {
        if entry.is_command(&[option]) {
            return unit;
        }
    }
    match total.parse::<i64>() {
        Ok(number) if number < LEAST_KIB => 1 << 20,
        _ => 1 << 10,
    }
}

/// `24105`, `23Gi`, `1.5G`.
fn bytes(text: &str, unit: i64) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return number.checked_mul(unit);
    }
    crate::quantity::bytes(text)
}

const LEAST_KIB: i64 = 200_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, command, file, named};

    const MIB: &str = "               total        used        free      shared  buff/cache   available\nMem:           24105        1340       19484          10        3620       22764\nSwap:              0           0           0\n";

    #[test]
    fn the_unit_of_free_is_recognised() {
        let evidence = named(&PARSER, MIB);
        assert_eq!(
            claimed(&evidence, "host.memory.total").as_int(),
            Some(24105 << 20)
        );
        assert_eq!(
            claimed(&evidence, "host.memory.available").as_int(),
            Some(22764 << 20)
        );
        assert_eq!(
            claimed(&evidence, "host.swap.active").as_bool(),
            Some(false)
        );
        let human = command(
            &PARSER,
            "free -h",
            "    total used free shared buff/cache available\nMem: 1.5Gi 1Gi 1 1 1 512Mi\nSwap: 2.0Gi 0B 2.0Gi\n",
        );
        assert_eq!(claimed(&human, "host.memory.total").as_int(), Some(3 << 29));
        assert_eq!(claimed(&human, "host.swap.active").as_bool(), Some(true));
    }

    #[test]
    fn meminfo_counts_in_kib() {
        let evidence = file(
            &PARSER,
            "/proc/meminfo",
            "MemTotal:       1024 kB\nSwapTotal:      4 kB\n",
        );
        assert_eq!(
            claimed(&evidence, "host.memory.total").as_int(),
            Some(1 << 20)
        );
        assert_eq!(claimed(&evidence, "host.swap.active").as_bool(), Some(true));
    }
}
