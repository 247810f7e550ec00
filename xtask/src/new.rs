//! A new file of a family, with its headings filled.

use crate::index;
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::fs;
use std::path::Path;

/// What can be added as one file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Family {
    /// `rules/<stage>/<id>.yaml`
    Rule,
    /// `collector/src/specs/<name>.rs`
    Spec,
    /// `analyzer/src/formats/<name>.rs`
    Format,
    /// `analyzer/src/layouts/<name>.rs`
    Layout,
    /// `analyzer/src/parse/<name>.rs`
    Parser,
}

/// Writes the file and refreshes the index of its folder.
pub(crate) fn run(root: &Path, family: Family, name: &str) -> Result<()> {
    let (folder, ending, template) = match family {
        Family::Rule => ("rules", "yaml", RULE),
        Family::Spec => ("collector/src/specs", "rs", SPEC),
        Family::Format => ("analyzer/src/formats", "rs", FORMAT),
        Family::Layout => ("analyzer/src/layouts", "rs", LAYOUT),
        Family::Parser => ("analyzer/src/parse", "rs", PARSER),
    };
    let path = root.join(folder).join(format!("{name}.{ending}"));
    if path.exists() {
        bail!("{} exists already", path.display());
    }
    let (stage, id) = name.split_once('/').unwrap_or(("", name));
    if matches!(family, Family::Rule) && stage.is_empty() {
        bail!("name a rule as <stage>/<id>, for instance network/apiserver-timeout");
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(
        &path,
        template.replace("{id}", id).replace("{stage}", stage),
    )?;
    index::run(root, false)?;
    Ok(())
}

const RULE: &str = r#"id: {id}
title: What is wrong, in one line
stage: {stage}
role: cause
severity: critical
log:
  - from: [kubelet]
    pattern: 'the shortest telling fragment of (?P<what>\S+)'
meaning: What it means on this node, with {what}.
remedy:
  - for: [generic]
    on: node
    do: ["what to do, as commands"]
    check: ["how to see that it worked"]
    risk: what it can break
references: ["kubernetes.io: title of the page"]
examples:
  match:
    - 'a real line, with invented names'
  no_match:
    - 'a line that is close and is something else'
"#;

const SPEC: &str = r#"//! What to take of {id}, and why.

use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};

pub(crate) const SPEC: Spec = Spec {
    name: "{id}",
    about: "{id} in a few words",
    items: &[Item {
        name: "config",
        kind: "config",
        source: Source::File("/path/on/the/node"),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "which question it answers",
    }],
};
"#;

const FORMAT: &str = r#"//! The format `{id}`.

use crate::format::{Format, Options};
use crate::report::Report;
use std::io::{self, Write};

/// `--format {id}`
pub(super) const FORMAT: Format = Format { name: "{id}", render };

fn render(reports: &[Report], _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    reports.iter().try_for_each(|report| writeln!(out, "{}", report.verdict.sentence))
}
"#;

const LAYOUT: &str = r#"//! How {id} arranges its bundle.

use crate::layout::Layout;
use crate::source::Source;

/// Bundles of {id}.
pub(super) const LAYOUT: Layout = Layout { name: "{id}", detect, source };

fn detect(names: &[&str]) -> u8 {
    if names.contains(&"a file that only {id} writes") { 90 } else { 0 }
}

fn source(name: &str) -> Source {
    Source::Named(name.to_owned())
}
"#;

const PARSER: &str = r#"//! Reads {id}.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;

/// Entries of the kind {id}.
pub(super) const PARSER: Parser = Parser { name: "{id}", kind: "{id}", facts: &[], accepts, parse };

fn accepts(entry: &Entry) -> bool {
    entry.path() == Some("/path/on/the/node")
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    evidence.push(entry.text().into_owned(), entry.whole());
}
"#;
