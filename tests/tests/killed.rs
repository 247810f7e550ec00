//! A collector that is stopped at any instant leaves a bundle that can be read, or no file; nothing outside its output
//! folder changes, and nothing raw is left.

use crate::programs::{analyzer, collector, text};
use nodebundle_fixtures::NodeFixture;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// Built for speed; a tenth of it where everything takes ten times as long.
const RUNS: u32 = if cfg!(debug_assertions) { 20 } else { 200 };
/// Lines of the log, so that a run is long enough to be killed anywhere.
const LINES: u32 = if cfg!(debug_assertions) {
    1_000
} else {
    40_000
};
const THREADS: u32 = 4;
const SIGNALS: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL];
/// In a configuration file and, unlearned, in a log.
const SECRETS: [&str; 2] = ["kIlledMidwayPw7781", "logBearerTok3nKilled99"];

#[test]
fn a_collector_stopped_at_any_instant_leaves_a_readable_bundle_or_no_file() {
    let world = World::new();
    let before = world.listing();
    let length = world.length_of_a_whole_run();
    let (next, read, none) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(run) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|run| *run < RUNS)
                {
                    let count = if world.killed_run(run, length) {
                        &read
                    } else {
                        &none
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (read, none) = (read.into_inner(), none.into_inner());
    assert_eq!(read + none, RUNS);
    assert!(read > RUNS / 10, "only {read} of {RUNS} runs left a bundle");
    assert_eq!(
        before,
        world.listing(),
        "something outside the output changed"
    );
}

/// A node, and a home, a temporary and a working folder in which nothing may appear.
pub(crate) struct World {
    node: NodeFixture,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut log = String::new();
        for number in 0..LINES {
            let noise = number.wrapping_mul(2_654_435_761);
            let token = if number % 900 == 17 {
                SECRETS[1]
            } else {
                "none"
            };
            writeln!(
                log,
                "Nov 22 07:00:00 node app[{number}]: {noise:x} Authorization: Bearer {token}"
            )
            .unwrap();
        }
        let node = NodeFixture::case("wrong-ca-and-bad-token")
            .with_file(
                "etc/default/kubelet",
                format!("REGISTRY_PASSWORD={}\n", SECRETS[0]),
            )
            .with_file("var/log/syslog", &log)
            .with_file("var/log/messages", format!("{}\n{log}", SECRETS[0]));
        for folder in ["home", "tmp", "here"] {
            fs::create_dir_all(node.output().with_file_name(folder)).unwrap();
        }
        Self { node }
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.node.output()
    }

    /// The collector, told to put its bundle in a folder.
    pub(crate) fn collector(&self, output: &Path) -> Command {
        let beside = |name: &str| self.output().with_file_name(name);
        let mut command = collector();
        command.arg("--root").arg(self.node.root());
        command.arg("-o").arg(output).arg("--quiet");
        command.current_dir(beside("here"));
        command
            .env("HOME", beside("home"))
            .env("TMPDIR", beside("tmp"));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    }

    /// Everything outside the output: path → size, mode, time of change.
    pub(crate) fn listing(&self) -> BTreeMap<PathBuf, (u64, u32, i64)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.output().parent().unwrap().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let (path, data) = (entry.path(), entry.metadata().unwrap());
                if path == self.output() {
                    continue;
                }
                if data.is_dir() {
                    folders.push(path.clone());
                }
                found.insert(path, (data.len(), data.mode(), data.mtime_nsec()));
            }
        }
        found
    }

    fn length_of_a_whole_run(&self) -> Duration {
        let folder = self.output().join("whole");
        fs::create_dir(&folder).unwrap();
        let begin = Instant::now();
        assert!(self.collector(&folder).status().unwrap().success());
        begin.elapsed()
    }

    /// Whether a run that was killed left a bundle; then it is checked.
    fn killed_run(&self, run: u32, length: Duration) -> bool {
        let folder = self.output().join(run.to_string());
        fs::create_dir(&folder).unwrap();
        let mut child = self.collector(&folder).spawn().unwrap();
        // Several run side by side, so that each takes longer than one alone.
        sleep(length * 2 * (run * 7919 % RUNS) / RUNS);
        let signal = SIGNALS[run as usize % SIGNALS.len()];
        let inner = (run % 8 == 7).then(|| first_child(&child)).flatten();
        kill_process(inner.unwrap_or(Pid::from_child(&child)), signal).ok();
        child.wait().unwrap();
        left_behind_is_sound(&folder, &format!("run {run}"))
    }
}

/// The collector process of a supervisor.
pub(crate) fn first_child(child: &Child) -> Option<Pid> {
    let path = format!("/proc/{0}/task/{0}/children", child.id());
    let children = fs::read_to_string(path).ok()?;
    Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
}

/// Whether a bundle was left; if so it has a report, and no planted secret.
pub(crate) fn left_behind_is_sound(folder: &Path, run: &str) -> bool {
    // Under a name of its own nobody renames it any more.
    let bundle = &folder.join("left-behind.tar.gz");
    loop {
        let files = settled(folder);
        assert!(files.len() <= 1, "{run} left {files:?}");
        match files.first() {
            None => return false,
            Some(file) if fs::rename(file, bundle).is_ok() => break,
            Some(_) => {}
        }
    }
    let report = analyzer()
        .args(["report", "--format", "json"])
        .arg(bundle)
        .output()
        .unwrap();
    assert!(report.status.success(), "{run}: {}", text(&report.stderr));
    let stored = unpacked(bundle);
    assert!(
        stored.contains("bundle.json"),
        "{run}: {} bytes",
        stored.len()
    );
    for secret in SECRETS {
        assert!(
            !stored.contains(secret),
            "{run} left {secret} in {}",
            bundle.display()
        );
    }
    true
}

/// As much as can be unpacked.
fn unpacked(bundle: &Path) -> String {
    let mut bytes = Vec::new();
    let file = fs::File::open(bundle).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut bytes)
        .ok();
    text(&bytes)
}

/// The bundles of a folder, without their checksums, once none of them grows any more: after SIGKILL a child may need a moment to follow.
fn settled(folder: &Path) -> Vec<PathBuf> {
    let look = || -> Vec<(PathBuf, u64)> {
        bundles(folder)
            .into_iter()
            .filter_map(|path| Some((path.clone(), path.metadata().ok()?.len())))
            .collect()
    };
    let mut before = look();
    loop {
        sleep(Duration::from_millis(60));
        let now = look();
        if now == before {
            return now.into_iter().map(|(path, _)| path).collect();
        }
        before = now;
    }
}

/// What lies in the folder now, without checksums.
pub(crate) fn bundles(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| !path.to_string_lossy().contains(".sha256"))
        .collect()
}
