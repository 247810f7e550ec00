//! Links, addresses, routes and sockets, from `/proc` and `/sys`.

use crate::host::Host;
use crate::host::wire::Keep;
use crate::node::Node;
use crate::spec::{Item, KIB, Rewritten, Sensitivity, Source, Spec, Tier, has_ending};

pub(crate) const SPEC: Spec = Spec {
    name: "network",
    about: "links, addresses, routes, sockets",
    items: &[
        fact(
            "links",
            "W1 N5",
            "network",
            crate::network::facts,
            "no default route, link down, wrong address",
        ),
        fact(
            "sockets",
            "W2 W3",
            "sockets",
            crate::sockets::facts,
            "port taken and by whom, connections that hang",
        ),
        fact(
            "routing",
            "W1",
            "routing",
            crate::routing::facts,
            "tables and rules that send traffic elsewhere, a neighbour that does not answer",
        ),
        file("proc-udp", "W2", "/proc/net/udp"),
        file("proc-udp6", "W2", "/proc/net/udp6"),
        file("proc-arp", "W1", "/proc/net/arp"),
        file("proc-route", "W1", "/proc/net/route"),
        file("proc-route6", "W1", "/proc/net/ipv6_route"),
        file("proc-addresses", "W1", "/proc/net/fib_trie"),
        file("proc-addresses6", "W1", "/proc/net/if_inet6"),
        file("proc-dev", "W1 W8", "/proc/net/dev"),
        file("proc-tcp", "W2 W3", "/proc/net/tcp"),
        file("proc-tcp6", "W2 W3", "/proc/net/tcp6"),
        file("proc-snmp", "W8", "/proc/net/snmp"),
        file("networks", "W9", "/etc/networks"),
        Item {
            name: "netplan",
            catalog: "W9",
            kind: "network-config",
            source: Source::Folder {
                path: "/etc/netplan",
                names: &["*.yaml"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "a static setting that is wrong",
        },
        Item {
            name: "networkd",
            catalog: "W9 N6",
            kind: "network-config",
            source: Source::Folder {
                path: "/etc/systemd/network",
                names: &["*.network", "*.netdev", "*.link"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "a static setting that is wrong, foreign routes removed",
        },
        Item {
            name: "interfaces",
            catalog: "W9",
            kind: "network-config",
            source: Source::File("/etc/network/interfaces"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "a static setting that is wrong",
        },
        config(
            "networkd-run",
            "W9 N6",
            "/run/systemd/network",
            &["*.network", "*.netdev", "*.link"],
        ),
        config("interfaces-d", "W9", "/etc/network/interfaces.d", &["*"]),
        config(
            "ifcfg",
            "W9",
            "/etc/sysconfig/network-scripts",
            &["ifcfg-*", "route-*", "rule-*"],
        ),
        config(
            "ifcfg-suse",
            "W9",
            "/etc/sysconfig/network",
            &["ifcfg-*", "routes", "config"],
        ),
        config(
            "network-manager-lib",
            "N6",
            "/usr/lib/NetworkManager/conf.d",
            &["*.conf"],
        ),
        config(
            "network-manager-run",
            "N6",
            "/run/NetworkManager/conf.d",
            &["*.conf"],
        ),
        Item {
            name: "network-manager-main",
            catalog: "N6",
            kind: "network-config",
            source: Source::File("/etc/NetworkManager/NetworkManager.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "pod interfaces that are not left alone",
        },
        Item {
            name: "connections",
            catalog: "W9",
            kind: "network-config",
            source: Source::Rewritten {
                what: "sections [connection], [ipv4] and [ipv6] of NetworkManager's connections",
                make: connections,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "a static setting that is wrong",
        },
        Item {
            name: "network-manager",
            catalog: "N6",
            kind: "network-config",
            source: Source::Folder {
                path: "/etc/NetworkManager/conf.d",
                names: &["*.conf"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "pod interfaces that are not left alone",
        },
    ],
};

const fn config(
    name: &'static str,
    catalog: &'static str,
    path: &'static str,
    names: &'static [&'static str],
) -> Item {
    Item {
        name,
        catalog,
        kind: "network-config",
        source: Source::Folder {
            path,
            names,
            depth: 0,
        },
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "a static setting that is wrong, routes or links of pods that are removed",
    }
}

/// Keys of wireless and 802.1x connections never get as far as the redactor.
fn connections(host: &mut Host, _: &Node) -> Vec<Rewritten> {
    let mut found = Vec::new();
    for folder in CONNECTIONS {
        let Ok(listing) = host.list(folder) else {
            continue;
        };
        let names = listing.entries.into_iter().map(|entry| entry.name);
        for name in names
            .filter(|name| has_ending(name, "nmconnection"))
            .take(50)
        {
            let path = format!("{folder}/{name}");
            let taken = host
                .read_once(&path, 64 * KIB, Keep::Start)
                .map(|mut taken| {
                    taken.bytes = harmless_sections(&taken.text()).into_bytes();
                    taken
                });
            found.push((path, taken));
        }
    }
    found
}

fn harmless_sections(text: &str) -> String {
    let mut kept = String::new();
    let mut harmless = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            harmless = matches!(trimmed, "[connection]" | "[ipv4]" | "[ipv6]" | "[ethernet]");
        }
        if harmless {
            kept.push_str(line);
        }
        // An empty line stands for one that is left out, so that line N is line N of the file.
        kept.push('\n');
    }
    kept
}

const CONNECTIONS: &[&str] = &[
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
];

const fn file(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "network",
        source: Source::File(path),
        cap: 256 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Identifying,
        reason: "the kernel's own tables",
    }
}

const fn fact(
    name: &'static str,
    catalog: &'static str,
    topic: &'static str,
    make: fn(&mut Host, &Node) -> Result<String, crate::host::wire::Failure>,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "network",
        source: Source::Fact { topic, make },
        cap: 256 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wireless_key_is_left_out_and_lines_keep_their_numbers() {
        let text = "[connection]\nid=a\n[wifi-security]\npsk=hunter2\n[ipv4]\nmethod=auto\n";
        assert_eq!(
            harmless_sections(text),
            "[connection]\nid=a\n\n\n[ipv4]\nmethod=auto\n"
        );
    }
}
