//! `/etc/fstab`: whether swap comes back at boot.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "fstab",
    kind: "fstab",
    facts: &[],
    accepts: |entry| entry.path() == Some("/etc/fstab"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let swap = numbered(&text).find(|(_, line)| {
        let mut words = line.split_whitespace();
        let comment = words.next().is_none_or(|word| word.starts_with('#'));
        let options = line.split_whitespace().nth(3).unwrap_or_default();
        !comment
            && words.nth(1) == Some("swap")
            && !options.split(',').any(|option| option == "noauto")
    });
    let origin = swap.map_or_else(|| entry.whole(), |(line, _)| entry.at(line));
    claim(
        evidence,
        "host.swap.in_fstab",
        Witness::Configured,
        swap.is_some(),
        origin,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, file};

    #[test]
    fn a_comment_is_no_swap() {
        let on = file(
            &PARSER,
            "/etc/fstab",
            "UUID=1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n",
        );
        let fact = claimed(&on, "host.swap.in_fstab");
        assert_eq!(
            (fact.as_bool(), fact.origins[0].line),
            (Some(true), Some(2))
        );
        let off = file(&PARSER, "/etc/fstab", "# /swapfile none swap sw 0 0\n");
        assert_eq!(claimed(&off, "host.swap.in_fstab").as_bool(), Some(false));
    }
}
