//! The pod network: its configuration, its plugins, what agents leave behind.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "cni",
    about: "the pod network",
    items: &[
        Item {
            name: "config",
            catalog: "N1",
            kind: "cni-config",
            source: Source::Folder {
                path: "/etc/cni/net.d",
                names: &["*.conf", "*.conflist", "*.json"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "no configuration, two that compete, invalid JSON, old cniVersion",
        },
        listing("config-folder", "N1", "/etc/cni/net.d"),
        listing("plugins", "N2", "/opt/cni/bin"),
        listing("plugins-usr", "N2", "/usr/libexec/cni"),
        listing("plugins-gke", "N2", "/home/kubernetes/bin"),
        folder("k3s", "N1", "/var/lib/rancher/k3s/agent/etc/cni/net.d"),
        folder("openshift", "N1", "/etc/kubernetes/cni/net.d"),
        Item {
            name: "flannel",
            catalog: "N3",
            kind: "cni-state",
            source: Source::File("/run/flannel/subnet.env"),
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "the agent has its subnet, or has not",
        },
        Item {
            name: "calico-nodename",
            catalog: "N3",
            kind: "cni-state",
            source: Source::File("/var/lib/calico/nodename"),
            cap: 4 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "the node was renamed under the agent",
        },
    ],
};

const fn listing(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "a configuration or plugin program is missing",
    }
}

const fn folder(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "cni-config",
        source: Source::Folder {
            path,
            names: &["*.conf", "*.conflist", "*.json"],
            depth: 0,
        },
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "this distribution keeps its configuration here",
    }
}
