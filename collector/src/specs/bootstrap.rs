//! Joining: how far it came, and by which settings.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "bootstrap",
    about: "joining the cluster",
    items: &[
        Item {
            name: "kubeadm-configs",
            catalog: "B2",
            kind: "kubeadm-config",
            source: Source::Folder {
                path: "/etc/kubernetes",
                names: &["*.yaml", "*.yml", "*.env"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "discovery settings, node registration, endpoints",
        },
        Item {
            name: "kind",
            catalog: "B2",
            kind: "kubeadm-config",
            source: Source::File("/kind/kubeadm.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join configuration of a node in a container",
        },
        config("replicated", "/opt/replicated/kubeadm.conf"),
        config("kubeadm-run", "/run/kubeadm/kubeadm.yaml"),
        config("kubeadm-join-run", "/run/kubeadm/kubeadm-join-config.yaml"),
        listing("kubeadm-run-folder", "/run/kubeadm"),
        listing("kubernetes-tmp", "/etc/kubernetes/tmp"),
        Item {
            name: "minikube",
            catalog: "B2",
            kind: "kubeadm-config",
            source: Source::File("/var/tmp/minikube/kubeadm.yaml"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join configuration",
        },
        Item {
            name: "node-password",
            catalog: "B5",
            kind: "listing",
            source: Source::Listing("/etc/rancher/node"),
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Secret,
            reason: "whether a node password exists, its mode and time; never its content",
        },
        Item {
            name: "cloud-init",
            catalog: "L6",
            kind: "log",
            source: Source::Log("/var/log/cloud-init-output.log"),
            cap: 1024 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join script never ran or failed",
        },
        Item {
            name: "user-data",
            catalog: "L7",
            kind: "log",
            source: Source::Log("/var/log/user-data.log"),
            cap: 1024 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join script never ran or failed",
        },
        Item {
            name: "azure",
            catalog: "L7",
            kind: "log",
            source: Source::Log("/var/log/azure/cluster-provision.log"),
            cap: 1024 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "exit code of the provisioning script",
        },
    ],
};

const fn config(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "B2",
        kind: "kubeadm-config",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "the join configuration",
    }
}

const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "B2",
        kind: "listing",
        source: Source::Listing(path),
        cap: 32 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "how far kubeadm came, and what it saved before an upgrade",
    }
}
