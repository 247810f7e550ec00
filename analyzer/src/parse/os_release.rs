//! `os-release`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::OsRelease;
use crate::parser::Parser;
use crate::source::Source;
use std::collections::BTreeMap;

pub(super) const PARSER: Parser = Parser {
    name: "os_release",
    kind: "os-release",
    facts: &[],
    accepts: |entry| match &entry.source {
        Source::File(path) => path.ends_with("/os-release"),
        Source::Named(_) | Source::Command(_) => {
            entry.head().contains("PRETTY_NAME=") && entry.head().contains("ID=")
        }
        _ => false,
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut keys = BTreeMap::new();
    for (line, content) in numbered(&text) {
        let Some((key, value)) = content.trim().split_once('=') else {
            continue;
        };
        let value = value.trim_matches(['"', '\'']);
        if key == "PRETTY_NAME" {
            claim(
                evidence,
                "host.os",
                Witness::Configured,
                value,
                entry.at(line),
            );
        }
        keys.insert(key.to_owned(), value.to_owned());
    }
    evidence.push(OsRelease(keys), entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, file};

    #[test]
    fn quotes_are_taken_off() {
        let evidence = file(
            &PARSER,
            "/usr/lib/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n",
        );
        assert_eq!(claimed_text(&evidence, "host.os"), "Debian GNU/Linux 12");
        assert_eq!(evidence.all::<OsRelease>()[0].value.0["ID"], "debian");
    }
}
