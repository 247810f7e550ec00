//! The pod network's plugins: which the configurations need, which are there, and what agents keep.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier, has_ending};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const SPEC: Spec = Spec {
    name: "plugins",
    about: "plugins of the pod network and their state",
    items: &[
        Item {
            name: "needed",
            catalog: "N1 N2",
            kind: "cni-facts",
            source: Source::Fact {
                topic: "cni",
                make: needed,
            },
            cap: 32 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "a plugin that a configuration names and no folder has; which configuration is first",
        },
        Item {
            name: "state",
            catalog: "N3",
            kind: "cni-facts",
            source: Source::Fact {
                topic: "cni-state",
                make: state,
            },
            cap: 32 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "addresses that ran out, agents that never came up",
        },
        listing("calico", "/var/run/calico"),
        listing("cilium", "/var/run/cilium"),
        listing("calico-state", "/var/lib/calico"),
        listing("networks", "/var/lib/cni/networks"),
    ],
};

const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "N3",
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "what an agent left behind",
    }
}

/// `facts/cni.json`
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn needed(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let (config_folders, program_folders) = folders(host);
    let mut present = BTreeSet::new();
    let mut listed = true;
    for folder in &program_folders {
        match host.list(folder) {
            Ok(listing) => present.extend(listing.entries.into_iter().map(|entry| entry.name)),
            Err(failure) => listed &= failure.outcome == Outcome::Absent,
        }
    }
    let mut configs = Vec::new();
    let mut read = Vec::new();
    for folder in &config_folders {
        let listing = match host.list(folder) {
            Ok(listing) => listing,
            Err(failure) => {
                read.extend((failure.outcome == Outcome::Absent).then_some(folder));
                continue;
            }
        };
        read.push(folder);
        let names = listing.entries.into_iter().map(|entry| entry.name);
        let names =
            names.filter(|name| CONFIG_ENDINGS.iter().any(|ending| has_ending(name, ending)));
        for (at, name) in names.enumerate() {
            let path = format!("{folder}/{name}");
            configs.push(config(host, &path, at == 0, listed.then_some(&present)));
        }
    }
    Ok(facts::document(
        &[
            ("config_folders", json!(config_folders)),
            ("config_folders_read", json!(read)),
            ("program_folders", json!(program_folders)),
        ],
        &[("configs", &configs)],
    ))
}

/// Folders of configurations and of programs that runtimes name, and the usual ones.
fn folders(host: &mut Host) -> (Vec<String>, Vec<String>) {
    let (mut configs, mut programs) = (Vec::new(), Vec::new());
    for path in RUNTIME_CONFIGS {
        let Ok(taken) = host.read(path, 256 * KIB) else {
            continue;
        };
        for line in taken.text().lines() {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let named = value
                .split('"')
                .filter(|part| part.starts_with('/'))
                .map(str::to_owned);
            match key.trim() {
                "conf_dir" | "network_dir" => configs.extend(named),
                "bin_dir" | "bin_dirs" | "plugin_dirs" => programs.extend(named),
                _ => {}
            }
        }
    }
    // The usual folders count only where no configuration names another.
    let or_usual = |named: Vec<String>, usual: &str| {
        let trimmed = named
            .into_iter()
            .map(|path| path.trim_end_matches('/').to_owned());
        let mut paths = unique(trimmed);
        if paths.is_empty() {
            paths.push(usual.to_owned());
        }
        paths
    };
    (
        or_usual(configs, "/etc/cni/net.d"),
        or_usual(programs, "/opt/cni/bin"),
    )
}

fn config(host: &mut Host, path: &str, first: bool, present: Option<&BTreeSet<String>>) -> Value {
    let parsed: Option<Value> = host
        .read(path, 256 * KIB)
        .ok()
        .and_then(|taken| serde_json::from_slice(&taken.bytes).ok());
    let Some(parsed) = parsed else {
        return json!({"path": path, "first": first, "parses": false});
    };
    let types = plugin_types(&parsed);
    let missing: Option<Vec<&String>> = present.map(|present| {
        types
            .iter()
            .filter(|name| !present.contains(*name))
            .collect()
    });
    json!({
        "path": path,
        "first": first,
        "parses": true,
        "name": parsed.get("name"),
        "cni_version": parsed.get("cniVersion"),
        "types": types,
        "missing": missing,
    })
}

/// Programs that a configuration runs: plugins and their address managers, in order.
fn plugin_types(config: &Value) -> Vec<String> {
    let own = config.get("plugins").and_then(Value::as_array);
    let plugins = own.map_or_else(|| vec![config], |plugins| plugins.iter().collect());
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let types = plugins.into_iter().flat_map(|plugin| {
        let manager = plugin.get("ipam").and_then(|ipam| ipam.get("type"));
        [text(plugin.get("type")), text(manager)]
            .into_iter()
            .flatten()
    });
    unique(types)
}

