//! Kubeconfigs: secrets masked in place, everything else kept.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, anything};

pub(crate) const SPEC: Spec = Spec {
    name: "kubeconfigs",
    about: "kubeconfigs of the kubelet, its bootstrap, and other components",
    items: &[
        Item {
            name: "file",
            catalog: "C1 C2 C4",
            kind: "kubeconfig",
            source: Source::Named {
                what: "kubeconfigs that flags name, and those of the usual places",
                paths: |node| node.kubeconfigs.clone(),
                accepts: anything,
            },
            cap: 128 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "wrong endpoint, missing context, unreadable key, bootstrap never finished, another CA",
        },
        Item {
            name: "cni",
            catalog: "C3",
            kind: "kubeconfig",
            source: Source::Folder {
                path: "/etc/cni/net.d",
                names: &["*kubeconfig*"],
                depth: 1,
            },
            cap: 32 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "an expired CNI token keeps the network from becoming ready",
        },
    ],
};
