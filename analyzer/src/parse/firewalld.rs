//! Output of `firewall-cmd`: policies for what leaves the node, and direct rules. Zones are for what arrives, and let answers in.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::packet_filter::{port, tell};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "firewalld",
    kind: "packet filter rules",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["firewall-cmd"])
            && entry
                .head()
                .lines()
                .any(|line| line.starts_with("  rich rules:") || direct(line).is_some())
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let lines: Vec<(u64, &str)> = numbered(&text).collect();
    let mut rules: Vec<(u64, String)> = lines
        .iter()
        .filter_map(|(number, line)| Some((*number, direct(line)?)))
        .collect();
    let is_head = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    for policy in lines.chunk_by(|_, (_, next)| !is_head(next)) {
        rules.extend(of_policy(policy));
    }
    tell(&rules, entry, evidence);
}

/// `ipv4 filter OUTPUT 0 -p tcp --dport 6443 -j DROP`
fn direct(line: &str) -> Option<String> {
    let rest = line
        .strip_prefix("ipv4 filter ")
        .or_else(|| line.strip_prefix("ipv6 filter "))?;
    let (chain, rest) = rest.split_once(' ')?;
    let (_, rule) = rest.split_once(' ')?;
    Some(format!("-A {} {rule}", chain.trim_end_matches("_direct")))
}

/// The rules of an active policy for what the node itself sends, as `iptables-save` would write them.
fn of_policy(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
    let value = |key: &str| {
        lines.iter().find_map(|(number, line)| {
            let value = line.trim_start().strip_prefix(key)?.strip_prefix(':')?;
            Some((*number, value.trim()))
        })
    };
    let active = lines
        .first()
        .is_some_and(|(_, head)| head.contains("(active"));
    if !active || value("ingress-zones").is_none_or(|(_, zones)| zones != "HOST") {
        return Vec::new();
    }
    let mut rules = Vec::new();
    if let Some((number, "DROP" | "REJECT")) = value("target") {
        rules.push((number, ":OUTPUT DROP".to_owned()));
    }
    for key in ["ports", "services"] {
        let (number, values) = value(key).unwrap_or_default();
        let accept = |value: &str| {
            (
                number,
                format!("-A OUTPUT {} -j ACCEPT", let_through(value)),
            )
        };
        rules.extend(values.split_whitespace().map(accept));
    }
    let rich = lines
        .iter()
        .filter(|(_, line)| line.trim_start().starts_with("rule "));
    rules.extend(rich.filter_map(|(number, line)| Some((*number, rich_rule(line)?))));
    rules
}

/// `443/tcp`, `https`; of other services the ports are not known.
fn let_through(value: &str) -> String {
    match value.split_once('/') {
        Some((ports, protocol)) => format!("-p {protocol} --dport {}", ports.replace('-', ":")),
        None => match port(value) {
            Some(port) => format!("-p tcp --dport {port}"),
            None if value == "dhcpv6-client" || value == "dhcp" => "-p udp --dport 67".to_owned(),
            None => "!".to_owned(),
        },
    }
}

/// `rule family="ipv4" destination address="10.0.0.1" port port="6443" protocol="tcp" reject`
fn rich_rule(line: &str) -> Option<String> {
    let value = |key: &str| {
        let (_, rest) = line.split_once(&format!("{key}=\""))?;
        rest.split('"').next()
    };
    let mut words = line.split_whitespace();
    let target = words.find_map(|word| match word {
        "accept" => Some("ACCEPT"),
        "drop" => Some("DROP"),
        "reject" => Some("REJECT"),
        _ => None,
    })?;
    let narrow = [" NOT ", " invert=", " ipset="];
    let narrow = narrow.iter().any(|word| line.contains(word));
    let address = value("destination address").map(|address| format!("-d {address}"));
    let ports = value("port port").map(|ports| {
        let protocol = value("protocol").unwrap_or("tcp");
        format!("-p {protocol} --dport {}", ports.replace('-', ":"))
    });
    let ports = ports.or_else(|| value("service name").map(let_through));
    let conditions = [narrow.then(|| "!".to_owned()), address, ports];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    Some(format!("-A OUTPUT {} -j {target}", conditions.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::DropRule;
    use crate::testing::named;

    type Told = (Vec<(u16, u16)>, Option<String>, Option<u64>);

    fn read(text: &str) -> Vec<Told> {
        let evidence = named(&PARSER, text);
        let rules = evidence.all::<DropRule>().iter();
        rules
            .map(|rule| {
                (
                    rule.value.ports.clone(),
                    rule.value.address.clone(),
                    rule.origin.line,
                )
            })
            .collect()
    }

    #[test]
    fn policies_of_what_the_node_sends_are_read_and_zones_are_not() {
        let zone = "public (active)\n  target: DROP\n  interfaces: eth0\n  services: ssh\n  ports: \n  rich rules: \n\trule family=\"ipv4\" port port=\"6443\" protocol=\"tcp\" reject\n";
        assert!(read(zone).is_empty());
        let policy = format!(
            "{zone}\nout (active)\n  priority: -1\n  target: CONTINUE\n  ingress-zones: HOST\n  egress-zones: ANY\n  services: \n  ports: \n  rich rules: \n\trule family=\"ipv4\" destination address=\"10.0.0.1\" port port=\"6443\" protocol=\"tcp\" reject\n"
        );
        assert_eq!(
            read(&policy),
            [(vec![(6443, 6443)], Some("10.0.0.1".into()), Some(17))]
        );
        assert!(read(&policy.replace("out (active)", "out")).is_empty());
    }

    #[test]
    fn a_policy_that_rejects_lets_its_ports_and_services_through() {
        let policy = |services: &str| {
            read(&format!(
                "out (active)\n  target: REJECT\n  ingress-zones: HOST\n  egress-zones: ANY\n  services: {services}\n  ports: 2379-2380/tcp 8472/udp\n  rich rules: \n"
            ))
        };
        let ports = vec![(1, 442), (444, 2378), (2381, 65535)];
        assert_eq!(policy("https"), [(ports, None, Some(2))]);
        assert!(policy("https site-thing").is_empty());
    }

    #[test]
    fn direct_rules_are_rules_of_iptables() {
        let rules = "ipv4 filter OUTPUT 0 -p tcp -m tcp --dport 6443 -j DROP\nipv4 filter INPUT 0 -p tcp --dport 22 -j ACCEPT\n";
        assert_eq!(read(rules), [(vec![(6443, 6443)], None, Some(1))]);
    }
}
