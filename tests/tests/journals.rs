//! Journals of any size and in any state yield what decides.

use crate::programs::{collect, entries, report, skip, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nodebundle_fixtures::NodeFixture;
use nodebundle_fixtures::journal::{JournalWriter, Sender};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KUBELET: Sender<'_> = Sender {
    unit: "kubelet.service",
    program: "kubelet",
    pid: 812,
};
const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3600 * SECOND;
/// 2026-11-22T00:00:00Z
const NOW: u64 = 1_795_305_600 * SECOND;

fn with_journal(bytes: &[u8]) -> NodeFixture {
    NodeFixture::ready()
        .without("var/log/journal")
        .with_file(FILE, bytes)
}

const FILE: &str = "var/log/journal/547a60a042ba611e6192cb4fde2d9fd9/system.journal";

fn collected(node: &NodeFixture) -> (PathBuf, BTreeMap<String, String>) {
    let bundle = node.output().join("b.tar.gz");
    collect(&node.root(), &bundle, &[]);
    let entries = entries(&bundle)
        .into_iter()
        .map(|(name, bytes)| (name, text(&bytes)))
        .collect();
    (bundle, entries)
}

fn kubelet(entries: &BTreeMap<String, String>) -> String {
    let parts = entries
        .iter()
        .filter(|(name, _)| name.starts_with("journal/kubelet.service/"));
    parts.map(|(_, part)| part.as_str()).collect()
}

fn record_of(entries: &BTreeMap<String, String>, id: &str) -> serde_json::Value {
    let manifest: serde_json::Value = serde_json::from_str(&entries["manifest.json"]).unwrap();
    let records = manifest["records"].as_array().unwrap().clone();
    records
        .into_iter()
        .find(|record| record["id"] == id)
        .unwrap()
}

/// A kubelet that ran out of disk five days ago, and stumbles over the half-written file since then.
fn five_days_of_repeats() -> Vec<u8> {
    let mut journal = JournalWriter::new(7);
    let begin = NOW - 5 * 24 * HOUR;
    let ready = r#"I1117 00:00:00.000001     812 kubelet_node_status.go:78] "Successfully registered node" node="worker-1""#;
    journal.line(begin, KUBELET, ready);
    let first = r#"E1117 00:00:01.000001     812 run.go:72] "command failed" err="failed to run Kubelet: write /var/lib/kubelet/pki/kubelet.crt: no space left on device""#;
    journal.line(begin + SECOND, KUBELET, first);
    let repeats = 100_000;
    for number in 1..=repeats {
        let time = begin + SECOND + number * (NOW - begin - SECOND) / repeats;
        let message = format!(
            r#"E1117 00:00:02.{number:06}     812 run.go:72] "command failed" err="failed to run Kubelet: certificate and key must be supplied as a pair""#
        );
        journal.line(time, KUBELET, &message);
    }
    journal.finish()
}

#[test]
fn a_first_failure_of_five_days_ago_is_kept_behind_a_hundred_thousand_repeats_and_named() {
    let node = with_journal(&five_days_of_repeats());
    let (bundle, entries) = collected(&node);
    let log = kubelet(&entries);
    assert!(log.contains("Successfully registered node"));
    assert!(log.contains("no space left on device"));
    assert!(log.contains(" older records left out --"));
    let newest = log.lines().last().unwrap();
    assert!(newest.contains(".100000 "), "{newest}");
    let report = report(&bundle, &[]).to_string();
    assert!(report.contains("disk-full"), "{report}");
}

#[test]
fn repeats_above_the_size_are_counted_and_the_analyzer_counts_them_too() {
    let mut journal = JournalWriter::new(7);
    let long = "x".repeat(1000);
    let repeats = 20_000;
    for number in 0..repeats {
        let message = format!(
            r#"E1121 00:00:02.{number:06}     812 controller.go:145] "Failed to ensure lease exists, will retry" err="Unauthorized" detail="{long}""#
        );
        journal.line(NOW - 10 * HOUR + number * SECOND, KUBELET, &message);
    }
    let node = with_journal(&journal.finish());
    let (bundle, entries) = collected(&node);
    let log = kubelet(&entries);
    // The first failure and 500 records after it, and the last of the stretch.
    assert_eq!(log.matches("will retry").count(), 502);
    assert!(log.contains(
        "-- 19498 repeats of the next line left out, the first at 2026-11-21T14:08:21.000000Z --"
    ));
    let record = record_of(&entries, "journal/kubelet");
    assert_eq!(record["outcome"], "ok");
    let report = report(&bundle, &[]).to_string();
    assert!(report.contains("20000"), "{report}");
}

/// Damages the journal of a healthy node, collects, and returns the log, the item's outcome and the facts on its files.
fn damaged(change: impl Fn(&mut Vec<u8>)) -> (String, serde_json::Value, String) {
    let mut journal = JournalWriter::new(7);
    for number in 0..5000 {
        let message =
            format!("I1121 00:00:02.{number:06}     812 server.go:1] \"Record {number} of many\"");
        journal.line(NOW - HOUR + number * SECOND / 10, KUBELET, &message);
    }
    let mut bytes = journal.finish();
    change(&mut bytes);
    let node = with_journal(&bytes);
    let (_, entries) = collected(&node);
    let outcome = record_of(&entries, "journal/kubelet")["outcome"].clone();
    (
        kubelet(&entries),
        outcome,
        entries["facts/journal-files.json"].clone(),
    )
}

