//! Output of `iptables-save`: rules that keep packets from or to an API server.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{Direction, DropRule, FirewallRead};
use crate::parser::Parser;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const PARSER: Parser = Parser {
    name: "iptables",
    kind: "packet filter rules",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["iptables-save", "ip6tables-save", "iptables"])
            && entry.head().lines().any(|line| {
                line.starts_with("*filter")
                    || line.starts_with("*mangle")
                    || line.starts_with("*raw")
                    || line.starts_with("*nat")
                    || line.starts_with("-A ")
            })
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    if text.contains("*filter") {
        evidence.push(FirewallRead, entry.whole());
    }
    tell(numbered(&text), entry, evidence);
}

/// Reads rules as `iptables-save` writes them, each with its line.
pub(super) fn tell<'t>(
    lines: impl Iterator<Item = (u64, &'t str)>,
    entry: &Entry,
    evidence: &mut Evidence,
) {
    let rules: Vec<(u64, Rule<'_>)> = lines
        .filter_map(|(line, content)| Some((line, Rule::of(content)?)))
        .collect();
    for direction in [Direction::Out, Direction::In] {
        let chains = reached(&rules, direction);
        for (line, rule) in &rules {
            if let Some(dropped) = chains
                .contains(rule.chain)
                .then(|| rule.drops(direction))
                .flatten()
            {
                evidence.push(dropped, entry.at(*line));
            }
        }
    }
}

/// Chains that packets in one direction come through.
fn reached<'a>(rules: &[(u64, Rule<'a>)], direction: Direction) -> BTreeSet<&'a str> {
    let mut jumps: BTreeMap<&str, BTreeSet<&'a str>> = BTreeMap::new();
    for (_, rule) in rules {
        jumps.entry(rule.chain).or_default().insert(rule.target);
    }
    let mut open = vec![match direction {
        Direction::Out => "OUTPUT",
        Direction::In => "INPUT",
    }];
    let mut chains = BTreeSet::new();
    while let Some(chain) = open.pop() {
        if chains.insert(chain) {
            open.extend(jumps.get(chain).into_iter().flatten().copied());
        }
    }
    chains
}

struct Rule<'a> {
    line: &'a str,
    chain: &'a str,
    target: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Rule<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let bare = match line.strip_prefix('[') {
            // With `-c` each rule begins with its counters.
            Some(rest) => rest.split_once("] ")?.1,
            None => line,
        };
        let words: Vec<&str> = bare.split_whitespace().collect();
        let [first, chain, ..] = words.as_slice() else {
            return None;
        };
        if *first != "-A" {
            return None;
        }
        let jump = words
            .iter()
            .position(|word| *word == "-j" || *word == "-g")?;
        let target = words.get(jump + 1)?;
        Some(Self {
            line,
            chain,
            target,
            words: words.clone(),
        })
    }

    /// The rule, when it drops packets that it names by port or address and by nothing that packets of a kubelet lack.
    fn drops(&self, direction: Direction) -> Option<DropRule> {
        if !["DROP", "REJECT"].contains(&self.target)
            || self.words.iter().any(|word| NARROW.contains(word))
        {
            return None;
        }
        let protocol = self.option(&["-p"]);
        if protocol.is_some_and(|protocol| protocol != "tcp" && protocol != "all") {
            return None;
        }
        let (port, address) = match direction {
            Direction::Out => (["--dport", "--dports"], ["-d"]),
            Direction::In => (["--sport", "--sports"], ["-s"]),
        };
        let ports = self.option(&port).map(ports).unwrap_or_default();
        let address = self.option(&address).map(str::to_owned);
        // A rule on the other side's port or on no port and no address means other traffic.
        let other = match direction {
            Direction::Out => ["--sport", "--sports"],
            Direction::In => ["--dport", "--dports"],
        };
        if self.option(&other).is_some() || ports.is_empty() && address.is_none() {
            return None;
        }
        Some(DropRule {
            chain: self.chain.to_owned(),
            rule: self.line.to_owned(),
            ports,
            address,
            direction,
        })
    }

    fn option(&self, names: &[&str]) -> Option<&'a str> {
        let at = self.words.iter().position(|word| names.contains(word))?;
        self.words.get(at + 1).copied()
    }
}

/// `6443`, `6440:6450`, `443,6443`.
fn ports(text: &str) -> Vec<(u16, u16)> {
    text.split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once(':').unwrap_or((part, part));
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect()
}

/// Words of rules that match something else than new connections of the node: negations, marks, sets, broken packets, owners.
const NARROW: &[&str] = &[
    "!",
    "--mark",
    "--match-set",
    "INVALID",
    "--uid-owner",
    "--gid-owner",
    "--string",
    "--hex-string",
    "--limit-iface-out",
    "--src-type",
    "--dst-type",
    "--ctorigdstport",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    fn dropped(rules: &str) -> Vec<DropRule> {
        let text = format!("*filter\n:OUTPUT ACCEPT [0:0]\n{rules}COMMIT\n");
        named(&PARSER, &text)
            .all::<DropRule>()
            .iter()
            .map(|piece| piece.value.clone())
            .collect()
    }

    #[test]
    fn a_dropped_port_is_found_also_in_a_chain_of_its_own() {
        let rules = dropped("-A OUTPUT -j SITE\n-A SITE -p tcp -m tcp --dport 6443 -j DROP\n");
        assert_eq!(rules.len(), 1);
        assert_eq!(
            (rules[0].ports.clone(), rules[0].direction),
            (vec![(6443, 6443)], Direction::Out)
        );
        let rules =
            dropped("-A OUTPUT -d 10.0.0.1/32 -j REJECT --reject-with icmp-port-unreachable\n");
        assert_eq!(rules[0].address.as_deref(), Some("10.0.0.1/32"));
    }

    #[test]
    fn what_kubernetes_itself_sets_up_drops_nothing_of_the_kubelets() {
        let rules = dropped(
            "-A OUTPUT -j KUBE-FIREWALL\n-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n-A OUTPUT -m mark --mark 0x8000/0x8000 -j DROP\n-A FORWARD -p tcp --dport 6443 -j DROP\n-A INPUT -p tcp -m tcp --dport 22 -j DROP\n",
        );
        assert!(rules.is_empty(), "{rules:?}");
    }
}
