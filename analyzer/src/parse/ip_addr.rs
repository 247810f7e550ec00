//! Output of `ip addr` and `ip link`, long and brief.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{Address, Link};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ip_addr",
    kind: "output of ip addr",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["ip"])
            && entry.head().lines().take(4).any(|line| {
                header(line).is_some() || brief(line).is_some() || one_line(line).is_some()
            })
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut name = String::new();
    for (line, content) in numbered(&text) {
        let origin = entry.at(line);
        if let Some(link) = header(content) {
            name.clone_from(&link.name);
            evidence.push(link, origin);
        } else if let Some((link, addresses)) = brief(content) {
            for address in addresses {
                let link = link.name.clone();
                evidence.push(Address { link, address }, origin.clone());
            }
            evidence.push(link, origin);
        } else if let Some((link, address)) = one_line(content) {
            evidence.push(Address { link, address }, origin);
        } else if let Some(address) = address(content) {
            let link = name.clone();
            evidence.push(Address { link, address }, origin);
        }
    }
}

/// `2: eth0@if140: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP group default`
fn header(line: &str) -> Option<Link> {
    let (index, rest) = line.split_once(": ")?;
    index.parse::<u32>().ok()?;
    let (name, rest) = rest.split_once(": <")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let after = |key: &str| {
        let at = words.iter().position(|word| *word == key)?;
        words.get(at + 1).copied()
    };
    let flags = words.first().copied().unwrap_or_default();
    let up = flags
        .trim_end_matches('>')
        .split(',')
        .any(|flag| flag == "UP");
    let state = after("state").unwrap_or("UNKNOWN").to_ascii_lowercase();
    Some(Link {
        name: name.split('@').next().unwrap_or(name).to_owned(),
        state: if up { state } else { "down".to_owned() },
        mtu: after("mtu").and_then(|mtu| mtu.parse().ok()),
    })
}

/// `eth0  UP  10.0.0.5/24 fe80::1/64`
fn brief(line: &str) -> Option<(Link, Vec<String>)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let state = words.next()?;
    if !["UP", "DOWN", "UNKNOWN"].contains(&state) {
        return None;
    }
    let addresses = words
        .filter_map(|word| Some(word.split_once('/')?.0.to_owned()))
        .collect();
    let link = Link {
        name: name.split('@').next().unwrap_or(name).to_owned(),
        state: state.to_ascii_lowercase(),
        mtu: None,
    };
    Some((link, addresses))
}

/// `4: eth0    inet 10.0.0.5/24 brd … scope global eth0\       valid_lft forever …` of `ip -o addr`.
fn one_line(line: &str) -> Option<(String, String)> {
    let (index, rest) = line.split_once(": ")?;
    index.parse::<u32>().ok()?;
    let (link, rest) = rest.split_once(char::is_whitespace)?;
    Some((link.to_owned(), address(rest)?))
}

/// `    inet 10.0.0.5/24 brd … scope global eth0`
fn address(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let kind = words.next()?;
    let address = words.next()?;
    ["inet", "inet6"]
        .contains(&kind)
        .then(|| address.split('/').next().unwrap_or(address).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    #[test]
    fn links_and_addresses_are_read() {
        let evidence = named(
            &PARSER,
            "2: eth0@if140: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP group default qlen 1000\n    link/ether 8e:e3:73:4d:8b:9f brd ff:ff:ff:ff:ff:ff\n    inet 10.77.0.101/24 scope global eth0\n3: eth1: <BROADCAST> mtu 1500 state DOWN\n",
        );
        let links = evidence.all::<Link>();
        assert_eq!(
            (links[0].value.name.as_str(), links[0].value.mtu),
            ("eth0", Some(1450))
        );
        assert_eq!(links[1].value.state, "down");
        assert_eq!(evidence.all::<Address>()[0].value.address, "10.77.0.101");
        let brief = named(
            &PARSER,
            "lo  UNKNOWN 127.0.0.1/8\neth0@if2 UP 10.0.0.5/24\n",
        );
        assert_eq!(brief.all::<Address>()[1].value.address, "10.0.0.5");
        let short = named(
            &PARSER,
            "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n4: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\\   valid_lft forever\n",
        );
        let second = &short.all::<Address>()[1].value;
        assert_eq!(
            (second.link.as_str(), second.address.as_str()),
            ("eth0", "10.0.0.5")
        );
    }
}
