//! k3s: the kubelet runs inside `k3s` or `k3s-agent`.

use crate::profile::{
    Arguments, DataFolder, Mark, NONE, Profile, cni, config, listing, logs, runtime, static_pods,
};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "k3s",
        about: "k3s servers and agents",
        items: &[
            config("config", "/etc/rancher/k3s", &["*.yaml"], 1),
            listing("config-folder", "/etc/rancher/k3s"),
            config(
                "kubelet",
                "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d",
                &["*.conf"],
                0,
            ),
            config(
                "balancer",
                "/var/lib/rancher/k3s/agent/etc",
                &["*.json", "crictl.yaml"],
                0,
            ),
            runtime(
                "containerd",
                "/var/lib/rancher/k3s/agent/etc/containerd",
                &["*.toml", "*.tmpl"],
                2,
            ),
            cni("cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d"),
            static_pods("pods", "/var/lib/rancher/k3s/agent/pod-manifests"),
            listing("folder", "/var/lib/rancher/k3s"),
            listing("agent", "/var/lib/rancher/k3s/agent"),
            listing("agent-etc", "/var/lib/rancher/k3s/agent/etc"),
            listing("cni-folder", "/var/lib/rancher/k3s/agent/etc/cni/net.d"),
            listing("plugins", "/var/lib/rancher/k3s/data/current/bin"),
            listing("plugins-cni", "/var/lib/rancher/k3s/data/cni"),
            listing("images", "/var/lib/rancher/k3s/agent/images"),
            listing("server", "/var/lib/rancher/k3s/server"),
            listing("manifests", "/var/lib/rancher/k3s/server/manifests"),
            listing("database", "/var/lib/rancher/k3s/server/db"),
            listing("server-tls", "/var/lib/rancher/k3s/server/tls"),
            listing("server-cred", "/var/lib/rancher/k3s/server/cred"),
            logs(
                "containerd-log",
                "/var/lib/rancher/k3s/agent/containerd",
                &["containerd.log"],
            ),
            logs("log", "/var/log", &["k3s*.log"]),
        ],
    },
    marks: &[
        Mark::Unit("k3s.service"),
        Mark::Unit("k3s-agent.service"),
        Mark::Path("/etc/rancher/k3s"),
        Mark::Path("/var/lib/rancher/k3s"),
    ],
    programs: &["k3s"],
    kubelet_units: &["k3s*.service"],
    kubeconfigs: &[
        "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        "/var/lib/rancher/k3s/agent/kubeproxy.kubeconfig",
        "/var/lib/rancher/k3s/agent/k3scontroller.kubeconfig",
        "/etc/rancher/k3s/k3s.yaml",
    ],
    pki: &[
        "/var/lib/rancher/k3s/agent",
        "/var/lib/rancher/k3s/server/tls",
        "/var/lib/rancher/k3s/server/tls/etcd",
    ],
    environment: &[
        "/etc/default/k3s",
        "/etc/default/k3s-agent",
        "/etc/sysconfig/k3s",
        "/etc/sysconfig/k3s-agent",
        "/etc/systemd/system/k3s.service.env",
        "/etc/systemd/system/k3s-agent.service.env",
    ],
    credentials: &[
        "/etc/rancher/node/password",
        "/var/lib/rancher/k3s/server/token",
        "/var/lib/rancher/k3s/server/node-token",
        "/var/lib/rancher/k3s/server/agent-token",
    ],
    data: Some(DataFolder {
        usual: "/var/lib/rancher/k3s",
        flags: &["data-dir", "d"],
        variable: "K3S_DATA_DIR",
        config: Some("/etc/rancher/k3s/config.yaml"),
    }),
    arguments: Arguments::KubeletArg("/etc/rancher/k3s/config.yaml"),
    ..NONE
};
