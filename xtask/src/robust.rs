//! How well verdicts hold over a labelled set of nodes when their bundles are cut, incomplete, from another zone, or buried in noise.

use crate::changed::{Change, Entry};
use crate::corpus::Set;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Verdicts on all bundles that were changed in one way.
#[derive(Default)]
struct Score {
    all: usize,
    right: usize,
    silent: usize,
    sure_and_wrong: Vec<String>,
    /// Right as it was, and not when it was changed.
    lost: Vec<String>,
}

/// What a report says of a node whose label is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Silent,
    Wrong,
    SureAndWrong,
}

/// Finding ids that a label accepts as the first cause, and those that are near it. Healthy nodes accept none.
struct Label {
    accepted: BTreeSet<String>,
    near: BTreeSet<String>,
}

/// Measures all nodes of `folder/nodes` by `folder/accept.json`, prints a table, and fails where a cause is wrong and sure.
pub(crate) fn run(root: &Path, folder: &Path, built: Option<PathBuf>, lost: bool) -> Result<()> {
    let set = Set::new(root, built)?;
    let accept: Value = serde_json::from_slice(&fs::read(folder.join("accept.json"))?)?;
    let mut cases: Vec<PathBuf> = fs::read_dir(folder.join("nodes"))?
        .map(|case| Ok(case?.path()))
        .collect::<Result<_>>()?;
    cases.sort();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for case in &cases {
        node(&set, case, &Label::of(case, &accept)?, &mut scores)?;
    }
    set.clean()?;
    let mut sure = 0;
    for (change, score) in &scores {
        sure += score.sure_and_wrong.len();
        print(change, score, lost)?;
    }
    if sure > 0 {
        bail!("{sure} changed bundles made the analyzer sure of a wrong cause");
    }
    Ok(())
}

fn node(set: &Set, case: &Path, label: &Label, scores: &mut BTreeMap<String, Score>) -> Result<()> {
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    let bundle = fs::read(set.collect(case)?)?;
    let entries = Entry::all(&bundle)?;
    let changed = set.scratch.join("changed.tar.gz");
    let mut before = None;
    for change in Change::all(&entries) {
        fs::write(&changed, change.apply(&bundle, &entries)?)?;
        let report = set.report(&changed)?;
        let verdict = label.verdict(&report)?;
        let before = *before.get_or_insert(verdict);
        let score = scores.entry(change.to_string()).or_default();
        score.all += 1;
        score.right += usize::from(verdict == Verdict::Right);
        score.silent += usize::from(verdict == Verdict::Silent);
        let case = || format!("{name}: {change:?}");
        if verdict == Verdict::SureAndWrong {
            score.sure_and_wrong.push(case());
        } else if before == Verdict::Right && verdict != Verdict::Right {
            score.lost.push(case());
        }
    }
    Ok(())
}

fn print(change: &str, score: &Score, lost: bool) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{change:24} {:5} bundles  top-1 {:5}  silent {:4}  lost {:4}  wrong and sure {}",
        score.all,
        score.right,
        score.silent,
        score.lost.len(),
        score.sure_and_wrong.len()
    )?;
    let shown = score.lost.iter().filter(|_| lost);
    for case in score.sure_and_wrong.iter().chain(shown) {
        writeln!(out, "    {case}")?;
    }
    Ok(())
}

impl Label {
    fn of(case: &Path, accept: &Value) -> Result<Self> {
        let label: Value = serde_json::from_slice(&fs::read(case.join("case.json"))?)?;
        let named = |key: &str| match label.get(key) {
            Some(Value::Array(ids)) => ids.clone(),
            Some(id @ Value::String(_)) => vec![id.clone()],
            _ => Vec::new(),
        };
        let ids = |cause: &Value, kind: &str| {
            let listed = cause
                .as_str()
                .and_then(|cause| accept.get(cause)?.get(kind));
            let listed = listed.and_then(Value::as_array).into_iter().flatten();
            let listed = listed.filter_map(Value::as_str).map(str::to_owned);
            listed.collect::<Vec<String>>()
        };
        let (mut accepted, mut near) = (BTreeSet::new(), BTreeSet::new());
        for (number, cause) in named("cause").iter().enumerate() {
            let own = if number == 0 {
                &mut accepted
            } else {
                &mut near
            };
            own.extend(ids(cause, "accept"));
            near.extend(ids(cause, "near"));
        }
        for cause in &named("also") {
            near.extend(ids(cause, "accept"));
        }
        Ok(Self { accepted, near })
    }

    fn verdict(&self, report: &Value) -> Result<Verdict> {
        let causes = report.get("causes").and_then(Value::as_array);
        let first = causes.context("the report has no causes")?.first();
        let Some(first) = first else {
            return Ok(if self.accepted.is_empty() {
                Verdict::Right
            } else {
                Verdict::Silent
            });
        };
        let id = first.get("id").and_then(Value::as_str).unwrap_or_default();
        let is_sure = first.get("confidence").and_then(Value::as_str) == Some("confirmed");
        Ok(match (self.accepted.contains(id), self.near.contains(id)) {
            (true, _) => Verdict::Right,
            (false, false) if is_sure => Verdict::SureAndWrong,
            _ => Verdict::Wrong,
        })
    }
}
