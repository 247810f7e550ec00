//! The log collector script of the EKS images (`eks_i-…tar.gz`), versions of 2018 to 2026.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "eks",
    detect,
    source,
    node: None,
};

/// Entries that together nobody else writes.
const TELLING: [&str; 16] = [
    "containerd/containerd-config.txt",
    "containerd/containerd-log.txt",
    "kernel/dmesg.current",
    "kernel/uname.txt",
    "kubelet/kubelet_service.txt",
    "kubelet/kubelet.log",
    "kubelet/kubeconfig.yaml",
    "networking/iproute.txt",
    "networking/iptables-save.txt",
    "storage/mounts.txt",
    "sysctls/sysctl_all.txt",
    "system/instance-id.txt",
    "system/pkglist.txt",
    "system/ps.txt",
    "system/services.txt",
    "var_log/messages",
];

pub(super) fn detect(names: &[&str]) -> u8 {
    match TELLING.iter().filter(|name| names.contains(name)).count() {
        0 | 1 => 0,
        2 => 55,
        3 => 75,
        _ => 95,
    }
}

pub(super) fn source(name: &str) -> Source {
    let Some((folder, file)) = name.split_once('/') else {
        return Source::meta(name);
    };
    match folder {
        "kubelet" => kubelet(name, file),
        "containerd" => containerd(name, file),
        "docker" => docker(name, file),
        "kernel" => match file {
            "uname.txt" => Source::command("uname -a"),
            _ => Source::kernel_log(),
        },
        "networking" => networking(name, file),
        "nodeadm" => Source::journal_of(&unit_of(file)),
        "sandbox-image" => Source::journal_of("sandbox-image"),
        "storage" => storage(name, file),
        "sysctls" => Source::command("sysctl -a"),
        "system" => system(name, file),
        "cni" if !file.starts_with("cni-configuration-variables") => {
            Source::file(format!("/etc/cni/net.d/{file}"))
        }
        "var_log" => log(file),
        _ => Source::meta(name),
    }
}

/// `udev-net-manager_eth0.log` is of `udev-net-manager@eth0`.
fn unit_of(file: &str) -> String {
    let stem = file.strip_suffix(".log").unwrap_or(file);
    stem.replacen('_', "@", 1)
}

fn kubelet(name: &str, file: &str) -> Source {
    match file {
        "kubelet.log" => Source::journal_of("kubelet"),
        "kubelet_service.txt" => Source::command("systemctl cat kubelet"),
        "kubeconfig.yaml" => Source::file("/var/lib/kubelet/kubeconfig"),
        "svc.log" => Source::command("kubectl get svc"),
        "kubeproxy.log" => Source::Named(name.to_owned()),
        _ if file == "kubelet-config.json" || file.starts_with("config.json") => {
            Source::file(format!("/etc/kubernetes/kubelet/{file}"))
        }
        _ => Source::meta(name),
    }
}

fn containerd(name: &str, file: &str) -> Source {
    match file {
        "containerd-log.txt" => Source::journal_of("containerd"),
        "containerd-config.txt" => Source::command("containerd config dump"),
        "containerd-version.txt" => Source::command("ctr version"),
        "containerd-images.txt" => Source::command("ctr --namespace k8s.io images list"),
        "soci-snapshotter/soci-snapshotter-log.txt" => Source::journal_of("soci-snapshotter"),
        "soci-snapshotter/soci-snapshotter-status.txt" => {
            Source::command("systemctl status soci-snapshotter")
        }
        _ => Source::meta(name),
    }
}

fn docker(name: &str, file: &str) -> Source {
    match file {
        "docker.log" => Source::journal_of("docker"),
        "docker-info.txt" => Source::command("docker info"),
        "docker-ps.txt" => Source::command("docker ps --all --no-trunc"),
        "docker-images.txt" => Source::command("docker images"),
        "docker-version.txt" => Source::command("docker version"),
        _ => Source::meta(name),
    }
}

