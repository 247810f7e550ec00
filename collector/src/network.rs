//! `facts/network.json`: links, addresses and routes as the kernel's tables state them.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Builds the fact; not applicable where the tree has no network tables.
pub(crate) fn facts(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let routes4 = host.line("/proc/net/route");
    let routes6 = host.line("/proc/net/ipv6_route");
    if routes4.is_none() && routes6.is_none() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no network tables in this tree",
        ));
    }
    let mut routes = routes4.as_deref().map_or_else(Vec::new, ipv4_routes);
    let trie = host.line("/proc/net/fib_trie").unwrap_or_default();
    let mut addresses = ipv4_addresses(&trie, &routes);
    let if_inet6 = host.line("/proc/net/if_inet6").unwrap_or_default();
    addresses.extend(ipv6_addresses(&if_inet6));
    routes.extend(ipv6_routes(routes6.as_deref().unwrap_or_default()));
    let routes: Vec<Value> = routes.iter().map(Route::to_json).collect();
    Ok(facts::document(
        &[],
        &[
            ("links", &links(host)),
            ("addresses", &addresses),
            ("routes", &routes),
        ],
    ))
}

fn links(host: &mut Host) -> Vec<Value> {
    let Ok(listing) = host.list("/sys/class/net") else {
        return Vec::new();
    };
    let links = listing
        .entries
        .into_iter()
        .filter(|entry| entry.kind != "file");
    links.map(|entry| link(host, &entry.name)).collect()
}

/// A link as `/sys/class/net` tells it. Ends of pod networks are many and alike: of them only what every link has.
fn link(host: &mut Host, name: &str) -> Value {
    let mut fields = Map::new();
    fields.insert("name".into(), json!(name));
    let mut read = |file: &str| host.line(&format!("/sys/class/net/{name}/{file}"));
    fields.insert("state".into(), json!(read("operstate")));
    let mtu = read("mtu").and_then(|text| text.parse::<u32>().ok());
    fields.insert("mtu".into(), json!(mtu));
    if POD_ENDS.iter().any(|start| name.starts_with(start)) {
        return Value::Object(fields);
    }
    if let Some(address) = read("address").filter(|address| !address.is_empty()) {
        fields.insert("mac".into(), json!(address));
    }
    for file in ["carrier", "speed", "ifindex", "carrier_changes"] {
        if let Some(number) = read(file).and_then(|text| text.parse::<i64>().ok()) {
            fields.insert(file.into(), json!(number));
        }
    }
    let kind = read("uevent").and_then(|text| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix("DEVTYPE=").map(str::to_owned))
    });
    if let Some(kind) = kind {
        fields.insert("kind".into(), json!(kind));
    }
    for counter in COUNTERS {
        let value =
            read(&format!("statistics/{counter}")).and_then(|text| text.parse::<u64>().ok());
        if let Some(value) = value.filter(|value| *value > 0) {
            fields.insert((*counter).into(), json!(value));
        }
    }
    Value::Object(fields)
}

/// Starts of names that network plugins give to the node's end of a pod's link.
const POD_ENDS: &[&str] = &["veth", "cali", "lxc", "eni", "azv"];

const COUNTERS: &[&str] = &[
    "rx_packets",
    "tx_packets",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
    "rx_missed_errors",
];

/// A route; `destination` is `default` or a network in CIDR form.
#[derive(Debug, PartialEq)]
struct Route {
    destination: String,
    via: Option<String>,
    dev: String,
    /// Network and prefix of an IPv4 route without a gateway: whose addresses the link has.
    network: Option<(u32, u8)>,
}

impl Route {
    fn to_json(&self) -> Value {
        json!({"destination": self.destination, "via": self.via, "dev": self.dev})
    }
}

fn ipv4_routes(text: &str) -> Vec<Route> {
    text.lines().skip(1).filter_map(ipv4_route).collect()
}

/// Fields of `/proc/net/route` are little-endian hex.
fn ipv4_route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| {
        let field = fields.get(at)?;
        Some(u32::from_str_radix(field, 16).ok()?.swap_bytes())
    };
    let (destination, gateway, mask) = (number(1)?, number(2)?, number(7)?);
    let prefix = u8::try_from(mask.count_ones()).ok()?;
    Some(Route {
        destination: match (destination, prefix) {
            (0, 0) => "default".to_owned(),
            _ => format!("{}/{prefix}", Ipv4Addr::from(destination)),
        },
        via: (gateway != 0).then(|| Ipv4Addr::from(gateway).to_string()),
        dev: (*fields.first()?).to_owned(),
        network: (gateway == 0).then_some((destination, prefix)),
    })
}

