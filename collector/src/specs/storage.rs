//! What the kubelet and the runtime keep on disk: pods, mounts, checkpoints, snapshots; what fills a disk.

use crate::facts;
use crate::host::Host;
use crate::host::mounts::unescape;
use crate::host::wire::{Failure, Keep, Listing};
use crate::node::Node;
use crate::spec::{Item, KIB, MIB, Rewritten, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) const SPEC: Spec = Spec {
    name: "storage",
    about: "what the kubelet and the runtime keep on disk",
    items: &[
        Item {
            name: "kubelet",
            catalog: "K12 K7 K6",
            kind: "storage",
            source: Source::Fact {
                topic: "kubelet-root",
                make: kubelet,
            },
            cap: 32 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "slow start, volumes left behind, checkpoints of devices",
        },
        Item {
            name: "runtime",
            catalog: "CR9",
            kind: "storage",
            source: Source::Fact {
                topic: "runtime-storage",
                make: runtime,
            },
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "a full disk, a database that grew without end",
        },
        Item {
            name: "mountinfo",
            catalog: "O9",
            kind: "mounts",
            source: Source::Rewritten {
                what: "/proc/1/mountinfo without the mounts of pods and containers",
                make: mountinfo,
            },
            cap: 128 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "noexec or nosuid, wrong propagation, a missing or a dead mount; pods' mounts are counted in facts/kubelet-root.json",
        },
        Item {
            name: "largest",
            catalog: "O11",
            kind: "storage",
            source: Source::Fact {
                topic: "largest-folders",
                make: largest,
            },
            cap: 32 * KIB,
            tier: Tier::T2,
            sensitivity: Sensitivity::Public,
            reason: "what fills the disk; a walk of at most 5 seconds",
        },
    ],
};

/// `facts/kubelet-root.json`
fn kubelet(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mounts = mount_points(host);
    let mut roots = Vec::new();
    for root in node.kubelet_roots() {
        if host.stat(&root).is_ok() {
            roots.push(kubelet_root(host, &root, &mounts));
        }
    }
    if roots.is_empty() {
        return Err(Failure::new(Outcome::Absent, "no root folder of a kubelet"));
    }
    Ok(facts::list("roots", &roots))
}

fn kubelet_root(host: &mut Host, root: &str, mounts: &[String]) -> Value {
    let mut fields = Map::new();
    fields.insert("path".into(), json!(root));
    let below = |folder: &str| {
        mounts
            .iter()
            .filter(|point| point.starts_with(folder))
            .count()
    };
    fields.insert("mounts".into(), json!(below(&format!("{root}/"))));
    fields.insert(
        "is_mount".into(),
        json!(mounts.iter().any(|point| point == root)),
    );
    if let Ok(pods) = host.list(&format!("{root}/pods")) {
        let names: Vec<&str> = pods
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        fields.insert("pods".into(), json!(names.len()));
        let bare = names
            .iter()
            .filter(|name| below(&format!("{root}/pods/{name}/")) == 0);
        let bare: Vec<&&str> = bare.collect();
        fields.insert("pods_without_mounts".into(), json!(bare.len()));
        fields.insert(
            "first_of_them".into(),
            json!(bare.iter().take(20).collect::<Vec<_>>()),
        );
    }
    for (key, folder) in [
        ("plugins", "plugins_registry"),
        ("device_plugins", "device-plugins"),
        ("pod_resources", "pod-resources"),
        ("seccomp", "seccomp"),
        ("checkpoints", "checkpoints"),
    ] {
        if let Ok(listing) = host.list(&format!("{root}/{folder}")) {
            let names = listing
                .entries
                .iter()
                .take(50)
                .map(|entry| entry.name.as_str());
            fields.insert(key.into(), json!(names.collect::<Vec<_>>()));
        }
    }
    let path = format!("{root}/device-plugins/kubelet_internal_checkpoint");
    if let Ok(taken) = host.read_once(&path, MIB, Keep::Start) {
        fields.insert("device_checkpoint".into(), checkpoint(&taken.bytes));
    }
    Value::Object(fields)
}

/// Whether the device checkpoint can be read, its checksum and its size; devices of pods stay where they are.
fn checkpoint(bytes: &[u8]) -> Value {
    let Ok(parsed) = serde_json::from_slice::<Value>(bytes) else {
        return json!({"parses": false, "bytes": bytes.len()});
    };
    let data = parsed.get("Data");
    let entries = data
        .and_then(|data| data.get("PodDeviceEntries"))
        .and_then(Value::as_array);
    let devices = data
        .and_then(|data| data.get("RegisteredDevices"))
        .and_then(Value::as_object);
    json!({
        "parses": true,
        "checksum": parsed.get("Checksum"),
        "pod_entries": entries.map_or(0, Vec::len),
        "resources": devices.map(|devices| devices.keys().collect::<Vec<_>>()),
    })
}

