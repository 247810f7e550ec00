//! `verify BUNDLE`: is it what was written, and is it safe to send.

use nodebundle_bundle::{Input, Limits, VerifyReport, verify};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints the verdict. 0: whole and clean. 1: cut short, changed or damaged. 3: not readable. 4: a leak.
pub(crate) fn run(bundle: &str, as_json: bool) -> ExitCode {
    match verify(&Input::Path(bundle.into()), &Limits::default()) {
        Ok(report) => {
            let text = if as_json {
                json_text(&report)
            } else {
                text(&report)
            };
            std::io::stdout().write_all(text.as_bytes()).ok();
            ExitCode::from(exit(&report))
        }
        Err(error) => {
            let message = format!("nodebundle-collector: {error}\n");
            std::io::stderr().write_all(message.as_bytes()).ok();
            ExitCode::from(3)
        }
    }
}

fn exit(report: &VerifyReport) -> u8 {
    match (report.leaks.is_empty(), report.is_whole()) {
        (false, _) => 4,
        (true, false) => 1,
        (true, true) => 0,
    }
}

fn text(report: &VerifyReport) -> String {
    let mut text = String::new();
    match &report.manifest {
        None => writeln!(
            text,
            "No manifest: not a bundle of this tool, or cut before anything was recorded."
        )
        .ok(),
        Some(manifest) => writeln!(
            text,
            "{} items recorded, {} stored and intact{}",
            manifest.records.len(),
            report.intact,
            if manifest.complete {
                ""
            } else {
                "; collection was cut short"
            }
        )
        .ok(),
    };
    for (what, names) in [
        ("changed since it was written", &report.changed),
        ("missing", &report.missing),
        ("not named by the manifest", &report.extra),
    ] {
        for name in names {
            writeln!(text, "{what}: {}", escaped(name)).ok();
        }
    }
    for damage in &report.summary.damage {
        writeln!(text, "damaged: {}", escaped(&damage.what)).ok();
    }
    for refusal in &report.summary.refused {
        writeln!(text, "refused: {}: {}", escaped(&refusal.name), refusal.why).ok();
    }
    for (entry, leaks) in &report.leaks {
        for leak in leaks {
            writeln!(
                text,
                "LEAK: {}:{}: {} ({})",
                escaped(entry),
                leak.line,
                leak.kind,
                leak.rule
            )
            .ok();
        }
    }
    let verdict = match exit(report) {
        0 => "Whole, and no secret found: safe to send.",
        4 => "Do not send it: a secret is stored in it. Please report this.",
        _ => "No secret found. Not whole: what is there can be used.",
    };
    writeln!(text, "{verdict}").ok();
    text
}

fn json_text(report: &VerifyReport) -> String {
    let leaks: Vec<_> = report
        .leaks
        .iter()
        .flat_map(|(entry, leaks)| {
            leaks.iter().map(move |leak| {
                json!({"entry": entry, "line": leak.line, "rule": leak.rule, "kind": leak.kind})
            })
        })
        .collect();
    crate::facts::object(&json!({
        "whole": report.is_whole(),
        "intact": report.intact,
        "changed": report.changed,
        "missing": report.missing,
        "extra": report.extra,
        "leaks": leaks,
        "sha256": report.summary.sha256,
    }))
}

/// Names in a bundle are somebody else's text.
fn escaped(name: &str) -> String {
    name.escape_debug().collect()
}
