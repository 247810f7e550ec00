//! RKE2: the kubelet is a child of `rke2`, with a log file of its own.

use crate::profile::{
    Arguments, DataFolder, Mark, NONE, Profile, cni, config, file, listing, logs, runtime,
    static_pods,
};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "rke2",
        about: "RKE2 servers and agents, Rancher's system agent",
        items: &[
            config("config", "/etc/rancher/rke2", &["*.yaml"], 1),
            listing("config-folder", "/etc/rancher/rke2"),
            config(
                "kubelet",
                "/var/lib/rancher/rke2/agent/etc/kubelet.conf.d",
                &["*.conf"],
                0,
            ),
            config(
                "balancer",
                "/var/lib/rancher/rke2/agent/etc",
                &["*.json", "crictl.yaml"],
                0,
            ),
            runtime(
                "containerd",
                "/var/lib/rancher/rke2/agent/etc/containerd",
                &["*.toml", "*.tmpl"],
                2,
            ),
            cni("cni", "/var/lib/rancher/rke2/agent/etc/cni/net.d"),
            static_pods("pods", "/var/lib/rancher/rke2/agent/pod-manifests"),
            file("etcd", "/var/lib/rancher/rke2/server/db/etcd/config"),
            listing("folder", "/var/lib/rancher/rke2"),
            listing("agent", "/var/lib/rancher/rke2/agent"),
            listing("agent-etc", "/var/lib/rancher/rke2/agent/etc"),
            listing("agent-logs", "/var/lib/rancher/rke2/agent/logs"),
            listing("programs", "/var/lib/rancher/rke2/bin"),
            listing("data", "/var/lib/rancher/rke2/data"),
            listing("images", "/var/lib/rancher/rke2/agent/images"),
            listing("server", "/var/lib/rancher/rke2/server"),
            listing("manifests", "/var/lib/rancher/rke2/server/manifests"),
            listing("server-logs", "/var/lib/rancher/rke2/server/logs"),
            listing("server-tls", "/var/lib/rancher/rke2/server/tls"),
            listing("server-cred", "/var/lib/rancher/rke2/server/cred"),
            listing("database", "/var/lib/rancher/rke2/server/db/etcd"),
            listing("system-agent", "/etc/rancher/agent"),
            listing("system-agent-data", "/var/lib/rancher/agent"),
            logs(
                "kubelet-log",
                "/var/lib/rancher/rke2/agent/logs",
                &["kubelet.log"],
            ),
            logs(
                "containerd-log",
                "/var/lib/rancher/rke2/agent/containerd",
                &["containerd.log"],
            ),
        ],
    },
    marks: &[
        Mark::Unit("rke2-server.service"),
        Mark::Unit("rke2-agent.service"),
        Mark::Path("/etc/rancher/rke2"),
        Mark::Path("/var/lib/rancher/rke2"),
    ],
    programs: &["rke2"],
    kubelet_units: &["rke2-*.service"],
    units: &["nm-cloud-setup.*"],
    kubeconfigs: &[
        "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
        "/var/lib/rancher/rke2/agent/kubeproxy.kubeconfig",
        "/var/lib/rancher/rke2/agent/rke2controller.kubeconfig",
        "/etc/rancher/rke2/rke2.yaml",
    ],
    pki: &[
        "/var/lib/rancher/rke2/agent",
        "/var/lib/rancher/rke2/server/tls",
        "/var/lib/rancher/rke2/server/tls/etcd",
    ],
    environment: &[
        "/etc/default/rke2-server",
        "/etc/default/rke2-agent",
        "/etc/sysconfig/rke2-server",
        "/etc/sysconfig/rke2-agent",
        "/usr/local/lib/systemd/system/rke2-server.env",
        "/usr/local/lib/systemd/system/rke2-agent.env",
    ],
    credentials: &[
        "/etc/rancher/node/password",
        "/var/lib/rancher/rke2/server/token",
        "/var/lib/rancher/rke2/server/node-token",
        "/var/lib/rancher/rke2/server/agent-token",
        "/var/lib/rancher/agent/*",
    ],
    data: Some(DataFolder {
        usual: "/var/lib/rancher/rke2",
        flags: &["data-dir", "d"],
        variable: "RKE2_DATA_DIR",
        config: Some("/etc/rancher/rke2/config.yaml"),
    }),
    arguments: Arguments::KubeletArg("/etc/rancher/rke2/config.yaml"),
    ..NONE
};
