//! File systems that hold data: fill level, inodes, read-only.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{Mount, Space};
use crate::origin::Origin;
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "host_disks",
    after: &[],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.disks",
        Type::Records,
        "mounted file systems that hold data, not those of containers, images or the kernel",
    )
    .needs("fill level of file systems", "df; df -i; cat /proc/mounts"),
    FactDecl::new("host.disks[].mount", Type::Text, "where it is mounted"),
    FactDecl::new("host.disks[].device", Type::Text, ""),
    FactDecl::new("host.disks[].type", Type::Text, "ext4, xfs, …"),
    FactDecl::new("host.disks[].size", Type::Int, "bytes"),
    FactDecl::new(
        "host.disks[].used_percent",
        Type::Int,
        "percent of the space that is used, as df rounds",
    ),
    FactDecl::new(
        "host.disks[].inodes_percent",
        Type::Int,
        "percent of the inodes that are used",
    ),
    FactDecl::new("host.disks[].read_only", Type::Bool, "mounted read-only"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut disks: BTreeMap<String, Disk> = BTreeMap::new();
    for piece in evidence.all::<Space>() {
        let disk = disks.entry(piece.value.mount.clone()).or_default();
        disk.fill(piece);
    }
    for piece in evidence.all::<Mount>() {
        // A later mount at the same place hides the earlier one.
        let disk = disks.entry(piece.value.mount.clone()).or_default();
        disk.mount(piece);
    }
    let list: Vec<Fact> = disks
        .iter()
        .filter(|(mount, disk)| holds_data(mount, disk))
        .map(|(mount, disk)| disk.record(mount))
        .collect();
    if !list.is_empty() {
        evidence.facts.set("host.disks", Fact::list(list));
    }
}

#[derive(Default)]
struct Disk {
    device: String,
    fields: BTreeMap<&'static str, Fact>,
}

impl Disk {
    fn fill(&mut self, piece: &Sourced<Space>) {
        let space = &piece.value;
        self.device.clone_from(&space.device);
        for (field, number) in [
            ("size", space.size),
            ("used_percent", space.used_percent),
            ("inodes_percent", space.inodes_percent),
        ] {
            if let Some(number) = number {
                let fact = Fact::new(Value::Int(number), piece.origin.clone());
                self.fields.entry(field).or_insert(fact);
            }
        }
    }

    fn mount(&mut self, piece: &Sourced<Mount>) {
        let mount = &piece.value;
        self.device.clone_from(&mount.device);
        self.fields
            .insert("type", Fact::text(mount.kind.clone(), piece.origin.clone()));
        self.fields.insert(
            "read_only",
            Fact::new(Value::Bool(mount.read_only), piece.origin.clone()),
        );
    }

    fn record(&self, mount: &str) -> Fact {
        let mut origins: Vec<Origin> = Vec::new();
        for origin in self.fields.values().flat_map(|fact| &fact.origins) {
            if !origins.contains(origin) {
                origins.push(origin.clone());
            }
        }
        let mut record: BTreeMap<String, Fact> = self
            .fields
            .iter()
            .map(|(name, fact)| ((*name).to_owned(), fact.clone()))
            .collect();
        for (name, text) in [("mount", mount), ("device", &self.device)] {
            let mut fact = Fact::built_in(text.into());
            fact.origins.clone_from(&origins);
            record.insert(name.to_owned(), fact);
        }
        Fact {
            value: Value::Record(record),
            origins,
        }
    }
}

/// Images are always full and read-only, the kernel's own file systems hold nothing, containers' belong to the runtime.
fn holds_data(mount: &str, disk: &Disk) -> bool {
    let kind = disk
        .fields
        .get("type")
        .and_then(Fact::as_text)
        .unwrap_or_default();
    let below = |folder: &&str| mount == *folder || mount.starts_with(&format!("{folder}/"));
    !(NOT_DATA.contains(&kind)
        || NOT_DATA.contains(&disk.device.as_str())
        || disk.device.starts_with("/dev/loop")
        || FOREIGN.iter().any(below))
}

const NOT_DATA: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "none",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "shm",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udev",
];
const FOREIGN: &[&str] = &[
    "/boot/efi",
    "/dev",
    "/proc",
    "/run",
    "/snap",
    "/sys",
    "/var/lib/containerd/io.containerd.grpc.v1.cri",
    "/var/lib/containers/storage/overlay",
    "/var/lib/docker/overlay2",
    "/var/lib/kubelet/plugins",
    "/var/lib/kubelet/pods",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::derive as run;

    #[test]
    fn a_disk_is_joined_from_df_and_mounts() {
        let mut evidence = Evidence::default();
        let space = |mount: &str, device: &str, percent| Space {
            mount: mount.into(),
            device: device.into(),
            used_percent: Some(percent),
            ..Space::default()
        };
        evidence.push(space("/", "/dev/vda", 97), Origin::line("df.txt", 2));
        evidence.push(
            space("/snap/core/1", "/dev/loop0", 100),
            Origin::line("df.txt", 3),
        );
        let mount = Mount {
            device: "/dev/vda".into(),
            mount: "/".into(),
            kind: "ext4".into(),
            read_only: true,
        };
        evidence.push(mount, Origin::line("proc/mounts", 1));
        run(&mut evidence, &[&DERIVED]);
        let disks = evidence.facts.get("host.disks").unwrap();
        assert_eq!(disks.items().len(), 1);
        let disk = &disks.items()[0];
        assert_eq!(disk.field("used_percent").unwrap().as_int(), Some(97));
        assert_eq!(disk.field("read_only").unwrap().as_bool(), Some(true));
        assert_eq!(disk.origins.len(), 2);
    }
}
