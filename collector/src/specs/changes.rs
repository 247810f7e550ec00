//! What changed lately: files of the node's configuration and its programs, newest first.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use chrono::{DateTime, TimeDelta, Utc};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const SPEC: Spec = Spec {
    name: "changes",
    about: "what changed in the last seven days",
    items: &[Item {
        name: "files",
        catalog: "O13",
        kind: "changes",
        source: Source::Fact {
            topic: "changes",
            make: changes,
        },
        cap: 32 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "the change after which it stopped working",
    }],
};

/// `facts/changes.json`: files whose content changed within seven days before the node's time, and the node's starts.
fn changes(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let Some(now) = node_time(host, node) else {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "the node's time is not known",
        ));
    };
    let oldest = now - TimeDelta::days(DAYS);
    let mut found: BTreeSet<(DateTime<Utc>, String)> = BTreeSet::new();
    for folder in FOLDERS {
        let Ok(listing) = host.list(folder) else {
            continue;
        };
        for entry in listing.entries {
            let path = format!("{folder}/{}", entry.name);
            if entry.kind != "dir" && entry.mtime >= oldest && entry.mtime <= now {
                found.insert((entry.mtime, path));
            }
        }
    }
    for path in &node.programs {
        if let Ok(stat) = host.stat(path)
            && stat.attributes.mtime >= oldest
            && stat.attributes.mtime <= now
        {
            found.insert((stat.attributes.mtime, path.clone()));
        }
    }
    let files: Vec<Value> = found
        .into_iter()
        .rev()
        .take(MAX_FILES)
        .map(|(time, path)| json!({"time": crate::clock::rfc3339(time), "path": path}))
        .collect();
    let starts: Vec<Value> = node
        .boots
        .iter()
        .rev()
        .take(10)
        .map(|(boot, time)| {
            let time = crate::clock::rfc3339(crate::clock::from_microseconds(*time));
            json!({"time": time, "boot": boot})
        })
        .collect();
    Ok(facts::document(
        &[],
        &[("files", &files), ("starts", &starts)],
    ))
}

fn node_time(host: &Host, node: &Node) -> Option<DateTime<Utc>> {
    if host.is_live() {
        return Some(host.clock().now());
    }
    node.newest_record.map(crate::clock::from_microseconds)
}

const DAYS: i64 = 7;
const MAX_FILES: usize = 200;

const FOLDERS: &[&str] = &[
    "/etc",
    "/etc/cni/net.d",
    "/etc/containerd",
    "/etc/containerd/conf.d",
    "/etc/crio",
    "/etc/crio/crio.conf.d",
    "/etc/default",
    "/etc/docker",
    "/etc/kubernetes",
    "/etc/kubernetes/kubelet",
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/pki",
    "/etc/modprobe.d",
    "/etc/modules-load.d",
    "/etc/netplan",
    "/etc/network",
    "/etc/NetworkManager/conf.d",
    "/etc/profile.d",
    "/etc/rancher/k3s",
    "/etc/rancher/rke2",
    "/etc/sysconfig",
    "/etc/sysctl.d",
    "/etc/systemd",
    "/etc/systemd/network",
    "/etc/systemd/system",
    "/etc/systemd/system/containerd.service.d",
    "/etc/systemd/system/kubelet.service.d",
    "/opt/cni/bin",
    "/usr/local/bin",
    "/usr/local/share/ca-certificates",
    "/var/lib/kubelet",
    "/var/lib/kubelet/pki",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_was_written_just_now_is_a_change_and_what_is_older_is_none() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("etc/kubernetes");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("kubelet.conf"), "x").unwrap();
        let old = std::fs::File::create(folder.join("admin.conf")).unwrap();
        let long_ago =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        old.set_modified(long_ago).unwrap();
        let soon = Utc::now() + TimeDelta::minutes(1);
        let node = Node {
            newest_record: u64::try_from(soon.timestamp_micros()).ok(),
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let fact: Value = serde_json::from_str(&changes(&mut host, &node).unwrap()).unwrap();
        let files = fact["files"].as_array().unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0]["path"], "/etc/kubernetes/kubelet.conf");
        assert!(changes(&mut host, &Node::default()).is_err());
    }
}
