//! Journals of the kubelet, the runtime, the kernel and what embeds or surrounds them.

use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "journal",
    about: "journals and logs",
    items: &[
        unit(
            "kubelet",
            "kubelet.service",
            &["kubelet"],
            16 * MIB,
            Tier::T0,
        ),
        Item {
            name: "kernel",
            kind: "journal",
            source: Source::Kernel,
            cap: 4 * MIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Identifying,
            reason: "OOM kills, hung tasks, I/O errors, link changes",
        },
        unit(
            "containerd",
            "containerd.service",
            &["containerd"],
            8 * MIB,
            Tier::T0,
        ),
        unit("crio", "crio.service", &["crio"], 8 * MIB, Tier::T0),
        unit("k3s", "k3s*.service", &["k3s"], 16 * MIB, Tier::T1),
        unit("rke2", "rke2-*.service", &["rke2"], 8 * MIB, Tier::T1),
        unit("k0s", "k0s*.service", &["k0s"], 16 * MIB, Tier::T1),
        unit("microk8s", "snap.microk8s.*", &[], 8 * MIB, Tier::T1),
        unit("k8s-snap", "snap.k8s.*", &[], 8 * MIB, Tier::T1),
        unit("microshift", "microshift*.service", &[], 16 * MIB, Tier::T1),
        unit("docker", "docker.service", &[], 4 * MIB, Tier::T1),
        unit("cri-docker", "cri-docker.service", &[], 4 * MIB, Tier::T1),
        unit("nodeadm", "nodeadm-*.service", &[], MIB, Tier::T1),
        unit("kube-node", "kube-node-*.service", &[], MIB, Tier::T1),
        unit(
            "tls-bootstrap",
            "secure-tls-bootstrap.service",
            &[],
            MIB,
            Tier::T1,
        ),
        unit(
            "rancher-agent",
            "rancher-system-agent.service",
            &[],
            MIB,
            Tier::T1,
        ),
        unit("etcd", "etcd.service", &[], MIB, Tier::T1),
        unit("cloud-init", "cloud-init*.service", &[], MIB, Tier::T1),
        unit("chrony", "chrony*.service", &[], 512 * KIB, Tier::T1),
        unit(
            "timesyncd",
            "systemd-timesyncd.service",
            &[],
            512 * KIB,
            Tier::T1,
        ),
        unit(
            "resolved",
            "systemd-resolved.service",
            &[],
            512 * KIB,
            Tier::T1,
        ),
        unit(
            "networkd",
            "systemd-networkd.service",
            &[],
            512 * KIB,
            Tier::T1,
        ),
        unit(
            "network-manager",
            "NetworkManager.service",
            &[],
            512 * KIB,
            Tier::T1,
        ),
        unit("firewalld", "firewalld.service", &[], 512 * KIB, Tier::T1),
        file("syslog", "/var/log/syslog"),
        file("messages", "/var/log/messages"),
        file("kubelet-log", "/var/log/kubelet.log"),
        file("k3s-log", "/var/log/k3s.log"),
        file("k0s-log", "/var/log/k0sworker.log"),
    ],
};

const fn unit(
    name: &'static str,
    unit: &'static str,
    programs: &'static [&'static str],
    cap: u64,
    tier: Tier,
) -> Item {
    Item {
        name,
        kind: "journal",
        source: Source::Journal { unit, programs },
        cap,
        tier,
        sensitivity: Sensitivity::Mixed,
        reason: "what it said, start by start",
    }
}

const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        kind: "log",
        source: Source::Log(path),
        cap: 2 * MIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "the journal is not kept, or shorter",
    }
}
