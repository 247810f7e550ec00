//! k0s: the kubelet is a child of `k0s`, and all components log into its unit.

use crate::profile::{DataFolder, Mark, NONE, Profile, config, file, listing, logs, runtime};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "k0s",
        about: "k0s controllers and workers, and what is built on it",
        items: &[
            config("config", "/etc/k0s", &["k0s.yaml", "*.toml"], 1),
            runtime("containerd", "/etc/k0s/containerd.d", &["*.toml"], 0),
            runtime("run-containerd", "/run/k0s", &["containerd-cri.toml"], 0),
            file("running-config", "/run/k0s/k0s.yaml"),
            listing("config-folder", "/etc/k0s"),
            listing("run", "/run/k0s"),
            listing("run-kubelet", "/run/k0s/kubelet"),
            listing("data", "/var/lib/k0s"),
            listing("kubelet", "/var/lib/k0s/kubelet"),
            listing("certificates", "/var/lib/k0s/pki"),
            listing("manifests", "/var/lib/k0s/manifests"),
            listing("images", "/var/lib/k0s/images"),
            listing("programs", "/var/lib/k0s/bin"),
            listing("embedded-cluster", "/etc/embedded-cluster"),
            logs("log", "/var/log", &["k0s*.log"]),
        ],
    },
    marks: &[
        Mark::Unit("k0sworker.service"),
        Mark::Unit("k0scontroller.service"),
        Mark::Path("/etc/k0s"),
        Mark::Path("/var/lib/k0s"),
    ],
    programs: &["k0s"],
    kubelet_units: &["k0s*.service"],
    kubeconfigs: &[
        "/var/lib/k0s/kubelet.conf",
        "/var/lib/k0s/kubelet-bootstrap.conf",
        "/var/lib/k0s/pki/scheduler.conf",
        "/var/lib/k0s/pki/ccm.conf",
        "/var/lib/k0s/pki/konnectivity.conf",
    ],
    configs: &["/run/k0s/kubelet/config.yaml"],
    pki: &[
        "/var/lib/k0s/pki",
        "/var/lib/k0s/pki/etcd",
        "/var/lib/k0s/kubelet/pki",
        "/run/k0s/kubelet",
    ],
    roots: &["/var/lib/k0s/kubelet"],
    credentials: &["/etc/k0s/*token*", "/var/lib/k0s/pki/admin.conf"],
    data: Some(DataFolder {
        usual: "/var/lib/k0s",
        flags: &["data-dir"],
        variable: "K0S_DATA_DIR",
        config: None,
    }),
    ..NONE
};
