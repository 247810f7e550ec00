//! What the kernel can do and how much of its limits is used.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::Node;
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier, anything};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SPEC: Spec = Spec {
    name: "kernel",
    about: "kernel modules, control groups, limits in use",
    items: &[
        fact(
            "modules",
            "O3",
            "kernel-modules",
            modules,
            "a module that a small kernel lacks",
        ),
        fact(
            "limits",
            "O5",
            "limits",
            limits,
            "inotify, process or descriptor numbers that are used up",
        ),
        Item {
            name: "config",
            catalog: "O3",
            kind: "kernel-config",
            source: Source::Named {
                what: "the kernel's build configuration in /boot",
                paths: |node| {
                    node.kernel
                        .iter()
                        .map(|kernel| format!("/boot/config-{kernel}"))
                        .collect()
                },
                accepts: anything,
            },
            cap: 512 * KIB,
            tier: Tier::T2,
            sensitivity: Sensitivity::Public,
            reason: "what the kernel was built with",
        },
        folder("cgroup-pods", "/sys/fs/cgroup/kubepods.slice"),
        folder("cgroup-pods-plain", "/sys/fs/cgroup/kubepods"),
        folder("cgroup-systemd", "/sys/fs/cgroup/systemd"),
        folder("cgroup-pids", "/sys/fs/cgroup/pids"),
    ],
};

const fn fact(
    name: &'static str,
    catalog: &'static str,
    topic: &'static str,
    make: fn(&mut Host, &Node) -> Result<String, Failure>,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "kernel",
        source: Source::Fact { topic, make },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason,
    }
}

const fn folder(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "O2",
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "which version of control groups, and whether the kubelet made its own",
    }
}

/// `facts/kernel-modules.json`: of each module that Kubernetes may need, whether it is in the kernel and could be.
fn modules(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let loaded = host.line("/proc/modules");
    let folder = node
        .kernel
        .as_ref()
        .map(|kernel| format!("/lib/modules/{kernel}"));
    let mut names = |file: &str| {
        let path = format!("{}/{file}", folder.as_ref()?);
        let taken = host.read_once(&path, 4 * MIB, Keep::Start).ok()?;
        Some(module_names(&taken.text()))
    };
    let built_in = names("modules.builtin");
    let available = names("modules.dep");
    if loaded.is_none() && available.is_none() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no modules in this tree",
        ));
    }
    let loaded: Option<BTreeSet<String>> = loaded.map(|text| {
        let names = text.lines().filter_map(|line| line.split(' ').next());
        names.map(plain).collect()
    });
    let found: Vec<Value> = MODULES
        .iter()
        .map(|name| {
            let within = |names: &Option<BTreeSet<String>>| {
                names.as_ref().map(|names| names.contains(*name))
            };
            let present = host.stat(&format!("/sys/module/{name}")).is_ok();
            json!({
                "name": name,
                "loaded": within(&loaded).map(|loaded| loaded || present),
                "built_in": within(&built_in),
                "available": within(&available),
            })
        })
        .collect();
    Ok(facts::list("modules", &found))
}

/// Names in `modules.dep` and `modules.builtin`: `kernel/net/bridge/br_netfilter.ko.xz: …`
fn module_names(text: &str) -> BTreeSet<String> {
    let paths = text.lines().filter_map(|line| line.split(':').next());
    let files = paths.filter_map(|path| path.rsplit('/').next());
    files
        .filter_map(|file| file.split(".ko").next())
        .map(plain)
        .collect()
}

fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// `facts/limits.json`: limits with what is used of them, and who holds inotify instances.
fn limits(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut found = Vec::new();
    if let Some(files) = host.line("/proc/sys/fs/file-nr") {
        let fields: Vec<u64> = files
            .split_whitespace()
            .filter_map(|field| field.parse().ok())
            .collect();
        if let [used, _, limit] = *fields.as_slice() {
            found.push(json!({"name": "open files", "used": used, "limit": limit}));
        }
    }
    let number =
        |host: &mut Host, path: &str| host.line(path).and_then(|text| text.parse::<u64>().ok());
    let threads = host.line("/proc/loadavg").and_then(|text| {
        let field = text.split(' ').nth(3)?.split_once('/')?.1;
        field.parse::<u64>().ok()
    });
    for (name, path) in [
        ("threads of pid_max", "/proc/sys/kernel/pid_max"),
        ("threads of threads-max", "/proc/sys/kernel/threads-max"),
        ("tasks of the pids controller", "/sys/fs/cgroup/pids.max"),
    ] {
        if let Some(limit) = number(host, path) {
            found.push(json!({"name": name, "used": threads, "limit": limit}));
        }
    }
    let used = number(host, "/proc/sys/net/netfilter/nf_conntrack_count");
    if let Some(limit) = number(host, "/proc/sys/net/netfilter/nf_conntrack_max") {
        found.push(json!({"name": "conntrack entries", "used": used, "limit": limit}));
    }
    let instances = inotify(node);
    if let Some(limit) = number(host, "/proc/sys/fs/inotify/max_user_instances") {
        for (uid, count) in &instances {
            let uid = uid.map_or_else(|| "unknown".to_owned(), |uid| uid.to_string());
            found.push(
                json!({"name": "inotify instances", "user": uid, "used": count, "limit": limit}),
            );
        }
    }
    if found.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no limits in this tree",
        ));
    }
    Ok(facts::document(
        &[("processes_not_seen", json!(node.hidden_processes()))],
        &[("limits", &found), ("inotify", &holders(node))],
    ))
}

