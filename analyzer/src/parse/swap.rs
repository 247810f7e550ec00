//! Swap in use: `/proc/swaps`, `swapon --show`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "swap",
    kind: "list of swap devices",
    facts: &[],
    accepts: |entry| {
        entry.path() == Some("/proc/swaps")
            || entry.is_command(&["swapon"])
            || entry.may_be_output_of(&[])
                && header(entry.head().lines().next().unwrap_or_default())
    },
    parse,
};

/// `NAME TYPE SIZE USED PRIO` or `Filename Type Size Used Priority`.
fn header(line: &str) -> bool {
    let words: Vec<String> = line
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    matches!(words.first().map(String::as_str), Some("name" | "filename"))
        && words.get(1).is_some_and(|word| word == "type")
        && words.iter().any(|word| word.starts_with("prio"))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let witness = if entry.path().is_some() {
        Witness::Kernel
    } else {
        Witness::Program
    };
    let devices: Vec<(u64, &str)> = numbered(&text)
        .filter(|(_, line)| !header(line))
        .filter_map(|(line, content)| {
            let words: Vec<&str> = content.split_whitespace().collect();
            // `swapon: command not found` is no device.
            let device = *words.first()?;
            let kind = words
                .get(1)
                .is_some_and(|kind| ["partition", "file"].contains(kind));
            kind.then_some((line, device))
        })
        .collect();
    if devices.is_empty()
        && text
            .lines()
            .any(|line| !line.trim().is_empty() && !header(line))
    {
        return evidence.gap(
            entry.name.as_ref(),
            "it is not a list of swap devices",
            &["host.swap"],
        );
    }
    let first = devices
        .first()
        .map_or_else(|| entry.whole(), |(line, _)| entry.at(*line));
    claim(
        evidence,
        "host.swap.active",
        witness,
        !devices.is_empty(),
        first,
    );
    let items: Vec<Fact> = devices
        .iter()
        .map(|(line, device)| Fact::text(*device, entry.at(*line)))
        .collect();
    claim(
        evidence,
        "host.swap.devices",
        witness,
        Fact::list(items).value,
        entry.whole(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, command, file};

    #[test]
    fn devices_are_listed() {
        let evidence = file(
            &PARSER,
            "/proc/swaps",
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swapfile file 2097148 0 -2\n",
        );
        assert_eq!(claimed(&evidence, "host.swap.active").as_bool(), Some(true));
        assert_eq!(
            claimed(&evidence, "host.swap.active").origins[0].line,
            Some(2)
        );
        assert_eq!(
            claimed(&evidence, "host.swap.devices").items()[0].as_text(),
            Some("/swapfile")
        );
    }

    #[test]
    fn no_output_is_no_swap_and_an_error_is_nothing() {
        let none = command(&PARSER, "swapon --show", "");
        assert_eq!(claimed(&none, "host.swap.active").as_bool(), Some(false));
        let error = command(&PARSER, "swapon --show", "sh: swapon: not found\n");
        assert!(crate::claim::best(&error, "host.swap.active").is_none());
    }
}