/// `facts/cni-state.json`: how many addresses are given out, and which agents are there.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn state(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut pools = Vec::new();
    if let Ok(listing) = host.list("/var/lib/cni/networks") {
        for entry in listing
            .entries
            .iter()
            .filter(|entry| entry.kind == "dir")
            .take(50)
        {
            let leases = host.list(&format!("/var/lib/cni/networks/{}", entry.name));
            let count = leases.map(|leases| {
                let names = leases.entries.iter().map(|lease| lease.name.as_str());
                names
                    .filter(|name| name.starts_with(|c: char| c.is_ascii_digit()))
                    .count()
            });
            pools.push(json!({"network": entry.name, "leases": count.ok()}));
        }
    }
    for path in POOL_FILES {
        if let Ok(taken) = host.read_once(path, 4 * MIB, Keep::Start) {
            let text = taken.text();
            let count = text
                .matches("\"IPv4\"")
                .count()
                .max(text.matches("\"containerID\"").count());
            pools.push(json!({"path": path, "bytes": taken.info.size, "entries": count}));
        }
    }
    let mut agents = Vec::new();
    for path in AGENT_PATHS {
        if let Ok(stat) = host.stat(path) {
            let time = crate::clock::rfc3339(stat.attributes.mtime);
            agents.push(json!({"path": path, "kind": stat.kind, "mtime": time}));
        }
    }
    Ok(facts::document(
        &[],
        &[("pools", &pools), ("agents", &agents)],
    ))
}

const CONFIG_ENDINGS: &[&str] = &["conf", "conflist", "json"];

const RUNTIME_CONFIGS: &[&str] = &[
    "/etc/containerd/config.toml",
    "/etc/crio/crio.conf",
    "/etc/cri/containerd.toml",
    "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
    "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
    "/var/snap/microk8s/current/args/containerd.toml",
    "/etc/k0s/containerd.toml",
];

const POOL_FILES: &[&str] = &[
    "/var/run/aws-node/ipam.json",
    "/run/azure-vnet.json",
    "/run/azure-vnet-ipam.json",
    "/var/lib/cni/networks/host-local-cache.json",
];

const AGENT_PATHS: &[&str] = &[
    "/run/flannel/subnet.env",
    "/var/lib/calico/nodename",
    "/var/lib/calico/mtu",
    "/var/run/calico/cni-plugin.sock",
    "/var/run/cilium/cilium.sock",
    "/var/run/cilium/health.sock",
    "/var/run/cilium/cilium.pid",
    "/var/run/multus/multus.sock",
    "/etc/openvswitch/conf.db",
    "/var/run/ovn-kubernetes/cni/ovn-cni-server.sock",
    "/var/run/aws-node/ipam.json",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::tree;

    #[test]
    fn a_plugin_that_no_folder_has_is_missing() {
        let list = r#"{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge","ipam":{"type":"host-local"}},{"type":"portmap"}]}"#;
        let (_scratch, mut host) = tree(&[
            ("etc/cni/net.d/10-a.conflist", list),
            ("etc/cni/net.d/20-b.conf", "{"),
            (
                "etc/containerd/config.toml",
                "[x]\n  bin_dir = \"/usr/lib/cni\"\n",
            ),
            ("usr/lib/cni/bridge", "x"),
            ("usr/lib/cni/portmap", "x"),
        ]);
        let fact: Value =
            serde_json::from_str(&needed(&mut host, &Node::default()).unwrap()).unwrap();
        assert_eq!(fact["program_folders"], json!(["/usr/lib/cni"]));
        assert_eq!(
            fact["configs"][0]["types"],
            json!(["bridge", "host-local", "portmap"])
        );
        assert_eq!(fact["configs"][0]["missing"], json!(["host-local"]));
        assert_eq!(fact["configs"][0]["first"], true);
        assert_eq!(fact["configs"][1]["parses"], false);
    }

    #[test]
    fn leases_are_counted_without_their_locks() {
        let (_scratch, mut host) = tree(&[
            ("var/lib/cni/networks/cbr0/10.0.0.2", "a"),
            ("var/lib/cni/networks/cbr0/lock", ""),
            ("var/lib/cni/networks/cbr0/last_reserved_ip.0", "10.0.0.2"),
        ]);
        let fact: Value =
            serde_json::from_str(&state(&mut host, &Node::default()).unwrap()).unwrap();
        assert_eq!(fact["pools"][0], json!({"network": "cbr0", "leases": 1}));
    }
}
