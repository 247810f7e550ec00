//! How many labelled incidents the rules see at all: some rule of the right finding matches, whatever its rank.

use crate::run::{printed, programs};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where a matching rule may stand in a report.
const LISTS: [&str; 7] = [
    "causes",
    "latent",
    "symptoms",
    "history",
    "hygiene",
    "benign",
    "ruled_out",
];

/// Prints the share of incidents in `folder/incidents` whose evidence suffices and in which an accepted rule matches, and the others.
pub(crate) fn run(root: &Path, folder: &Path, built: Option<PathBuf>) -> Result<()> {
    let analyzer = built
        .map_or_else(|| programs(root), Ok)?
        .join("nodebundle-analyzer");
    let accepted: Value = serde_json::from_slice(&fs::read(folder.join("accept.json"))?)?;
    let mut cases: Vec<PathBuf> = fs::read_dir(folder.join("incidents"))?
        .map(|case| Ok(case?.path()))
        .collect::<Result<_>>()?;
    cases.sort();
    let (mut seen, mut all) = (0_usize, 0_usize);
    let mut out = std::io::stdout();
    for case in cases {
        let Some(wanted) = wanted(&case, &accepted)? else {
            continue;
        };
        all += 1;
        let matched = matched(&analyzer, &case)?;
        if wanted.is_disjoint(&matched) {
            let wanted: Vec<_> = wanted.into_iter().collect();
            writeln!(out, "not seen: {} ({})", case.display(), wanted.join(", "))?;
        } else {
            seen += 1;
        }
    }
    let share = 1000 * seen / all.max(1);
    let (whole, tenth) = (share / 10, share % 10);
    writeln!(
        out,
        "coverage: a rule of the right finding matches in {seen} of {all} incidents, {whole}.{tenth} %"
    )?;
    Ok(())
}

/// Findings that count as right; `None` where the evidence does not suffice or nothing is wrong.
fn wanted(case: &Path, accepted: &Value) -> Result<Option<BTreeSet<String>>> {
    let label: Value = serde_json::from_slice(&fs::read(case.join("case.json"))?)?;
    if label.get("evidence_sufficient") != Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let cause = label.get("cause").context("the label has no cause")?;
    let causes = cause
        .as_array()
        .map_or(std::slice::from_ref(cause), Vec::as_slice);
    let wanted: BTreeSet<String> = causes
        .iter()
        .filter_map(|cause| accepted.get(cause.as_str()?)?.get("accept")?.as_array())
        .flatten()
        .filter_map(|id| Some(id.as_str()?.to_owned()))
        .collect();
    Ok(Some(wanted).filter(|wanted| !wanted.is_empty()))
}

/// All rules that match in what was posted, which the label is no part of.
fn matched(analyzer: &Path, case: &Path) -> Result<BTreeSet<String>> {
    let posted = std::env::temp_dir().join(format!("nodebundle-coverage-{}", std::process::id()));
    fs::create_dir_all(&posted)?;
    for file in fs::read_dir(case)? {
        let file = file?;
        if file.file_name() != "case.json" && file.file_type()?.is_file() {
            fs::copy(file.path(), posted.join(file.file_name()))?;
        }
    }
    let report = printed(
        analyzer,
        [
            "report".as_ref(),
            "--format=json".as_ref(),
            posted.as_os_str(),
        ],
    );
    fs::remove_dir_all(&posted)?;
    let report = report?;
    let report: Value = serde_json::from_str(&report)?;
    let report = report.pointer("/reports/0").unwrap_or(&report);
    Ok(LISTS
        .iter()
        .filter_map(|list| report.get(list)?.as_array())
        .flatten()
        .filter_map(|one| Some(one.get("id")?.as_str()?.to_owned()))
        .collect())
}
