//! The operating system and kernel: version, cgroups, swap, modules, sysctls, mounts.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, anything};
use nodebundle_bundle::Outcome;
use serde_json::{Map, json};

pub(crate) const SPEC: Spec = Spec {
    name: "os",
    about: "operating system and kernel",
    items: &[
        fact(
            "host",
            "O1 B8",
            "host",
            host_fact,
            "which node, which kernel, when",
        ),
        fact(
            "sysctls",
            "O5 W7",
            "sysctls",
            sysctls,
            "forwarding off, kernel defaults, inotify limits",
        ),
        file("os-release", "O1", "/etc/os-release"),
        file("usr-os-release", "O1", "/usr/lib/os-release"),
        file("machine-id", "B8", "/etc/machine-id"),
        file("boot-id", "L12", "/proc/sys/kernel/random/boot_id"),
        file("version", "O1", "/proc/version"),
        file("cmdline", "O1", "/proc/cmdline"),
        file("uptime", "L12", "/proc/uptime"),
        file("loadavg", "O6", "/proc/loadavg"),
        file("meminfo", "O6", "/proc/meminfo"),
        file("swaps", "O4", "/proc/swaps"),
        file("cgroups", "O2", "/proc/cgroups"),
        file("filesystems", "O2", "/proc/filesystems"),
        file("modules", "O3", "/proc/modules"),
        file("mounts", "O9", "/proc/mounts"),
        file("mounts-of-init", "O9", "/proc/1/mounts"),
        file("init-cgroup", "O2", "/proc/1/cgroup"),
        file("pressure-memory", "O6", "/proc/pressure/memory"),
        file("pressure-io", "O6", "/proc/pressure/io"),
        file("pressure-cpu", "O6", "/proc/pressure/cpu"),
        file("numa", "O6", "/sys/devices/system/node/online"),
        file("buddyinfo", "O6", "/proc/buddyinfo"),
        file(
            "cgroup-controllers",
            "O2",
            "/sys/fs/cgroup/cgroup.controllers",
        ),
        file(
            "cgroup-subtree",
            "O2",
            "/sys/fs/cgroup/cgroup.subtree_control",
        ),
        file("selinux", "F6", "/sys/fs/selinux/enforce"),
        file("selinux-config", "F6", "/etc/selinux/config"),
        file("apparmor", "F6", "/sys/module/apparmor/parameters/enabled"),
        file("fstab", "O9 O4", "/etc/fstab"),
        file("sysctl-conf", "O5", "/etc/sysctl.conf"),
        file("modules-file", "O3", "/etc/modules"),
        folder("sysctl-d", "O5", "/etc/sysctl.d"),
        folder("modules-load", "O3", "/etc/modules-load.d"),
        folder("modprobe", "O3", "/etc/modprobe.d"),
        Item {
            name: "recorded-sysctls",
            catalog: "O5 W7",
            kind: "sysctl",
            source: Source::Named {
                what: "the sysctls of the list, as files",
                paths: |_| SYSCTLS.iter().map(|name| sysctl_path(name)).collect(),
                accepts: anything,
            },
            cap: 4 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "forwarding off, kernel defaults, inotify limits",
        },
        listing("root", "O8", "/"),
        listing("cgroup-root", "O2", "/sys/fs/cgroup"),
        listing("usr-bin-kubernetes", "K5", "/usr/local/bin"),
        listing("opt-bin", "K5", "/opt/bin"),
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
        kind: "os",
        source: Source::Fact { topic, make },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}

const fn file(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "os",
        source: Source::File(path),
        cap: 128 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "unsupported combination, missing controller, swap on, exhaustion",
    }
}

const fn folder(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "os",
        source: Source::Folder {
            path,
            names: &["*.conf"],
            depth: 0,
        },
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "what is set at boot",
    }
}

const fn listing(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "listing",
        source: Source::Listing(path),
        cap: 256 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "proves what is missing",
    }
}

/// `facts/host.json`. `now` is the node's time: the collection's on a running host, else the newest journal record's.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn host_fact(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut fields = Map::new();
    if let Some(name) = &node.hostname {
        fields.insert("hostname".into(), json!(name));
    }
    if host.is_live() {
        let system = rustix::system::uname();
        fields.insert("kernel".into(), json!(system.release().to_string_lossy()));
        fields.insert("arch".into(), json!(system.machine().to_string_lossy()));
        fields.insert("uid".into(), json!(rustix::process::geteuid().as_raw()));
        let now = crate::clock::rfc3339(host.clock().now());
        fields.insert("now".into(), json!(now));
        fields.insert("now_from".into(), json!("clock"));
    } else if let Some(newest) = node.newest_record {
        let now = crate::clock::rfc3339(crate::clock::from_microseconds(newest));
        fields.insert("now".into(), json!(now));
        fields.insert("now_from".into(), json!("newest journal record"));
    }
    Ok(facts::object(&fields))
}

fn sysctls(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut found = Vec::new();
    let of_links = of_links(host);
    for name in SYSCTLS
        .iter()
        .copied()
        .chain(of_links.iter().map(String::as_str))
    {
        if let Some(value) = host.line(&sysctl_path(name)) {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            found.push(json!({"name": name, "value": value}));
        }
    }
    if found.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no sysctls in this tree",
        ));
    }
    Ok(facts::list("sysctls", &found))
}

fn sysctl_path(name: &str) -> String {
    // As in sysctl(8), a slash stands for a dot in a link's name.
    let swapped = name.chars().map(|character| match character {
        '.' => '/',
        '/' => '.',
        other => other,
    });
    format!("/proc/sys/{}", swapped.collect::<String>())
}

/// Forwarding and reverse path filters of each link, which override those of all.
fn of_links(host: &mut Host) -> Vec<String> {
    let Ok(listing) = host.list("/proc/sys/net/ipv4/conf") else {
        return Vec::new();
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    let names = names.filter(|name| !matches!(name.as_str(), "all" | "default" | "lo"));
    names
        .filter(|name| {
            !name.starts_with("veth") && !name.starts_with("cali") && !name.starts_with("lxc")
        })
        .take(50)
        .flat_map(|name| {
            let name = name.replace('.', "/");
            ["rp_filter", "forwarding"].map(|key| format!("net.ipv4.conf.{name}.{key}"))
        })
        .collect()
}

const SYSCTLS: &[&str] = &[
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.ip_nonlocal_bind",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_mtu_probing",
    "net.ipv4.neigh.default.gc_thresh3",
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv4.conf.all.arp_announce",
    "net.ipv4.conf.default.forwarding",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.all.forwarding",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.bridge.bridge-nf-call-arptables",
    "net.core.somaxconn",
    "net.netfilter.nf_conntrack_tcp_be_liberal",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_count",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "vm.swappiness",
    "vm.max_map_count",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
    "kernel.pid_max",
    "kernel.threads-max",
    "fs.file-max",
    "fs.file-nr",
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
    "fs.inotify.max_queued_events",
    "fs.nr_open",
    "fs.may_detach_mounts",
    "kernel.unprivileged_userns_clone",
    "kernel.hung_task_timeout_secs",
    "kernel.tainted",
    "kernel.osrelease",
    "user.max_inotify_instances",
    "user.max_inotify_watches",
    "user.max_mnt_namespaces",
    "user.max_net_namespaces",
    "user.max_pid_namespaces",
    "user.max_user_namespaces",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_a_link_name_is_written_as_a_slash() {
        assert_eq!(
            sysctl_path("net.ipv4.conf.eth0/100.rp_filter"),
            "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"
        );
    }
}
