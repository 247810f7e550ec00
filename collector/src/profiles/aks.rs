//! AKS, on Ubuntu and Azure Linux.

use crate::profile::{Mark, NONE, Profile, config, journal, listing, logs};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "aks",
        about: "AKS on Ubuntu and Azure Linux",
        items: &[
            config(
                "scripts",
                "/opt/azure/containers",
                &["kubelet.sh", "validate-kubelet-credentials.sh"],
                0,
            ),
            listing("containers", "/opt/azure/containers"),
            listing("azure", "/opt/azure"),
            listing("certificates", "/etc/kubernetes/certs"),
            listing("agent", "/var/lib/waagent"),
            journal("localdns", "localdns.service"),
            journal("log-collector", "aks-log-collector.service"),
            journal("agent-log", "walinuxagent.service"),
            logs("provision-log", "/var/log/azure", &["*.log"]),
            logs(
                "network-log",
                "/var/log",
                &["azure-*.log", "cilium-cni*.log"],
            ),
        ],
    },
    marks: &[
        Mark::Path("/opt/azure/containers"),
        Mark::Path("/var/log/azure/cluster-provision.log"),
        Mark::Unit("secure-tls-bootstrap.service"),
    ],
    units: &[
        "secure-tls-bootstrap.service",
        "localdns.service",
        "aks-log-collector.*",
        "walinuxagent.service",
    ],
    kubeconfigs: &[
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/bootstrap-kubeconfig",
    ],
    configs: &["/etc/default/kubeletconfig.json"],
    pki: &["/etc/kubernetes/certs"],
    environment: &["/etc/default/kubelet", "/etc/default/secure-tls-bootstrap"],
    credentials: &[
        "/etc/kubernetes/azure.json",
        "/etc/kubernetes/sp.txt",
        "/var/lib/waagent/ovf-env.xml",
        "/var/lib/waagent/*.settings",
        "/var/lib/waagent/ManagedIdentity-*.json",
    ],
    ..NONE
};
