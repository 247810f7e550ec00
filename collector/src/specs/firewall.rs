//! Packet filters: rules, services and tables, asked only in ways that load nothing into the kernel.

use crate::host::Host;
use crate::host::wire::Failure;
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) const SPEC: Spec = Spec {
    name: "firewall",
    about: "packet filters",
    items: &[
        command("nft", "F1", &["/usr/sbin/nft", "list", "ruleset"], no_nft),
        command(
            "iptables",
            "F2",
            &["/usr/sbin/iptables-save", "-c"],
            legacy_would_load,
        ),
        command(
            "ip6tables",
            "F2",
            &["/usr/sbin/ip6tables-save", "-c"],
            legacy6_would_load,
        ),
        command(
            "iptables-legacy",
            "F2",
            &["/usr/sbin/iptables-legacy-save", "-c"],
            no_legacy,
        ),
        command(
            "ip6tables-legacy",
            "F2",
            &["/usr/sbin/ip6tables-legacy-save", "-c"],
            no_legacy6,
        ),
        command(
            "iptables-version",
            "F2",
            &["/usr/sbin/iptables", "--version"],
            never_refused,
        ),
        file("legacy-tables", "F2", "/proc/net/ip_tables_names"),
        file("legacy-tables6", "F2", "/proc/net/ip6_tables_names"),
        Item {
            name: "firewalld",
            catalog: "F3",
            kind: "firewall",
            source: Source::Folder {
                path: "/etc/firewalld",
                names: &["*.xml", "firewalld.conf"],
                depth: 1,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "zones and policies that block ports",
        },
        Item {
            name: "ufw",
            catalog: "F3",
            kind: "firewall",
            source: Source::Folder {
                path: "/etc/ufw",
                names: &["*.rules", "ufw.conf"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "whether it is on, and what it blocks",
        },
        file("ufw-default", "F3", "/etc/default/ufw"),
        file("nftables-conf", "F3", "/etc/nftables.conf"),
        file("saved-iptables", "F3", "/etc/iptables/rules.v4"),
        file("saved-iptables-rhel", "F3", "/etc/sysconfig/iptables"),
        file("ipvs", "F4", "/proc/net/ip_vs"),
        command("ipsets", "F4", &["/usr/sbin/ipset", "list", "-t"], no_ipset),
        Item {
            name: "bpf",
            catalog: "F5",
            kind: "command",
            source: Source::Command(&["/usr/sbin/bpftool", "prog", "list"]),
            cap: 64 * KIB,
            tier: Tier::T2,
            sensitivity: Sensitivity::Public,
            reason: "eBPF programs by name and attach type",
        },
    ],
};

const fn command(
    name: &'static str,
    catalog: &'static str,
    argv: &'static [&'static str],
    unless: fn(&mut Host) -> Option<Failure>,
) -> Item {
    Item {
        name,
        catalog,
        kind: "command",
        source: Source::CarefulCommand {
            argv,
            unless,
            keep: without_service_chains,
        },
        cap: 8 * MIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "rules that drop traffic to the API server or to the kubelet, two backends at once",
    }
}

const fn file(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "firewall",
        source: Source::File(path),
        cap: 256 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "which filters are in use, and what they block at boot",
    }
}

fn never_refused(_: &mut Host) -> Option<Failure> {
    None
}

/// Asking for the ruleset loads `nf_tables` where nothing uses it.
fn no_nft(host: &mut Host) -> Option<Failure> {
    let why = "the kernel uses no nftables; asking would load it";
    (!has_module(host, "nf_tables")).then(|| needless(why))
}

/// Where `iptables` is the legacy program, asking loads modules.
fn legacy_would_load(host: &mut Host) -> Option<Failure> {
    is_legacy(host)
        .then(|| no_legacy(host))
        .flatten()
        .or_else(|| nothing_to_save(host))
}

fn legacy6_would_load(host: &mut Host) -> Option<Failure> {
    is_legacy(host)
        .then(|| no_legacy6(host))
        .flatten()
        .or_else(|| nothing_to_save(host))
}

fn nothing_to_save(host: &mut Host) -> Option<Failure> {
    (!is_legacy(host)).then(|| no_nft(host)).flatten()
}

fn no_legacy(host: &mut Host) -> Option<Failure> {
    tables_missing(host, "/proc/net/ip_tables_names")
}

fn no_legacy6(host: &mut Host) -> Option<Failure> {
    tables_missing(host, "/proc/net/ip6_tables_names")
}

fn tables_missing(host: &mut Host, path: &str) -> Option<Failure> {
    match host.read(path, 64 * KIB) {
        Ok(taken) if !taken.text().trim().is_empty() => None,
        Err(failure) if failure.outcome == Outcome::Denied => Some(Failure {
            reason: Some("only root can see whether there are legacy tables".to_owned()),
            ..failure
        }),
        _ => Some(needless(
            "the kernel has no legacy tables; asking would load them",
        )),
    }
}

fn needless(why: &str) -> Failure {
    Failure::new(Outcome::NotApplicable, why)
}

fn no_ipset(host: &mut Host) -> Option<Failure> {
    let why = "the kernel uses no IP sets; asking would load them";
    (!has_module(host, "ip_set")).then(|| needless(why))
}

/// Loaded, or built into the kernel and in use.
fn has_module(host: &mut Host, name: &str) -> bool {
    host.stat(&format!("/sys/module/{name}")).is_ok()
}

/// Whether `iptables` leads to the legacy program.
fn is_legacy(host: &mut Host) -> bool {
    let mut path = "/usr/sbin/iptables".to_owned();
    for _ in 0..4 {
        let link = host.stat(&path).ok().and_then(|stat| stat.attributes.link);
        let Some(link) = link else {
            break;
        };
        path = if link.starts_with('/') {
            link
        } else {
            format!("/usr/sbin/{link}")
        };
    }
    path.contains("legacy")
}

/// Service chains of kube-proxy fill megabytes and tell nothing of the node: of each kind only the number is kept.
fn without_service_chains(rules: &str) -> String {
    let mut kept = String::with_capacity(rules.len().min(1 << 20));
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut inside: Option<&str> = None;
    for line in rules.lines() {
        let trimmed = line.trim_start();
        if inside.is_some() {
            inside = inside.filter(|_| trimmed != "}");
            continue;
        }
        if let Some(kind) = service_chain(trimmed) {
            *counts.entry(kind).or_default() += 1;
            inside = trimmed.ends_with('{').then_some(kind);
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    for (kind, count) in counts {
        writeln!(kept, "# nodebundle: {count} {kind}* left out").ok();
    }
    kept
}

/// The kind of service chain that a line declares or fills: `:KUBE-SVC-…`, `-A KUBE-SVC-…`, `chain KUBE-SVC-… {`.
fn service_chain(line: &str) -> Option<&'static str> {
    let line = line.strip_prefix('[').map_or(line, |counted| {
        counted.split_once("] ").map_or(counted, |(_, rule)| rule)
    });
    let name = line
        .strip_prefix(':')
        .or_else(|| line.strip_prefix("-A "))
        .or_else(|| line.strip_prefix("chain "))?;
    let mut kinds = SERVICE_CHAINS.iter();
    kinds.find(|kind| name.starts_with(**kind)).copied()
}

const SERVICE_CHAINS: &[&str] = &[
    "KUBE-SVC-",
    "KUBE-SEP-",
    "KUBE-EXT-",
    "KUBE-FW-",
    "KUBE-SVL-",
    "KUBE-XLB-",
    "service-",
    "endpoint-",
    "external-",
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
    fn service_chains_become_numbers_and_other_rules_stay() {
        let saved = "*nat\n:KUBE-SVC-AAA - [0:0]\n:INPUT ACCEPT [1:2]\n[5:300] -A KUBE-SEP-B -j DNAT\n[0:0] -A INPUT -p tcp --dport 6443 -j DROP\nCOMMIT\n";
        let kept = without_service_chains(saved);
        assert_eq!(
            kept,
            "*nat\n:INPUT ACCEPT [1:2]\n[0:0] -A INPUT -p tcp --dport 6443 -j DROP\nCOMMIT\n# nodebundle: 1 KUBE-SEP-* left out\n# nodebundle: 1 KUBE-SVC-* left out\n"
        );
        let nft = "table ip nat {\n\tchain KUBE-SVC-A {\n\t\tcounter jump x\n\t}\n\tchain INPUT {\n\t\ttcp dport 6443 drop\n\t}\n}\n";
        assert_eq!(
            without_service_chains(nft),
            "table ip nat {\n\tchain INPUT {\n\t\ttcp dport 6443 drop\n\t}\n}\n# nodebundle: 1 KUBE-SVC-* left out\n"
        );
    }

    #[test]
    fn nothing_is_asked_that_would_load_a_module() {
        let scratch = Scratch::new();
        let mut host = Host::direct(scratch.path());
        assert!(no_nft(&mut host).is_some());
        assert!(no_legacy(&mut host).is_some());
        assert!(no_ipset(&mut host).is_some());
        let tree = scratch.path();
        std::fs::create_dir_all(tree.join("proc/net")).unwrap();
        std::fs::create_dir_all(tree.join("sys/module/nf_tables")).unwrap();
        std::fs::write(tree.join("proc/net/ip_tables_names"), "filter\n").unwrap();
        let mut host = Host::direct(tree);
        assert!(no_nft(&mut host).is_none());
        assert!(no_legacy(&mut host).is_none());
    }

    #[test]
    fn the_legacy_program_is_recognised_through_its_links() {
        let scratch = Scratch::new();
        let programs = scratch.path().join("usr/sbin");
        std::fs::create_dir_all(&programs).unwrap();
        std::fs::write(programs.join("xtables-legacy-multi"), "x").unwrap();
        std::os::unix::fs::symlink("xtables-legacy-multi", programs.join("iptables-legacy"))
            .unwrap();
        std::os::unix::fs::symlink("/usr/sbin/iptables-legacy", programs.join("iptables")).unwrap();
        let mut host = Host::direct(scratch.path());
        assert!(is_legacy(&mut host));
        assert!(legacy_would_load(&mut host).is_some());
    }
}
