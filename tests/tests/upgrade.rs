//! What a planned upgrade would break is said before it is made.

use crate::programs::report;
use nodebundle_fixtures::Scratch;
use serde_json::Value;
use std::fs;

const UNIT: &str = "# /lib/systemd/system/kubelet.service
[Service]
ExecStart=/usr/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf --container-runtime=remote
";

fn found(to: &str) -> Vec<String> {
    let node = Scratch::new();
    fs::write(
        node.path().join("kubelet-version.txt"),
        "Kubernetes v1.26.4\n",
    )
    .unwrap();
    fs::write(node.path().join("systemctl-cat-kubelet.txt"), UNIT).unwrap();
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
    assert_eq!(found("1.27"), ["flag-removed-dockershim-era"]);
    assert!(found("1.26.9").is_empty());
}
