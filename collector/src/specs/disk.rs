//! Space, inodes and read-only mounts of the file systems that matter.

use crate::facts;
use crate::host::Host;
use crate::host::mounts::unescape;
use crate::host::wire::{Failure, Keep};
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "disk",
    about: "file systems",
    items: &[Item {
        name: "space",
        catalog: "O8",
        kind: "filesystems",
        source: Source::Fact {
            topic: "filesystems",
            make: space,
        },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "disk pressure, no inodes, remounted read-only",
    }],
};

/// `facts/filesystems.json`; a mounted tree's space is not the node's, so only on a running host.
fn space(host: &mut Host, node: &Node) -> Result<String, Failure> {
    if !host.is_live() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "a mounted tree does not tell the node's space",
        ));
    }
    let mounts = host
        .read_once("/proc/self/mounts", 4 * MIB, Keep::Start)
        .map(|taken| taken.text())
        .unwrap_or_default();
    let mut found = Vec::new();
    let folders = FOLDERS.iter().map(|path| (*path).to_owned());
    for path in unique(folders.chain(node.kubelet_roots())) {
        let (device, kind, mount) = mount_of(&mounts, &path);
        if is_remote(&kind) {
            host.note(format!(
                "{path}: a {kind} file system is not asked for its space"
            ));
            continue;
        }
        if let Ok(space) = host.space(&path) {
            let line = json!({
                "mount": mount,
                "device": device,
                "type": kind,
                "read_only": space.read_only,
                "bytes": space.bytes,
                "bytes_available": space.bytes_available,
                "inodes": space.inodes,
                "inodes_available": space.inodes_available,
            });
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    Ok(facts::list::<Value>("filesystems", &found))
}

/// Whether a server elsewhere answers for a file system, or does not.
fn is_remote(kind: &str) -> bool {
    REMOTE.contains(&kind) || kind.starts_with("fuse.")
}

/// Device, type and mount point of the innermost mount above the path; the last of two at one point hides the first.
fn mount_of(mounts: &str, path: &str) -> (String, String, String) {
    let mut best = (String::new(), String::new(), "/".to_owned());
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (Some(device), Some(point), Some(kind)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let point = unescape(point);
        let above = point == "/"
            || path
                .strip_prefix(point.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if above && point.len() >= best.2.len() {
            best = (unescape(device), kind.to_owned(), point);
        }
    }
    best
}

const REMOTE: &[&str] = &[
    "9p",
    "afs",
    "ceph",
    "cifs",
    "fuse",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
    "virtiofs",
];

const FOLDERS: &[&str] = &[
    "/",
    "/var",
    "/var/lib",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/rancher",
    "/var/lib/k0s",
    "/var/lib/microshift",
    "/var/snap/microk8s/common",
    "/var/lib/minikube",
    "/opt",
    "/usr",
    "/home/kubernetes",
    "/dev/shm",
    "/var/log",
    "/run",
    "/tmp",
    "/etc",
    "/boot",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_of_a_server_is_not_asked() {
        assert!(is_remote("nfs4") && is_remote("fuse.sshfs"));
        assert!(!is_remote("ext4") && !is_remote("overlay"));
    }

    #[test]
    fn the_innermost_mount_is_named() {
        let mounts = "/dev/a / ext4 rw 0 0\n/dev/b /var/lib xfs rw 0 0\n";
        assert_eq!(mount_of(mounts, "/var/lib/kubelet").2, "/var/lib");
        assert_eq!(mount_of(mounts, "/var/library").0, "/dev/a");
    }
}
