//! The AKS log collector of a Linux node (`aks_logs.zip`): outputs in `collect/`, copies of files by their path. Older releases
//! copy `/proc` into `collect/proc/`, newer ones name it by its path. Follows the script of `AgentBaker` of 2021 to 2026. Also what
//! Azure takes of the disk of a machine of a scale set: copies by their path in `device_0/`, with `results.txt`.

use crate::layout::Layout;
use crate::names;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "aks",
    detect,
    source,
    node: None,
};

fn detect(names: &[&str]) -> u8 {
    let inspected = || {
        let of_disk = names.iter().filter_map(|name| of_disk(name));
        of_disk
            .take(1000)
            .any(|path| path.starts_with("var/log/azure/"))
    };
    if names.contains(&"results.txt") && inspected() {
        return 90;
    }
    let outputs = OUTPUTS
        .iter()
        .filter(|(file, _)| {
            names
                .iter()
                .any(|name| name.strip_prefix("collect/") == Some(file))
        })
        .count();
    let azure = names.iter().any(|name| {
        ["var/log/azure", "var/lib/waagent/", "etc/waagent.conf"]
            .iter()
            .any(|start| name.starts_with(start))
    });
    match (outputs, azure) {
        (0, _) => 0,
        (1..=2, true) => 80,
        (1..=2, false) => 20,
        (_, azure) => 80 + 15 * u8::from(azure),
    }
}

/// Outputs whose names do not spell out their command.
const OUTPUTS: [(&str, &str); 17] = [
    ("du_bytes.txt", "df -al"),
    ("du_inodes.txt", "df -ail"),
    ("diskinfo.txt", "lsblk"),
    ("sysctl.txt", "sysctl -a"),
    ("systemctl-status.txt", "systemctl status --all"),
    ("crictl_version.txt", "crictl version"),
    ("crictl_info.json", "crictl info"),
    ("crictl_images.json", "crictl images -o json"),
    ("crictl_pods.json", "crictl pods -o json"),
    ("crictl_ps.json", "crictl ps -o json"),
    ("ip_4_addr.json", "ip -4 -d -j addr show"),
    ("ip_6_addr.json", "ip -6 -d -j addr show"),
    ("ip_4_route.json", "ip -4 -d -j route show"),
    ("ip_link.json", "ip -d -j link show"),
    ("iptables.txt", "iptables -L -vn --line-numbers"),
    ("nftables.txt", "nft -n list ruleset"),
    ("ss.txt", "ss -anoempiO --cgroup"),
];

/// The path of a copy from a disk: `device_0/etc/fstab`.
fn of_disk(name: &str) -> Option<&str> {
    let (number, path) = name.strip_prefix("device_")?.split_once('/')?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(path)
}

fn source(name: &str) -> Source {
    if let Some(path) = of_disk(name) {
        return Source::File(format!("/{path}"));
    }
    if name == "results.txt" {
        return Source::meta(name);
    }
    let Some(output) = name.strip_prefix("collect/") else {
        return Source::File(format!("/{name}"));
    };
    if output.starts_with("proc/") {
        return Source::File(format!("/{output}"));
    }
    if output.starts_with("ip_netns") {
        // What is said of another network namespace is not the node's.
        return Source::Meta(output.to_owned());
    }
    let known = OUTPUTS.iter().find(|(file, _)| *file == output);
    known.map_or_else(
        || names::source(output),
        |(_, command)| Source::Command((*command).to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_told_by_what_it_collects() {
        let names = [
            "collect/du_bytes.txt",
            "collect/sysctl.txt",
            "collect/crictl_info.json",
            "etc/default/kubelet",
            "var/log/azure/cluster-provision.log",
        ];
        assert_eq!(detect(&names), 95);
        assert_eq!(detect(&names[..2]), 20);
        assert_eq!(detect(&names[3..]), 0);
        let disk = [
            "results.txt",
            "device_0/var/log/azure/cluster-provision.log",
        ];
        assert_eq!(detect(&disk), 90);
    }

    #[test]
    fn outputs_and_copies_have_their_source() {
        for (name, want) in [
            ("device_0/etc/fstab", Source::File("/etc/fstab".into())),
            ("collect/proc/mounts", Source::File("/proc/mounts".into())),
            ("proc/mounts", Source::File("/proc/mounts".into())),
            (
                "etc/default/kubelet",
                Source::File("/etc/default/kubelet".into()),
            ),
            (
                "collect/ss.txt",
                Source::Command("ss -anoempiO --cgroup".into()),
            ),
            (
                "collect/ip_netns_cni-1/ip_4_route.json",
                Source::Meta("ip_netns_cni-1/ip_4_route.json".into()),
            ),
            (
                "collect/journalctl_kubelet.txt",
                Source::Journal("kubelet.service".into()),
            ),
        ] {
            assert_eq!(source(name), want, "{name}");
        }
    }
}
