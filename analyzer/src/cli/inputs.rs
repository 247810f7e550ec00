//! What was named on the command line → inputs and rules.

use super::Failure;
use super::arguments::Reading;
use crate::analyze::{AnalyzeError, Options};
use crate::declarations::Declarations;
use crate::ruleset::{RuleFile, RuleSet};
use nodebundle_bundle::reader::expand;
use nodebundle_bundle::{Control, Input, Limits, Reader};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The inputs that a path stands for, `-` for standard input.
pub(super) fn inputs(path: &Path) -> Result<Vec<Input>, AnalyzeError> {
    if path.as_os_str() == "-" {
        let held = Input::held("-", &mut io::stdin().lock(), &Limits::default())?;
        return Ok(vec![held]);
    }
    Ok(expand(path)?)
}

pub(super) fn options(reading: &Reading) -> Options {
    Options {
        now: reading.now,
        since: reading.since,
        until: reading.until,
        plan_upgrade: None,
        node: reading.node.clone(),
    }
}

/// The rules of a folder, which must be without problems, or those of this program.
pub(super) fn rules(folder: Option<&PathBuf>) -> Result<RuleSet, Failure> {
    let Some(folder) = folder else {
        return Ok(RuleSet::built_in());
    };
    let rules = RuleSet::from_files(&rule_files(folder)?, Declarations::all());
    if rules.problems().is_empty() {
        return Ok(rules);
    }
    let problems: Vec<String> = rules.problems().iter().map(ToString::to_string).collect();
    Err(Failure::Usage(format!(
        "the rules have problems:\n{}",
        problems.join("\n")
    )))
}

/// All YAML files of a folder.
pub(super) fn rule_files(folder: &Path) -> Result<Vec<RuleFile>, Failure> {
    let mut files = Vec::new();
    let shown = folder.display().to_string();
    let shown = shown.trim_end_matches('/');
    let mut reader = Reader::new(Input::Path(folder.to_owned()), Limits::default());
    let read = reader.read(&mut |head, body| {
        let mut bytes = Vec::new();
        let whole = body.take(MAX_RULE_BYTES).read_to_end(&mut bytes).is_ok();
        if whole && is_yaml(head.name) {
            files.push(RuleFile {
                name: format!("{shown}/{}", head.name),
                text: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
        Control::Continue
    });
    read.map_err(AnalyzeError::from)?;
    if files.is_empty() {
        return Err(Failure::Usage(format!(
            "{shown} holds no rules: no file ends with .yaml"
        )));
    }
    Ok(files)
}

fn is_yaml(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "yaml")
}

const MAX_RULE_BYTES: u64 = 1 << 20;
