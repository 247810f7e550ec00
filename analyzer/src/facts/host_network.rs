//! Addresses, links, routes, sockets and name files of the node.

use crate::claim::settle;
use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{Address, AllListeners, AllRoutes, HostsLine, Link, Route, Socket};
use crate::origin::Origin;
use crate::presence::{Presence, presence};
use std::any::Any;

pub(super) const DERIVED: Derived = Derived {
    name: "host_network",
    after: &["host_identity"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.addresses",
        Type::Texts,
        "addresses of the node, loopback too",
    )
    .needs("addresses", "ip addr"),
    FactDecl::new("host.links", Type::Records, "network interfaces").needs("addresses", "ip addr"),
    FactDecl::new("host.links[].name", Type::Text, ""),
    FactDecl::new("host.links[].state", Type::Text, "up, down, unknown, …"),
    FactDecl::new("host.links[].mtu", Type::Int, "largest packet in bytes"),
    FactDecl::new("host.routes", Type::Records, "main routing table")
        .needs("routing table", "ip route"),
    FactDecl::new(
        "host.routes[].destination",
        Type::Text,
        "default, or a network",
    ),
    FactDecl::new("host.routes[].via", Type::Text, "gateway"),
    FactDecl::new("host.routes[].dev", Type::Text, "interface"),
    FactDecl::new(
        "host.default_route",
        Type::Bool,
        "the main table has a default route",
    )
    .needs("routing table", "ip route"),
    FactDecl::new(
        "host.listeners",
        Type::Records,
        "TCP ports that somebody listens on",
    )
    .needs("listening sockets", "ss -tlnp"),
    FactDecl::new("host.listeners[].port", Type::Int, ""),
    FactDecl::new(
        "host.listeners[].address",
        Type::Text,
        "local address; * for all",
    ),
    FactDecl::new(
        "host.listeners[].process",
        Type::Text,
        "program that listens",
    ),
    FactDecl::new("host.listeners[].pid", Type::Int, "its process id"),
    FactDecl::new("host.connections", Type::Records, "TCP connections").needs("sockets", "ss -tan"),
    FactDecl::new(
        "host.connections[].state",
        Type::Text,
        "as ss writes it: ESTAB, SYN-SENT, …",
    ),
    FactDecl::new("host.connections[].peer", Type::Text, "address and port"),
    FactDecl::new("host.hosts", Type::Records, "lines of /etc/hosts")
        .needs("/etc/hosts", "cat /etc/hosts"),
    FactDecl::new("host.hosts[].address", Type::Text, ""),
    FactDecl::new("host.hosts[].names", Type::Texts, ""),
    FactDecl::new(
        "host.resolv_conf.exists",
        Type::Bool,
        "/etc/resolv.conf exists, links followed",
    )
    .needs("/etc/resolv.conf", "ls -la /etc/resolv.conf"),
    FactDecl::new(
        "host.resolv_conf.nameservers",
        Type::Texts,
        "name servers of /etc/resolv.conf",
    )
    .needs("/etc/resolv.conf", "cat /etc/resolv.conf"),
    FactDecl::new(
        "host.resolv_conf.search",
        Type::Texts,
        "search domains of /etc/resolv.conf",
    )
    .needs("/etc/resolv.conf", "cat /etc/resolv.conf"),
    FactDecl::new(
        "host.name_resolves",
        Type::Bool,
        "the node's own name resolves on the node",
    )
    .needs("look-up of the host name", "hostname -f"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    settle(evidence, FACTS);
    let addresses = list(evidence, |address: &Address, origin| {
        Some(Fact::text(address.address.clone(), origin.clone()))
    });
    set(evidence, "host.addresses", addresses, false);
    let links = list(evidence, |value, origin| Some(link(value, origin)));
    set(evidence, "host.links", links, false);
    let routes = list(evidence, |value, origin| Some(route(value, origin)));
    let all_routes = !evidence.all::<AllRoutes>().is_empty();
    set(evidence, "host.routes", routes, all_routes);
    if let Some(fact) = default_route(evidence) {
        evidence.facts.set("host.default_route", fact);
    }
    let all_listeners = !evidence.all::<AllListeners>().is_empty();
    let listeners = without_poorer(list(evidence, listener));
    set(evidence, "host.listeners", listeners, all_listeners);
    let connections = list(evidence, connection);
    set(evidence, "host.connections", connections, false);
    let hosts = list(evidence, |value, origin| Some(hosts_line(value, origin)));
    set(evidence, "host.hosts", hosts, false);
    name_files(evidence);
}

/// The facts made of all pieces of one type, each once.
fn list<T: Any + Send>(evidence: &Evidence, fact: fn(&T, &Origin) -> Option<Fact>) -> Vec<Fact> {
    let mut list: Vec<Fact> = Vec::new();
    for piece in evidence.all::<T>() {
        if let Some(fact) = fact(&piece.value, &piece.origin)
            && !list.iter().any(|known| same(known, &fact))
        {
            list.push(fact);
        }
    }
    list
}

/// Of two listeners on one address and port, the one whose process is known: `ss -tan` shows fewer columns than `ss -tlnp`.
fn without_poorer(listeners: Vec<Fact>) -> Vec<Fact> {
    let place = |fact: &Fact| {
        let port = fact.field("port").and_then(Fact::as_int);
        let address = fact.field("address").and_then(Fact::as_text);
        (port, address.map(str::to_owned))
    };
    let owned: Vec<_> = listeners
        .iter()
        .filter(|fact| fact.field("pid").is_some())
        .map(place)
        .collect();
    listeners
        .into_iter()
        .filter(|fact| fact.field("pid").is_some() || !owned.contains(&place(fact)))
        .collect()
}

/// Equal but for where they were read.
fn same(one: &Fact, other: &Fact) -> bool {
    match (&one.value, &other.value) {
        (Value::Record(left), Value::Record(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && same(left.1, right.1))
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (left, right) => left == right,
    }
}

fn set(evidence: &mut Evidence, path: &str, list: Vec<Fact>, known_whole: bool) {
    if known_whole || !list.is_empty() {
        evidence.facts.set(path, Fact::list(list));
    }
}

fn link(link: &Link, origin: &Origin) -> Fact {
    let fields = [
        ("name", Some(Value::from(link.name.as_str()))),
        ("state", Some(Value::from(link.state.as_str()))),
        ("mtu", link.mtu.map(Value::Int)),
    ];
    Fact::record(fields, origin)
}

fn route(route: &Route, origin: &Origin) -> Fact {
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    let fields = [
        ("destination", Some(Value::from(route.destination.as_str()))),
        ("via", text(&route.via)),
        ("dev", text(&route.dev)),
    ];
    Fact::record(fields, origin)
}

fn listener(socket: &Socket, origin: &Origin) -> Option<Fact> {
    let fields = [
        ("port", Some(Value::Int(socket.port))),
        ("address", Some(Value::from(socket.address.as_str()))),
        ("process", socket.process.clone().map(Value::Text)),
        ("pid", socket.pid.map(Value::Int)),
    ];
    (socket.state == "LISTEN").then(|| Fact::record(fields, origin))
}

fn connection(socket: &Socket, origin: &Origin) -> Option<Fact> {
    let fields = [
        ("state", Some(Value::from(socket.state.as_str()))),
        ("peer", Some(Value::from(socket.peer.as_str()))),
    ];
    (socket.state != "LISTEN" && socket.state != "UNCONN").then(|| Fact::record(fields, origin))
}

fn hosts_line(line: &HostsLine, origin: &Origin) -> Fact {
    let fields = [
        ("address", Some(Value::from(line.address.as_str()))),
        (
            "names",
            Some(Fact::texts(line.names.iter().cloned(), origin).value),
        ),
    ];
    Fact::record(fields, origin)
}

/// A node that has only IPv6 has its default route in another table than the one that tools show.
fn default_route(evidence: &Evidence) -> Option<Fact> {
    let routes = evidence.all::<Route>();
    if let Some(route) = routes
        .iter()
        .find(|route| route.value.destination == "default")
    {
        return Some(Fact::new(Value::Bool(true), route.origin.clone()));
    }
    let whole = evidence.all::<AllRoutes>().first()?;
    let has_ipv4 = !routes.is_empty()
        || evidence.all::<Address>().iter().any(|address| {
            !address.value.address.contains(':') && !address.value.address.starts_with("127.")
        });
    has_ipv4.then(|| Fact::new(Value::Bool(false), whole.origin.clone()))
}

fn name_files(evidence: &mut Evidence) {
    match presence(evidence, "/etc/resolv.conf") {
        Presence::Present(origin) => evidence.facts.set(
            "host.resolv_conf.exists",
            Fact::new(Value::Bool(true), origin),
        ),
        Presence::Absent(origin) => evidence.facts.set(
            "host.resolv_conf.exists",
            Fact::new(Value::Bool(false), origin),
        ),
        Presence::Unknown => {}
    }
    let Some(name) = evidence.facts.text("host.name") else {
        return;
    };
    let named = evidence
        .all::<HostsLine>()
        .iter()
        .find(|line| {
            line.value
                .names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
        .map(|line| line.origin.clone());
    if let Some(origin) = named
        && evidence.facts.get("host.name_resolves").is_none()
    {
        evidence
            .facts
            .set("host.name_resolves", Fact::new(Value::Bool(true), origin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::derive as run;

    fn at() -> Origin {
        Origin::line("x.txt", 1)
    }

    #[test]
    fn a_missing_default_route_needs_the_whole_table() {
        let network = Route {
            destination: "10.0.0.0/24".into(),
            via: None,
            dev: Some("eth0".into()),
        };
        let mut evidence = Evidence::default();
        evidence.push(network, at());
        run(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("host.default_route").is_none());
        evidence.push(AllRoutes, at());
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool("host.default_route"), Some(false));
    }

    #[test]
    fn one_listener_in_two_entries_is_one() {
        let socket = |state: &str| Socket {
            state: state.into(),
            address: "*".into(),
            port: 10250,
            peer: "*:*".into(),
            process: None,
            pid: None,
        };
        let mut evidence = Evidence::default();
        for state in ["LISTEN", "LISTEN", "ESTAB"] {
            evidence.push(socket(state), at());
        }
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(
            evidence.facts.get("host.listeners").unwrap().items().len(),
            1
        );
        assert_eq!(
            evidence
                .facts
                .get("host.connections")
                .unwrap()
                .items()
                .len(),
            1
        );
    }

    #[test]
    fn the_hosts_file_resolves_the_nodes_name() {
        let mut evidence = Evidence::default();
        evidence.facts.set("host.name", Fact::text("Worker", at()));
        evidence.push(
            HostsLine {
                address: "10.0.0.5".into(),
                names: vec!["worker".into()],
            },
            at(),
        );
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool("host.name_resolves"), Some(true));
    }
}
