//! Speed and memory of the analyzer on a generated log, as ratios to plain decompression in the same run.

use crate::run::{programs, succeed};
use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Parts of a stream are at most this long.
const PART: usize = 4 << 20;

/// Nodes whose kubelet lines the log is made of.
const NODES: [&str; 4] = [
    "healthy-join",
    "healthy-noisy-start",
    "wrong-ca-and-bad-token",
    "csr-not-approved",
];

/// Generates the log, measures, prints one table.
pub(crate) fn run(root: &Path, megabytes: u64) -> Result<()> {
    let folder = programs(root)?;
    let scratch = std::env::temp_dir().join(format!("nodebundle-bench-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let result = measure(root, &folder, &scratch, megabytes);
    fs::remove_dir_all(&scratch)?;
    result
}

fn measure(root: &Path, folder: &Path, scratch: &Path, megabytes: u64) -> Result<()> {
    let lines = recorded_lines(root, &folder.join("nodebundle-collector"), scratch)?;
    let (log, bundle) = generate(&lines, scratch, megabytes << 20)?;
    let analyzer = folder.join("nodebundle-analyzer");
    let decompression = best(|| decompress(&bundle).map(|time| (time, 0)))?;
    let scan = best(|| report(&analyzer, &log))?;
    let whole = best(|| report(&analyzer, &bundle))?;
    let mut table = format!("{megabytes} MB of kubelet log\n");
    for (what, (time, memory)) in [
        ("decompression by flate2", decompression),
        ("report on the plain log (scan alone)", scan),
        ("report on the bundle", whole),
    ] {
        let ratio = time.as_secs_f64() / decompression.0.as_secs_f64();
        let peak = if memory == 0 {
            String::from("-")
        } else {
            format!("{} MB", memory >> 10)
        };
        writeln!(
            table,
            "{what:40} {:7.2} s  {ratio:5.2} x decompression  peak memory {peak}",
            time.as_secs_f64()
        )?;
    }
    io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

/// The best of three runs: shared machines only ever add time.
fn best(mut run: impl FnMut() -> Result<(Duration, u64)>) -> Result<(Duration, u64)> {
    let mut runs = [run()?, run()?, run()?];
    runs.sort();
    runs.first().copied().context("three runs were made")
}

/// Kubelet lines of recorded nodes, as the collector stores them, without their time.
fn recorded_lines(root: &Path, collector: &Path, scratch: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for node in NODES {
        let bundle = scratch.join(format!("{node}.tar.gz"));
        let tree = root.join("fixtures/nodes").join(node).join("root");
        succeed(
            Command::new(collector)
                .arg("--root")
                .arg(tree)
                .arg("-o")
                .arg(&bundle)
                .arg("--quiet"),
        )?;
        for entry in tar::Archive::new(MultiGzDecoder::new(File::open(&bundle)?)).entries()? {
            let mut entry = entry?;
            if entry
                .path()?
                .to_string_lossy()
                .contains("/journal/kubelet.service/")
            {
                let mut text = String::new();
                entry.read_to_string(&mut text)?;
                let records = text.lines().filter(|line| !line.starts_with("-- "));
                lines.extend(records.filter_map(|line| Some(line.split_once(' ')?.1.to_owned())));
            }
        }
    }
    if lines.is_empty() {
        bail!("no kubelet lines were collected from the fixtures");
    }
    Ok(lines)
}

/// Writes the log once plain and once as a bundle in parts.
fn generate(lines: &[String], scratch: &Path, bytes: u64) -> Result<(PathBuf, PathBuf)> {
    let (log, bundle) = (scratch.join("kubelet.log"), scratch.join("bundle.tar.gz"));
    let mut plain = io::BufWriter::new(File::create(&log)?);
    let mut archive =
        tar::Builder::new(GzEncoder::new(File::create(&bundle)?, Compression::new(6)));
    let start = clock();
    let (mut written, mut part, mut number) = (0_u64, String::new(), 0);
    for (index, line) in lines.iter().cycle().enumerate() {
        if written >= bytes {
            break;
        }
        let before = part.len();
        writeln!(part, "{} {line}", start(index))?;
        written += (part.len() - before) as u64;
        if part.len() > PART - 4096 {
            number += 1;
            plain.write_all(part.as_bytes())?;
            append(&mut archive, number, &part)?;
            part.clear();
        }
    }
    plain.write_all(part.as_bytes())?;
    append(&mut archive, number + 1, &part)?;
    archive.into_inner()?.finish()?;
    plain.flush()?;
    Ok((log, bundle))
}

/// Times of the generated records: ten a second from a fixed day on.
fn clock() -> impl Fn(usize) -> String {
    |index| {
        let tenths = index % 864_000;
        let seconds = tenths / 10;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let day = 1 + index / 864_000 % 28;
        format!(
            "2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}.{}00000Z",
            tenths % 10
        )
    }
}

fn append<W: io::Write>(archive: &mut tar::Builder<W>, number: u32, part: &str) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(part.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    let name = format!("nodebundle-bench/journal/kubelet.service/{number:04}.log");
    archive.append_data(&mut header, name, part.as_bytes())?;
    Ok(())
}

fn decompress(bundle: &Path) -> Result<Duration> {
    let start = Instant::now();
    let mut decoder =
        MultiGzDecoder::new(io::BufReader::with_capacity(1 << 18, File::open(bundle)?));
    let mut buffer = vec![0; 1 << 18];
    while decoder.read(&mut buffer)? > 0 {}
    Ok(start.elapsed())
}

/// Time and peak memory (kB) of one report.
fn report(analyzer: &Path, input: &Path) -> Result<(Duration, u64)> {
    let start = Instant::now();
    let mut child = Command::new(analyzer)
        .args(["report", "--format", "json"])
        .arg(input)
        .stdout(Stdio::null())
        .spawn()
        .context("starting the analyzer")?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        peak = fs::read_to_string(&status)
            .ok()
            .and_then(|text| high_water(&text))
            .unwrap_or(peak);
        match child.try_wait()? {
            Some(exit) if exit.success() => return Ok((start.elapsed(), peak)),
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
