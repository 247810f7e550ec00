//! What may forbid a program to run or a file to be read: SELinux, AppArmor, fapolicyd, scanners.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use serde_json::{Map, Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "security",
    about: "security modules and scanners",
    items: &[
        Item {
            name: "modules",
            catalog: "F6",
            kind: "security",
            source: Source::Fact {
                topic: "security",
                make: security,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "denied programs, files locked by scanners, mounts without exec",
        },
        file(
            "apparmor-profiles",
            "/sys/kernel/security/apparmor/profiles",
        ),
        file("lsm", "/sys/kernel/security/lsm"),
        file("seccomp-actions", "/proc/sys/kernel/seccomp/actions_avail"),
        file("fapolicyd", "/etc/fapolicyd/fapolicyd.conf"),
        Item {
            name: "fapolicyd-rules",
            catalog: "F6",
            kind: "security",
            source: Source::Folder {
                path: "/etc/fapolicyd/rules.d",
                names: &["*.rules"],
                depth: 0,
            },
            cap: 32 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "which programs may run",
        },
    ],
};

const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "F6",
        kind: "security",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "which security modules are in force",
    }
}

/// `facts/security.json`
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn security(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut values: Vec<(&str, Value)> = Vec::new();
    let selinux = host
        .line("/sys/fs/selinux/enforce")
        .map(|mode| match mode.as_str() {
            "1" => "enforcing",
            _ => "permissive",
        });
    values.push(("selinux", json!(selinux)));
    let policy = host.line("/etc/selinux/config").and_then(|text| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix("SELINUXTYPE=").map(str::to_owned))
    });
    values.push(("selinux_policy", json!(policy)));
    let apparmor = host.line("/sys/module/apparmor/parameters/enabled");
    values.push(("apparmor", json!(apparmor.map(|text| text == "Y"))));
    let scanners: Vec<&str> = SCANNERS
        .iter()
        .filter(|name| node.processes.iter().any(|process| process.comm == **name))
        .copied()
        .collect();
    values.push(("scanners", json!(scanners)));
    Ok(facts::document(
        &values,
        &[
            ("booleans", &booleans(host)),
            ("contexts", &contexts(host, node)),
            ("mounts_without_exec", &mounts_without_exec(host)),
        ],
    ))
}

/// SELinux switches that concern containers: value now and after the next commit.
fn booleans(host: &mut Host) -> Vec<Value> {
    let Ok(listing) = host.list("/sys/fs/selinux/booleans") else {
        return Vec::new();
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    let names =
        names.filter(|name| name.starts_with("container_") || name.starts_with("virt_use_"));
    names
        .filter_map(|name| {
            let value = host.line(&format!("/sys/fs/selinux/booleans/{name}"))?;
            Some(json!({"name": name, "on": value.starts_with('1')}))
        })
        .collect()
}

/// Security contexts of the kubelet's and the runtime's processes.
fn contexts(host: &mut Host, node: &Node) -> Vec<Value> {
    let processes = node
        .processes
        .iter()
        .filter(|process| process.is_of_interest());
    processes
        .filter_map(|process| {
            let context = host.line(&format!("/proc/{}/attr/current", process.pid))?;
            let mut fields = Map::new();
            fields.insert("pid".into(), json!(process.pid));
            fields.insert("process".into(), json!(process.comm));
            fields.insert("context".into(), json!(context.trim_end_matches('\0')));
            Some(Value::Object(fields))
        })
        .collect()
}

/// Mounts that hold the kubelet's or the runtime's files and forbid programs.
fn mounts_without_exec(host: &mut Host) -> Vec<Value> {
    let mounts = host.line("/proc/mounts").unwrap_or_default();
    let mut found = Vec::new();
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, point, _, options, ..] = *fields.as_slice() else {
            continue;
        };
        let matters = PROGRAM_FOLDERS.contains(&point);
        if matters && options.split(',').any(|option| option == "noexec") {
            found.push(json!({"mount": point, "options": options}));
        }
    }
    found
}

const PROGRAM_FOLDERS: &[&str] = &[
    "/",
    "/usr",
    "/usr/local",
    "/opt",
    "/opt/cni",
    "/opt/cni/bin",
    "/var",
    "/var/lib",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/rancher",
    "/var/lib/k0s",
    "/home/kubernetes/bin",
    "/run",
    "/run/containerd",
];

/// Process names, as the kernel cuts them, of programs known to delay or forbid what runtimes do.
const SCANNERS: &[&str] = &[
    "auditd",
    "cbagentd",
    "clamd",
    "clamonacc",
    "cybereason-sens",
    "ds_agent",
    "ds_am",
    "elastic-agent",
    "elastic-endpoin",
    "fapolicyd",
    "falco",
    "falcon-sensor",
    "freshclam",
    "mdatp",
    "mfetpd",
    "qualys-cloud-ag",
    "savd",
    "sentinelone-age",
    "sysdig-agent",
    "taniumclient",
    "telemetryd_v2",
    "traps_pmd",
    "twistlock_defen",
    "wazuh-agentd",
    "wdavdaemon",
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
    fn a_mount_without_exec_and_a_scanner_are_named() {
        let scratch = Scratch::new();
        std::fs::create_dir_all(scratch.path().join("proc")).unwrap();
        std::fs::write(
            scratch.path().join("proc/mounts"),
            "/dev/a /var xfs rw,noexec 0 0\n/dev/b /srv xfs rw,noexec 0 0\n",
        )
        .unwrap();
        let node = Node {
            processes: vec![crate::node::processes::Process {
                pid: 7,
                comm: "falcon-sensor".to_owned(),
                ..Default::default()
            }],
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let text = security(&mut host, &node).unwrap();
        let fact: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(fact["scanners"], json!(["falcon-sensor"]));
        assert_eq!(fact["mounts_without_exec"][0]["mount"], "/var");
        assert_eq!(fact["mounts_without_exec"].as_array().unwrap().len(), 1);
        assert_eq!(fact["selinux"], Value::Null);
    }
}