#[test]
fn a_journal_that_was_cut_yields_what_is_left_of_it() {
    let (log, outcome, facts) = damaged(|bytes| bytes.truncate(bytes.len() * 61 / 100));
    let lines = log.matches("of many").count();
    assert!((2500..4999).contains(&lines), "{lines} lines");
    assert!(log.contains("Record 0 of many"));
    assert_eq!(outcome, "truncated");
    assert!(facts.contains("cut: a part of it is missing"), "{facts}");
}

#[test]
fn a_journal_with_an_overwritten_middle_yields_both_its_ends() {
    let (log, outcome, facts) = damaged(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40_000].fill(0xff);
    });
    assert!(log.contains("Record 0 of many") && log.contains("Record 4999 of many"));
    assert_eq!(outcome, "truncated");
    assert!(facts.contains("problem"), "{facts}");
}

/// Something done to a journal file.
type Change = &'static dyn Fn(&mut Vec<u8>);

#[test]
fn journals_that_cannot_be_read_are_named_with_the_reason() {
    let cases: [(Change, &str); 4] = [
        (&|bytes| bytes.clear(), "an empty file"),
        (&|bytes| bytes.truncate(100), "cut off within its header"),
        (
            &|bytes| bytes[0] = b'X',
            "its header is not that of a journal",
        ),
        (
            &|bytes| bytes[13] = 0x40,
            "written in a newer format (flags 0x4000)",
        ),
    ];
    for (change, reason) in cases {
        let (log, outcome, facts) = damaged(change);
        assert_eq!(log, "");
        assert!(outcome == "error" || outcome == "empty", "{outcome}");
        assert!(facts.contains(reason), "{facts}");
    }
}

#[test]
fn every_flipped_byte_of_a_journal_ends_in_a_bundle() {
    let node = NodeFixture::case("csr-not-approved");
    let folder = fs::read_dir(node.root().join("var/log/journal")).unwrap();
    let folder = folder
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    let path = folder.join("system.journal");
    let whole = fs::read(&path).unwrap();
    let mut seed = 1_u64;
    for round in 0..8 {
        let mut bytes = whole.clone();
        for _ in 0..200 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 20).unwrap() % bytes.len();
            bytes[at] = bytes[at].wrapping_add(1 + u8::try_from(seed & 0x7f).unwrap());
        }
        fs::write(&path, &bytes).unwrap();
        let bundle = node.output().join(format!("{round}.tar.gz"));
        collect(&node.root(), &bundle, &[]);
        let entries = entries(&bundle);
        assert!(entries.contains_key("manifest.json"), "round {round}");
    }
}

#[test]
fn long_messages_of_journals_that_pack_with_xz_are_read_as_journalctl_reads_them() {
    let numbers: Vec<String> = (1..80).map(|n| format!("goroutine {n} ")).collect();
    let message = format!("{UNKNOWN_FIELD}{}", numbers.concat());
    let stream = STANDARD.decode(PACKED_WITH_XZ).unwrap();
    let mut journal = JournalWriter::new(7);
    journal.packed_with_xz(&format!("MESSAGE={message}"), &stream);
    journal.line(NOW - SECOND, KUBELET, "I1121 20:00:01.0 1 a.go:1] before");
    journal.line(NOW, KUBELET, &message);
    let node = with_journal(&journal.finish());
    let (_, entries) = collected(&node);
    let log = kubelet(&entries);
    assert!(log.ends_with(&format!("{message}\n")), "{log}");
    if let Some(read) = journalctl(&node.root().join(FILE)) {
        assert_eq!(read.lines().last(), Some(message.as_str()));
        assert_eq!(read.lines().count(), 2);
    }
}

/// Messages of a file as `journalctl` reads them; `None`, said loudly, where there is none that knows xz.
fn journalctl(file: &Path) -> Option<String> {
    let run = |arguments: &[&str]| Command::new("journalctl").args(arguments).output().ok();
    let version = run(&["--version"]).map(|output| text(&output.stdout));
    if !version.is_some_and(|version| version.contains("+XZ")) {
        return skip("no journalctl that reads xz");
    }
    let output = run(&["--file", file.to_str().unwrap(), "-o", "cat", "--all", "-q"])?;
    Some(text(&output.stdout))
}

const UNKNOWN_FIELD: &str = r#"E1121 20:00:02.000000     812 run.go:74] "command failed" err="failed to load Kubelet config file, path: /var/lib/kubelet/config.yaml, error: failed to decode: unknown field" "#;
/// The field `MESSAGE` as journald of systemd 219 packs it: no checksum, least effort.
const PACKED_WITH_XZ: &str = "/Td6WFoAAAD/EtlBAgAhAQwAAACPmEGc4ASwAQ1dACaRRqzQb3S4pbI85lHVf9QD8yU+w6nyaSyskV/ifwTe+D3pabMhUnkaEn+bmfJToRC1DvtWDUFPS6QDDCDhH2rnW3K3R9yioV01JTrGjaxMfunHi1Zv9OlVS4xm1GX64HKWxlQ5Fm9LIoyApby88FW/ZzlCw27EKS5Saqxd/Rrj08beHfq1Tp/YURuNqxP5/judCG1hMFtRsncdwnXZXx2GkzdrdojORVAsaad9muiZh/StgW2zdNnhT4ZUZMLiQ/2/L6P5/FYq1/+XnTUrHae2dQseuR8j7Li82Cz+n29uH6P/OFOmYmuH3+UaeHSznxPWAcGxKtsUGicwFMNcmuo8i61cKfKvWfqplH/IAAAAAAABoQKxCQAAhlfKwagACvwCAAAAAABZWg==";
