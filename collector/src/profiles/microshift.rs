//! MicroShift: everything runs inside `microshift`.

use crate::profile::{Mark, NONE, Profile, config, file, journal, listing};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "microshift",
        about: "MicroShift, greenboot",
        items: &[
            config("config", "/etc/microshift", &["*.yaml"], 1),
            listing("config-folder", "/etc/microshift"),
            file("version", "/var/lib/microshift/version"),
            config("backups", "/var/lib/microshift-backups", &["*.json"], 1),
            listing("data", "/var/lib/microshift"),
            listing("certificates", "/var/lib/microshift/certs"),
            listing("resources", "/var/lib/microshift/resources"),
            listing("kubelet", "/var/lib/microshift/resources/kubelet"),
            config("greenboot", "/etc/greenboot", &["*.conf"], 0),
            journal("greenboot-journal", "greenboot*.service"),
            journal("openvswitch", "openvswitch.service"),
            journal("ovs", "ovs*.service"),
            journal("etcd", "microshift-etcd.scope"),
        ],
    },
    marks: &[
        Mark::Unit("microshift.service"),
        Mark::Path("/etc/microshift"),
        Mark::Path("/var/lib/microshift"),
    ],
    programs: &["microshift"],
    kubelet_units: &["microshift.service"],
    units: &[
        "microshift*.service",
        "greenboot*.service",
        "openvswitch.service",
        "ovs-vswitchd.service",
        "ovsdb-server.service",
    ],
    kubeconfigs: &["/var/lib/microshift/resources/kubelet/kubeconfig"],
    configs: &["/var/lib/microshift/resources/kubelet/config/config.yaml"],
    pki: &["/var/lib/microshift/certs/**"],
    environment: &["/etc/sysconfig/crio"],
    credentials: &[
        "/etc/crio/openshift-pull-secret",
        "/var/lib/microshift/resources/kubeadmin/kubeconfig",
    ],
    ..NONE
};
