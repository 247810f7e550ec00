//! What a planned upgrade would break is said before it is made.

use crate::programs::report;
use nodebundle_fixtures::Scratch;
use serde_json::Value;
use std::fs;

/// What an upgrade of a kubelet 1.26.4 with these further flags would break.
fn found(flags: &str, to: &str) -> Vec<String> {
    let unit = format!(
        "# /lib/systemd/system/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf {flags}\n"
    );
    let node = Scratch::new();
    fs::write(
        node.path().join("kubelet-version.txt"),
        "Kubernetes v1.26.4\n",
    )
    .unwrap();
    fs::write(node.path().join("systemctl-cat-kubelet.txt"), unit).unwrap();
    let report = report(node.path(), &["--plan-upgrade", to]);
    assert_eq!(report["node"]["kubelet_version"], "1.26.4");
    assert_eq!(report["causes"], Value::Array(Vec::new()));
    let findings = report["upgrade"]["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_flag_that_the_planned_version_no_longer_has_is_found_before_the_upgrade() {
    let flags = "--container-runtime=remote";
    assert_eq!(found(flags, "1.27"), ["flag-removed-dockershim-era"]);
    assert!(found(flags, "1.26.9").is_empty());
}

#[test]
fn each_removal_is_told_from_the_version_on_that_made_it() {
    for (flags, last, first, id) in [
        (
            "--keep-terminated-pod-volumes=true",
            "1.30",
            "1.31",
            "flag-removed",
        ),
        (
            "--cloud-config=/etc/kubernetes/cloud.conf",
            "1.33",
            "1.34",
            "flag-removed-cloud-config",
        ),
        (
            "--pod-infra-container-image=registry.k8s.io/pause:3.9",
            "1.34",
            "1.35",
            "flag-removed-pod-infra-container-image",
        ),
        (
            "--feature-gates=CPUManager=true",
            "1.32",
            "1.33",
            "feature-gate-unknown",
        ),
        (
            "--feature-gates=MemoryManager=true",
            "1.35",
            "1.36",
            "feature-gate-unknown",
        ),
        (
            "--feature-gates=NodeSwap=false",
            "1.33",
            "1.34",
            "feature-gate-locked",
        ),
        (
            "--cloud-provider=vsphere",
            "1.28",
            "1.29",
            "cloud-provider-intree-removed",
        ),
    ] {
        assert!(
            !found(flags, last).contains(&id.to_owned()),
            "{flags} {last}"
        );
        assert_eq!(found(flags, first), [id], "{flags} {first}");
    }
}
