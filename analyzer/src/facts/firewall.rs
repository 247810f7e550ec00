//! Rules of the node's own packet filter that stand between the kubelet and its API server.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{Attempt, DropRule, FirewallRead, Resolution};
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) const DERIVED: Derived = Derived {
    name: "firewall",
    after: &["api_server"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.firewall.drops",
        Type::Records,
        "rules that drop or reject packets to the API server or from it",
    )
    .needs("packet filter rules", "iptables-save; nft list ruleset"),
    FactDecl::new("host.firewall.drops[].chain", Type::Text, ""),
    FactDecl::new(
        "host.firewall.drops[].rule",
        Type::Text,
        "the rule as printed",
    ),
    FactDecl::new(
        "host.firewall.drops[].port",
        Type::Int,
        "port of the API server that it names",
    ),
    FactDecl::new(
        "host.firewall.drops[].address",
        Type::Text,
        "address or network that it names",
    ),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let port = evidence
        .facts
        .int("apiserver.port")
        .and_then(|port| u16::try_from(port).ok());
    let port = port.unwrap_or(USUAL_PORT);
    let addresses = addresses(evidence);
    let host = evidence.facts.text("apiserver.host").map(str::to_owned);
    let rules: Vec<Fact> = evidence
        .all::<DropRule>()
        .iter()
        .filter(|piece| hits(&piece.value, port, host.as_deref(), &addresses))
        .map(|piece| {
            let named = (!piece.value.ports.is_empty()).then(|| Value::Int(i64::from(port)));
            let fields = [
                ("chain", Some(Value::from(piece.value.chain.as_str()))),
                ("rule", Some(Value::from(piece.value.rule.as_str()))),
                ("port", named),
                ("address", piece.value.address.clone().map(Value::Text)),
            ];
            Fact::record(fields, &piece.origin)
        })
        .collect();
    let read = evidence
        .all::<FirewallRead>()
        .first()
        .map(|piece| piece.origin.clone());
    if !rules.is_empty() {
        evidence.facts.set("host.firewall.drops", Fact::list(rules));
    } else if let Some(origin) = read {
        evidence.facts.set(
            "host.firewall.drops",
            Fact::new(Value::List(Vec::new()), origin),
        );
    }
}

/// Addresses of the API server, as far as known.
fn addresses(evidence: &Evidence) -> BTreeSet<IpAddr> {
    let host = evidence.facts.text("apiserver.host").map(str::to_owned);
    let name = host.clone();
    let tried = evidence
        .all::<Attempt>()
        .iter()
        .filter(|piece| piece.value.host == host)
        .flat_map(|piece| piece.value.addresses.clone());
    let resolved = evidence
        .all::<Resolution>()
        .iter()
        .filter(|piece| piece.value.name.is_none() || piece.value.name == name)
        .flat_map(|piece| piece.value.addresses.clone());
    host.clone()
        .into_iter()
        .chain(tried)
        .chain(resolved)
        .filter_map(|address| address.trim_matches(['[', ']']).parse().ok())
        .collect()
}

fn hits(rule: &DropRule, port: u16, host: Option<&str>, addresses: &BTreeSet<IpAddr>) -> bool {
    let port_hit = rule.ports.is_empty()
        || rule
            .ports
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&port));
    let address_hit = match &rule.address {
        None => true,
        // A whole network that is dropped, loopback for one, is not the API server's unless it holds its address.
        Some(network) => {
            // Lists may show names instead.
            let by_name = host.is_some_and(|host| host.eq_ignore_ascii_case(network));
            by_name || addresses.iter().any(|address| contains(network, *address))
        }
    };
    port_hit && address_hit
}

/// `10.0.0.0/8` contains `10.1.2.3`; a bare address contains itself.
fn contains(network: &str, address: IpAddr) -> bool {
    let (base, length) = network.split_once('/').unwrap_or((network, ""));
    match (base.parse(), address) {
        (Ok(IpAddr::V4(base)), IpAddr::V4(address)) => {
            let length: u32 = length.parse().unwrap_or(32);
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(length))
                .unwrap_or(0);
            u32::from(base) & mask == u32::from(address) & mask
        }
        (Ok(IpAddr::V6(base)), IpAddr::V6(address)) => {
            let length: u32 = length.parse().unwrap_or(128);
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(length))
                .unwrap_or(0);
            u128::from(base) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

const USUAL_PORT: u16 = 6443;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Direction;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    fn drops(rules: Vec<DropRule>) -> Option<usize> {
        let mut evidence = Evidence::default();
        evidence.facts.set(
            "apiserver.host",
            Fact::text("10.77.0.1", Origin::entry("kubelet.conf")),
        );
        evidence.push(FirewallRead, Origin::entry("iptables.txt"));
        for rule in rules {
            evidence.push(rule, Origin::line("iptables.txt", 9));
        }
        run(&mut evidence, &[&DERIVED]);
        evidence
            .facts
            .get("host.firewall.drops")
            .map(|fact| fact.items().len())
    }

    fn rule(ports: &[(u16, u16)], address: Option<&str>) -> DropRule {
        DropRule {
            chain: "OUTPUT".into(),
            rule: "-A OUTPUT …".into(),
            ports: ports.to_vec(),
            address: address.map(str::to_owned),
            direction: Direction::Out,
        }
    }

    #[test]
    fn only_rules_that_meet_the_api_server_count() {
        assert_eq!(drops(vec![rule(&[(6443, 6443)], None)]), Some(1));
        assert_eq!(drops(vec![rule(&[], Some("10.77.0.0/16"))]), Some(1));
        assert_eq!(drops(vec![rule(&[(53, 53)], None)]), Some(0));
        assert_eq!(drops(vec![rule(&[], Some("127.0.0.0/8"))]), Some(0));
        assert_eq!(
            drops(vec![rule(&[(6443, 6443)], Some("10.78.0.1/32"))]),
            Some(0)
        );
    }

    #[test]
    fn rules_that_were_not_read_are_unknown() {
        let mut evidence = Evidence::default();
        run(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("host.firewall.drops").is_none());
    }
}