fn networking(name: &str, file: &str) -> Source {
    Source::command(match file {
        "resolv.conf" => return Source::file("/etc/resolv.conf"),
        "configure-multicard-interfaces.txt" => {
            return Source::journal_of("configure-multicard-interfaces");
        }
        "iproute.txt" => "ip route show table all",
        "ip6route.txt" => "ip -6 route show table all",
        "ifconfig.txt" => "ifconfig",
        "iptables-save.txt" => "iptables-save",
        "ip6tables-save.txt" => "ip6tables-save",
        "iptables.txt" | "iptables-filter.txt" => "iptables -nvL -t filter",
        "curl_api_server.txt" => "curl -v",
        _ => return Source::meta(name),
    })
}

fn storage(name: &str, file: &str) -> Source {
    match file {
        // The output of `mount`, and of `df` below it.
        "mounts.txt" => Source::Named(name.to_owned()),
        "inodes.txt" => Source::command("df --inodes"),
        "fstab.txt" => Source::file("/etc/fstab"),
        "lsblk.txt" => Source::command("lsblk"),
        _ => Source::meta(name),
    }
}

fn system(name: &str, file: &str) -> Source {
    Source::command(match file {
        "netstat.txt" => "netstat -plant",
        "ps.txt" => "ps fauxwww",
        "ps-threads.txt" => "ps -eTF",
        "selinux.txt" => "getenforce",
        "services.txt" => "systemctl list-units",
        _ => return Source::meta(name),
    })
}

/// What lay in `/var/log`; logs of pods and containers were taken out of their folders.
fn log(file: &str) -> Source {
    let first = file.split('/').next().unwrap_or(file);
    let of_pod = first != file && first.matches('_').count() >= 2;
    let of_container =
        first == file && first.rsplit('.').next() == Some("log") && first.matches('_').count() >= 2;
    let folder = match (of_pod, of_container) {
        (true, _) => "pods/",
        (_, true) => "containers/",
        _ => "",
    };
    Source::file(format!("/var/log/{folder}{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_new_and_cut_trees_are_told() {
        let old = [
            "docker/docker.log",
            "kernel/dmesg.current",
            "kubelet/kubelet.log",
            "storage/mounts.txt",
            "system/instance-id.txt",
        ];
        assert_eq!(detect(&old), 95);
        assert_eq!(detect(&["kubelet/kubelet.log", "system/services.txt"]), 55);
        assert_eq!(detect(&["kubelet/kubelet.log", "networking/ss"]), 0);
    }

    #[test]
    fn entries_are_what_the_script_ran_and_copied() {
        for (name, wanted) in [
            ("kubelet/kubelet.log", Source::journal_of("kubelet")),
            (
                "kubelet/config.json.d/40-nodeadm.conf",
                Source::file("/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf"),
            ),
            (
                "kubelet/kubeconfig.yaml",
                Source::file("/var/lib/kubelet/kubeconfig"),
            ),
            (
                "nodeadm/udev-net-manager_eth1.log",
                Source::journal_of("udev-net-manager@eth1"),
            ),
            (
                "networking/iproute.txt",
                Source::command("ip route show table all"),
            ),
            (
                "cni/10-aws.conflist",
                Source::file("/etc/cni/net.d/10-aws.conflist"),
            ),
            ("modinfo/ip_vs", Source::meta("modinfo/ip_vs")),
        ] {
            assert_eq!(source(name), wanted, "{name}");
        }
    }

    #[test]
    fn logs_stand_where_they_stood_on_the_node() {
        for (name, path) in [
            ("var_log/messages", "/var/log/messages"),
            (
                "var_log/aws-routed-eni/ipamd.log",
                "/var/log/aws-routed-eni/ipamd.log",
            ),
            (
                "var_log/kube-system_aws-node-x_1/aws-node/0.log",
                "/var/log/pods/kube-system_aws-node-x_1/aws-node/0.log",
            ),
            (
                "var_log/kube-proxy-x_kube-system_kube-proxy-0a.log",
                "/var/log/containers/kube-proxy-x_kube-system_kube-proxy-0a.log",
            ),
        ] {
            assert_eq!(source(name), Source::file(path), "{name}");
        }
    }
}
