//! Time and memory of a report on one large bundle of another tool, as a ratio to its decompression; of `verify` and `scrub` too.

use crate::bench::{Generated, best, inflate, report, run_on};
use crate::bench_log::{Lines, Numbers};
use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write as _};
use std::path::Path;

/// Small files beside the logs.
const FILES: usize = 5000;

/// Logs and how many of sixteen parts of the size each has.
const LOGS: [(&str, u64); 4] = [
    ("sos_commands/logs/journalctl_--no-pager", 8),
    ("sos_commands/logs/journalctl_--no-pager_--unit_kubelet", 4),
    ("var/log/messages", 3),
    ("var/log/pods/kube-system_app-x_1/app/0.log", 1),
];

/// Generates a sos report of about that size, measures, prints.
pub(crate) fn run(root: &Path, bundle: &Generated<'_>) -> Result<()> {
    let megabytes = bundle.megabytes;
    bundle.measured_in_scratch(root, |lines, analyzer, scratch| {
        let path = scratch.join("sosreport-bench.tar.gz");
        write(lines, &path, megabytes << 20)?;
        measure(analyzer, &path, megabytes)?;
        copied(analyzer, &path, &scratch.join("scrubbed.tar.gz"))
    })
}

fn measure(analyzer: &Path, bundle: &Path, megabytes: u64) -> Result<()> {
    let (flate2, _) = best(|| inflate(bundle))?;
    let mut out = io::stdout();
    writeln!(
        out,
        "sos report of {megabytes} MB: flate2 {:.2} s",
        flate2.as_secs_f64()
    )?;
    for (name, cores) in [("one core", "0"), ("two cores", "0,1")] {
        let (time, peak) = best(|| report(analyzer, cores, bundle))?;
        let seconds = time.as_secs_f64();
        let ratio = seconds / flate2.as_secs_f64();
        line(
            &format!("report on {name}"),
            seconds,
            peak,
            &format!("{ratio:5.2} x"),
        )?;
    }
    Ok(())
}

/// `verify` and `scrub`, once each: they look at every byte for secrets.
fn copied(analyzer: &Path, bundle: &Path, copy: &Path) -> Result<()> {
    let (bundle, to) = (bundle.as_os_str(), copy.as_os_str());
    let verify = vec![OsStr::new("verify"), bundle];
    let scrub = vec![OsStr::new("scrub"), bundle, OsStr::new("-o"), to];
    for (name, arguments) in [("verify", verify), ("scrub", scrub)] {
        let (time, peak) = run_on(analyzer, "0,1", &arguments)?;
        line(name, time.as_secs_f64(), peak, "")?;
    }
    fs::remove_file(copy)?;
    Ok(())
}

fn line(name: &str, seconds: f64, peak: u64, ratio: &str) -> Result<()> {
    writeln!(
        io::stdout(),
        "{name:20} {seconds:6.2} s  {ratio:7}  peak memory {} MB (at most 200)",
        peak >> 10
    )?;
    Ok(())
}

fn write(lines: &[String], to: &Path, bytes: u64) -> Result<()> {
    let file = BufWriter::new(File::create(to)?);
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::new(1)));
    let mut add = |name: &str, size: u64, content: &mut dyn Read| -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("sosreport-bench/{name}"), content)
    };
    add("version.txt", 17, &mut "sosreport: 4.8.1\n".as_bytes())?;
    add("sos_reports/sos.txt", 0, &mut io::empty())?;
    for number in 0..FILES {
        let text = format!("setting-{number} = {number}\n");
        add(
            &format!("etc/many/{number}.conf"),
            text.len() as u64,
            &mut text.as_bytes(),
        )?;
    }
    for (name, parts) in LOGS {
        let size = bytes / 16 * parts;
        let mut log = Log {
            lines: Lines::new(lines, size, Numbers::AsRecorded),
            line: Vec::new(),
            at: 0,
        };
        add(name, size, &mut (&mut log).take(size))?;
    }
    tar.into_inner()?.finish()?.flush()?;
    Ok(())
}

/// Lines as a stream of bytes.
struct Log<'a> {
    lines: Lines<'a>,
    line: Vec<u8>,
    at: usize,
}

impl Read for Log<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            self.line = self.lines.next().unwrap_or_default().into_bytes();
            self.at = 0;
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
