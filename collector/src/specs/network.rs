//! Links, addresses, routes and sockets, from `/proc` and `/sys`.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

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
    make: fn(
        &mut crate::host::Host,
        &crate::node::Node,
    ) -> Result<String, crate::host::wire::Failure>,
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
