//! Fuzz targets under libFuzzer, each for some minutes. What breaks one is kept among its seeds, where every test run tries it.

use crate::run::{cargo, succeed};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes the compiler count which branches an input takes, and tell libFuzzer what is compared with what.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// Runs one target, or each after the other, and fails when one broke.
pub(crate) fn run(root: &Path, only: Option<&str>, minutes: u64) -> Result<()> {
    let program = built(root)?;
    let seeds = root.join("tests/seeds");
    let mut targets: Vec<String> = fs::read_dir(&seeds)?
        .map(|target| Ok(target?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    targets.sort();
    targets.retain(|target| only.is_none_or(|only| only == target));
    if targets.is_empty() {
        bail!("{} has no folder of that name", seeds.display());
    }
    let mut broken = Vec::new();
    for target in targets {
        if !survives(root, &program, &target, minutes)? {
            broken.push(target);
        }
    }
    if !broken.is_empty() {
        bail!(
            "broken: {}; the inputs are in tests/seeds",
            broken.join(", ")
        );
    }
    Ok(())
}

fn built(root: &Path) -> Result<PathBuf> {
    let target = root.join("target/fuzz");
    succeed(
        cargo(root)
            .args([
                "build",
                "--release",
                "--manifest-path",
                "tests/fuzz/Cargo.toml",
            ])
            .args(["--target", "x86_64-unknown-linux-gnu"])
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", INSTRUMENTED),
    )?;
    Ok(target.join("x86_64-unknown-linux-gnu/release/nodebundle-fuzz"))
}

/// Whether a target ran for its time without a failure. What the fuzzer learned stays in the target folder for the next run.
fn survives(root: &Path, program: &Path, target: &str, minutes: u64) -> Result<bool> {
    let seeds = root.join("tests/seeds").join(target);
    let learned = root.join("target/fuzz/learned").join(target);
    fs::create_dir_all(&learned)?;
    let status = Command::new(program)
        .env("NODEBUNDLE_FUZZ", target)
        .arg(format!("-max_total_time={}", minutes * 60))
        .args([
            "-timeout=25",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-max_len=65536",
        ])
        .arg(format!("-artifact_prefix={}/", seeds.display()))
        .args([&learned, &seeds])
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    Ok(status.success())
}
