//! The container runtime: its configuration, and the folders of its sockets.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "runtime",
    about: "the container runtime",
    items: &[
        config("containerd", "CR4", "/etc/containerd/config.toml"),
        folder(
            "containerd-imports",
            "CR4",
            "/etc/containerd/conf.d",
            &["*.toml"],
            0,
        ),
        folder(
            "containerd-mirrors",
            "CR5",
            "/etc/containerd/certs.d",
            &["hosts.toml"],
            1,
        ),
        config("crio", "CR6", "/etc/crio/crio.conf"),
        folder("crio-drop-ins", "CR6", "/etc/crio/crio.conf.d", &["*"], 0),
        config("crictl", "CR6", "/etc/crictl.yaml"),
        config("docker", "CR7", "/etc/docker/daemon.json"),
        config("registries", "CR5", "/etc/containers/registries.conf"),
        folder(
            "registries-drop-ins",
            "CR5",
            "/etc/containers/registries.conf.d",
            &["*.conf"],
            0,
        ),
        config("policy", "CR5", "/etc/containers/policy.json"),
        config("k0s-containerd", "CR4", "/etc/k0s/containerd.toml"),
        config("talos-containerd", "CR4", "/etc/cri/containerd.toml"),
        config(
            "k3s-containerd",
            "CR4",
            "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
        ),
        config(
            "rke2-containerd",
            "CR4",
            "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
        ),
        config(
            "microk8s-containerd",
            "CR4",
            "/var/snap/microk8s/current/args/containerd.toml",
        ),
        listing("run-containerd", "CR1", "/run/containerd"),
        listing("run-crio", "CR1", "/run/crio"),
        listing("run", "CR1", "/run"),
        listing("run-k3s", "CR1", "/run/k3s/containerd"),
        listing("run-k0s", "CR1", "/run/k0s"),
        listing("run-microk8s", "CR1", "/var/snap/microk8s/common/run"),
        listing("etc-containerd", "CR4", "/etc/containerd"),
        listing("etc-crio", "CR6", "/etc/crio"),
    ],
};

const fn config(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "runtime-config",
        source: Source::File(path),
        cap: 128 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "CRI plugin disabled, cgroup driver, pause image, CNI folders, mirrors",
    }
}

const fn folder(
    name: &'static str,
    catalog: &'static str,
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
) -> Item {
    Item {
        name,
        catalog,
        kind: "runtime-config",
        source: Source::Folder { path, names, depth },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "settings that override the main file",
    }
}

const fn listing(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "proves that a socket or file is missing",
    }
}
