//! A file system that never answers costs the items below it: not the end of the run, not the rest of the bundle.
//!
//! The mount is a FUSE mount with a daemon of our own: it answers INIT, reads every further request and answers none.
//! Whoever touches the mount sleeps where no signal reaches, so this process never does.

use crate::programs::{collector, entries, skip, text};
use nodebundle_fixtures::{NodeFixture, Scratch};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::Read;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

#[test]
fn a_stuck_certificate_folder_costs_its_own_items_only() {
    const FOLDER: &str = "/var/lib/kubelet/pki";
    let fixture = NodeFixture::ready();
    let (code, expected) = collect(&fixture, &fixture.root(), "10s");
    assert_eq!(code, Some(0));

    let Some(_stuck) = StuckMount::at(&fixture.root().join(&FOLDER[1..])) else {
        return;
    };
    let (code, found) = collect(&fixture, &fixture.root(), "1s");
    assert_eq!(code, Some(1), "items that did not answer are worth exit 1");
    assert_eq!(found["complete"], true);
    let (expected, found) = (items(&expected), items(&found));
    let mut lost = 0;
    for (id, (source, outcome)) in &found {
        if is_below(source, FOLDER) {
            assert_eq!(outcome, "timeout", "{id}");
            lost += 1;
        } else if !id.starts_with("learn:") {
            let before = expected.get(id).map(|(_, outcome)| outcome);
            // A fact made of many files says that some did not answer.
            let lacks = outcome == "truncated" && source.starts_with("facts on ");
            assert!(
                lacks || Some(outcome) == before,
                "{id}: {outcome}, before {before:?}"
            );
        }
    }
    assert!(lost > 0, "no item was below the mount");
    for (id, (source, _)) in &expected {
        assert!(
            found.contains_key(id) || is_below(source, FOLDER),
            "{id} is gone"
        );
    }
}

#[test]
fn a_stuck_folder_is_given_up_also_when_the_root_is_written_as_a_relative_path() {
    let fixture = NodeFixture::ready();
    collector();
    let Some(_stuck) = StuckMount::at(&fixture.root().join("etc/kubernetes")) else {
        return;
    };
    let (code, found) = collect(&fixture, Path::new("root"), "1s");
    assert_eq!(code, Some(1));
    assert_eq!(found["complete"], true, "{}", found["reason"]);
    let items = items(&found);
    let late = items.values().filter(|(_, outcome)| outcome == "timeout");
    let late: Vec<_> = late.map(|(source, _)| source).collect();
    assert!(late.len() > 4, "{late:?}");
}

/// With `--root` the name in `/etc/hostname` is asked for before there is a file, because the bundle is called by it.
#[test]
fn a_stuck_etc_costs_the_name_of_the_node_and_not_the_bundle() {
    let fixture = NodeFixture::ready();
    collector();
    let Some(_stuck) = StuckMount::at(&fixture.root().join("etc")) else {
        return;
    };
    let (code, found) = collect(&fixture, &fixture.root(), "1s");
    assert_eq!(code, Some(1));
    assert_eq!(found["complete"], true, "{}", found["reason"]);
    let stored = entries(&fixture.output().join("bundle.tar.gz"));
    let info: Value = serde_json::from_slice(&stored["bundle.json"]).unwrap();
    assert_eq!(info["node"], "node");
    assert!(
        stored
            .keys()
            .any(|name| name.starts_with("journal/kubelet.service/"))
    );
}

#[test]
fn a_stuck_output_folder_ends_in_time_with_advice() {
    assert_ends_in_time_with_advice("output");
}

#[test]
fn an_output_file_in_a_stuck_folder_ends_in_time_with_advice() {
    assert_ends_in_time_with_advice("output/bundle.tar.gz");
}

/// `output` is relative to the folder that holds the fixture's root; what it begins with is stuck.
fn assert_ends_in_time_with_advice(output: &str) {
    let fixture = NodeFixture::ready();
    let mut command = collector();
    command.arg("--root").arg(fixture.root());
    command.arg("-o").arg(fixture.root().with_file_name(output));
    let Some(_stuck) = StuckMount::at(&fixture.output()) else {
        return;
    };
    let ended = run(command.arg("--quiet"), Duration::from_secs(3));
    assert_eq!(ended.code, Some(3), "{}", ended.words);
    assert!(ended.stdout.is_empty());
    assert!(
        ended.words.contains("another place with -o"),
        "{}",
        ended.words
    );
}

/// Collects to standard output, in the folder that holds the fixture's root; the exit code and the manifest.
fn collect(fixture: &NodeFixture, root: &Path, item_timeout: &str) -> (Option<i32>, Value) {
    let mut command = collector();
    command.current_dir(fixture.root().parent().unwrap());
    command.arg("--root").arg(root).args(["-o", "-", "--quiet"]);
    command.args(["--item-timeout", item_timeout]);
    let ended = run(&mut command, Duration::from_secs(20));
    let bundle = fixture.output().join("bundle.tar.gz");
    std::fs::write(&bundle, &ended.stdout).unwrap();
    let entries = entries(&bundle);
    let manifest = entries.get("manifest.json").expect("a manifest");
    (ended.code, serde_json::from_slice(manifest).unwrap())
}

