//! Output of `ifconfig`, new and old form.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{Address, Link};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ifconfig",
    kind: "output of ifconfig",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["ifconfig"])
            && entry
                .head()
                .lines()
                .take(20)
                .any(|line| name(line).is_some())
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let lines: Vec<(u64, &str)> = numbered(&text).collect();
    let mut begins = lines
        .iter()
        .enumerate()
        .filter(|(_, (_, line))| name(line).is_some())
        .map(|(at, _)| at)
        .peekable();
    while let Some(begin) = begins.next() {
        let end = begins.peek().copied().unwrap_or(lines.len());
        block(lines.get(begin..end).unwrap_or_default(), entry, evidence);
    }
}

/// One interface: its first line, and those that are set in below it.
fn block(lines: &[(u64, &str)], entry: &Entry, evidence: &mut Evidence) {
    let Some((number, first)) = lines.first() else {
        return;
    };
    let Some(link) = name(first) else { return };
    let words = || lines.iter().flat_map(|(_, line)| line.split_whitespace());
    let flags = words()
        .find_map(|word| word.strip_prefix("flags="))
        .unwrap_or_default();
    let is_up = flags.contains("<UP") || flags.contains(",UP") || words().any(|word| word == "UP");
    let is_running = flags.contains("RUNNING") || words().any(|word| word == "RUNNING");
    let state = match (is_up, is_running) {
        (true, true) => "up",
        _ => "down",
    };
    let mtu = words()
        .find_map(|word| word.strip_prefix("MTU:"))
        .or_else(|| {
            let mut after = words().skip_while(|word| *word != "mtu");
            after.nth(1)
        });
    let found = Link {
        name: link.to_owned(),
        state: state.to_owned(),
        mtu: mtu.and_then(|mtu| mtu.parse().ok()),
    };
    evidence.push(found, entry.at(*number));
    for (number, line) in lines {
        if let Some(address) = address(line) {
            let link = link.to_owned();
            evidence.push(Address { link, address }, entry.at(*number));
        }
    }
}

/// `eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 9001`, `eth0      Link encap:Ethernet  HWaddr …`
fn name(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(char::is_whitespace)?;
    let told = rest.trim_start();
    let is_new = name.ends_with(':') && told.starts_with("flags=");
    (is_new || told.starts_with("Link encap:")).then(|| name.trim_end_matches(':'))
}

/// `inet 10.0.0.5  netmask …`, `inet addr:10.0.0.5  Bcast:…`, `inet6 addr: fe80::1/64 Scope:Link`
fn address(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    if !matches!(words.next()?, "inet" | "inet6") {
        return None;
    }
    let word = match words.next()? {
        "addr:" => words.next()?,
        word => word.trim_start_matches("addr:"),
    };
    Some(word.split('/').next().unwrap_or(word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    #[test]
    fn interfaces_are_read_in_both_forms() {
        for text in [
            "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 9001\n        inet 10.0.0.5  netmask 255.255.255.0  broadcast 10.0.0.255\n        inet6 fe80::1  prefixlen 64  scopeid 0x20<link>\n        ether 02:00:00:00:00:01  txqueuelen 1000  (Ethernet)\n\neth1: flags=4098<BROADCAST,MULTICAST>  mtu 1500\n        ether 02:00:00:00:00:02  txqueuelen 1000  (Ethernet)\n",
            "eth0      Link encap:Ethernet  HWaddr 02:00:00:00:00:01\n          inet addr:10.0.0.5  Bcast:10.0.0.255  Mask:255.255.255.0\n          inet6 addr: fe80::1/64 Scope:Link\n          UP BROADCAST RUNNING MULTICAST  MTU:9001  Metric:1\n\neth1      Link encap:Ethernet  HWaddr 02:00:00:00:00:02\n          BROADCAST MULTICAST  MTU:1500  Metric:1\n",
        ] {
            let evidence = named(&PARSER, text);
            let links: Vec<_> = evidence.all::<Link>().iter().collect();
            let shown = |at: usize| {
                (
                    links[at].value.name.as_str(),
                    links[at].value.state.as_str(),
                    links[at].value.mtu,
                )
            };
            assert_eq!(shown(0), ("eth0", "up", Some(9001)));
            assert_eq!(shown(1), ("eth1", "down", Some(1500)));
            let addresses: Vec<_> = evidence
                .all::<Address>()
                .iter()
                .map(|one| one.value.address.as_str())
                .collect();
            assert_eq!(addresses, ["10.0.0.5", "fe80::1"]);
        }
    }
}
