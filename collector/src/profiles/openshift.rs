//! OpenShift 4: `/etc/kubernetes/kubelet.conf` is the kubelet's configuration here, not a kubeconfig.

use crate::profile::{
    Mark, NONE, Profile, config, file, is_kubelet_config, journal, listing, runtime,
};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "openshift",
        about: "OpenShift 4 on RHCOS and RHEL",
        items: &[
            config("kubelet", "/etc/openshift/kubelet.conf.d", &["*"], 0),
            config(
                "files",
                "/etc/kubernetes",
                &[
                    "kubelet-env",
                    "kubelet-workaround",
                    "*.env",
                    "kubelet-plugins",
                ],
                0,
            ),
            file("node-sizing", "/etc/node-sizing.env"),
            file("node-sizing-enabled", "/etc/node-sizing-enabled.env"),
            // Names the rendered configuration; the configuration itself holds secrets.
            file(
                "rendered-name",
                "/etc/machine-config-daemon/node-annotations.json",
            ),
            file("node-address", "/run/nodeip-configuration/primary-ip"),
            runtime("storage", "/etc/containers", &["storage.conf"], 0),
            listing("machine-config-daemon", "/etc/machine-config-daemon"),
            listing(
                "static-pod-resources",
                "/etc/kubernetes/static-pod-resources",
            ),
            listing("cni", "/etc/kubernetes/cni/net.d"),
            listing("plugins", "/var/lib/cni/bin"),
            journal("machine-config", "machine-config-daemon-*.service"),
            journal("ovs", "ovs*.service"),
            journal("openvswitch", "openvswitch.service"),
            journal("node-ip", "nodeip-configuration.service"),
            journal("node-size", "kubelet-auto-node-size.service"),
            journal("node-name", "*-kubelet-node*.service"),
            journal("provider-id", "*-kubelet-providerid.service"),
            journal("rpm-ostree", "rpm-ostreed.service"),
        ],
    },
    marks: &[
        Mark::Os("rhcos"),
        Mark::Unit("kubelet-auto-node-size.service"),
        Mark::Unit("machine-config-daemon-*.service"),
        Mark::Path("/etc/machine-config-daemon"),
    ],
    weak_marks: &[Mark::Content(
        "/etc/kubernetes/kubelet.conf",
        is_kubelet_config,
    )],
    units: &[
        "kubelet-auto-node-size.service",
        "machine-config-daemon-*.service",
        "ovs-configuration.service",
        "ovs-vswitchd.service",
        "ovsdb-server.service",
        "openvswitch.service",
        "nodeip-configuration.service",
        "rpm-ostreed.service",
        "*-kubelet-nodename.service",
        "*-kubelet-providerid.service",
    ],
    kubeconfigs: &[
        "/etc/kubernetes/kubeconfig",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/bootstrap-kubeconfig",
    ],
    configs: &["/etc/kubernetes/kubelet.conf"],
    pki: &["/etc/kubernetes"],
    environment: &[
        "/etc/kubernetes/kubelet-env",
        "/etc/mco/proxy.env",
        "/etc/sysconfig/crio",
        "/etc/sysconfig/crio-network",
    ],
    credentials: &[
        "/var/lib/kubelet/config.json",
        "/etc/mcs-machine-config-content.json",
        "/etc/ignition-machine-config-encapsulated.json",
        "/etc/machine-config-daemon/currentconfig",
    ],
    ..NONE
};
