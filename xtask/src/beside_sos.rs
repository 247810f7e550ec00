//! The collector beside `sos report` on one booted node, in one run: time, memory and size as ratios.
//!
//! Debian's `sosreport` has neither a `containerd` plugin nor `kubernetes` for Debian: `systemd` and `networking` are left.

use crate::run::succeed;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Boots a node, measures both, prints one table. Needs root, `debootstrap`, `systemd-nspawn` and Debian's packages.
pub(crate) fn run(root: &Path) -> Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let collector = dist_collector(root, &target)?;
    let scripts = root.join("fixtures/booted");
    let node_root = target.join("booted/root-sos");
    succeed(
        Command::new(scripts.join("make-root"))
            .arg(&node_root)
            .arg("sosreport"),
    )?;
    let node = Node::boot(&scripts, &node_root, &target, &collector)?;
    let sos = [
        "sh",
        "-c",
        "mkdir -p /root/sos && exec sos report --batch --quiet --tmp-dir /root/sos -o systemd,networking",
    ];
    let quiet = [
        "/usr/local/bin/nodebundle-collector",
        "--quiet",
        "--no-probes",
        "-o",
        "/root/nodebundle/",
    ];
    let probing = [
        "/usr/local/bin/nodebundle-collector",
        "--quiet",
        "-o",
        "/root/nodebundle/",
    ];
    fs::create_dir_all(node.root.join("root/nodebundle"))?;
    let sos = node.measure(&sos, "root/sos")?;
    let quiet = node.measure(&quiet, "root/nodebundle")?;
    let probing = node.measure(&probing, "root/nodebundle")?;
    let mut table = String::from("on one booted node, best of three runs each\n");
    for (what, one) in [
        ("sos report, two plugins", &sos),
        ("collector --no-probes", &quiet),
        ("collector", &probing),
    ] {
        writeln!(
            table,
            "{what:26} {:6.2} s {:5.2} x   {:6.1} MB {:5.2} x   {:8} bytes {:5.2} x",
            one.seconds,
            one.seconds / sos.seconds,
            one.memory / 1024.0,
            one.memory / sos.memory,
            one.bytes,
            one.bytes / sos.bytes,
        )?;
    }
    let size = fs::metadata(&collector)?.len();
    writeln!(
        table,
        "the collector's file {size} bytes; --version in {:.2} ms",
        start_time(&collector)?
    )?;
    io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

/// The collector as it is shipped.
fn dist_collector(root: &Path, target: &Path) -> Result<PathBuf> {
    let mut build = Command::new("cargo");
    build
        .current_dir(root)
        .args(["build", "--quiet", "-p", "nodebundle-collector"]);
    succeed(
        build
            .args(["--profile", "dist-collector"])
            .arg("--target-dir")
            .arg(target),
    )?;
    let triples = fs::read_dir(target)?.flatten().map(|entry| entry.path());
    let mut built = triples.map(|triple| triple.join("dist-collector/nodebundle-collector"));
    built
        .find(|path| path.is_file())
        .context("cargo built no collector")
}

/// Milliseconds from start to end of `--version`, the best of twenty.
fn start_time(collector: &Path) -> Result<f64> {
    let mut best = f64::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        succeed(
            Command::new(collector)
                .arg("--version")
                .stdout(Stdio::null()),
        )?;
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(best)
}

struct Measured {
    seconds: f64,
    /// Anonymous memory of all its processes together, at its highest, in kB.
    memory: f64,
    bytes: f64,
}

struct Node {
    keeper: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    root: PathBuf,
    container: u32,
}

