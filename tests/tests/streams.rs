//! A bundle that goes to standard output, and what happens when nobody takes it; how little the collector asks for itself.

use crate::killed::{World, bundles, first_child, left_behind_is_sound};
use crate::programs::{collector, text};
use nodebundle_fixtures::NodeFixture;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn a_full_device_as_standard_output_is_no_bundle() {
    let node = NodeFixture::ready();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let ended = to_stdout(&node)
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let words = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{words}");
    assert!(words.contains("No space left"), "{words}");
}

#[test]
fn a_reader_that_goes_away_ends_the_run_early_and_is_told() {
    let node = NodeFixture::ready();
    let mut child = to_stdout(&node)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // More than the first entry: what arrived is a bundle that is cut.
    let mut first = [0u8; 4096];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    let words = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{words}");
    assert!(words.contains("Broken pipe"), "{words}");
}

#[test]
fn a_closed_terminal_ends_the_run_early_with_a_whole_bundle() {
    let world = World::new();
    let folder = world.output().join("hung-up");
    fs::create_dir(&folder).unwrap();
    let mut child = world.collector(&folder).spawn().unwrap();
    let file = || bundles(&folder).pop();
    until(|| file().is_some());
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 1)), "{code:?}");
    let path = file().unwrap();
    let name = path.to_string_lossy();
    assert!(name.ends_with(".tar.gz"), "{name} is not finished");
    assert!(left_behind_is_sound(&folder, "hung up"));
}

#[test]
fn every_process_asks_for_little_and_leaves_no_memory_behind() {
    let world = World::new();
    let folder = world.output().join("modest");
    fs::create_dir(&folder).unwrap();
    let mut child = world.collector(&folder).spawn().unwrap();
    until(|| folder.read_dir().unwrap().next().is_some());
    let mut seen = Vec::new();
    for pid in [Some(Pid::from_child(&child)), first_child(&child)]
        .into_iter()
        .flatten()
    {
        // Whoever has ended meanwhile is not looked at.
        if let Some(modest) = modesty(pid) {
            assert_eq!(modest, MODEST.map(str::to_owned), "process {pid:?}");
            seen.push(pid);
        }
    }
    child.wait().unwrap();
    assert!(!seen.is_empty(), "all had ended");
}

/// Nice value, score for the out-of-memory killer, limit of core files.
const MODEST: [&str; 3] = ["19", "1000", "0"];

fn modesty(pid: Pid) -> Option<[String; 3]> {
    let read =
        |file: &str| fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).ok();
    let stat = read("stat")?;
    let (_, fields) = stat.rsplit_once(')')?;
    let nice = fields.split_whitespace().nth(16)?.to_owned();
    let score = read("oom_score_adj")?.trim().to_owned();
    let limits = read("limits")?;
    let core = limits.lines().find(|line| line.starts_with("Max core"))?;
    let core = core.split_whitespace().nth(4)?.to_owned();
    Some([nice, score, core])
}

fn to_stdout(node: &NodeFixture) -> Command {
    let mut command = collector();
    command.arg("--root").arg(node.root());
    command.args(["-o", "-", "--quiet"]).stdin(Stdio::null());
    command
}

fn until(what: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < limit, "waited too long");
        sleep(Duration::from_millis(2));
    }
}
