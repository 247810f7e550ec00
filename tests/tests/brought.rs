//! What people bring after it went through other hands: bundles of ours that were unpacked and packed again, logs that were rotated,
//! journal files as they lie on the disk.

use crate::programs::{causes, collect, entries, report};
use flate2::Compression;
use flate2::write::GzEncoder;
use nodebundle_fixtures::journal::{JournalWriter, Sender};
use nodebundle_fixtures::{NodeFixture, Scratch, names};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use zip::write::SimpleFileOptions;

/// Names and contents.
type Files = BTreeMap<String, Vec<u8>>;

/// A zip as hands make it: no modes, names as they are given.
fn zip_by_hand(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in files {
        let options = SimpleFileOptions::default();
        archive.start_file(name.as_str(), options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}

/// Whether Windows' tools would change line ends in it.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    if is_text(bytes) {
        String::from_utf8_lossy(bytes)
            .replace('\n', "\r\n")
            .into_bytes()
    } else {
        bytes.to_vec()
    }
}

/// The diagnosis: verdict, causes and what is known of the ladder.
fn diagnosis(report: &Value) -> (Value, Vec<String>, Value) {
    (
        report["verdict"]["state"].clone(),
        causes(report),
        report["ladder"].clone(),
    )
}

/// A folder of another name around everything, line ends of Windows, and what macOS adds.
fn another_system(files: &Files) -> Vec<(String, Vec<u8>)> {
    let moved = files.iter().flat_map(|(name, bytes)| {
        let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
        let shadow = format!("__MACOSX/case 7/{folder}/._{base}");
        [
            (format!("case 7/{name}"), with_crlf(bytes)),
            (shadow, b"\0\x05\x16\x07\0\x02\0\0Mac OS X".to_vec()),
        ]
    });
    let store = ("case 7/.DS_Store".to_owned(), b"\0\0\0\x01Bud1".to_vec());
    moved.chain([store]).collect()
}

#[test]
fn a_bundle_packed_again_on_another_system_has_the_same_diagnosis() {
    for name in names() {
        let node = NodeFixture::case(&name);
        let bundle = node.output().join("b.tar.gz");
        collect(&node.root(), &bundle, &[]);
        let again = node.output().join("again.zip");
        zip_by_hand(&again, &another_system(&entries(&bundle)));
        let found = report(&again, &[]);
        assert_eq!(found["input"]["layout"], "native", "{name}");
        assert_eq!(
            diagnosis(&found),
            diagnosis(&report(&bundle, &[])),
            "{name}"
        );
    }
}

#[test]
fn names_with_the_separators_of_windows_and_lost_modes_change_nothing() {
    let node = NodeFixture::case("wrong-ca-and-bad-token");
    let bundle = node.output().join("b.tar.gz");
    collect(&node.root(), &bundle, &[]);
    let files = entries(&bundle);
    let backslashed: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|(name, bytes)| {
            (
                format!("bundle\\{}", name.replace('/', "\\")),
                bytes.clone(),
            )
        })
        .collect();
    let again = node.output().join("windows.zip");
    zip_by_hand(&again, &backslashed);
    let wanted = diagnosis(&report(&bundle, &[]));
    assert_eq!(diagnosis(&report(&again, &[])), wanted);

    let folder = node.output().join("unpacked here");
    for (name, bytes) in &files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(diagnosis(&report(&folder, &[])), wanted);
}

