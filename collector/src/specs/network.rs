//! Links, addresses, routes and sockets, from `/proc` and `/sys`.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "network",
    about: "links, addresses, routes, sockets",
    items: &[
        fact(
            "links",
            "network",
            crate::network::facts,
            "no default route, link down, wrong address",
        ),
        fact(
            "sockets",
            "sockets",
            crate::sockets::facts,
            "port taken and by whom, connections that hang",
        ),
        file("proc-route", "/proc/net/route"),
        file("proc-route6", "/proc/net/ipv6_route"),
        file("proc-addresses", "/proc/net/fib_trie"),
        file("proc-addresses6", "/proc/net/if_inet6"),
        file("proc-dev", "/proc/net/dev"),
        file("proc-tcp", "/proc/net/tcp"),
        file("proc-tcp6", "/proc/net/tcp6"),
        file("proc-snmp", "/proc/net/snmp"),
        file("networks", "/etc/networks"),
        Item {
            name: "netplan",
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
            kind: "network-config",
            source: Source::File("/etc/network/interfaces"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "a static setting that is wrong",
        },
        Item {
            name: "network-manager",
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

const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
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
    topic: &'static str,
    make: fn(
        &mut crate::host::Host,
        &crate::node::Node,
    ) -> Result<String, crate::host::wire::Failure>,
    reason: &'static str,
) -> Item {
    Item {
        name,
        kind: "network",
        source: Source::Fact { topic, make },
        cap: 256 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}
