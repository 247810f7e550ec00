//! Canonical Kubernetes, the snap `k8s`.

use crate::profile::{Arguments, Mark, NONE, Profile, config, listing};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "k8s-snap",
        about: "Canonical Kubernetes",
        items: &[
            config("args", "/var/snap/k8s/common/args", &["*"], 1),
            listing("args-folder", "/var/snap/k8s/common/args"),
            listing("common", "/var/snap/k8s/common"),
            listing("state", "/var/snap/k8s/common/var/lib/k8sd/state"),
            listing("locks", "/var/snap/k8s/common/lock"),
        ],
    },
    marks: &[Mark::Unit("snap.k8s.*"), Mark::Path("/var/snap/k8s")],
    kubelet_units: &["snap.k8s.*"],
    units: &["snap.k8s.*"],
    kubeconfigs: &[
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/proxy.conf",
        "/etc/kubernetes/controller.conf",
        "/etc/kubernetes/scheduler.conf",
        "/etc/kubernetes/admin.conf",
    ],
    configs: &["/var/snap/k8s/common/args/kubelet"],
    pki: &["/etc/kubernetes/pki", "/etc/kubernetes/pki/etcd"],
    credentials: &[
        "/var/snap/k8s/common/var/lib/k8sd/state/truststore/*",
        "/var/snap/k8s/common/var/lib/k8sd/state/*.yaml",
    ],
    arguments: Arguments::File(
        "/var/snap/k8s/common/args/kubelet",
        &[
            ("SNAP_COMMON", "/var/snap/k8s/common"),
            ("SNAP_DATA", "/var/snap/k8s/current"),
            ("SNAP", "/snap/k8s/current"),
        ],
    ),
    ..NONE
};
