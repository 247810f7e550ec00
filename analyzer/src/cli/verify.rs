//! `verify`: whether an input is whole, and whether secrets stand in it.

use super::arguments::Opening;
use super::inputs::inputs_with;
use super::{Exit, Failure};
use crate::analyze::AnalyzeError;
use crate::terminal::escape;
use clap::Args;
use nodebundle_bundle::{Limits, VerifyReport, verify};
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder or log file, or - for standard input.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Print one JSON object for each input.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

/// 0: whole, and no secret found. 1: otherwise.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Done;
    for input in inputs_with(&arguments.input, &arguments.opening)? {
        let report = verify(&input, &Limits::default()).map_err(AnalyzeError::from)?;
        if report.summary.entries == 0 {
            let name = input.name();
            let why = "nothing in it can be read".to_owned();
            return Err(AnalyzeError::Nothing { name, why }.into());
        }
        if arguments.json {
            super::json(&json(&input.name(), &report), &mut out)?;
        } else {
            text(&input.name(), &report, &mut out)?;
        }
        if !report.is_intact() || !report.leaks.is_empty() {
            exit = exit.max(Exit::Threshold);
        }
    }
    out.flush()?;
    Ok(exit)
}

fn text(name: &str, report: &VerifyReport, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    writeln!(
        out,
        "{}: {}, {} entries, {} bytes",
        escape(name),
        summary.packing,
        summary.entries,
        summary.bytes
    )?;
    if let Some(sha256) = &summary.sha256 {
        writeln!(out, "sha256 {sha256}")?;
    }
    match &report.manifest {
        None => writeln!(
            out,
            "No manifest: compared with nothing, searched for secrets."
        )?,
        Some(manifest) => writeln!(
            out,
            "{} items recorded, {} stored and intact{}",
            manifest.records.len(),
            report.intact,
            if manifest.complete {
                ""
            } else {
                "; collection was cut short"
            }
        )?,
    }
    for (what, name) in problems(report) {
        writeln!(out, "{what}: {}", escape(&name))?;
    }
    for (entry, leaks) in &report.leaks {
        for leak in leaks {
            let place = match leak.line {
                0 => ", in its name,".to_owned(),
                line => format!(":{line}"),
            };
            let (entry, kind, rule) = (escape(entry), leak.kind, leak.rule);
            writeln!(out, "SECRET: {entry}{place} {kind} ({rule})")?;
        }
    }
    let verdict = match (report.leaks.is_empty(), report.is_intact()) {
        (true, true) => "Whole, and no secret found.",
        (true, false) => "No secret found. Not whole: what is there can be used.",
        (false, _) => {
            "Secrets stand in it: `nodebundle-analyzer scrub INPUT -o OUT` makes a copy without them."
        }
    };
    writeln!(out, "{verdict}")
}

/// What is not as it should be, as kind and name.
fn problems(report: &VerifyReport) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let lists = [
        ("changed since it was written", &report.changed),
        ("missing", &report.missing),
        ("not named by the manifest", &report.extra),
    ];
    for (what, names) in lists {
        problems.extend(names.iter().map(|name| (what, name.clone())));
    }
    for damage in &report.summary.damage {
        problems.push(("damaged", damage.to_string()));
    }
    problems.extend(
        report
            .summary
            .stopped
            .iter()
            .map(|why| ("stopped", why.clone())),
    );
    for name in &report.summary.repeated {
        problems.push(("stands there more than once", name.clone()));
    }
    for refusal in &report.summary.refused {
        problems.push(("not read", format!("{}: {}", refusal.name, refusal.why)));
    }
    problems
}

fn json(name: &str, report: &VerifyReport) -> Value {
    let leaks: Vec<Value> = report
        .leaks
        .iter()
        .flat_map(|(entry, leaks)| {
            leaks.iter().map(move |leak| {
                json!({"entry": entry, "line": leak.line, "kind": leak.kind, "rule": leak.rule})
            })
        })
        .collect();
    let summary = &report.summary;
    let problems = problems(report).into_iter();
    json!({
        "schema_version": 1,
        "input": name,
        "container": summary.packing.to_string(),
        "sha256": summary.sha256,
        "entries": summary.entries,
        "bytes": summary.bytes,
        "whole": report.is_intact(),
        "manifest": report.manifest.is_some(),
        "intact": report.intact,
        "problems": problems.map(|(what, name)| json!({"what": what, "name": name})).collect::<Vec<_>>(),
        "leaks": leaks,
    })
}
