//! `/etc/hosts`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::HostsLine;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "hosts",
    kind: "hosts file",
    facts: &[],
    accepts: |entry| entry.path() == Some("/etc/hosts"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        let mut words = content
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let address = words
            .next()
            .filter(|word| word.parse::<std::net::IpAddr>().is_ok());
        if let Some(address) = address {
            let names = words.map(str::to_owned).collect();
            evidence.push(
                HostsLine {
                    address: address.to_owned(),
                    names,
                },
                entry.at(line),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::file;

    #[test]
    fn comments_are_no_names() {
        let evidence = file(
            &PARSER,
            "/etc/hosts",
            "127.0.0.1 localhost\n#10.0.0.1 api\n10.0.0.2 api api.lab # old\n",
        );
        let lines = evidence.all::<HostsLine>();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[1].value.names.len(), lines[1].origin.line),
            (2, Some(3))
        );
    }
}
