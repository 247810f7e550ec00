//! Name look-ups: `getent`, `nslookup`, `dig`, `host`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::Resolution;
use crate::parser::Parser;
use std::net::IpAddr;

pub(super) const PARSER: Parser = Parser {
    name: "look_up",
    kind: "look-up of a name",
    facts: &[],
    accepts: |entry| {
        let program = entry
            .command()
            .and_then(|command| command.split_whitespace().next());
        program.is_some_and(|program| {
            ["getent", "nslookup", "dig", "host", "resolvectl"].contains(&program)
        }) || entry.may_be_output_of(&[]) && {
            let head = entry.head();
            head.contains("** server can't find ")
                || head.contains(";; ->>HEADER<<-")
                || head.contains(" STREAM ") && head.contains(" DGRAM")
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let name = asked(entry).or_else(|| text.lines().find_map(named));
    for (line, content) in numbered(&text) {
        if let Some(result) = failure(content) {
            let resolution = Resolution {
                name,
                result,
                addresses: Vec::new(),
            };
            return evidence.push(resolution, entry.at(line));
        }
    }
    let found: Vec<(u64, String)> = numbered(&text)
        .filter_map(|(line, content)| Some((line, address(content)?)))
        .collect();
    let Some((line, _)) = found.first() else {
        // `getent` fails without a word, so that an empty answer does not say why.
        return;
    };
    let line = *line;
    let mut addresses: Vec<String> = Vec::new();
    for (_, address) in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    evidence.push(
        Resolution {
            name,
            result: "ok",
            addresses,
        },
        entry.at(line),
    );
}

/// The name in the command line.
fn asked(entry: &Entry) -> Option<String> {
    let last = entry.command()?.split_whitespace().last()?;
    (last.contains('.') && !last.starts_with('@')).then(|| last.to_owned())
}

/// The name in the output: `** server can't find NAME: NXDOMAIN`, `Name:  NAME`, `10.0.0.1 STREAM NAME`.
fn named(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("** server can't find ") {
        return Some(rest.split(':').next()?.to_owned());
    }
    if let Some(rest) = line.strip_prefix("Name:") {
        return Some(rest.trim().to_owned());
    }
    let (_, rest) = line.split_once(" STREAM ")?;
    let name = rest.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn failure(line: &str) -> Option<&'static str> {
    let lookup = line.starts_with("** server can't find")
        || line.contains("status: ")
        || line.starts_with("Host ");
    match line {
        _ if lookup && line.contains("NXDOMAIN") => Some("nxdomain"),
        _ if lookup && line.contains("SERVFAIL") => Some("servfail"),
        _ if lookup && line.contains("REFUSED") => Some("refused"),
        _ if line.contains("connection timed out; no servers could be reached")
            || line.contains("no servers could be reached") =>
        {
            Some("timeout")
        }
        _ if line.contains("communications error") && line.contains("refused") => Some("refused"),
        _ => None,
    }
}

/// The address of an answer; not that of the server that was asked (`Server:`, `Address: 10.0.0.2#53`).
fn address(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let word = match words.as_slice() {
        ["Address:", address]
        | ["Address", _, address]
        | [_, _, "IN", "A" | "AAAA", address]
        | [.., "has", "address", address]
        | [.., "has", "IPv6", "address", address]
        | [address, ..] => *address,
        [] => return None,
    };
    word.parse::<IpAddr>().ok().map(|_| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, named};

    fn only(evidence: &Evidence) -> Resolution {
        evidence.all::<Resolution>()[0].value.clone()
    }

    #[test]
    fn answers_have_addresses() {
        let getent = only(&named(
            &PARSER,
            "10.77.0.1       STREAM api.lab\n10.77.0.1       DGRAM  \n",
        ));
        assert_eq!(
            (
                getent.result,
                getent.name.as_deref(),
                getent.addresses.len()
            ),
            ("ok", Some("api.lab"), 1)
        );
        let nslookup = only(&command(
            &PARSER,
            "nslookup api.lab",
            "Server:\t\t10.0.0.2\nAddress:\t10.0.0.2#53\n\nName:\tapi.lab\nAddress: 10.77.0.1\n",
        ));
        assert_eq!(nslookup.addresses, ["10.77.0.1"]);
    }

    #[test]
    fn failures_say_why_or_nothing() {
        let missing = only(&command(
            &PARSER,
            "nslookup api.lab",
            "Server: 10.0.0.2\nAddress: 10.0.0.2#53\n\n** server can't find api.lab: NXDOMAIN\n",
        ));
        assert_eq!(missing.result, "nxdomain");
        let dead = only(&command(
            &PARSER,
            "dig api.lab",
            ";; communications error to 10.0.0.2#53: timed out\n;; no servers could be reached\n",
        ));
        assert_eq!(dead.result, "timeout");
        assert!(
            command(&PARSER, "getent ahosts api.lab", "")
                .all::<Resolution>()
                .is_empty()
        );
    }
}
