//! A collector that is stopped at any instant leaves a bundle that can be read, or nothing.

use crate::programs::{analyzer, collector, text};
use nodebundle_fixtures::NodeFixture;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const RUNS: u32 = 50;
const SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::KILL];

#[test]
fn a_collector_stopped_at_any_instant_leaves_a_readable_bundle_or_nothing() {
    let node = NodeFixture::case("wrong-ca-and-bad-token");
    let begin = Instant::now();
    let mut whole = start(&node, &node.output().join("whole"));
    assert!(whole.wait().unwrap().success());
    let length = begin.elapsed();
    let mut read = 0;
    for run in 0..RUNS {
        let output = node.output().join(run.to_string());
        let mut child = start(&node, &output);
        sleep(length * (run * 7919 % RUNS) / RUNS);
        let signal = SIGNALS[run as usize % SIGNALS.len()];
        let _ = kill_process(Pid::from_child(&child), signal);
        child.wait().unwrap();
        read += usize::from(left_behind_is_readable(&output, run));
    }
    assert!(read > 10, "only {read} of {RUNS} runs left a bundle");
}

fn start(node: &NodeFixture, output: &Path) -> Child {
    fs::create_dir_all(output).unwrap();
    let mut command = collector();
    command
        .arg("--root")
        .arg(node.root())
        .arg("-o")
        .arg(output)
        .arg("--quiet");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether a bundle was left; if so it has a report.
fn left_behind_is_readable(output: &Path, run: u32) -> bool {
    let files = settled(output);
    assert!(files.len() <= 1, "run {run} left {files:?}");
    let Some(bundle) = files
        .first()
        .filter(|bundle| fs::metadata(bundle).unwrap().len() > 0)
    else {
        return false;
    };
    let report = analyzer()
        .args(["report", "--format", "json"])
        .arg(bundle)
        .output()
        .unwrap();
    assert!(
        report.status.success(),
        "run {run}: {}",
        text(&report.stderr)
    );
    true
}

/// The files of a folder once none of them grows any more: after SIGKILL a child may need a moment to follow.
fn settled(folder: &Path) -> Vec<PathBuf> {
    let look = || -> Vec<(PathBuf, u64)> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries
            .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())))
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
