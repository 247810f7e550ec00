//! Speed and memory of the analyzer on a generated log, as ratios to named baselines of the same run.

use crate::bench_log::{Numbers, recorded, write};
use crate::run::{programs, shipped_analyzer};
use anyhow::{Context as _, Result, bail};
use flate2::read::MultiGzDecoder;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A log of two lines.
const TWO_LINES: &str = "\
Nov 22 07:22:29 n1 kubelet[76]: I1122 07:22:29.934915      76 server.go:545] \"Kubelet version\" kubeletVersion=\"v1.36.2\"
Nov 22 07:22:30 n1 kubelet[76]: E1122 07:22:30.376990      76 run.go:72] \"command failed\" err=\"failed to load kubelet config file\"
";

/// Starts that are measured; the middle one counts.
const STARTS: usize = 21;

/// What is generated.
pub(crate) struct Generated<'a> {
    pub(crate) megabytes: u64,
    /// Folder of the journals and logs whose lines it has; the nodes that the repository holds without it.
    pub(crate) from: Option<&'a Path>,
    /// Folder that it is left in.
    pub(crate) keep: Option<&'a Path>,
}

impl Generated<'_> {
    /// Records lines in a folder, and measures with them there: with the lines, the analyzer as it is shipped and that folder.
    pub(crate) fn measured_in_scratch(
        &self,
        root: &Path,
        measure: impl FnOnce(&[String], &Path, &Path) -> Result<()>,
    ) -> Result<()> {
        let folder = programs(root)?;
        let temporary =
            std::env::temp_dir().join(format!("nodebundle-bench-{}", std::process::id()));
        let scratch = self.keep.unwrap_or(&temporary);
        fs::create_dir_all(scratch)?;
        let result = recorded(root, &folder, scratch, self.from)
            .and_then(|lines| measure(&lines, &shipped_analyzer(root)?, scratch));
        if self.keep.is_none() {
            fs::remove_dir_all(scratch)?;
        }
        result
    }
}

/// Generates the logs, measures, prints one table.
pub(crate) fn run(root: &Path, log: &Generated<'_>) -> Result<()> {
    log.measured_in_scratch(root, |lines, analyzer, scratch| {
        measure(lines, analyzer, scratch, log.megabytes)
    })
}

fn measure(lines: &[String], analyzer: &Path, scratch: &Path, megabytes: u64) -> Result<()> {
    let mut out = io::stdout();
    let two = scratch.join("two.log");
    fs::write(&two, TWO_LINES)?;
    writeln!(
        out,
        "start-up, report of two lines: {:.1} ms (at most 10)",
        start_up(analyzer, &two)?.as_secs_f64() * 1e3
    )?;
    for (numbers, one_core, two_threads) in
        [(Numbers::AsRecorded, 3.5, 1.5), (Numbers::Random, 5.5, 2.2)]
    {
        let log = scratch.join(match numbers {
            Numbers::AsRecorded => "kubelet.log.gz",
            Numbers::Random => "kubelet-random.log.gz",
        });
        write(lines, &log, megabytes << 20, numbers)?;
        let goals = (one_core, two_threads);
        let table = measured(analyzer, &log, goals)?;
        write!(out, "\n{megabytes} MB of log, {numbers}\n{table}")?;
        out.flush()?;
    }
    Ok(())
}

/// One log: the two baselines and the two reports.
fn measured(analyzer: &Path, log: &Path, goals: (f64, f64)) -> Result<String> {
    let flate2 = best(|| inflate(log))?;
    let libdeflate = best(|| {
        let file = [OsStr::new("-c"), log.as_os_str()];
        let start = Instant::now();
        let status = Command::new("libdeflate-gunzip")
            .args(file)
            .stdout(Stdio::null())
            .status()
            .context("libdeflate-gunzip is needed (Debian: libdeflate-tools)")?;
        if !status.success() {
            bail!("libdeflate-gunzip failed: {status}");
        }
        Ok((start.elapsed(), 0))
    })?;
    let one = best(|| report(analyzer, "0", log))?;
    let two = best(|| report(analyzer, "0,1", log))?;
    let mut table = String::new();
    for (name, (time, _)) in [("flate2", flate2), ("libdeflate-gunzip", libdeflate)] {
        let seconds = time.as_secs_f64();
        writeln!(table, "{name:34} {seconds:6.2} s")?;
    }
    for (name, (time, peak), base, goal) in [
        ("report on one core / flate2", one, flate2, goals.0),
        (
            "report on two / libdeflate-gunzip",
            two,
            libdeflate,
            goals.1,
        ),
    ] {
        let seconds = time.as_secs_f64();
        let ratio = seconds / base.0.as_secs_f64();
        let peak = peak >> 10;
        writeln!(
            table,
            "{name:34} {seconds:6.2} s  {ratio:5.2} x (at most {goal})  peak memory {peak} MB"
        )?;
    }
    Ok(table)
}

/// The best of three runs: shared machines only ever add time.
pub(crate) fn best(mut run: impl FnMut() -> Result<(Duration, u64)>) -> Result<(Duration, u64)> {
    let mut runs = [run()?, run()?, run()?];
    runs.sort();
    runs.first().copied().context("three runs were made")
}

pub(crate) fn inflate(log: &Path) -> Result<(Duration, u64)> {
    let start = Instant::now();
    let mut decoder = MultiGzDecoder::new(io::BufReader::with_capacity(1 << 18, File::open(log)?));
    let mut buffer = vec![0; 1 << 18];
    while decoder.read(&mut buffer)? > 0 {}
    Ok((start.elapsed(), 0))
}

fn start_up(analyzer: &Path, two: &Path) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let status = Command::new(analyzer)
            .arg("report")
            .arg(two)
            .stdout(Stdio::null())
            .status()
            .context("starting the analyzer")?;
        times.push(start.elapsed());
        if !status.success() {
            bail!("the analyzer failed: {status}");
        }
    }
    times.sort();
    times
        .get(STARTS / 2)
        .copied()
        .context("several starts were made")
}

/// Time and peak memory (kB) of one report on these cores.
pub(crate) fn report(analyzer: &Path, cores: &str, input: &Path) -> Result<(Duration, u64)> {
    let arguments = ["report", "--format", "json"].map(OsStr::new);
    run_on(
        analyzer,
        cores,
        &[&arguments[..], &[input.as_os_str()]].concat(),
    )
}

/// Time and peak memory (kB) of the analyzer on these cores. Its exit code may say that something was found.
pub(crate) fn run_on(
    analyzer: &Path,
    cores: &str,
    arguments: &[&OsStr],
) -> Result<(Duration, u64)> {
    let start = Instant::now();
    let mut child = Command::new("taskset")
        .args(["-c", cores])
        .arg(analyzer)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .context("taskset is needed (Debian: util-linux)")?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        peak = fs::read_to_string(&status)
            .ok()
            .and_then(|text| high_water(&text))
            .unwrap_or(peak);
        match child.try_wait()? {
            Some(exit) if matches!(exit.code(), Some(0 | 1)) => return Ok((start.elapsed(), peak)),
            Some(exit) => bail!("the analyzer failed: {exit}"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
