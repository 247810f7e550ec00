//! Names and name resolution.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "names",
    about: "host name and name resolution",
    items: &[
        file(
            "hostname",
            "W9 W11",
            "/etc/hostname",
            "the node name differs",
        ),
        file(
            "kernel-hostname",
            "W11",
            "/proc/sys/kernel/hostname",
            "the node name differs",
        ),
        file(
            "hosts",
            "W9",
            "/etc/hosts",
            "an old address of the API server, the node's own name",
        ),
        file(
            "resolv-conf",
            "D1",
            "/etc/resolv.conf",
            "no or a dead name server, more than three",
        ),
        file(
            "resolved",
            "D1",
            "/run/systemd/resolve/resolv.conf",
            "what the kubelet hands to pods",
        ),
        file(
            "resolved-stub",
            "D1",
            "/run/systemd/resolve/stub-resolv.conf",
            "the stub copied into pods",
        ),
        file("nsswitch", "D2", "/etc/nsswitch.conf", "lookup order"),
        file("host-conf", "D2", "/etc/host.conf", "lookup order"),
        file("gai-conf", "D2", "/etc/gai.conf", "IPv6 before IPv4"),
        file(
            "resolved-conf",
            "D2 U5",
            "/etc/systemd/resolved.conf",
            "name servers, DNSSEC",
        ),
        file(
            "local-cache",
            "D4",
            "/opt/azure/containers/localdns/localdns.corefile",
            "a cache on the node that does not answer",
        ),
        file(
            "local-cache-updated",
            "D4",
            "/opt/azure/containers/localdns/updated.localdns.corefile",
            "a cache on the node that does not answer",
        ),
        file(
            "node-cache",
            "D4",
            "/etc/coredns/Corefile",
            "a cache on the node that does not answer",
        ),
        file(
            "kubelet-resolv",
            "D1",
            "/etc/kubelet-resolv.conf",
            "what the kubelet hands to pods",
        ),
        Item {
            name: "own",
            catalog: "W11",
            kind: "names",
            source: Source::Fact {
                topic: "names",
                make: own_names,
            },
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Identifying,
            reason: "a name that the API server refuses, or that differs from place to place",
        },
        Item {
            name: "kubelet-resolv-conf",
            catalog: "D1",
            kind: "resolv-conf",
            source: Source::Named {
                what: "the file that the kubelet's resolvConf names",
                paths: |node| node.paths("resolv-conf", "resolvConf"),
                accepts: is_resolv_conf,
            },
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Identifying,
            reason: "a missing file keeps every pod from starting",
        },
    ],
};

const fn file(
    name: &'static str,
    catalog: &'static str,
    path: &'static str,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "name-resolution",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}

/// Every line is a comment or a keyword of resolv.conf.
fn is_resolv_conf(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().all(|line| {
        let line = line.trim();
        let keyword = line.split_whitespace().next().unwrap_or_default();
        line.starts_with(['#', ';'])
            || matches!(
                keyword,
                "" | "nameserver"
                    | "search"
                    | "domain"
                    | "options"
                    | "sortlist"
                    | "lookup"
                    | "family"
            )
    })
}

/// `facts/names.json`: every name the node has, where it stands, and whether a Node object could have it.
fn own_names(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut names: Vec<(String, String)> = Vec::new();
    for path in [
        "/proc/sys/kernel/hostname",
        "/etc/hostname",
        "/var/lib/calico/nodename",
    ] {
        if let Some(text) = host.line(path) {
            let mut lines = text.lines().map(str::trim);
            let name = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
            names.extend(name.map(|name| (path.to_owned(), name.to_owned())));
        }
    }
    for value in node.flag("hostname-override") {
        names.push(("--hostname-override".to_owned(), value));
    }
    if names.is_empty() {
        return Err(Failure::new(Outcome::NotApplicable, "no name in this tree"));
    }
    let hosts = host.line("/etc/hosts").unwrap_or_default();
    let lines: Vec<Value> = names
        .iter()
        .map(|(from, name)| {
            json!({
                "name": name,
                "from": from,
                "valid": is_node_name(&name.to_lowercase()),
                "lower_case": !name.chars().any(char::is_uppercase),
                "qualified": name.contains('.'),
                "in_hosts": addresses_in(&hosts, name),
            })
        })
        .collect();
    let domain = host
        .line("/proc/sys/kernel/domainname")
        .filter(|name| name != "(none)");
    Ok(facts::document(
        &[("domain", json!(domain))],
        &[("names", &lines)],
    ))
}

/// A DNS subdomain of at most 253 characters, as names of Node objects are.
fn is_node_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Addresses that the hosts file gives a name.
fn addresses_in(hosts: &str, name: &str) -> Vec<String> {
    let lines = hosts.lines().filter_map(|line| line.split('#').next());
    let found = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?;
        words
            .any(|word| word.eq_ignore_ascii_case(name))
            .then(|| address.to_owned())
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_name_with_an_underscore_is_no_node_name() {
        let scratch = Scratch::new();
        std::fs::create_dir_all(scratch.path().join("etc")).unwrap();
        std::fs::write(scratch.path().join("etc/hostname"), "Node_1\n").unwrap();
        std::fs::write(scratch.path().join("etc/hosts"), "127.0.1.1 node_1 # x\n").unwrap();
        let mut host = Host::direct(scratch.path());
        let fact: Value =
            serde_json::from_str(&own_names(&mut host, &Node::default()).unwrap()).unwrap();
        let name = &fact["names"][0];
        assert_eq!(name["valid"], false);
        assert_eq!(name["lower_case"], false);
        assert_eq!(name["in_hosts"], json!(["127.0.1.1"]));
        assert!(is_node_name("worker-1.example.com"));
        assert!(!is_node_name("worker-1.") && !is_node_name("-a"));
    }

    #[test]
    fn a_password_file_is_no_resolv_conf() {
        assert!(is_resolv_conf(
            b"# x\nnameserver 10.0.0.2\noptions ndots:5\n"
        ));
        assert!(!is_resolv_conf(b"root:x:0:0:root:/root:/bin/bash\n"));
    }
}
