//! Bottlerocket's `logdog` (`bottlerocket-logs.tar.gz`), as its `logdog.*.conf` list the entries: releases of 2020 to 2024, Kubernetes and ECS.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "bottlerocket",
    detect,
    source,
    node: None,
};

/// Entries that no other tool writes under these names.
const TELLING: [&str; 8] = [
    "containerd-config-host",
    "signpost",
    "journalctl.errors",
    "journalctl-boots",
    "kube-status",
    "proc-mounts",
    "df-inodes",
    "settings.json",
];

fn detect(names: &[&str]) -> u8 {
    match TELLING.iter().filter(|name| names.contains(name)).count() {
        0 | 1 => 0,
        2 => 60,
        3 => 80,
        _ => 100,
    }
}

pub(super) fn source(name: &str) -> Source {
    match name {
        "containerd-config" | "containerd-config.toml" => Source::command("containerd config dump"),
        "df" => Source::command("df -h"),
        "df-inodes" => Source::command("df -hi"),
        "dmesg" => Source::kernel_log(),
        "docker-info" => Source::command("docker info"),
        "docker-daemon.json" => Source::file("/etc/docker/daemon.json"),
        "iptables-filter" => Source::command("iptables -nvL -t filter"),
        "iptables-nat" => Source::command("iptables -nvL -t nat"),
        "journalctl-boots" => Source::command("journalctl --list-boots"),
        "journalctl.log" | "journalctl.errors" => Source::whole_journal(),
        "kube-status" | "kubelet-status" => Source::command("systemctl status kube*"),
        "proc-mounts" => Source::file("/proc/mounts"),
        "os-release" => Source::file("/etc/os-release"),
        "ipamd.log" | "plugin.log" => Source::file(format!("/var/log/aws-routed-eni/{name}")),
        "settings.json" => Source::Named(name.to_owned()),
        _ if name.starts_with("var/") || name.starts_with("etc/") => {
            Source::file(format!("/{name}"))
        }
        // The host's own containerd runs no pods.
        _ => Source::meta(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_of_its_entries_tell() {
        let whole = [
            "containerd-config-host",
            "journalctl.errors",
            "journalctl.log",
            "signpost",
            "settings.json",
        ];
        assert_eq!(detect(&whole), 100);
        assert_eq!(detect(&["journalctl-boots", "journalctl.errors"]), 60);
        assert_eq!(detect(&["journalctl.log", "settings.json", "df"]), 0);
    }

    #[test]
    fn the_hosts_own_containerd_is_not_the_pods() {
        assert_eq!(
            source("containerd-config"),
            Source::command("containerd config dump")
        );
        let host = "containerd-config-host";
        assert_eq!(source(host), Source::meta(host));
        assert_eq!(
            source("var/log/kdump/dmesg.log"),
            Source::file("/var/log/kdump/dmesg.log")
        );
        assert_eq!(source("journalctl.log"), Source::whole_journal());
    }
}
