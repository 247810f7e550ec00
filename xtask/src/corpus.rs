//! Checks over a labelled set of nodes: the collected kubelet journal holds, in order, what `journalctl -u kubelet` printed there,
//! and the analyzer says the same of the bundle as of one in which nothing is masked.

use crate::run::{printed, programs, succeed};
use crate::unmask::{Restored, unmask};
use anyhow::{Context as _, Result, bail};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks every node of `folder/nodes` with the programs in `built`, or with new ones.
pub(crate) fn run(root: &Path, folder: &Path, built: Option<PathBuf>) -> Result<()> {
    let set = Set::new(root, built)?;
    let mut cases: Vec<_> = fs::read_dir(folder.join("nodes"))?
        .map(|case| Ok(case?.path()))
        .collect::<Result<_>>()?;
    cases.sort();
    let mut wrong = 0;
    let mut lines = Restored::default();
    for case in &cases {
        wrong += usize::from(!set.case(case, &mut lines)?);
    }
    set.clean()?;
    writeln!(
        std::io::stdout(),
        "{} nodes; of {} masked lines {} were read raw",
        cases.len(),
        lines.masked,
        lines.restored
    )?;
    if wrong > 0 {
        bail!(
            "{wrong} of {} nodes differ from journalctl or from their raw reading",
            cases.len()
        );
    }
    Ok(())
}

/// The programs, and a folder to work in.
pub(crate) struct Set {
    programs: PathBuf,
    pub(crate) scratch: PathBuf,
}

impl Set {
    /// With the programs in `built`, or with new ones.
    pub(crate) fn new(root: &Path, built: Option<PathBuf>) -> Result<Self> {
        Ok(Self {
            programs: built.map_or_else(|| programs(root), Ok)?,
            scratch: std::env::temp_dir().join(format!("nodebundle-corpus-{}", std::process::id())),
        })
    }

    /// Removes what was made.
    pub(crate) fn clean(&self) -> Result<()> {
        Ok(fs::remove_dir_all(&self.scratch)?)
    }

    /// Checks one node, prints a line, and says whether all is as it should be.
    fn case(&self, case: &Path, lines: &mut Restored) -> Result<bool> {
        let bundle = self.collect(case)?;
        let printed = fs::read_to_string(case.join("commands/journalctl-u-kubelet.txt"))?;
        let printed: Vec<String> = printed.lines().filter_map(message).collect();
        let collected = collected(&bundle)?;
        // More may be there: records that lost their unit, and those written after the command ran.
        let mut rest = collected.iter();
        let same_journal = printed
            .iter()
            .all(|message| rest.any(|one| is_same(one, message)));
        let raw = self.scratch.join("raw.tar.gz");
        let restored = unmask(&bundle, &self.scratch.join("root"), &printed, &raw)?;
        lines.masked += restored.masked;
        lines.restored += restored.restored;
        let (masked, raw) = (self.verdict(&bundle)?, self.verdict(&raw)?);
        let verdict = match (same_journal, masked == raw) {
            (true, true) => "equal".to_owned(),
            (false, _) => "JOURNAL DIFFERS".to_owned(),
            (true, false) => format!("VERDICT DIFFERS: masked {masked}, raw {raw}"),
        };
        writeln!(
            std::io::stdout(),
            "{:6} records, {} more, {:4} masked lines  {}  {verdict}",
            collected.len(),
            collected.len().saturating_sub(printed.len()),
            restored.masked,
            case.display()
        )?;
        Ok(same_journal && masked == raw)
    }

    /// Unpacks the node's tree and collects from it.
    pub(crate) fn collect(&self, case: &Path) -> Result<PathBuf> {
        let node = self.scratch.join("root");
        if self.scratch.exists() {
            fs::remove_dir_all(&self.scratch)?;
        }
        fs::create_dir_all(&node)?;
        tar::Archive::new(MultiGzDecoder::new(File::open(case.join("rootfs.tar.gz"))?))
            .unpack(&node)?;
        let bundle = self.scratch.join("bundle.tar.gz");
        succeed(
            Command::new(self.programs.join("nodebundle-collector"))
                .arg("--root")
                .arg(&node)
                .arg("-o")
                .arg(&bundle)
                .args(["--deadline", "10m", "--item-timeout", "2m", "--quiet"]),
        )?;
        Ok(bundle)
    }

    /// The report on a bundle.
    pub(crate) fn report(&self, bundle: &Path) -> Result<Value> {
        let analyzer = self.programs.join("nodebundle-analyzer");
        let arguments = ["report".as_ref(), "--format".as_ref(), "json".as_ref()];
        let arguments = arguments.into_iter().chain([bundle.as_os_str()]);
        Ok(serde_json::from_str(&printed(&analyzer, arguments)?)?)
    }

    /// State and ordered causes.
    fn verdict(&self, bundle: &Path) -> Result<String> {
        let report = self.report(bundle)?;
        let causes = report.get("causes").and_then(Value::as_array);
        let causes: Vec<&str> = causes
            .context("the report has no causes")?
            .iter()
            .filter_map(|cause| cause.get("id")?.as_str())
            .collect();
        let state = report.pointer("/verdict/state").and_then(Value::as_str);
        let state = state.context("the report has no state")?;
        Ok(format!("{state} [{}]", causes.join(", ")))
    }
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

/// Whether a collected message is the printed one, but for what is masked.
fn is_same(collected: &str, printed: &str) -> bool {
    collected == printed || crate::unmask::is_masked_form(collected, printed)
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
