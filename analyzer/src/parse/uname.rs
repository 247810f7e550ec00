//! Output of `uname -a`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "uname",
    kind: "output of uname",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["uname"])
            && entry.head().lines().any(|line| line.starts_with("Linux "))
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let Some((line, words)) = numbered(&text)
        .map(|(line, text)| (line, text.split_whitespace().collect::<Vec<_>>()))
        .find(|(_, words)| words.first() == Some(&"Linux") && words.len() > 2)
    else {
        return;
    };
    let origin = entry.at(line);
    let mut note = |path, word: Option<&&str>| {
        if let Some(word) = word {
            claim(evidence, path, Witness::Program, *word, origin.clone());
        }
    };
    note("host.name", words.get(1));
    note("host.kernel", words.get(2));
    note(
        "host.arch",
        words.iter().rev().find(|word| ARCHITECTURES.contains(word)),
    );
}

const ARCHITECTURES: &[&str] = &[
    "x86_64", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64", "i686",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, named};

    #[test]
    fn name_kernel_and_architecture_are_read() {
        let evidence = named(
            &PARSER,
            "Linux w1 6.1.0-13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 x86_64 GNU/Linux\n",
        );
        assert_eq!(claimed_text(&evidence, "host.name"), "w1");
        assert_eq!(claimed_text(&evidence, "host.kernel"), "6.1.0-13-amd64");
        assert_eq!(claimed_text(&evidence, "host.arch"), "x86_64");
    }
}
