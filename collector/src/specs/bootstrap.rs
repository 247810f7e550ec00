//! Joining: how far it came, and by which settings.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "bootstrap",
    about: "joining the cluster",
    items: &[
        Item {
            name: "kubeadm-configs",
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
            kind: "kubeadm-config",
            source: Source::File("/kind/kubeadm.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join configuration of a node in a container",
        },
        Item {
            name: "minikube",
            kind: "kubeadm-config",
            source: Source::File("/var/tmp/minikube/kubeadm.yaml"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join configuration",
        },
        Item {
            name: "node-password",
            kind: "listing",
            source: Source::Listing("/etc/rancher/node"),
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Secret,
            reason: "whether a node password exists, its mode and time; never its content",
        },
        Item {
            name: "cloud-init",
            kind: "log",
            source: Source::Log("/var/log/cloud-init-output.log"),
            cap: 1024 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join script never ran or failed",
        },
        Item {
            name: "user-data",
            kind: "log",
            source: Source::Log("/var/log/user-data.log"),
            cap: 1024 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the join script never ran or failed",
        },
        Item {
            name: "azure",
            kind: "log",
            source: Source::Log("/var/log/azure/cluster-provision.log"),
            cap: 1024 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "exit code of the provisioning script",
        },
    ],
};
