//! GKE and the scripts for Compute Engine, on Container-Optimized OS and Ubuntu.

use crate::profile::{Mark, NONE, Profile, config, journal, listing, logs};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "gke",
        about: "GKE on Container-Optimized OS and Ubuntu",
        items: &[
            config(
                "config",
                "/home/kubernetes",
                &["kubelet-config.yaml", "node-problem-detector*.yaml"],
                0,
            ),
            listing("home", "/home/kubernetes"),
            listing("programs", "/home/kubernetes/bin"),
            listing("certificates", "/etc/srv/kubernetes"),
            journal("kubelet-monitor", "kubelet-monitor.service"),
            journal("runtime-monitor", "kube-container-runtime-monitor.service"),
            journal("problem-detector", "node-problem-detector.service"),
            logs("log", "/var/log", &["kube-proxy.log", "startupscript.log"]),
        ],
    },
    marks: &[
        Mark::Unit("kube-node-installation.service"),
        Mark::Unit("kube-node-configuration.service"),
        Mark::Path("/home/kubernetes/bin"),
    ],
    units: &[
        "kube-node-*.service",
        "kubelet-monitor.service",
        "kube-container-runtime-monitor.service",
        "kubernetes.target",
    ],
    kubeconfigs: &[
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/bootstrap-kubeconfig",
        "/var/lib/kube-proxy/kubeconfig",
    ],
    configs: &["/home/kubernetes/kubelet-config.yaml"],
    pki: &["/etc/srv/kubernetes/pki"],
    environment: &["/etc/default/kubelet"],
    credentials: &["/home/kubernetes/kube-env*"],
    ..NONE
};
