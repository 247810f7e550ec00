//! Rancher's log collector script (`rancher2_logs_collector.sh`), versions of 2020 to 2026: rke2, k3s, kubeadm, and rke with its
//! containers in docker.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "rancher",
    detect,
    source,
    node: None,
};

/// Entries that together nobody else writes.
const TELLING: [&str; 18] = [
    "collector-output.log",
    "networking/ipaddrshow",
    "networking/iproute",
    "networking/iptablessave",
    "networking/ssanp",
    "systeminfo/dfh",
    "systeminfo/dfi",
    "systeminfo/etchosts",
    "systeminfo/etcresolvconf",
    "systeminfo/freeh",
    "systeminfo/freem",
    "systeminfo/hostnamefqdn",
    "systeminfo/osrelease",
    "systeminfo/sysctla",
    "systeminfo/systemd-unit-files",
    "systeminfo/systemd-units",
    "k3s/crictl/psa",
    "rke2/crictl/psa",
];

fn detect(names: &[&str]) -> u8 {
    match TELLING.iter().filter(|name| names.contains(name)).count() {
        1 if names.iter().any(|name| name.starts_with("journald/")) => 55,
        0 | 1 => 0,
        2 => 60,
        3 => 80,
        _ => 100,
    }
}

fn source(name: &str) -> Source {
    let Some((folder, rest)) = name.split_once('/') else {
        return Source::meta(name);
    };
    match folder {
        "systeminfo" => system(name, rest),
        "networking" => networking(name, rest),
        "docker" => docker(name, rest),
        "journald" => Source::journal_of(rest),
        "systemlogs" => Source::file(format!("/var/log/{rest}")),
        "rancher" => match rest.strip_prefix("containerlogs/") {
            Some(container) => Source::command(format!("docker logs rancher-{container}")),
            None => Source::meta(name),
        },
        "k3s" | "rke2" | "rke" | "k8s" | "kubeadm" | "pod" => distribution(name, folder, rest),
        _ => Source::meta(name),
    }
}

fn system(name: &str, file: &str) -> Source {
    Source::command(match file {
        "etchosts" => return Source::file("/etc/hosts"),
        "etcresolvconf" => return Source::file("/etc/resolv.conf"),
        "systemd-resolved" => return Source::file("/run/systemd/resolve/resolv.conf"),
        "osrelease" => return Source::file("/etc/os-release"),
        "dmesg" => return Source::kernel_log(),
        "hostnamefqdn" => "hostname -f",
        "freeh" => "free -h",
        "freem" => "free -m",
        "dfh" => "df -Ph",
        "dfi" => "df -Pi",
        "ps" => "ps auxfww",
        "uname" => "uname -a",
        "sysctla" => "sysctl -a",
        "systemd-units" => "systemctl list-units --all",
        "systemd-unit-files" => "systemctl list-unit-files",
        "rhel-getenforce" => "getenforce",
        "rhel-statusfirewalld" => "systemctl status firewalld",
        "rhel-statusnetworkmanager" => "systemctl status NetworkManager",
        "hostname" | "date" | "uptime" | "lsmod" | "mount" | "lsblk" => file,
        _ => return Source::meta(name),
    })
}

fn networking(name: &str, file: &str) -> Source {
    Source::command(match file {
        "iptablessave" => "iptables-save",
        "ip6tablessave" => "ip6tables-save",
        "iptables" => "iptables -nvL -t filter",
        "nft_ruleset" => "nft list ruleset",
        "netstat" => "netstat -antup",
        "ipaddrshow" => "ip addr show",
        "iproute" => "ip route show table all",
        "iplinkshow" => "ip -s link show",
        "ifconfiga" => "ifconfig -a",
        "ssanp" => "ss -anp",
        _ => {
            return match file.strip_prefix("cni/") {
                Some(file) => Source::file(format!("/etc/cni/net.d/{file}")),
                None => Source::meta(name),
            };
        }
    })
}

fn docker(name: &str, file: &str) -> Source {
    Source::command(match file {
        "etcdockerdaemon.json" => return Source::file("/etc/docker/daemon.json"),
        "dockerinfo" => "docker info",
        "dockerpsa" => "docker ps -a",
        "dockerimages" => "docker images",
        _ => return Source::meta(name),
    })
}

/// What stands in the folder of the distribution.
fn distribution(name: &str, distribution: &str, rest: &str) -> Source {
    let (folder, file) = rest.split_once('/').unwrap_or(("", rest));
    let data = format!("/var/lib/rancher/{distribution}");
    match folder {
        "" => setting(name, distribution, file),
        "crictl" => crictl(name, file),
        "kubectl" => kubectl(name, file),
        "podlogs" => pod_log(file),
        "containerlogs" => Source::command(format!("docker logs {file}")),
        "containers-varlogs" => Source::file(format!("/var/log/containers/{file}")),
        "agent-logs" => Source::file(format!("{data}/agent/logs/{file}")),
        "server-logs" => Source::file(format!("{data}/server/logs/{file}")),
        "pod-manifests" => Source::file(format!("{data}/agent/pod-manifests/{file}")),
        "certs" | "pki" => certificate(name, distribution, file),
        "directories" => directory(name, distribution, file),
        _ => Source::meta(name),
    }
}

