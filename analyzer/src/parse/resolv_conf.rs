//! `/etc/resolv.conf`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "resolv_conf",
    kind: "resolv.conf",
    facts: &[],
    accepts: |entry| entry.path() == Some("/etc/resolv.conf"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut nameservers = Vec::new();
    let mut search = Vec::new();
    for (line, content) in numbered(&text) {
        let mut words = content.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                nameservers.extend(words.next().map(|word| Fact::text(word, entry.at(line))));
            }
            // The last of these lines counts.
            Some("search" | "domain") => {
                search = words.map(|word| Fact::text(word, entry.at(line))).collect();
            }
            _ => {}
        }
    }
    let whole = entry.whole();
    claim(
        evidence,
        "host.resolv_conf.nameservers",
        Witness::Configured,
        Fact::list(nameservers).value,
        whole.clone(),
    );
    claim(
        evidence,
        "host.resolv_conf.search",
        Witness::Configured,
        Fact::list(search).value,
        whole,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, file};

    #[test]
    fn an_empty_file_has_no_nameserver() {
        let evidence = file(&PARSER, "/etc/resolv.conf", "# none\n");
        assert!(
            claimed(&evidence, "host.resolv_conf.nameservers")
                .items()
                .is_empty()
        );
        let evidence = file(
            &PARSER,
            "/etc/resolv.conf",
            "search a b\nnameserver 10.0.0.2\n",
        );
        let servers = claimed(&evidence, "host.resolv_conf.nameservers");
        assert_eq!(servers.items()[0].origins[0].line, Some(2));
        assert_eq!(
            claimed(&evidence, "host.resolv_conf.search").items().len(),
            2
        );
    }
}