/// Local addresses of `fib_trie`; the link is that of the narrowest network route that holds the address.
fn ipv4_addresses(trie: &str, routes: &[Route]) -> Vec<Value> {
    let mut addresses: BTreeSet<u32> = BTreeSet::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in trie.lines() {
        let line = line.trim();
        if let Some(leaf) = line.strip_prefix("|-- ") {
            last = leaf.parse().ok();
        } else if line.starts_with("/32 host LOCAL")
            && let Some(address) = last
        {
            addresses.insert(u32::from(address));
        }
    }
    let narrowest = |address: u32| {
        routes
            .iter()
            .filter_map(|route| Some((route.network?, &route.dev)))
            .filter(|((network, prefix), _)| {
                let bits = 32 - u32::from(*prefix);
                let mask = u32::MAX.checked_shl(bits).unwrap_or(0);
                address & mask == *network
            })
            .max_by_key(|((_, prefix), _)| *prefix)
            .map(|((_, prefix), dev)| (prefix, dev.clone()))
    };
    addresses
        .into_iter()
        .map(|address| {
            let text = Ipv4Addr::from(address).to_string();
            match narrowest(address) {
                _ if Ipv4Addr::from(address).is_loopback() => {
                    json!({"link": "lo", "address": text, "prefix": 8})
                }
                Some((prefix, dev)) => json!({"link": dev, "address": text, "prefix": prefix}),
                None => json!({"address": text, "prefix": 32}),
            }
        })
        .collect()
}

fn ipv6_addresses(text: &str) -> Vec<Value> {
    let mut addresses: Vec<(String, String, u8)> = text
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let address = ipv6(fields.first()?)?;
            let prefix = u8::from_str_radix(fields.get(2)?, 16).ok()?;
            Some(((*fields.get(5)?).to_owned(), address.to_string(), prefix))
        })
        .collect();
    addresses.sort();
    addresses
        .into_iter()
        .map(|(link, address, prefix)| json!({"link": link, "address": address, "prefix": prefix}))
        .collect()
}

fn ipv6_routes(text: &str) -> Vec<Route> {
    text.lines().filter_map(ipv6_route).collect()
}

/// Local, anycast and multicast routes are left out.
fn ipv6_route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let destination = ipv6(fields.first()?)?;
    let prefix = u8::from_str_radix(fields.get(1)?, 16).ok()?;
    let gateway = ipv6(fields.get(4)?)?;
    let flags = u32::from_str_radix(fields.get(8)?, 16).ok()?;
    let dev = (*fields.get(9)?).to_owned();
    let local = flags & 0x8030_0000 != 0 || flags & 0x200 != 0;
    if local || destination.is_multicast() || dev == "lo" {
        return None;
    }
    Some(Route {
        destination: if prefix == 0 {
            "default".to_owned()
        } else {
            format!("{destination}/{prefix}")
        },
        via: (!gateway.is_unspecified()).then(|| gateway.to_string()),
        dev,
        network: None,
    })
}

fn ipv6(hex: &str) -> Option<Ipv6Addr> {
    (hex.len() == 32)
        .then(|| u128::from_str_radix(hex, 16).ok())
        .flatten()
        .map(Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
        eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn the_default_route_and_the_link_route_are_read() {
        let routes = ipv4_routes(ROUTES);
        assert_eq!(routes[0].destination, "default");
        assert_eq!(routes[0].via.as_deref(), Some("192.168.1.1"));
        assert_eq!(routes[1].destination, "192.168.1.0/24");
        assert_eq!(routes[1].via, None);
    }

    #[test]
    fn a_local_address_belongs_to_the_link_of_its_network() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.168.1.7\n        /32 host LOCAL\n     |-- 192.168.1.255\n        /32 link BROADCAST\n";
        let addresses = ipv4_addresses(trie, &ipv4_routes(ROUTES));
        assert_eq!(
            addresses,
            [json!({"link": "eth0", "address": "192.168.1.7", "prefix": 24})]
        );
    }
}