/// Lines of a kubelet that failed for a while and then came up: before, at and after its last start.
fn three_days() -> [String; 3] {
    let mut lines = [String::new(), String::new(), String::new()];
    let mut write = |at: usize, time: &str, level: char, pid: u32, text: &str| {
        writeln!(lines[at], "{level}{time}.000000    {pid} {text}").unwrap();
    };
    for minute in 10..20 {
        let failed = r#"run.go:72] "command failed" err="failed to run Kubelet: running with swap on is not supported, please disable swap or set --fail-swap-on flag to false""#;
        write(
            0,
            &format!("1120 06:{minute}:01"),
            'E',
            1000 + minute,
            failed,
        );
    }
    for (time, text) in [
        (
            "07:00:01",
            r#"server.go:520] "Kubelet version" kubeletVersion="v1.30.2""#,
        ),
        (
            "07:00:05",
            r#"kubelet_node_status.go:76] "Attempting to register node" node="w1""#,
        ),
        (
            "07:00:06",
            r#"kubelet_node_status.go:78] "Successfully registered node" node="w1""#,
        ),
    ] {
        write(1, &format!("1121 {time}"), 'I', 1201, text);
    }
    for number in 0..60 {
        let cni = r#"kubelet.go:3011] "Container runtime network not ready" networkReady="NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized""#;
        let (minute, second) = (10 + number / 12, number % 12 * 5);
        write(2, &format!("1122 08:{minute}:{second:02}"), 'E', 1201, cni);
    }
    lines
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn rotated_logs_are_read_in_the_order_of_time_as_one() {
    let [oldest, middle, newest] = three_days();
    let now = ["--now", "2026-11-22T08:14:58Z"];
    let scratch = Scratch::new();
    let whole = scratch.path().join("kubelet.log");
    fs::write(&whole, format!("{oldest}{middle}{newest}")).unwrap();
    let whole = report(&whole, &now);
    assert_eq!(causes(&whole)[0], "cni-config-missing");
    for (middle_name, oldest_name, oldest) in [
        ("kubelet.log.1", "kubelet.log.2.gz", gzip(&oldest)),
        (
            "kubelet.log-20261121",
            "kubelet.log-20261120.gz",
            gzip(&oldest),
        ),
        (
            "kubelet-20261121.log",
            "kubelet-20261120.log",
            oldest.into(),
        ),
    ] {
        let scratch = Scratch::new();
        let files = [
            ("kubelet.log", newest.clone().into_bytes()),
            (middle_name, middle.clone().into_bytes()),
            (oldest_name, oldest),
        ];
        let logs = scratch.path().join("logs");
        fs::create_dir(&logs).unwrap();
        for (name, bytes) in &files {
            fs::write(logs.join(name), bytes).unwrap();
        }
        let packed = scratch.path().join("logs.zip");
        let files = files.map(|(name, bytes)| (format!("logs/{name}"), bytes));
        zip_by_hand(&packed, &files);
        for input in [&logs, &packed] {
            let found = report(input, &now);
            let shown = input.display();
            assert_eq!(
                diagnosis(&found),
                diagnosis(&whole),
                "{shown} {oldest_name}"
            );
            assert_eq!(
                found["node"]["name"], whole["node"]["name"],
                "{shown} {oldest_name}"
            );
        }
    }
}

const SECOND: u64 = 1_000_000;
/// 2026-11-22T08:00:00Z
const NOW: u64 = 1_795_334_400 * SECOND;

/// A kubelet that does not know its flag, in two files of one journal.
fn journals() -> [Vec<u8>; 2] {
    let sender = |pid| Sender {
        unit: "kubelet.service",
        program: "kubelet",
        pid,
    };
    [0, 1].map(|file| {
        let mut journal = JournalWriter::new(7);
        for number in 0..20 {
            let time = NOW + (file * 3600 + number * 11) * SECOND;
            let pid = u32::try_from(800 + file * 100 + number).unwrap();
            let line = format!(
                r#"E1122 08:00:{:02}.000000     {pid} run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --made-up""#,
                number % 60
            );
            journal.line(time, sender(pid), &line);
        }
        journal.finish()
    })
}

#[test]
fn raw_journals_alone_in_a_folder_and_in_an_archive_tell_what_a_bundle_tells() {
    const MACHINE: &str = "547a60a042ba611e6192cb4fde2d9fd9";
    let [older, newer] = journals();
    let archived = format!("system@{}-{:016x}-{:016x}.journal", "ab".repeat(16), 1, 1);
    let node = NodeFixture::ready()
        .without("var/log/journal")
        .with_file(&format!("var/log/journal/{MACHINE}/{archived}"), &older)
        .with_file(&format!("var/log/journal/{MACHINE}/system.journal"), &newer);
    let bundle = node.output().join("b.tar.gz");
    collect(&node.root(), &bundle, &[]);
    let native = report(&bundle, &[]);
    assert_eq!(causes(&native), ["flag-unknown"]);

    let scratch = Scratch::new();
    let alone = scratch.path().join("system.journal");
    fs::write(&alone, &newer).unwrap();
    let folder = scratch.path().join("journals");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("system.journal"), &newer).unwrap();
    fs::write(folder.join(&archived), &older).unwrap();
    let packed = scratch.path().join("journals.zip");
    let files = [
        (format!("var/log/journal/{MACHINE}/system.journal"), newer),
        (format!("var/log/journal/{MACHINE}/{archived}"), older),
    ];
    zip_by_hand(&packed, &files);
    for (input, count) in [(&alone, 20), (&folder, 40), (&packed, 40)] {
        let found = report(input, &[]);
        let shown = input.display();
        assert_eq!(causes(&found)[0], causes(&native)[0], "{shown}");
        assert_eq!(found["causes"][0]["count"], count, "{shown}");
    }
}
