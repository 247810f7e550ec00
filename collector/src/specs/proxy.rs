//! Proxy settings outside units.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "proxy",
    about: "proxy settings",
    items: &[
        Item {
            name: "environment",
            catalog: "W10",
            kind: "environment-file",
            source: Source::File("/etc/environment"),
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "API traffic sent to a proxy, NO_PROXY lacks the service network",
        },
        Item {
            name: "profile",
            catalog: "W10",
            kind: "environment-file",
            source: Source::Folder {
                path: "/etc/profile.d",
                names: &["*proxy*"],
                depth: 0,
            },
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "API traffic sent to a proxy",
        },
    ],
};
