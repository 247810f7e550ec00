//! Loaded kernel modules: `lsmod`, `/proc/modules`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "modules",
    kind: "kernel modules",
    facts: &[],
    accepts: |entry| {
        entry.path() == Some("/proc/modules")
            || entry.may_be_output_of(&["lsmod"]) && entry.head().lines().take(2).any(is_header)
    },
    parse,
};

fn is_header(line: &str) -> bool {
    line.split_whitespace()
        .take(3)
        .eq(["Module", "Size", "Used"])
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let names = numbered(&text)
        .filter(|(_, line)| !is_header(line))
        .filter_map(|(line, content)| {
            let mut words = content.split_whitespace();
            let name = words.next()?;
            words.next()?.parse::<u64>().ok()?;
            Some(Fact::text(name, entry.at(line)))
        })
        .collect();
    let witness = if entry.path().is_some() {
        Witness::Kernel
    } else {
        Witness::Program
    };
    claim(
        evidence,
        "host.modules",
        witness,
        Fact::list(names).value,
        entry.whole(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, file, named};

    #[test]
    fn the_first_column_is_the_name() {
        for evidence in [
            named(
                &PARSER,
                "Module                  Size  Used by\nbr_netfilter           32768  0\n",
            ),
            file(
                &PARSER,
                "/proc/modules",
                "br_netfilter 32768 0 - Live 0x0000000000000000\n",
            ),
        ] {
            assert_eq!(
                claimed(&evidence, "host.modules").items()[0].as_text(),
                Some("br_netfilter")
            );
        }
    }
}