impl Node {
    fn boot(scripts: &Path, root: &Path, target: &Path, collector: &Path) -> Result<Self> {
        let folder = target.join(format!("booted/node-{}", std::process::id()));
        let mut keeper = Command::new(scripts.join("keep-node"))
            .args([root, &folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let orders = keeper.stdin.take();
        let answers = BufReader::new(keeper.stdout.take().context("a pipe")?);
        let mut node = Self {
            keeper,
            orders,
            answers,
            root: folder.join("root"),
            container: 0,
        };
        if node.answer()? != "copied" {
            bail!("the node's root cannot be copied");
        }
        let kubelet = node.root.join("usr/bin/kubelet");
        let mut rustc = Command::new("rustc");
        rustc.args([
            "--edition",
            "2024",
            "-O",
            "-C",
            "target-feature=+crt-static",
            "-o",
        ]);
        succeed(rustc.arg(kubelet).arg(scripts.join("replay.rs")))?;
        fs::copy(
            collector,
            node.root.join("usr/local/bin/nodebundle-collector"),
        )?;
        if let Some(orders) = &mut node.orders {
            writeln!(orders, "boot")?;
        }
        node.container = node.answer()?.parse()?;
        for _ in 0..600 {
            let state = node.inside(&["systemctl", "is-system-running"]).output()?;
            if state.stdout.starts_with(b"running") || state.stdout.starts_with(b"degraded") {
                return Ok(node);
            }
            sleep(Duration::from_millis(200));
        }
        bail!(
            "the node does not boot; see {}",
            folder.join("console.log").display()
        )
    }

    fn answer(&mut self) -> Result<String> {
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    fn inside(&self, argv: &[&str]) -> Command {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.container));
        let children = children.unwrap_or_default();
        let leader = children.split_whitespace().next().unwrap_or("0");
        let mut command = Command::new("nsenter");
        command.args(["-t", leader, "-m", "-u", "-i", "-n", "-p", "-C"]);
        command.args([
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL=C",
        ]);
        command.args(argv).stdin(Stdio::null());
        command
    }

    /// The best of three runs; what it left below `output` is weighed and taken away.
    fn measure(&self, argv: &[&str], output: &str) -> Result<Measured> {
        let mut best: Option<Measured> = None;
        for _ in 0..3 {
            let start = Instant::now();
            let mut command = self.inside(argv);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn()?;
            let mut memory: f64 = 0.0;
            let status = loop {
                memory = memory.max(tree_memory(child.id()));
                match child.try_wait()? {
                    Some(status) => break status,
                    None => sleep(Duration::from_millis(5)),
                }
            };
            let seconds = start.elapsed().as_secs_f64();
            let bytes = weigh_and_remove(&self.root.join(output))?;
            if !status.success() || bytes == 0 {
                bail!(
                    "{} ended with {status} and left {bytes} bytes",
                    argv.join(" ")
                );
            }
            #[allow(clippy::cast_precision_loss, reason = "sizes here are far below 2^52")]
            let one = Measured {
                seconds,
                memory,
                bytes: bytes as f64,
            };
            if best.as_ref().is_none_or(|best| one.seconds < best.seconds) {
                best = Some(one);
            }
        }
        best.context("three runs were made")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Its standard input ends, and the keeper clears everything away.
        self.orders.take();
        self.keeper.wait().ok();
    }
}

/// Size of the archive, which is the largest file.
fn weigh_and_remove(folder: &Path) -> Result<u64> {
    let mut largest = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let about = fs::symlink_metadata(&path)?;
        if about.is_dir() {
            fs::remove_dir_all(&path)?;
        } else {
            largest = largest.max(about.len());
            fs::remove_file(&path)?;
        }
    }
    Ok(largest)
}

/// Anonymous memory of a process and of all below it, in kB.
fn tree_memory(top: u32) -> f64 {
    let mut parents: BTreeMap<u32, (u32, f64)> = BTreeMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            word.and_then(|word| word.parse::<u32>().ok())
        };
        let parent = field("PPid:").unwrap_or_default();
        parents.insert(
            pid,
            (parent, f64::from(field("RssAnon:").unwrap_or_default())),
        );
    }
    let is_below = |pid: u32| {
        let mut at = pid;
        for _ in 0..64 {
            if at == top {
                return true;
            }
            match parents.get(&at) {
                Some((parent, _)) => at = *parent,
                None => return false,
            }
        }
        false
    };
    let below = parents.iter().filter(|(pid, _)| is_below(**pid));
    below.map(|(_, (_, memory))| memory).sum()
}
