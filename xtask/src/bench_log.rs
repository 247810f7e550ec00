//! A log for the bench: recorded lines over and over, as the collector stores them, with times that go on.

use crate::run::succeed;
use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What becomes of the numbers in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// They stay, but for times.
    AsRecorded,
    /// Every digit of every message is another one each time.
    Random,
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsRecorded => "numbers as recorded",
            Self::Random => "all numbers random",
        })
    }
}

/// Lines without their time, `host ident[pid]: message`: of the journals and logs below `from`, or else of the recorded nodes.
pub(crate) fn recorded(
    root: &Path,
    programs: &Path,
    scratch: &Path,
    from: Option<&Path>,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    if let Some(from) = from {
        below(from, &mut lines)?;
    } else {
        let mut nodes: Vec<_> = fs::read_dir(root.join("fixtures/nodes"))?
            .map(|node| Ok(node?.path()))
            .collect::<Result<_>>()?;
        nodes.sort();
        for node in nodes {
            collected(&node, programs, scratch, &mut lines)?;
        }
    }
    if lines.is_empty() {
        bail!("no lines `time host ident[pid]: message` were found to make a log of");
    }
    Ok(lines)
}

fn collected(node: &Path, programs: &Path, scratch: &Path, lines: &mut Vec<String>) -> Result<()> {
    let bundle = scratch.join("node.tar.gz");
    succeed(
        Command::new(programs.join("nodebundle-collector"))
            .arg("--root")
            .arg(node.join("root"))
            .arg("-o")
            .arg(&bundle)
            .arg("--quiet"),
    )?;
    for entry in tar::Archive::new(MultiGzDecoder::new(File::open(&bundle)?)).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if name.contains("/journal/kubelet.service/") {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            lines.extend(text.lines().filter_map(timeless));
        }
    }
    fs::remove_file(&bundle)?;
    // The collector never replaces a file, nor the checksum beside it.
    fs::remove_file(scratch.join("node.tar.gz.sha256"))?;
    Ok(())
}

/// Lines of all files below a folder whose name says that they are journals or logs.
fn below(folder: &Path, lines: &mut Vec<String>) -> Result<()> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    found.sort();
    for path in found {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            below(&path, lines)?;
        } else if name.starts_with("journal") || name.contains(".log") {
            let text = fs::read(&path)?;
            let text = String::from_utf8_lossy(&text);
            lines.extend(text.lines().filter_map(timeless));
        }
    }
    Ok(())
}

/// What follows the time in `Nov 22 07:30:22 host ident[pid]: message` or in `2026-11-22T07:30:22Z host ident[pid]: message`.
fn timeless(line: &str) -> Option<String> {
    let words = if line.starts_with(|first: char| first.is_ascii_digit()) {
        1
    } else {
        3
    };
    let mut rest = line;
    for _ in 0..words {
        rest = rest.split_once(' ')?.1.trim_start();
    }
    let sender = rest.split_once("]: ")?.0;
    let sane = sender.contains('[') && sender.split(' ').count() == 2;
    sane.then(|| rest.to_owned())
}

/// Writes a log of about `bytes` bytes as one plain `.gz`.
pub(crate) fn write(lines: &[String], to: &Path, bytes: u64, numbers: Numbers) -> Result<()> {
    let file = BufWriter::new(File::create(to)?);
    let mut log = GzEncoder::new(file, Compression::new(6));
    for line in Lines::new(lines, bytes, numbers) {
        log.write_all(line.as_bytes())?;
    }
    log.finish()?.flush()?;
    Ok(())
}

/// The lines of a log of about so many bytes.
pub(crate) struct Lines<'a> {
    kept: &'a [String],
    numbers: Numbers,
    random: Random,
    next: usize,
    left: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(lines: &'a [String], bytes: u64, numbers: Numbers) -> Self {
        Self {
            kept: lines,
            numbers,
            random: Random(1),
            next: 0,
            left: bytes,
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let line = self.kept.get(self.next % self.kept.len().max(1))?;
        if self.left == 0 {
            return None;
        }
        let line = dated(self.next as u64, line, self.numbers, &mut self.random);
        self.next += 1;
        self.left = self.left.saturating_sub(line.len() as u64);
        Some(line)
    }
}

/// A line with a time: ten a second from a fixed day on, in its klog header too.
fn dated(number: u64, line: &str, numbers: Numbers, random: &mut Random) -> String {
    let seconds = number / 10;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let day = 1 + seconds / 86_400 % 28;
    let (sender, message) = line.split_once("]: ").unwrap_or((line, ""));
    let message = match numbers {
        Numbers::AsRecorded => message.to_owned(),
        Numbers::Random => message.chars().map(|one| random.other(one)).collect(),
    };
    let of_day = format!("{hour:02}:{minute:02}:{second:02}");
    let micros = random.below(1_000_000);
    let (header, rest) = message
        .split_at_checked(KLOG_TIME)
        .unwrap_or(("", &message));
    let message = if is_klog_time(header) {
        let level = header.chars().next().unwrap_or_default();
        format!("{level}11{day:02} {of_day}.{micros:06}{rest}")
    } else {
        message
    };
    format!("2026-11-{day:02}T{of_day}.{micros:06}Z {sender}]: {message}\n")
}

/// Bytes of `I1122 07:30:22.304123`.
const KLOG_TIME: usize = 21;

fn is_klog_time(text: &str) -> bool {
    let shape = text
        .bytes()
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.skip(1).eq(b"0000 00:00:00.000000".iter().copied())
        && text.starts_with(['I', 'W', 'E', 'F'])
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // The constants are those of a well-known linear congruential generator; its upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Another digit for a digit.
    fn other(&mut self, one: char) -> char {
        let digit = u32::try_from(self.below(10)).unwrap_or_default();
        if one.is_ascii_digit() {
            char::from_digit(digit, 10).unwrap_or(one)
        } else {
            one
        }
    }
}