fn mount_points(host: &mut Host) -> Vec<String> {
    let text = mount_table(host).unwrap_or_default();
    let points = text.lines().filter_map(|line| line.split(' ').nth(4));
    points.map(unescape).collect()
}

fn mount_table(host: &mut Host) -> Option<String> {
    ["/proc/1/mountinfo", "/proc/self/mountinfo"]
        .iter()
        .find_map(|path| {
            let taken = host.read_once(path, 8 * MIB, Keep::Start).ok()?;
            Some(taken.text()).filter(|text| !text.is_empty())
        })
}

/// Hundreds of pods have thousands of mounts, and every one of them looks like the next.
fn mountinfo(host: &mut Host, _: &Node) -> Vec<Rewritten> {
    let path = "/proc/1/mountinfo";
    let taken = host.read_once(path, 8 * MIB, Keep::Start).map(|mut taken| {
        let text = taken.text();
        let kept = text.split_inclusive('\n').filter(|line| !is_of_pod(line));
        taken.bytes = kept.collect::<String>().into_bytes();
        taken
    });
    vec![(path.to_owned(), taken)]
}

fn is_of_pod(line: &str) -> bool {
    let point = line.split(' ').nth(4).unwrap_or_default();
    point.contains("/pods/")
        || point.starts_with("/run/containerd/io.containerd.")
        || point.starts_with("/run/netns/")
        || point.starts_with("/run/k3s/containerd/io.containerd.")
        || point.contains("/overlay-containers/")
        || point.contains("/overlay/") && point.ends_with("/merged")
}

/// `facts/runtime-storage.json`
fn runtime(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut roots = Vec::new();
    for root in RUNTIME_ROOTS {
        let Ok(stat) = host.stat(root) else {
            continue;
        };
        let mut fields = Map::new();
        fields.insert("path".into(), json!(root));
        fields.insert("mode".into(), json!(stat.attributes.mode));
        if host.is_live()
            && let Ok(space) = host.space(root)
        {
            fields.insert("bytes_available".into(), json!(space.bytes_available));
            fields.insert("inodes_available".into(), json!(space.inodes_available));
            fields.insert("read_only".into(), json!(space.read_only));
        }
        let metadata = format!("{root}/io.containerd.metadata.v1.bolt/meta.db");
        if let Ok(stat) = host.stat(&metadata) {
            fields.insert("metadata_bytes".into(), json!(stat.size));
        }
        for (key, folder) in COUNTED {
            if let Ok(listing) = host.list(&format!("{root}/{folder}")) {
                fields.insert((*key).into(), count(&listing));
            }
        }
        roots.push(Value::Object(fields));
    }
    if roots.is_empty() {
        return Err(Failure::new(
            Outcome::Absent,
            "none of the usual folders of a runtime exists",
        ));
    }
    Ok(facts::list("roots", &roots))
}

/// A number, or the least number of a folder that is listed in part.
fn count(listing: &Listing) -> Value {
    if listing.complete {
        json!(listing.entries.len())
    } else {
        json!(format!("{} or more", listing.entries.len()))
    }
}

/// `facts/largest-folders.json`: sizes of files below each folder, without crossing into another mount.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn largest(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut walk = Walk {
        mounts: mount_points(host),
        until: Instant::now() + WALK_TIME,
        sizes: BTreeMap::new(),
    };
    for folder in WALKED {
        walk.folder(host, folder, 0);
    }
    let mut sizes: Vec<(u64, String)> = walk
        .sizes
        .into_iter()
        .map(|(path, size)| (size, path))
        .collect();
    sizes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let lines: Vec<Value> = sizes
        .iter()
        .take(60)
        .map(|(size, path)| json!({"path": path, "bytes": size}))
        .collect();
    let complete = Instant::now() < walk.until;
    Ok(facts::document(
        &[("complete", json!(complete))],
        &[("folders", &lines)],
    ))
}

struct Walk {
    mounts: Vec<String>,
    until: Instant,
    sizes: BTreeMap<String, u64>,
}

