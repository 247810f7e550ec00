//! Talos: no shell and no units; its disk, or the host folder of a debug container.

use crate::profile::{Mark, NONE, Profile, listing, runtime, static_pods};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "talos",
        about: "Talos",
        items: &[
            runtime("containerd", "/etc/cri", &["*.toml", "*.part"], 1),
            static_pods("pods", "/etc/kubernetes/manifests"),
            listing("kubernetes", "/etc/kubernetes"),
            listing("system", "/system"),
            listing("secrets", "/system/secrets"),
        ],
    },
    marks: &[
        Mark::Os("talos"),
        Mark::Path("/system/state"),
        Mark::Path("/etc/kubernetes/kubeconfig-kubelet"),
    ],
    programs: &["machined"],
    kubelet_units: &[],
    kubeconfigs: &[
        "/etc/kubernetes/kubeconfig-kubelet",
        "/etc/kubernetes/bootstrap-kubeconfig",
    ],
    configs: &["/etc/kubernetes/kubelet.yaml"],
    pki: &["/etc/kubernetes/pki"],
    credentials: &["/system/state/config.yaml"],
    ..NONE
};