/// Configuration and versions; lines with tokens and keys were cut out of them.
fn setting(name: &str, distribution: &str, file: &str) -> Source {
    let etc = format!("/etc/rancher/{distribution}");
    let ending = file.rsplit('.').next();
    match file {
        "version" => Source::command(format!("{distribution} --version")),
        "containerd.log" => Source::file(format!(
            "/var/lib/rancher/{distribution}/agent/containerd/{file}"
        )),
        "config.yaml" => Source::file(format!("{etc}/{file}")),
        "staticpodlist" => Source::command("ls -lah /etc/kubernetes/manifests"),
        _ if ending == Some("service") && distribution == "k3s" => {
            Source::file(format!("/etc/systemd/system/{file}"))
        }
        _ if ending == Some("service") => {
            Source::file(format!("/usr/local/lib/systemd/system/{file}"))
        }
        _ if ending == Some("yaml") => Source::file(format!("{etc}/config.yaml.d/{file}")),
        _ => Source::meta(name),
    }
}

fn crictl(name: &str, file: &str) -> Source {
    Source::command(match file {
        "psa" => "crictl ps -a",
        "pods" => "crictl pods",
        "info" => "crictl info",
        "images" => "crictl images",
        "version" => "crictl version",
        "containerd-version" => "containerd --version",
        "runc-version" => "runc --version",
        _ => return Source::meta(name),
    })
}

fn kubectl(name: &str, file: &str) -> Source {
    Source::command(match file {
        "nodes" => "kubectl get nodes -o wide",
        "nodes.json" => "kubectl get nodes -o json",
        "nodesdescribe" => "kubectl describe nodes",
        "version" => "kubectl version",
        "pods" => "kubectl get pods -o wide --all-namespaces",
        "events" => "kubectl get events --all-namespaces -o wide",
        _ => return Source::meta(name),
    })
}

/// A copy of the file below `/var/log/pods`, or the output of `kubectl logs` and `docker logs` named after the pod.
fn pod_log(file: &str) -> Source {
    if file.contains('/') {
        Source::file(format!("/var/log/pods/{file}"))
    } else {
        Source::command(format!("kubectl logs {file}"))
    }
}

/// A certificate as openssl prints it, without the path that it had.
fn certificate(name: &str, distribution: &str, file: &str) -> Source {
    let data = format!("/var/lib/rancher/{distribution}");
    let path = match file.split_once('/') {
        Some(("agent", file)) => format!("{data}/agent/{file}"),
        Some(("server", file)) if distribution == "kubeadm" => {
            format!("/etc/kubernetes/pki/{file}")
        }
        Some(("server", file)) => format!("{data}/server/tls/{file}"),
        Some(("kubelet", file)) => format!("/var/lib/kubelet/pki/{file}"),
        Some(_) => return Source::meta(name),
        None => format!("/etc/kubernetes/ssl/{file}"),
    };
    Source::command(format!("openssl x509 -in {path} -text -noout"))
}

fn directory(name: &str, distribution: &str, file: &str) -> Source {
    let data = format!("/var/lib/rancher/{distribution}");
    let below = file.strip_prefix(distribution).unwrap_or(file);
    Source::command(match below {
        "agent" => format!("ls -lah {data}/agent"),
        "servertls" => format!("ls -lahR {data}/server/tls"),
        "servermanifests" => format!("ls -lahR {data}/server/manifests"),
        "" => "ls -lah /etc/kubernetes".to_owned(),
        "findetckubernetesssl" | "findoptrkeetckubernetesssl" => "ls -la".to_owned(),
        _ => return Source::meta(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_any_distribution_is_told_also_when_cut() {
        assert_eq!(
            detect(&[
                "systeminfo/hostnamefqdn",
                "systeminfo/dfh",
                "networking/iptablessave",
                "rke2/crictl/psa",
            ]),
            100
        );
        assert_eq!(detect(&["systeminfo/osrelease", "systeminfo/freem"]), 60);
        assert_eq!(detect(&["collector-output.log", "journald/rke2-agent"]), 55);
        assert_eq!(detect(&["collector-output.log", "other"]), 0);
    }

    #[test]
    fn entries_are_what_the_script_ran_and_copied() {
        for (name, wanted) in [
            ("journald/rke2-agent", Source::journal_of("rke2-agent")),
            (
                "rke2/agent-logs/kubelet.log",
                Source::file("/var/lib/rancher/rke2/agent/logs/kubelet.log"),
            ),
            (
                "rke2/50-rancher.yaml",
                Source::file("/etc/rancher/rke2/config.yaml.d/50-rancher.yaml"),
            ),
            (
                "k3s/k3s-agent.service",
                Source::file("/etc/systemd/system/k3s-agent.service"),
            ),
            ("k3s/crictl/info", Source::command("crictl info")),
            (
                "k8s/containerlogs/kubelet",
                Source::command("docker logs kubelet"),
            ),
            (
                "k3s/podlogs/kube-system_coredns-x_1/coredns/0.log",
                Source::file("/var/log/pods/kube-system_coredns-x_1/coredns/0.log"),
            ),
            (
                "rke2/podlogs/kube-system-etcd-n1",
                Source::command("kubectl logs kube-system-etcd-n1"),
            ),
            (
                "kubeadm/pki/kubelet/kubelet.crt",
                Source::command("openssl x509 -in /var/lib/kubelet/pki/kubelet.crt -text -noout"),
            ),
            (
                "rke2/directories/rke2servertls",
                Source::command("ls -lahR /var/lib/rancher/rke2/server/tls"),
            ),
            (
                "kubeadm/directories/kubeadm",
                Source::command("ls -lah /etc/kubernetes"),
            ),
            ("versions", Source::meta("versions")),
        ] {
            assert_eq!(source(name), wanted, "{name}");
        }
    }
}
