//! Output of `nft list ruleset`: rules that keep packets from or to an API server.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{Direction, DropRule, FirewallRead};
use crate::parser::Parser;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const PARSER: Parser = Parser {
    name: "nft",
    kind: "packet filter rules",
    facts: &[],
    accepts: |entry| {
        entry.is_command(&["nft"])
            || entry.may_be_output_of(&[]) && {
                let head = entry.head();
                head.lines()
                    .any(|line| line.starts_with("table ") && line.contains('{'))
                    && head.contains("chain ")
            }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let chains = chains(&text);
    let readable =
        !chains.is_empty() || text.trim().is_empty() || text.trim_start().starts_with("table ");
    if !readable {
        return evidence.gap(
            entry.name.as_ref(),
            "it is not a list of packet filter rules",
            &["host.firewall"],
        );
    }
    evidence.push(FirewallRead, entry.whole());
    for (hook, direction) in [
        ("hook output", Direction::Out),
        ("hook input", Direction::In),
    ] {
        for index in reached(&chains, hook) {
            let Some(chain) = chains.get(index) else {
                continue;
            };
            for (line, rule) in &chain.rules {
                if let Some(dropped) = dropped(chain, rule, direction) {
                    evidence.push(dropped, entry.at(*line));
                }
            }
        }
    }
}

struct Chain<'a> {
    table: &'a str,
    name: &'a str,
    rules: Vec<(u64, &'a str)>,
}

fn chains(text: &str) -> Vec<Chain<'_>> {
    let mut table = "";
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut open = false;
    for (line, content) in numbered(text) {
        // With `-a` each line ends with its handle.
        let content = content.split(" # handle ").next().unwrap_or(content).trim();
        if let Some(rest) = content.strip_prefix("table ") {
            table = rest.trim_end_matches('{').trim();
            open = false;
        } else if let Some(rest) = content.strip_prefix("chain ") {
            let name = rest.trim_end_matches('{').trim();
            chains.push(Chain {
                table,
                name,
                rules: Vec::new(),
            });
            open = true;
        } else if content == "}" {
            open = false;
        } else if let (true, Some(chain)) = (open, chains.last_mut()) {
            chain.rules.push((line, content));
        }
    }
    chains
}

/// Indexes of the chains that packets of one hook come through.
fn reached(chains: &[Chain<'_>], hook: &str) -> BTreeSet<usize> {
    let by_name: BTreeMap<(&str, &str), usize> = chains
        .iter()
        .enumerate()
        .map(|(index, chain)| ((chain.table, chain.name), index))
        .collect();
    let mut open: Vec<usize> = chains
        .iter()
        .enumerate()
        .filter(|(_, chain)| chain.rules.iter().any(|(_, rule)| rule.contains(hook)))
        .map(|(index, _)| index)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(index) = open.pop() {
        let Some(chain) = chains.get(index).filter(|_| seen.insert(index)) else {
            continue;
        };
        let targets = chain.rules.iter().filter_map(|(_, rule)| {
            let words: Vec<&str> = rule.split_whitespace().collect();
            let at = words
                .iter()
                .position(|word| *word == "jump" || *word == "goto")?;
            by_name.get(&(chain.table, *words.get(at + 1)?)).copied()
        });
        open.extend(targets);
    }
    seen
}

fn dropped(chain: &Chain<'_>, rule: &str, direction: Direction) -> Option<DropRule> {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let drops = words
        .iter()
        .any(|word| *word == "drop" || *word == "reject");
    let narrow = words.iter().any(|word| {
        [
            "!=", "mark", "invalid", "udp", "skuid", "skgid", "@", "icmp",
        ]
        .contains(word)
            && !rule.contains("reject with icmp")
    }) || words.iter().any(|word| word.starts_with('@'))
        || rule.contains("!= ");
    if !drops || narrow {
        return None;
    }
    let (port, address, other) = match direction {
        Direction::Out => ("dport", "daddr", "sport"),
        Direction::In => ("sport", "saddr", "dport"),
    };
    let ports: Vec<(u16, u16)> = operands(&words, port)
        .iter()
        .filter_map(|text| range(text))
        .collect();
    let address = operands(&words, address)
        .first()
        .map(|address| (*address).to_owned());
    if words.contains(&other) || ports.is_empty() && address.is_none() {
        return None;
    }
    Some(DropRule {
        chain: chain.name.to_owned(),
        rule: rule.to_owned(),
        ports,
        address,
        direction,
    })
}

/// What follows a key: one value, or the values of a set `{ 443, 6443 }`.
fn operands<'a>(words: &[&'a str], key: &str) -> Vec<&'a str> {
    let Some(at) = words.iter().position(|word| *word == key) else {
        return Vec::new();
    };
    let rest = words.get(at + 1..).unwrap_or_default();
    match rest.first() {
        Some(&"{") => rest
            .iter()
            .skip(1)
            .take_while(|word| **word != "}")
            .map(|word| word.trim_end_matches(','))
            .collect(),
        Some(word) => vec![*word],
        None => Vec::new(),
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    fn rules(rule: &str) -> Vec<DropRule> {
        let text = format!(
            "table ip filter {{\n\tchain SITE {{\n\t\t{rule}\n\t}}\n\tchain OUTPUT {{\n\t\ttype filter hook output priority filter; policy accept;\n\t\tcounter packets 1 bytes 2 jump SITE\n\t}}\n\tchain FORWARD {{\n\t\ttype filter hook forward priority filter; policy accept;\n\t\ttcp dport 6443 drop\n\t}}\n}}\n"
        );
        named(&PARSER, &text)
            .all::<DropRule>()
            .iter()
            .map(|piece| piece.value.clone())
            .collect()
    }

    #[test]
    fn ports_sets_and_addresses_are_read() {
        let one = rules("tcp dport 6443 counter packets 265 bytes 15900 drop");
        assert_eq!((one.len(), one[0].ports.clone()), (1, vec![(6443, 6443)]));
        let set = rules(
            "ip daddr 10.0.0.1 tcp dport { 443, 6440-6450 } reject with icmp type admin-prohibited",
        );
        assert_eq!(set[0].ports, [(443, 443), (6440, 6450)]);
        assert_eq!(set[0].address.as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn handles_belong_to_no_rule() {
        let text = "table inet filter { # handle 3\n\tchain output { # handle 2\n\t\ttype filter hook output priority filter; policy accept;\n\t\ttcp dport 6443 drop # handle 9\n\t}\n}\n";
        let evidence = named(&PARSER, text);
        let rule = &evidence.all::<DropRule>()[0].value;
        assert_eq!(
            (rule.chain.as_str(), rule.rule.as_str()),
            ("output", "tcp dport 6443 drop")
        );
    }

    #[test]
    fn rules_for_other_packets_are_passed_over() {
        assert!(
            rules("ip saddr != 127.0.0.0/8 ip daddr 127.0.0.0/8 ct status dnat drop").is_empty()
        );
        assert!(rules("meta mark & 0x8000 == 0x8000 drop").is_empty());
        assert!(rules("udp dport 6443 drop").is_empty());
    }
}
