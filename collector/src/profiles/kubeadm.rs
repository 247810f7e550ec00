//! kubeadm, and what is built on it: kind, minikube, Cluster API, kubespray, kURL.

use crate::profile::{Mark, NONE, Profile, config, file, is_kubeconfig, listing};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "kubeadm",
        about: "kubeadm, kind, minikube, Cluster API, kubespray",
        items: &[
            file("kind-version", "/kind/version"),
            listing("kind", "/kind"),
            listing("minikube", "/var/lib/minikube"),
            listing("minikube-binaries", "/var/lib/minikube/binaries"),
            file("minikube-resolv-conf", "/etc/kubelet-resolv.conf"),
            listing("addons", "/etc/kubernetes/addons"),
            listing("backups", "/etc/kubernetes/tmp"),
            listing("cluster-api", "/run/cluster-api"),
            config("run-kubeadm", "/run/kubeadm", &["*.yaml"], 0),
            listing("run-kubeadm-folder", "/run/kubeadm"),
            file("kurl", "/opt/replicated/kubeadm.conf"),
            listing("etcd", "/var/lib/etcd"),
        ],
    },
    marks: &[
        Mark::Path("/var/lib/kubelet/kubeadm-flags.env"),
        Mark::Path("/etc/systemd/system/kubelet.service.d/10-kubeadm.conf"),
        Mark::Path("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"),
        Mark::Path("/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"),
        Mark::Path("/kind/version"),
        Mark::Path("/var/lib/minikube/binaries"),
    ],
    weak_marks: &[
        Mark::Content("/etc/kubernetes/kubelet.conf", is_kubeconfig),
        Mark::Content("/etc/kubernetes/bootstrap-kubelet.conf", is_kubeconfig),
    ],
    kubeconfigs: &[
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/bootstrap-kubelet.conf",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/super-admin.conf",
        "/etc/kubernetes/controller-manager.conf",
        "/etc/kubernetes/scheduler.conf",
        "/var/lib/kube-proxy/kubeconfig.conf",
    ],
    configs: &[
        "/var/lib/kubelet/config.yaml",
        "/etc/kubernetes/kubelet-config.yaml",
    ],
    pki: &[
        "/etc/kubernetes/pki",
        "/etc/kubernetes/pki/etcd",
        "/etc/kubernetes/ssl",
        "/var/lib/minikube/certs",
        "/var/lib/minikube/certs/etcd",
    ],
    environment: &[
        "/var/lib/kubelet/kubeadm-flags.env",
        "/etc/default/kubelet",
        "/etc/sysconfig/kubelet",
        "/etc/kubernetes/kubelet.env",
    ],
    ..NONE
};
