//! Tables of `iptables -L`, with or without `-n` and `-v`: rules that keep packets from or to an API server. Without `-v` interfaces are not
//! shown: a rule that names a port or an address is taken at its word.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::FirewallRead;
use crate::packet_filter::tell;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "iptables_list",
    kind: "table of packet filter rules",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["iptables", "ip6tables"])
            && entry.head().lines().any(|line| chain(line).is_some())
            && entry.head().lines().any(|line| Columns::of(line).is_some())
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut open: Option<(&str, Option<Columns>)> = None;
    let mut rules = Vec::new();
    let mut is_filter = false;
    for (number, line) in numbered(&text) {
        if let Some(chain) = chain(line) {
            is_filter |= chain == "FORWARD" || chain == "INPUT";
            rules.extend(policy(line).map(|policy| (number, policy)));
            open = Some((chain, None));
        } else if let (Some((_, columns)), Some(found)) = (&mut open, Columns::of(line)) {
            *columns = Some(found);
        } else if let Some((chain, Some(columns))) = open
            && let Some(rule) = columns.rule(chain, line)
        {
            rules.push((number, rule));
        }
    }
    // The table of addresses has the chain INPUT too, but it drops nothing.
    let of_addresses = text.contains("Chain POSTROUTING");
    if is_filter && !of_addresses {
        evidence.push(FirewallRead, entry.whole());
    }
    tell(&rules, entry, evidence);
}

/// `Chain INPUT (policy ACCEPT 0 packets, 0 bytes)`
fn chain(line: &str) -> Option<&str> {
    line.strip_prefix("Chain ")?
        .split_once(" (")
        .map(|(name, _)| name)
}

/// `Chain OUTPUT (policy DROP)` as `iptables-save` writes it.
fn policy(line: &str) -> Option<String> {
    let (name, rest) = line.strip_prefix("Chain ")?.split_once(" (policy ")?;
    let target = rest.split([' ', ')']).next()?;
    Some(format!(":{name} {target}"))
}

#[derive(Clone, Copy)]
struct Columns {
    /// Words before the target: counters, with `--line-numbers` also the number.
    before: usize,
    /// Interfaces are shown.
    interfaces: bool,
}

impl Columns {
    /// `   pkts      bytes target     prot opt in     out     source               destination`
    fn of(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let before = words.iter().position(|word| *word == "target")?;
        let interfaces = match words.get(before + 1..)? {
            ["prot", "opt", "in", "out", "source", "destination"] => true,
            ["prot", "opt", "source", "destination"] => false,
            _ => return None,
        };
        Some(Self { before, interfaces })
    }

    /// A row as `iptables-save` would write it.
    fn rule(self, chain: &str, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().skip(self.before).collect();
        let (target, protocol, [input, output], ends) = match words.as_slice() {
            [target, protocol, _, input, output, ends @ ..] if self.interfaces => {
                (target, protocol, [*input, *output], ends)
            }
            [target, protocol, _, ends @ ..] if !self.interfaces => {
                (target, protocol, ["*", "*"], ends)
            }
            _ => return None,
        };
        let [source, destination, extra @ ..] = ends else {
            return None;
        };
        let protocol = match *protocol {
            "6" => "tcp",
            "0" => "all",
            other => other,
        };
        let mut rule = vec!["-A", chain];
        for (option, value, any) in [
            ("-p", protocol, &["all"][..]),
            ("-i", input, &["*", "any"]),
            ("-o", output, &["*", "any"]),
            ("-s", source, ANYWHERE),
            ("-d", destination, ANYWHERE),
        ] {
            if !any.contains(&value) {
                rule.extend([option, value]);
            }
        }
        rule.extend(matches(extra));
        rule.extend(["-j", target]);
        Some(rule.join(" "))
    }
}

const ANYWHERE: &[&str] = &["0.0.0.0/0", "anywhere", "::/0"];

/// What a rule matches besides. What is not known is kept as a negation, so that the rule counts as a narrow one.
fn matches<'t>(extra: &[&'t str]) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut words = extra.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "/*" => {
                words.by_ref().find(|word| *word == "*/");
            }
            "tcp" | "multiport" => {}
            "state" | "ctstate" => found.extend(["--ctstate"].into_iter().chain(words.next())),
            "reject-with" => {
                words.next();
            }
            "dports" => found.extend(["--dports"].into_iter().chain(words.next())),
            "sports" => found.extend(["--sports"].into_iter().chain(words.next())),
            _ => match word.split_once(':') {
                Some(("dpt" | "dpts", ports)) => found.extend(["--dport", ports]),
                Some(("spt" | "spts", ports)) => found.extend(["--sport", ports]),
                _ => found.extend(["!", word]),
            },
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::DropRule;
    use crate::testing::named;

    fn read(rows: &str) -> Evidence {
        let text = format!(
            "Chain INPUT (policy ACCEPT 12 packets, 900 bytes)\n pkts bytes target     prot opt in     out     source               destination         \n\nChain OUTPUT (policy ACCEPT 0 packets, 0 bytes)\n pkts bytes target     prot opt in     out     source               destination         \n{rows}"
        );
        named(&PARSER, &text)
    }

    #[test]
    fn a_dropped_port_is_found_with_its_line() {
        let evidence = read(
            "    0     0 SITE  all  --  *      *       0.0.0.0/0            0.0.0.0/0           \n\nChain SITE (1 references)\n pkts bytes target     prot opt in     out     source               destination         \n    7   420 DROP       6    --  *      *       0.0.0.0/0            0.0.0.0/0            tcp dpt:6443 /* no API */\n",
        );
        let rules = evidence.all::<DropRule>();
        assert_eq!(rules.len(), 1);
        assert_eq!(
            (rules[0].value.ports.as_slice(), rules[0].origin.line),
            (&[(6443, 6443)][..], Some(10))
        );
        assert_eq!(evidence.all::<FirewallRead>().len(), 1);
    }

    #[test]
    fn what_matches_more_than_ports_and_addresses_is_not_taken_for_a_drop() {
        for extra in [
            "tcp dpt:6443 mark match 0x8000/0x8000",
            "tcp dpt:6443 ctstate INVALID",
            "match-set blocked dst",
        ] {
            let row = format!(
                "    0     0 DROP       tcp  --  *      *       0.0.0.0/0            10.0.0.1            {extra}\n"
            );
            assert!(read(&row).all::<DropRule>().is_empty(), "{extra}");
        }
    }

    #[test]
    fn tables_without_interfaces_and_with_names_tell_the_same() {
        let text = "Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination         \n\nChain FORWARD (policy ACCEPT)\ntarget     prot opt source               destination         \n\nChain OUTPUT (policy ACCEPT)\ntarget     prot opt source               destination         \nDROP       tcp  --  anywhere             api.example.com      tcp dpt:sun-sr-https\nREJECT     tcp  --  anywhere             anywhere             tcp dpt:unheard-of reject-with icmp-port-unreachable\n";
        let evidence = named(&PARSER, text);
        let [rule] = evidence.all::<DropRule>() else {
            panic!("one rule")
        };
        assert_eq!(rule.value.ports, [(6443, 6443)]);
        assert_eq!(rule.value.address.as_deref(), Some("api.example.com"));
        assert_eq!(rule.origin.line, Some(9));
        let policy = text.replace("OUTPUT (policy ACCEPT)", "OUTPUT (policy DROP)");
        let evidence = named(&PARSER, &policy);
        let rules = evidence.all::<DropRule>();
        assert_eq!(rules.last().unwrap().value.ports, [(1, 65535)]);
    }
}
