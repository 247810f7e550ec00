//! Files that are not what they should be cost nothing but their own item.

use crate::programs::{collector, entries};
use nodebundle_fixtures::NodeFixture;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const TEN_GB: u64 = 10_000_000_000;

#[test]
fn pipes_sockets_devices_and_endless_logs_cost_only_their_own_items() {
    let node = NodeFixture::ready().without("etc/hostname");
    let root = node.root();
    let mode = Mode::RUSR | Mode::WUSR;
    for name in ["crictl.yaml", "fstab", "environment", "sysctl.conf"] {
        fs::remove_file(root.join("etc").join(name)).ok();
    }
    mknodat(CWD, root.join("etc/crictl.yaml"), FileType::Fifo, mode, 0).unwrap();
    let _listener = UnixListener::bind(root.join("etc/fstab")).unwrap();
    let device = mknodat(
        CWD,
        root.join("etc/environment"),
        FileType::CharacterDevice,
        mode,
        makedev(1, 5),
    );
    fs::create_dir_all(root.join("var/log")).unwrap();
    sparse(&root.join("var/log/syslog"), "the last line\n");
    fs::create_dir_all(root.join("etc/default")).unwrap();
    fs::write(root.join("etc/default/kubelet"), "A=1\n".repeat(100_000)).unwrap();
    sparse(&root.join("etc/default/k3s"), "A=1\n");
    fs::create_dir(root.join("etc/sysctl.conf")).unwrap();
    fs::write(root.join("etc/modules"), "").unwrap();

    let (bundle, records) = collect(&node);
    assert_eq!(outcome(&records, "/etc/crictl.yaml"), "skipped");
    assert_eq!(outcome(&records, "/etc/fstab"), "skipped");
    if device.is_ok() {
        assert_eq!(outcome(&records, "/etc/environment"), "skipped");
    }
    assert_eq!(outcome(&records, "/etc/sysctl.conf"), "skipped");
    assert_eq!(outcome(&records, "/etc/modules"), "empty");
    assert_eq!(outcome(&records, "/etc/default/kubelet"), "truncated");
    assert_eq!(
        outcome(&records, "/etc/default/k3s"),
        "error",
        "zeros are no text"
    );
    assert_eq!(outcome(&records, "/var/log/syslog"), "truncated");
    assert_eq!(records["/var/log/syslog"]["source_bytes"], TEN_GB);
    let log = &bundle["files/var/log/syslog"];
    assert!(log.ends_with(b"the last line\n"));
    assert!(log.len() < 3 << 20, "{} bytes", log.len());
    assert_eq!(outcome(&records, "/etc/kubernetes/kubelet.conf"), "ok");
}

#[test]
fn files_that_grow_shrink_and_vanish_meanwhile_end_in_a_whole_manifest() {
    let node = NodeFixture::ready().with_file("var/log/syslog", "first\n");
    let root = node.root();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                grow(&root.join("var/log/syslog"));
                let changing = root.join("etc/crictl.yaml");
                fs::write(
                    &changing,
                    "runtime-endpoint: unix:///run/x.sock\n".repeat(200),
                )
                .unwrap();
                fs::write(&changing, "").unwrap();
                fs::remove_file(changing).unwrap();
            }
        });
        let _ends = Ends(&over);
        for _ in 0..3 {
            let (_, records) = collect(&node);
            let known = ["ok", "empty", "absent", "truncated", "error"];
            for path in ["/var/log/syslog", "/etc/crictl.yaml"] {
                assert!(
                    known.contains(&outcome(&records, path)),
                    "{:?}",
                    records[path]
                );
            }
        }
    });
}

#[test]
fn files_of_proc_that_claim_to_be_empty_are_read() {
    let output = nodebundle_fixtures::Scratch::new();
    let bundle = output.path().join("live.tar.gz");
    let mut command = collector();
    command.args(["--no-probes", "--quiet", "--deadline", "100s", "-o"]);
    let status = command.arg(&bundle).status().unwrap();
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    let entries = entries(&bundle);
    for path in [
        "files/proc/meminfo",
        "files/proc/mounts",
        "files/proc/uptime",
    ] {
        assert!(!entries[path].is_empty(), "{path} is empty");
    }
}

/// Ends the thread that changes files, also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Zeros of which the disk holds none, and a last line.
fn sparse(path: &Path, last: &str) {
    let mut file = fs::File::create(path).unwrap();
    file.set_len(TEN_GB).unwrap();
    file.seek(SeekFrom::Start(TEN_GB - last.len() as u64 - 1))
        .unwrap();
    file.write_all(format!("\n{last}").as_bytes()).unwrap();
}

fn grow(path: &Path) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    if file.metadata().unwrap().len() < 20 << 20 {
        file.write_all("one more line\n".repeat(500).as_bytes())
            .unwrap();
    }
}

/// Entries of a bundle, and its records by source.
fn collect(node: &NodeFixture) -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, Value>) {
    let bundle = node.output().join("odd.tar.gz");
    for name in ["odd.tar.gz", "odd.tar.gz.sha256"] {
        fs::remove_file(node.output().join(name)).ok();
    }
    let mut command = collector();
    command
        .arg("--root")
        .arg(node.root())
        .arg("-o")
        .arg(&bundle);
    let status = command
        .args(["--quiet", "--deadline", "100s"])
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let entries = entries(&bundle);
    let manifest: Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
    let records = manifest["records"].as_array().unwrap().iter();
    let records = records.map(|record| {
        let source = record["source"].as_str().unwrap();
        (source.to_owned(), record.clone())
    });
    let records = records.collect();
    (entries, records)
}

fn outcome<'r>(records: &'r BTreeMap<String, Value>, source: &str) -> &'r str {
    records[source]["outcome"].as_str().unwrap()
}
