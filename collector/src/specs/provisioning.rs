//! What the cloud's and the distribution's first-boot scripts left behind.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "provisioning",
    about: "first-boot scripts",
    items: &[
        log("cloud-init", "L6", "/var/log/cloud-init.log"),
        state("status", "/run/cloud-init/status.json"),
        state("result", "/run/cloud-init/result.json"),
        log("ds-identify", "L6", "/run/cloud-init/ds-identify.log"),
        log(
            "azure-cse",
            "L7",
            "/var/log/azure/cluster-provision-cse-output.log",
        ),
        log("azure-result", "L7", "/var/log/azure/aks/provision.json"),
        log(
            "azure-tls-bootstrap",
            "L7",
            "/var/log/azure/aks/secure-tls-bootstrap.log",
        ),
        log("startup-script", "L7", "/var/log/startupscript.log"),
    ],
};

const fn log(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "log",
        source: Source::Log(path),
        cap: 1024 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "the join script never ran or failed",
    }
}

const fn state(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "L6",
        kind: "cloud-init-state",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "which stage failed, and from which source the settings came",
    }
}
