//! A small bundle goes to what decides; what was left out is named, and the cause is still found.

use crate::programs::{causes, collector, entries, report, text};
use nodebundle_fixtures::NodeFixture;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

/// What the cause of most nodes is read from.
const DECISIVE: &[&str] = &[
    "files/var/lib/kubelet/config.yaml",
    "files/etc/kubernetes/kubelet.conf",
    "facts/credentials.json",
    "facts/processes.json",
    "facts/certificates.json",
    "journal/kubelet.service/0001.log",
];

/// A node that names its cause in several places, and has much to say beside it.
fn talkative() -> NodeFixture {
    let mut node = NodeFixture::case("cgroup-driver-mismatch");
    for number in 0..40_u64 {
        let path = format!("etc/profile.d/{number:02}.sh");
        node = node.with_file(&path, noise(number, 2_000));
    }
    for (seed, path) in (100..).zip(["var/log/syslog", "var/log/messages"]) {
        node = node.with_file(path, noise(seed, 60_000));
    }
    node
}

/// Lines that hardly shrink.
fn noise(seed: u64, lines: u32) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    for _ in 0..lines {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        writeln!(text, "# {state} said {}", state.rotate_left(29)).unwrap();
    }
    text
}

#[test]
fn a_bundle_of_the_least_size_has_what_decides_and_names_what_was_left_out() {
    let node = talkative();
    let mut command = collector();
    command.args(["--max-size", "256KiB"]);
    let size = checked(&node, &mut command, &["has its size", "kept for the logs"]);
    assert!(size <= 256 << 10, "{size} bytes");
}

/// Collects, checks what must hold of every bundle that was cut short, and returns its size in bytes.
fn checked(node: &NodeFixture, command: &mut Command, reasons: &[&str]) -> u64 {
    let bundle = node.output().join("b.tar.gz");
    command
        .arg("--root")
        .arg(node.root())
        .arg("-o")
        .arg(&bundle);
    let ended = command.arg("--quiet").output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", text(&ended.stderr));
    let stored = entries(&bundle);
    for entry in DECISIVE {
        assert!(stored.contains_key(*entry), "{entry}: {:?}", stored.keys());
    }
    let left_out = left_out(&stored, reasons);
    for log in ["journal/syslog", "journal/messages"] {
        assert!(left_out.contains_key(log), "{left_out:?}");
    }
    let report = report(&bundle, &[]);
    assert_eq!(causes(&report)[0], "cgroup-driver-mismatch");
    std::fs::metadata(bundle).unwrap().len()
}

/// Items that were passed over for one of these reasons → why.
fn left_out(stored: &BTreeMap<String, Vec<u8>>, reasons: &[&str]) -> BTreeMap<String, String> {
    let manifest: Value = serde_json::from_slice(&stored["manifest.json"]).unwrap();
    assert_eq!(manifest["complete"], false);
    let records = manifest["records"].as_array().unwrap().iter();
    let word = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    records
        .filter(|record| record["outcome"] == "skipped")
        .map(|record| (word(record, "id"), word(record, "reason")))
        .filter(|(_, why)| reasons.iter().any(|reason| why.contains(reason)))
        .collect()
}
