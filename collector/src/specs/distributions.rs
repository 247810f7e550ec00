//! Files that only some distributions have.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "distributions",
    about: "files of k3s, RKE2, microk8s, k0s, EKS, OpenShift, MicroShift",
    items: &[
        folder(
            "k3s",
            "/etc/rancher/k3s",
            &["config.yaml", "registries.yaml", "*.yaml"],
            1,
        ),
        folder(
            "k3s-kubelet",
            "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d",
            &["*.conf"],
            0,
        ),
        folder(
            "k3s-balancer",
            "/var/lib/rancher/k3s/agent/etc",
            &["*.json", "crictl.yaml"],
            0,
        ),
        listing("k3s-agent", "/var/lib/rancher/k3s/agent"),
        folder(
            "rke2",
            "/etc/rancher/rke2",
            &["config.yaml", "registries.yaml", "*.yaml"],
            1,
        ),
        folder(
            "rke2-kubelet",
            "/var/lib/rancher/rke2/agent/etc/kubelet.conf.d",
            &["*.conf"],
            0,
        ),
        folder(
            "rke2-balancer",
            "/var/lib/rancher/rke2/agent/etc",
            &["*.json", "crictl.yaml"],
            0,
        ),
        folder(
            "rke2-pods",
            "/var/lib/rancher/rke2/agent/pod-manifests",
            &["*.yaml"],
            0,
        ),
        listing("rke2-agent", "/var/lib/rancher/rke2/agent"),
        log(
            "rke2-kubelet-log",
            "/var/lib/rancher/rke2/agent/logs/kubelet.log",
        ),
        log(
            "rke2-containerd-log",
            "/var/lib/rancher/rke2/agent/containerd/containerd.log",
        ),
        log(
            "k3s-containerd-log",
            "/var/lib/rancher/k3s/agent/containerd/containerd.log",
        ),
        folder(
            "microk8s-args",
            "/var/snap/microk8s/current/args",
            &["kube*", "containerd*", "apiserver-proxy"],
            0,
        ),
        listing("microk8s-data", "/var/snap/microk8s/current"),
        folder("k0s", "/etc/k0s", &["k0s.yaml", "containerd.toml"], 0),
        listing("k0s-data", "/var/lib/k0s"),
        folder("eks", "/etc/eks", &["*.json", "*.yaml", "bootstrap.sh"], 1),
        listing("eks-folder", "/etc/eks"),
        folder("openshift", "/etc/openshift/kubelet.conf.d", &["*"], 0),
        folder(
            "microshift",
            "/etc/microshift",
            &["config.yaml", "*.yaml"],
            1,
        ),
        listing("azure", "/opt/azure/containers"),
        listing("kind", "/kind"),
        listing("rancher", "/var/lib/rancher"),
    ],
};

const fn folder(
    name: &'static str,
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
) -> Item {
    Item {
        name,
        catalog: "K1 CR4 CR5 C6",
        kind: "distribution-config",
        source: Source::Folder { path, names, depth },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "this distribution keeps the kubelet's settings here",
    }
}

const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "K6",
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "tells the distribution, and what is missing",
    }
}

const fn log(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "L1 L2",
        kind: "log",
        source: Source::Log(path),
        cap: 4096 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "this distribution logs to a file",
    }
}
