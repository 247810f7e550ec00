//! Kernel settings, modules, file systems, control groups.

use crate::claim::settle;
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{Mount, Sysctl};
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "host_kernel",
    after: &[],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new("host.sysctls", Type::Records, "kernel settings")
        .needs("kernel settings", "sysctl -a"),
    FactDecl::new(
        "host.sysctls[].name",
        Type::Text,
        "dotted name: net.ipv4.ip_forward",
    ),
    FactDecl::new("host.sysctls[].value", Type::Text, "value as printed"),
    FactDecl::new(
        "host.modules",
        Type::Texts,
        "loaded kernel modules; built-in ones are not among them",
    )
    .needs("/proc/modules", "lsmod"),
    FactDecl::new(
        "host.filesystems",
        Type::Texts,
        "types of file systems that the kernel knows",
    )
    .needs("/proc/filesystems", "cat /proc/filesystems"),
    FactDecl::new(
        "host.cgroup_version",
        Type::Int,
        "1 or 2; a hybrid hierarchy is 1, as the kubelet sees it",
    )
    .needs("/proc/mounts", "stat -fc %T /sys/fs/cgroup"),
    FactDecl::new(
        "host.cgroup_controllers",
        Type::Texts,
        "enabled controllers",
    )
    .needs("/proc/cgroups", "cat /proc/cgroups"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    settle(evidence, FACTS);
    if let Some(fact) = mounted_version(evidence) {
        evidence.facts.set("host.cgroup_version", fact);
    }
    let mut settings: BTreeMap<&str, &Sourced<Sysctl>> = BTreeMap::new();
    for piece in evidence.all::<Sysctl>() {
        settings.entry(&piece.value.name).or_insert(piece);
    }
    let list: Vec<Fact> = settings.values().map(|piece| record(piece)).collect();
    if !list.is_empty() {
        evidence.facts.set("host.sysctls", Fact::list(list));
    }
}

fn record(piece: &Sourced<Sysctl>) -> Fact {
    let text = |text: &String| Some(Value::Text(text.clone()));
    Fact::record(
        [
            ("name", text(&piece.value.name)),
            ("value", text(&piece.value.value)),
        ],
        &piece.origin,
    )
}

/// The hierarchy at `/sys/fs/cgroup`.
fn mounted_version(evidence: &Evidence) -> Option<Fact> {
    let mounts = evidence.all::<Mount>();
    let root = mounts
        .iter()
        .rev()
        .find(|mount| mount.value.mount == "/sys/fs/cgroup");
    let version = match root.map(|mount| mount.value.kind.as_str()) {
        Some("cgroup2") => 2,
        Some("tmpfs" | "cgroup") => 1,
        _ => return None,
    };
    let origin = root?.origin.clone();
    Some(Fact::new(Value::Int(version), origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    fn mounted(mounts: &[(&str, &str)]) -> Option<i64> {
        let mut evidence = Evidence::default();
        for (mount, kind) in mounts {
            let mount = Mount {
                device: "none".into(),
                mount: (*mount).to_owned(),
                kind: (*kind).to_owned(),
                read_only: false,
            };
            evidence.push(mount, Origin::line("proc/mounts", 1));
        }
        run(&mut evidence, &[&DERIVED]);
        evidence.facts.int("host.cgroup_version")
    }

    #[test]
    fn a_hybrid_hierarchy_is_version_one() {
        assert_eq!(mounted(&[("/sys/fs/cgroup", "cgroup2")]), Some(2));
        assert_eq!(
            mounted(&[
                ("/sys/fs/cgroup", "tmpfs"),
                ("/sys/fs/cgroup/unified", "cgroup2")
            ]),
            Some(1)
        );
        assert_eq!(mounted(&[("/", "ext4")]), None);
    }
}