/// Item id → source and outcome.
fn items(manifest: &Value) -> BTreeMap<String, (String, String)> {
    let word = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
    let records = manifest["records"].as_array().unwrap().iter();
    records
        .map(|record| {
            let what = (word(record, "source"), word(record, "outcome"));
            (word(record, "id"), what)
        })
        .collect()
}

fn is_below(source: &str, folder: &str) -> bool {
    let rest = source.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

struct Ended {
    code: Option<i32>,
    stdout: Vec<u8>,
    words: String,
}

/// Runs the collector with a deadline and checks that it ends, and ends its output, within deadline + 8 s.
fn run(command: &mut Command, deadline: Duration) -> Ended {
    let limit = Instant::now() + deadline + Duration::from_secs(8);
    let mut child = command
        .args(["--deadline", &format!("{}s", deadline.as_secs())])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the collector starts");
    let stdout = read_to_end(child.stdout.take().unwrap());
    let stderr = read_to_end(child.stderr.take().unwrap());
    let left = || limit.saturating_duration_since(Instant::now());
    let code = wait(&mut child, limit);
    let stdout = stdout.recv_timeout(left());
    let stderr = stderr.recv_timeout(left());
    Ended {
        code,
        stdout: stdout.expect("standard output ends in time"),
        words: text(&stderr.expect("standard error ends in time")),
    }
}

/// A thread of its own, because a pipe that a stuck process holds never ends.
fn read_to_end<R: Read + Send + 'static>(mut pipe: R) -> Receiver<Vec<u8>> {
    let (done, waiting) = channel();
    spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).ok();
        done.send(bytes).ok();
    });
    waiting
}

fn wait(child: &mut Child, limit: Instant) -> Option<i32> {
    while Instant::now() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        sleep(Duration::from_millis(20));
    }
    child.kill().ok();
    panic!("the collector was still there 8 s after its deadline");
}

/// A mounted file system that never answers; released and unmounted when dropped.
struct StuckMount {
    at: PathBuf,
    over: Arc<AtomicBool>,
    daemon: Option<JoinHandle<()>>,
}

impl StuckMount {
    /// Mounts over a folder; `None`, said loudly, where this machine does not allow it.
    fn at(folder: &Path) -> Option<Self> {
        let device = match open_device() {
            Ok(device) => device,
            Err(errno) => return skip(&format!("/dev/fuse cannot be opened: {errno}")),
        };
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0",
            device.as_raw_fd()
        );
        let options = CString::new(options).unwrap();
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        if let Err(errno) = mount("stuck", folder, "fuse", flags, options.as_c_str()) {
            return skip(&format!("FUSE cannot be mounted: {errno}"));
        }
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        Some(Self {
            at: folder.to_path_buf(),
            over,
            daemon: Some(spawn(move || serve(&device, &told))),
        })
    }
}

impl Drop for StuckMount {
    fn drop(&mut self) {
        // The device is closed first: that wakes whoever is stuck, and nothing can get stuck any more.
        self.over.store(true, Ordering::Relaxed);
        if let Some(daemon) = self.daemon.take() {
            daemon.join().ok();
        }
        unmount(self.at.as_path(), UnmountFlags::DETACH).ok();
    }
}

/// `/dev/fuse`, or a node of our own for the same device.
fn open_device() -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match fs::open("/dev/fuse", flags, Mode::empty()) {
        Err(Errno::NOENT) => {
            let scratch = Scratch::new();
            let node = scratch.path().join("fuse");
            let device = fs::makedev(10, 229);
            let mode = Mode::RUSR | Mode::WUSR;
            fs::mknodat(fs::CWD, &node, FileType::CharacterDevice, mode, device)?;
            fs::open(&node, flags, Mode::empty())
        }
        other => other,
    }
}

/// The daemon: answers INIT and takes every other request without a word, until told that it is over.
fn serve(device: &OwnedFd, over: &AtomicBool) {
    let mut request = vec![0u8; 1 << 20];
    let slice = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    while !over.load(Ordering::Relaxed) {
        let mut ready = [PollFd::new(device, PollFlags::IN)];
        poll(&mut ready, Some(&slice)).ok();
        match rustix::io::read(device, &mut request) {
            Ok(length) => {
                if let Some(answer) = answer(&request[..length]) {
                    rustix::io::write(device, &answer).expect("the kernel takes INIT's answer");
                }
            }
            Err(Errno::AGAIN | Errno::INTR | Errno::NOENT) => {}
            Err(_) => return,
        }
    }
}

/// `struct fuse_out_header` and `struct fuse_init_out` of version 7.31 for an INIT request.
fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| u32::from_ne_bytes(request[at..at + 4].try_into().unwrap());
    if word(4) != INIT {
        return None;
    }
    let mut answer = Vec::new();
    for word in [LENGTH, 0] {
        answer.extend(word.to_ne_bytes());
    }
    answer.extend(&request[8..16]);
    let (read_ahead, flags, background, longest_write) = (0, 0, 0, 4096);
    for word in [7, 31, read_ahead, flags, background, longest_write] {
        answer.extend(u32::to_ne_bytes(word));
    }
    answer.resize(LENGTH as usize, 0);
    Some(answer)
}

/// Opcode of the first request of a mount.
const INIT: u32 = 26;
/// Bytes of an answer to it: a head of 16, a body of 64.
const LENGTH: u32 = 80;