impl Walk {
    /// Bytes below a folder; folders down to three levels are remembered by name.
    fn folder(&mut self, host: &mut Host, path: &str, depth: u8) -> u64 {
        if depth > 12 || Instant::now() >= self.until {
            return 0;
        }
        let Ok(listing) = host.list(path) else {
            return 0;
        };
        let mut total = 0;
        for entry in listing.entries {
            let below = format!("{path}/{}", entry.name);
            total += match entry.kind.as_str() {
                "file" => entry.size,
                "dir" if !self.mounts.contains(&below) => self.folder(host, &below, depth + 1),
                _ => 0,
            };
        }
        if depth <= 3 {
            self.sizes.insert(path.to_owned(), total);
        }
        total
    }
}

const RUNTIME_ROOTS: &[&str] = &[
    "/var/lib/containerd",
    "/var/lib/containers/storage",
    "/var/lib/docker",
    "/var/lib/rancher/k3s/agent/containerd",
    "/var/lib/rancher/rke2/agent/containerd",
    "/var/lib/k0s/containerd",
    "/var/snap/microk8s/common/var/lib/containerd",
];

const COUNTED: &[(&str, &str)] = &[
    (
        "snapshots",
        "io.containerd.snapshotter.v1.overlayfs/snapshots",
    ),
    ("blobs", "io.containerd.content.v1.content/blobs/sha256"),
    ("layers", "overlay"),
    ("layers_of_docker", "overlay2"),
    ("containers", "containers"),
];

const WALKED: &[&str] = &[
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/rancher",
    "/var/lib/k0s",
    "/var/log",
];

const WALK_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::tree;

    const MOUNTS: &str = "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / /var/lib/kubelet/pods/a/volumes/x rw - tmpfs tmpfs rw\n";

    #[test]
    fn pods_are_counted_and_one_without_mounts_is_named() {
        let (_scratch, mut host) = tree(&[
            ("proc/1/mountinfo", MOUNTS),
            ("var/lib/kubelet/pods/a/etc-hosts", ""),
            ("var/lib/kubelet/pods/b/etc-hosts", ""),
            (
                "var/lib/kubelet/device-plugins/kubelet_internal_checkpoint",
                r#"{"Data":{"PodDeviceEntries":[{}],"RegisteredDevices":{"nvidia.com/gpu":[]}},"Checksum":7}"#,
            ),
        ]);
        let fact: Value =
            serde_json::from_str(&kubelet(&mut host, &Node::default()).unwrap()).unwrap();
        let root = &fact["roots"][0];
        assert_eq!((&root["pods"], &root["mounts"]), (&json!(2), &json!(1)));
        assert_eq!(root["first_of_them"], json!(["b"]));
        assert_eq!(root["device_checkpoint"]["checksum"], 7);
        assert_eq!(
            root["device_checkpoint"]["resources"],
            json!(["nvidia.com/gpu"])
        );
    }

    #[test]
    fn mounts_of_pods_are_not_listed() {
        let (_scratch, mut host) = tree(&[("proc/1/mountinfo", MOUNTS)]);
        let (_, taken) = mountinfo(&mut host, &Node::default()).remove(0);
        assert_eq!(taken.unwrap().text(), "1 0 8:1 / / rw - ext4 /dev/a rw\n");
    }

    #[test]
    fn the_largest_folder_comes_first_and_other_mounts_are_left_out() {
        let (_scratch, mut host) = tree(&[
            (
                "proc/1/mountinfo",
                "1 0 8:1 / /var/log/audit rw - ext4 /dev/a rw\n",
            ),
            ("var/log/pods/big", "0123456789"),
            ("var/log/audit/audit.log", "0123456789012345"),
        ]);
        let fact: Value =
            serde_json::from_str(&largest(&mut host, &Node::default()).unwrap()).unwrap();
        assert_eq!(fact["folders"][0], json!({"path": "/var/log", "bytes": 10}));
        assert_eq!(fact["complete"], true);
    }

    #[test]
    fn snapshots_of_a_runtime_are_counted() {
        let (_scratch, mut host) = tree(&[
            (
                "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
                "12345",
            ),
            (
                "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/x",
                "",
            ),
        ]);
        let fact: Value =
            serde_json::from_str(&runtime(&mut host, &Node::default()).unwrap()).unwrap();
        assert_eq!(fact["roots"][0]["metadata_bytes"], 5);
        assert_eq!(fact["roots"][0]["snapshots"], 1);
        let (_scratch, mut host) = tree(&[]);
        assert_eq!(
            runtime(&mut host, &Node::default()).unwrap_err().outcome,
            Outcome::Absent
        );
    }
}
