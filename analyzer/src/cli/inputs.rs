//! What was named on the command line → inputs and rules.

use super::arguments::{Opening, Reading};
use super::{Failure, complain};
use crate::age::Identities;
use crate::analyze::{AnalyzeError, Options};
use crate::declarations::Declarations;
use crate::ruleset::{RuleFile, RuleSet};
use nodebundle_bundle::reader::{Keys, expand};
use nodebundle_bundle::{Control, Input, Limits, Reader};
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The inputs that a path stands for, `-` for standard input.
pub(super) fn inputs(path: &Path) -> Result<Vec<Input>, AnalyzeError> {
    if path.as_os_str() == "-" {
        let held = Input::held("-", &mut io::stdin().lock(), &Limits::default())?;
        return Ok(vec![held]);
    }
    let expanded = expand(path)?;
    if let Some(left) = left_out(path, &expanded.left) {
        complain(&left);
    }
    Ok(expanded.inputs)
}

/// What of a folder is in none of its inputs.
fn left_out(folder: &Path, left: &[PathBuf]) -> Option<String> {
    const NAMED: usize = 3;
    let names = left.iter().take(NAMED).filter_map(|path| path.file_name());
    let names: Vec<_> = names.map(OsStr::to_string_lossy).collect();
    let more = match left.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "{}: every archive in it is an input of its own; not read: {}{more}. Name what shall be read too",
            folder.display(),
            names.join(", ")
        )
    })
}

/// The same, opened with the keys that were given where they are encrypted.
pub(super) fn inputs_with(path: &Path, opening: &Opening) -> Result<Vec<Input>, Failure> {
    let keys = keys(opening)?;
    Ok(keyed(inputs(path)?, keys.as_ref()))
}

/// Inputs with keys.
pub(super) fn keyed(inputs: Vec<Input>, keys: Option<&Keys>) -> Vec<Input> {
    let keyed = |input: Input| match keys {
        Some(keys) => input.with_keys(keys.clone()),
        None => input,
    };
    inputs.into_iter().map(keyed).collect()
}

/// The private keys that were given, if any.
pub(super) fn keys(opening: &Opening) -> Result<Option<Keys>, Failure> {
    let mut all: Option<Identities> = None;
    for path in &opening.identities {
        let file = Input::Path(path.clone());
        let mut text = String::new();
        let mut reader = Reader::new(file, Limits::default());
        let read = reader.read(&mut |_, body| {
            // What is no text holds no key, and that is said.
            let _ = body.take(MAX_RULE_BYTES).read_to_string(&mut text);
            Control::Stop
        });
        read.map_err(AnalyzeError::from)?;
        let identities = Identities::parse(&text)
            .map_err(|error| Failure::Usage(format!("--identity {}: {error}", path.display())))?;
        all = Some(match all {
            Some(before) => before.and(identities),
            None => identities,
        });
    }
    Ok(all.map(Keys::new))
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

/// Most bytes of a rule, and of a file of keys.
const MAX_RULE_BYTES: u64 = 1 << 20;
