//! Runs cargo and the workspace's programs.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The cargo that runs this task.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.current_dir(root);
    command
}

/// Runs a command and fails with its line when it fails.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}

/// Builds both programs in the release profile and returns their folder.
pub(crate) fn programs(root: &Path) -> Result<PathBuf> {
    let both = ["nodebundle-collector", "nodebundle-analyzer"];
    built(root, "release", &both)
}

/// Builds the analyzer as it is shipped, which takes minutes, and returns its path.
pub(crate) fn shipped_analyzer(root: &Path) -> Result<PathBuf> {
    let name = "nodebundle-analyzer";
    Ok(built(root, "dist-analyzer", &[name])?.join(name))
}

/// Builds programs in a profile and returns their folder.
fn built(root: &Path, profile: &str, packages: &[&str]) -> Result<PathBuf> {
    let mut build = cargo(root);
    build.args(["build", "--quiet", "--profile", profile]);
    build.args(packages.iter().flat_map(|package| ["-p", package]));
    succeed(&mut build)?;
    let own = std::env::current_exe().context("finding the target folder")?;
    let target = own.parent().and_then(Path::parent);
    Ok(target
        .context("this program has no target folder")?
        .join(profile))
}

/// What a program prints.
pub(crate) fn printed<I, S>(program: &Path, arguments: I) -> Result<String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    let output = command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.with_context(|| format!("starting {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", output.status);
    }
    String::from_utf8(output.stdout).context("the program did not print UTF-8")
}