/// inotify instances by user.
fn inotify(node: &Node) -> BTreeMap<Option<u32>, u64> {
    let mut users = BTreeMap::new();
    for held in &node.descriptors {
        if held.inotify > 0 {
            *users.entry(held.uid).or_default() += held.inotify;
        }
    }
    users
}

/// The twenty processes with the most inotify instances.
fn holders(node: &Node) -> Vec<Value> {
    let mut held: Vec<_> = node
        .descriptors
        .iter()
        .filter(|held| held.inotify > 0)
        .collect();
    held.sort_by_key(|held| (std::cmp::Reverse(held.inotify), held.pid));
    held.iter()
        .take(20)
        .map(|held| json!({"pid": held.pid, "process": held.comm, "instances": held.inotify}))
        .collect()
}

const MODULES: &[&str] = &[
    "bridge",
    "br_netfilter",
    "ip6_tables",
    "ip6table_filter",
    "ip6table_nat",
    "ip_set",
    "ip_tables",
    "ip_vs",
    "ip_vs_rr",
    "ip_vs_sh",
    "ip_vs_wrr",
    "iptable_filter",
    "iptable_mangle",
    "iptable_nat",
    "ipip",
    "nf_conntrack",
    "nf_nat",
    "nf_tables",
    "nft_chain_nat",
    "nft_compat",
    "overlay",
    "rbd",
    "veth",
    "vxlan",
    "wireguard",
    "xt_MASQUERADE",
    "xt_addrtype",
    "xt_comment",
    "xt_conntrack",
    "xt_mark",
    "xt_multiport",
    "xt_set",
    "xt_statistic",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::descriptors::Descriptors;
    use crate::scratch::Scratch;

    #[test]
    fn a_module_is_loaded_built_in_or_available() {
        let scratch = Scratch::new();
        let modules_of = scratch.path().join("lib/modules/6.1.0");
        std::fs::create_dir_all(&modules_of).unwrap();
        std::fs::create_dir_all(scratch.path().join("proc")).unwrap();
        std::fs::write(
            modules_of.join("modules.dep"),
            "kernel/net/br-netfilter.ko.xz: kernel/x.ko\n",
        )
        .unwrap();
        std::fs::write(modules_of.join("modules.builtin"), "kernel/fs/overlay.ko\n").unwrap();
        std::fs::write(scratch.path().join("proc/modules"), "veth 1 0 - Live 0x0\n").unwrap();
        let node = Node {
            kernel: Some("6.1.0".to_owned()),
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let fact: Value = serde_json::from_str(&modules(&mut host, &node).unwrap()).unwrap();
        let of = |name: &str| {
            let modules = fact["modules"].as_array().unwrap();
            modules
                .iter()
                .find(|module| module["name"] == name)
                .unwrap()
                .clone()
        };
        assert_eq!(of("br_netfilter")["available"], true);
        assert_eq!(of("br_netfilter")["loaded"], false);
        assert_eq!(of("overlay")["built_in"], true);
        assert_eq!(of("veth")["loaded"], true);
    }

    #[test]
    fn inotify_instances_are_counted_by_user() {
        let scratch = Scratch::new();
        let sys = scratch.path().join("proc/sys/fs/inotify");
        std::fs::create_dir_all(&sys).unwrap();
        std::fs::write(sys.join("max_user_instances"), "128\n").unwrap();
        let held = |pid, inotify| Descriptors {
            pid,
            comm: "kubelet".to_owned(),
            uid: Some(0),
            inotify,
            ..Descriptors::default()
        };
        let node = Node {
            descriptors: vec![held(1, 3), held(2, 120), held(3, 0)],
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let fact: Value = serde_json::from_str(&limits(&mut host, &node).unwrap()).unwrap();
        assert_eq!(
            fact["limits"],
            json!([{"name": "inotify instances", "user": "0", "used": 123, "limit": 128}])
        );
        assert_eq!(fact["inotify"][0]["pid"], 2);
    }
}
