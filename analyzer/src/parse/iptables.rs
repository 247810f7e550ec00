//! Output of `iptables-save`: rules that keep packets from or to an API server.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::FirewallRead;
use crate::packet_filter::tell;
use crate::parser::Parser;

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
    let lines: Vec<(u64, &str)> = numbered(&text).collect();
    for table in lines.split(|(_, line)| line.starts_with('*')) {
        tell(table, entry, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::{Direction, DropRule};
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

    #[test]
    fn a_policy_drops_the_ports_that_no_rule_accepts() {
        let policy = |rules: &str| {
            let text = format!(
                "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT DROP [7:420]\n-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A OUTPUT -p udp --dport 53 -j ACCEPT\n{rules}COMMIT\n"
            );
            let evidence = named(&PARSER, &text);
            let found = evidence.all::<DropRule>().first().cloned();
            found.map(|piece| (piece.value.ports, piece.origin.line))
        };
        let (ports, line) =
            policy("-A OUTPUT -p tcp -m multiport --dports 22,443 -j ACCEPT\n").unwrap();
        assert_eq!(ports, [(1, 21), (23, 442), (444, 65535)]);
        assert_eq!(line, Some(6));
        for rules in [
            "-A OUTPUT -j ACCEPT\n",
            "-A OUTPUT -d 10.0.0.0/8 -j ACCEPT\n",
            "-A OUTPUT -m mark --mark 0x1/0x1 -j ACCEPT\n",
            "-A OUTPUT -j SITE\n-A SITE -p tcp -j ACCEPT\n",
        ] {
            assert!(policy(rules).is_none(), "{rules}");
        }
        let all = dropped(
            "-A OUTPUT -p tcp --dport 443 -j ACCEPT\n-A OUTPUT -j REJECT --reject-with icmp-port-unreachable\n",
        );
        assert_eq!(all[0].ports, [(1, 442), (444, 65535)]);
    }
}
