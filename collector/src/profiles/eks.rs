//! EKS: Amazon Linux 2, Amazon Linux 2023, hybrid nodes, Bottlerocket.

use crate::profile::{
    Mark, NONE, Profile, config, file, journal, listing, logs, runtime, static_pods,
};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "eks",
        about: "EKS on Amazon Linux 2 and 2023, hybrid nodes, Bottlerocket",
        items: &[
            config(
                "config",
                "/etc/eks",
                &["*.json", "*.yaml", "bootstrap.sh"],
                1,
            ),
            config("nodeadm", "/etc/eks/nodeadm.d", &["*"], 0),
            listing("folder", "/etc/eks"),
            listing("network-rules", "/etc/eks/nodeadm/udev-net-manager"),
            file("nodeadm-state", "/run/eks/nodeadm/config.json"),
            listing("nodeadm-state-folder", "/run/eks/nodeadm"),
            listing("hybrid", "/opt/nodeadm/tracker"),
            file("cloud-init-result", "/run/cloud-init/result.json"),
            runtime("host-containerd", "/etc/host-containerd", &["*.toml"], 0),
            static_pods("bottlerocket-pods", "/etc/kubernetes/static-pods"),
            journal("sandbox-image", "sandbox-image.service"),
            journal("soci", "soci-snapshotter.service"),
            journal("udev-net-manager", "udev-net-manager@*.service"),
            journal("signing-helper", "aws_signing_helper_update.service"),
            logs("network-log", "/var/log/aws-routed-eni", &["*.log"]),
            logs("user-data-log", "/var/log", &["user-data.log"]),
        ],
    },
    marks: &[
        Mark::Unit("nodeadm-config.service"),
        Mark::Unit("nodeadm-run.service"),
        Mark::Path("/etc/eks"),
        Mark::Os("bottlerocket"),
    ],
    units: &[
        "nodeadm-*.service",
        "sandbox-image.service",
        "soci-snapshotter.service",
        "udev-net-manager@*.service",
        "aws_signing_helper_update.service",
        "amazon-ssm-agent.service",
    ],
    kubeconfigs: &[
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/bootstrap-kubeconfig",
        "/etc/kubernetes/kubelet/kubeconfig",
        "/etc/kubernetes/kubelet/bootstrap-kubeconfig",
    ],
    configs: &[
        "/etc/kubernetes/kubelet/config.json",
        "/etc/kubernetes/kubelet/kubelet-config.json",
        "/etc/kubernetes/kubelet/config",
    ],
    pki: &["/etc/kubernetes/pki", "/etc/iam/pki"],
    environment: &[
        "/etc/eks/kubelet/environment",
        "/etc/eks/containerd/environment",
        "/etc/network/proxy.env",
        "/etc/kubernetes/kubelet/env",
    ],
    credentials: &["/eks-hybrid/.aws/credentials"],
    ..NONE
};
