//! Checks over a labelled set of nodes: the collected kubelet journal holds, in order, what `journalctl -u kubelet` printed there.

use crate::run::{programs, succeed};
use anyhow::{Context as _, Result, bail};
use flate2::read::MultiGzDecoder;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

/// Compares every node of `folder/nodes`.
pub(crate) fn run(root: &Path, folder: &Path) -> Result<()> {
    let collector = programs(root)?.join("nodebundle-collector");
    let scratch = std::env::temp_dir().join(format!("nodebundle-corpus-{}", std::process::id()));
    let mut cases: Vec<_> = fs::read_dir(folder.join("nodes"))?
        .map(|case| Ok(case?.path()))
        .collect::<Result<_>>()?;
    cases.sort();
    let mut different = 0;
    for case in &cases {
        let (collected, printed) = messages(&collector, case, &scratch)?;
        // More may be there: records that lost their unit, and those written after the command ran.
        let mut rest = collected.iter();
        let same = printed.iter().all(|message| rest.any(|one| one == message));
        different += usize::from(!same);
        let more = collected.len().saturating_sub(printed.len());
        let verdict = if same { "equal" } else { "DIFFERENT" };
        writeln!(
            std::io::stdout(),
            "{verdict:10}{:6} records, {more} more  {}",
            collected.len(),
            case.display()
        )?;
    }
    fs::remove_dir_all(&scratch)?;
    if different > 0 {
        bail!(
            "{different} of {} nodes differ from journalctl",
            cases.len()
        );
    }
    Ok(())
}

/// The messages of one node's kubelet journal: as collected, and as journalctl printed them.
fn messages(collector: &Path, case: &Path, scratch: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let node = scratch.join("root");
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(&node)?;
    tar::Archive::new(MultiGzDecoder::new(File::open(case.join("rootfs.tar.gz"))?))
        .unpack(&node)?;
    let bundle = scratch.join("bundle.tar.gz");
    succeed(
        Command::new(collector)
            .arg("--root")
            .arg(&node)
            .arg("-o")
            .arg(&bundle)
            .arg("--quiet"),
    )?;
    let printed = fs::read_to_string(case.join("commands/journalctl-u-kubelet.txt"))?;
    Ok((
        collected(&bundle)?,
        printed.lines().filter_map(message).collect(),
    ))
}

fn collected(bundle: &Path) -> Result<Vec<String>> {
    let mut messages = Vec::new();
    let mut archive = tar::Archive::new(MultiGzDecoder::new(File::open(bundle)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if name.contains("/journal/kubelet.service/") {
            let mut text = String::new();
            entry
                .read_to_string(&mut text)
                .with_context(|| format!("{name} is not UTF-8"))?;
            messages.extend(text.lines().filter_map(message));
        }
    }
    Ok(messages)
}

/// The text after `identifier[pid]: `; none for lines that are no records.
fn message(line: &str) -> Option<String> {
    if line.starts_with("-- ") {
        return None;
    }
    let (_, message) = line.split_once("]: ").or_else(|| line.split_once(": "))?;
    // journalctl turns tabs into blanks.
    Some(message.split_whitespace().collect::<Vec<_>>().join(" "))
}
