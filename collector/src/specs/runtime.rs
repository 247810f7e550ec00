//! The container runtime: its configuration, and the folders of its sockets.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "runtime",
    about: "the container runtime",
    items: &[
        config("containerd", "/etc/containerd/config.toml"),
        folder(
            "containerd-imports",
            "/etc/containerd/conf.d",
            &["*.toml"],
            0,
        ),
        folder(
            "containerd-mirrors",
            "/etc/containerd/certs.d",
            &["hosts.toml"],
            1,
        ),
        config("crio", "/etc/crio/crio.conf"),
        folder("crio-drop-ins", "/etc/crio/crio.conf.d", &["*"], 0),
        config("crictl", "/etc/crictl.yaml"),
        config("docker", "/etc/docker/daemon.json"),
        config("registries", "/etc/containers/registries.conf"),
        folder(
            "registries-drop-ins",
            "/etc/containers/registries.conf.d",
            &["*.conf"],
            0,
        ),
        config("policy", "/etc/containers/policy.json"),
        config("k0s-containerd", "/etc/k0s/containerd.toml"),
        config("talos-containerd", "/etc/cri/containerd.toml"),
        config(
            "k3s-containerd",
            "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
        ),
        config(
            "rke2-containerd",
            "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
        ),
        config(
            "microk8s-containerd",
            "/var/snap/microk8s/current/args/containerd.toml",
        ),
        listing("run-containerd", "/run/containerd"),
        listing("run-crio", "/run/crio"),
        listing("run", "/run"),
        listing("run-k3s", "/run/k3s/containerd"),
        listing("run-k0s", "/run/k0s"),
        listing("run-microk8s", "/var/snap/microk8s/common/run"),
        listing("etc-containerd", "/etc/containerd"),
        listing("etc-crio", "/etc/crio"),
    ],
};

const fn config(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
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
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
) -> Item {
    Item {
        name,
        kind: "runtime-config",
        source: Source::Folder { path, names, depth },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "settings that override the main file",
    }
}

const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "proves that a socket or file is missing",
    }
}
