//! Journals of the kubelet, the runtime, the kernel and what embeds or surrounds them.

use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "journal",
    about: "journals and logs",
    items: &[
        unit(
            "kubelet",
            "L1",
            "kubelet.service",
            &["kubelet"],
            (16 * MIB, Tier::T0),
        ),
        Item {
            name: "kernel",
            catalog: "L3",
            kind: "journal",
            source: Source::Kernel,
            cap: 4 * MIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Identifying,
            reason: "OOM kills, hung tasks, I/O errors, link changes",
        },
        unit(
            "containerd",
            "L2",
            "containerd.service",
            &["containerd"],
            (8 * MIB, Tier::T0),
        ),
        unit("crio", "L2", "crio.service", &["crio"], (8 * MIB, Tier::T0)),
        unit(
            "k3s",
            "L1 L4",
            "k3s*.service",
            &["k3s"],
            (16 * MIB, Tier::T1),
        ),
        unit(
            "rke2",
            "L4",
            "rke2-*.service",
            &["rke2"],
            (8 * MIB, Tier::T1),
        ),
        unit(
            "k0s",
            "L1 L4",
            "k0s*.service",
            &["k0s"],
            (16 * MIB, Tier::T1),
        ),
        unit(
            "microk8s",
            "L1 L4",
            "snap.microk8s.*",
            &[],
            (8 * MIB, Tier::T1),
        ),
        unit("k8s-snap", "L1 L4", "snap.k8s.*", &[], (8 * MIB, Tier::T1)),
        unit(
            "microshift",
            "L1 L4",
            "microshift*.service",
            &[],
            (16 * MIB, Tier::T1),
        ),
        unit("docker", "L2", "docker.service", &[], (4 * MIB, Tier::T1)),
        unit(
            "cri-docker",
            "L2",
            "cri-docker.service",
            &[],
            (4 * MIB, Tier::T1),
        ),
        unit("nodeadm", "L4", "nodeadm-*.service", &[], (MIB, Tier::T1)),
        unit(
            "kube-node",
            "L4",
            "kube-node-*.service",
            &[],
            (MIB, Tier::T1),
        ),
        unit(
            "tls-bootstrap",
            "L4",
            "secure-tls-bootstrap.service",
            &[],
            (MIB, Tier::T1),
        ),
        unit(
            "rancher-agent",
            "L4",
            "rancher-system-agent.service",
            &[],
            (MIB, Tier::T1),
        ),
        unit("etcd", "L9", "etcd.service", &[], (MIB, Tier::T1)),
        unit(
            "cloud-init",
            "L6",
            "cloud-init*.service",
            &[],
            (MIB, Tier::T1),
        ),
        unit(
            "chrony",
            "L5",
            "chrony*.service",
            &[],
            (512 * KIB, Tier::T1),
        ),
        unit(
            "timesyncd",
            "L5",
            "systemd-timesyncd.service",
            &[],
            (512 * KIB, Tier::T1),
        ),
        unit(
            "resolved",
            "L5",
            "systemd-resolved.service",
            &[],
            (512 * KIB, Tier::T1),
        ),
        unit(
            "networkd",
            "L5",
            "systemd-networkd.service",
            &[],
            (512 * KIB, Tier::T1),
        ),
        unit(
            "network-manager",
            "L5",
            "NetworkManager.service",
            &[],
            (512 * KIB, Tier::T1),
        ),
        unit(
            "firewalld",
            "L5",
            "firewalld.service",
            &[],
            (512 * KIB, Tier::T1),
        ),
        small("snap-kubelet", "L1", "snap.kubelet.daemon.service"),
        small("kubelet-monitor", "L4", "kubelet-monitor.service"),
        small(
            "runtime-monitor",
            "L4",
            "kube-container-runtime-monitor.service",
        ),
        small("sandbox-image", "L2", "sandbox-image.service"),
        small("kube-proxy", "L4", "kube-proxy.service"),
        small("calico-node", "L4", "calico-node.service"),
        small("flanneld", "L4", "flanneld.service"),
        small("keepalived", "L9", "keepalived.service"),
        small("haproxy", "L9", "haproxy.service"),
        small("fapolicyd", "L13", "fapolicyd.service"),
        small("ovs-configuration", "L4", "ovs-configuration.service"),
        small("nodeip-configuration", "L4", "nodeip-configuration.service"),
        small("node-valid-hostname", "L4", "node-valid-hostname.service"),
        small("ntpd", "L5", "ntpd.service"),
        small("nm-cloud-setup", "L5", "nm-cloud-setup.service"),
        file("syslog", "L10", "/var/log/syslog"),
        file("messages", "L10", "/var/log/messages"),
        file("kern-log", "L3 L10", "/var/log/kern.log"),
        file("daemon-log", "L10", "/var/log/daemon.log"),
        file("kubelet-log", "L10", "/var/log/kubelet.log"),
        file("kube-proxy-log", "L10", "/var/log/kube-proxy.log"),
        file("k3s-log", "L4", "/var/log/k3s.log"),
        file("k0s-log", "L4", "/var/log/k0sworker.log"),
    ],
};

const fn unit(
    name: &'static str,
    catalog: &'static str,
    unit: &'static str,
    programs: &'static [&'static str],
    (cap, tier): (u64, Tier),
) -> Item {
    Item {
        name,
        catalog,
        kind: "journal",
        source: Source::Journal { unit, programs },
        cap,
        tier,
        sensitivity: Sensitivity::Mixed,
        reason: "what it said, start by start",
    }
}

/// A unit that few nodes have.
const fn small(name: &'static str, catalog: &'static str, name_of_unit: &'static str) -> Item {
    unit(name, catalog, name_of_unit, &[], (MIB, Tier::T1))
}

const fn file(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "log",
        source: Source::Log(path),
        cap: 2 * MIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "the journal is not kept, or shorter",
    }
}
