//! microk8s: the kubelet runs inside `kubelite`, with a file of arguments.

use crate::profile::{Arguments, Mark, NONE, Profile, cni, config, listing};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "microk8s",
        about: "microk8s",
        items: &[
            config(
                "args",
                "/var/snap/microk8s/current/args",
                &[
                    "kube*",
                    "containerd*",
                    "apiserver-proxy",
                    "k8s-dqlite*",
                    "cluster-agent",
                    "flanneld",
                    "etcd",
                    "hosts.toml",
                    "provider.yaml",
                    "traefik.yaml",
                ],
                2,
            ),
            cni("cni", "/var/snap/microk8s/current/args/cni-network"),
            config(
                "dqlite",
                "/var/snap/microk8s/current/var/kubernetes/backend",
                &[
                    "cluster.yaml",
                    "info.yaml",
                    "localnode.yaml",
                    "failure-domain",
                ],
                0,
            ),
            listing("data", "/var/snap/microk8s/current"),
            listing("args-folder", "/var/snap/microk8s/current/args"),
            listing("cni-folder", "/var/snap/microk8s/current/args/cni-network"),
            listing("plugins", "/var/snap/microk8s/current/opt/cni/bin"),
            listing("locks", "/var/snap/microk8s/current/var/lock"),
            listing("credentials", "/var/snap/microk8s/current/credentials"),
            listing(
                "database",
                "/var/snap/microk8s/current/var/kubernetes/backend",
            ),
            listing("common", "/var/snap/microk8s/common"),
            listing("common-run", "/var/snap/microk8s/common/run"),
        ],
    },
    marks: &[
        Mark::Unit("snap.microk8s.*"),
        Mark::Path("/var/snap/microk8s"),
    ],
    programs: &["kubelite"],
    kubelet_units: &["snap.microk8s.*"],
    units: &["snap.microk8s.*"],
    kubeconfigs: &[
        "/var/snap/microk8s/current/credentials/kubelet.config",
        "/var/snap/microk8s/current/credentials/proxy.config",
        "/var/snap/microk8s/current/credentials/controller.config",
        "/var/snap/microk8s/current/credentials/scheduler.config",
        "/var/snap/microk8s/current/credentials/client.config",
    ],
    configs: &[
        "/var/snap/microk8s/current/args/kubelet",
        "/var/snap/microk8s/current/args/kubelite",
    ],
    pki: &["/var/snap/microk8s/current/certs"],
    roots: &["/var/snap/microk8s/common/var/lib/kubelet"],
    credentials: &[
        "/var/snap/microk8s/current/credentials/*.csv",
        "/var/snap/microk8s/current/credentials/*token*.txt",
    ],
    arguments: Arguments::File(
        "/var/snap/microk8s/current/args/kubelet",
        &[
            ("SNAP_DATA", "/var/snap/microk8s/current"),
            ("SNAP_COMMON", "/var/snap/microk8s/common"),
            ("SNAP", "/snap/microk8s/current"),
        ],
    ),
    ..NONE
};
