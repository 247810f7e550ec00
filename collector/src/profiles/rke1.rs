//! What RKE1 leaves: its kubelet ran in a Docker container.

use crate::profile::{Mark, NONE, Profile, listing, logs};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "rke1",
        about: "RKE1, at its end of life and still seen",
        items: &[
            listing("certificates", "/etc/kubernetes/ssl"),
            listing("alternate-root", "/opt/rke"),
            listing("data", "/var/lib/rancher/rke"),
            listing("log-folder", "/var/lib/rancher/rke/log"),
            logs("log", "/var/lib/rancher/rke/log", &["*.log"]),
        ],
    },
    marks: &[
        Mark::Path("/etc/kubernetes/ssl/kubecfg-kube-node.yaml"),
        Mark::Path("/opt/rke/etc/kubernetes/ssl/kubecfg-kube-node.yaml"),
        Mark::Path("/var/lib/rancher/rke"),
    ],
    kubelet_units: &[],
    kubeconfigs: &[
        "/etc/kubernetes/ssl/kubecfg-kube-node.yaml",
        "/etc/kubernetes/ssl/kubecfg-kube-proxy.yaml",
        "/opt/rke/etc/kubernetes/ssl/kubecfg-kube-node.yaml",
    ],
    pki: &["/etc/kubernetes/ssl", "/opt/rke/etc/kubernetes/ssl"],
    ..NONE
};
