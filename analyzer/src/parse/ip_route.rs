//! Routes: `ip route`, `route -n`, `/proc/net/route`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{AllRoutes, Route};
use crate::parser::Parser;
use std::net::Ipv4Addr;

pub(super) const PARSER: Parser = Parser {
    name: "ip_route",
    kind: "routing table",
    facts: &[],
    accepts: |entry| {
        entry
            .path()
            .is_some_and(|path| path.starts_with("/proc/") && path.ends_with("net/route"))
            || asks_for_all(entry)
            || entry.may_be_output_of(&["ip", "route", "netstat"])
                && entry
                    .head()
                    .lines()
                    .take(4)
                    .any(|line| spoken(line).is_some() || kernel_header(line))
    },
    parse,
};

/// `ip route` and `route`, not those of another table or family.
fn asks_for_all(entry: &Entry) -> bool {
    let Some(command) = entry.command() else {
        return false;
    };
    let words: Vec<&str> = command.split_whitespace().collect();
    matches!(
        words.as_slice(),
        ["ip", "route" | "r"]
            | ["ip", "route" | "r", "show" | "list"]
            | ["ip", "-4", "route"]
            | ["ip", "route", "show", "table", "all"]
            | ["route"]
            | ["route", "-n"]
    )
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut routes = 0_u32;
    for (line, content) in numbered(&text) {
        let route = if entry.path().is_some() {
            hexadecimal(content)
        } else {
            spoken(content).or_else(|| table(content))
        };
        if let Some(route) = route {
            routes += 1;
            evidence.push(route, entry.at(line));
        }
    }
    let readable = routes > 0
        || text.trim().is_empty()
        || text
            .lines()
            .all(|line| kernel_header(line) || line.starts_with("Iface"));
    if readable && (entry.path().is_some() || asks_for_all(entry)) {
        evidence.push(AllRoutes, entry.whole());
    }
}

/// `default via 10.77.0.1 dev eth0`, `10.77.0.0/24 dev eth0 proto kernel`.
fn spoken(line: &str) -> Option<Route> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |key: &str| {
        let at = words.iter().position(|word| *word == key)?;
        words.get(at + 1).map(|word| (*word).to_owned())
    };
    let destination = *words.first()?;
    let address = destination.split('/').next()?;
    let known = destination == "default" || address.parse::<std::net::IpAddr>().is_ok();
    let route = Route {
        destination: destination.to_owned(),
        via: after("via"),
        dev: after("dev"),
    };
    // Another table is asked only by rules of its own.
    let known = known && after("table").is_none_or(|table| table == "main");
    (known && (route.via.is_some() || route.dev.is_some())).then_some(route)
}

fn kernel_header(line: &str) -> bool {
    line.starts_with("Kernel IP routing table")
        || line.starts_with("Destination") && line.contains("Gateway")
}

/// `0.0.0.0  10.0.0.1  0.0.0.0  UG  0 0 0 eth0`
fn table(line: &str) -> Option<Route> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [destination, gateway, mask, _, .., dev] = words.as_slice() else {
        return None;
    };
    let mask: Ipv4Addr = mask.parse().ok()?;
    let destination = if *destination == "default" {
        Ipv4Addr::UNSPECIFIED
    } else {
        destination.parse().ok()?
    };
    Some(route(destination, gateway.parse().ok(), mask, dev))
}

/// `eth0 00000000 01004D0A 0003 0 0 0 00000000 …`, addresses in the byte order of the machine.
fn hexadecimal(line: &str) -> Option<Route> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let address = |at: usize| {
        let number = u32::from_str_radix(words.get(at)?, 16).ok()?;
        Some(Ipv4Addr::from(number.swap_bytes()))
    };
    Some(route(address(1)?, address(2), address(7)?, words.first()?))
}

fn route(destination: Ipv4Addr, gateway: Option<Ipv4Addr>, mask: Ipv4Addr, dev: &str) -> Route {
    let length = u32::from(mask).count_ones();
    Route {
        destination: if length == 0 && destination.is_unspecified() {
            "default".to_owned()
        } else {
            format!("{destination}/{length}")
        },
        via: gateway
            .filter(|gateway| !gateway.is_unspecified())
            .map(|gateway| gateway.to_string()),
        dev: Some(dev.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, file, named};

    #[test]
    fn three_forms_tell_the_same_routes() {
        let spoken = named(
            &PARSER,
            "default via 10.77.0.1 dev eth0 \n10.77.0.0/24 dev eth0 proto kernel scope link src 10.77.0.101 \n",
        );
        let table = command(
            &PARSER,
            "route -n",
            "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n0.0.0.0         10.77.0.1       0.0.0.0         UG    0      0        0 eth0\n10.77.0.0       0.0.0.0         255.255.255.0   U     0      0        0 eth0\n",
        );
        let hex = file(
            &PARSER,
            "/proc/net/route",
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\neth0\t00000000\t01004D0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t00004D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
        );
        for evidence in [spoken, table, hex] {
            let routes: Vec<_> = evidence
                .all::<Route>()
                .iter()
                .map(|route| route.value.clone())
                .collect();
            assert_eq!(routes.len(), 2);
            assert_eq!(
                (routes[0].destination.as_str(), routes[0].via.as_deref()),
                ("default", Some("10.77.0.1"))
            );
            assert_eq!(
                (routes[1].destination.as_str(), routes[1].via.as_deref()),
                ("10.77.0.0/24", None)
            );
        }
    }

    #[test]
    fn an_empty_table_is_a_table() {
        assert_eq!(command(&PARSER, "ip route", "").all::<AllRoutes>().len(), 1);
        assert!(
            command(&PARSER, "ip route", "sh: ip: not found")
                .all::<AllRoutes>()
                .is_empty()
        );
    }
}
