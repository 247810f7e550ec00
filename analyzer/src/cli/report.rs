//! `report`.

use super::arguments::{Color, Report as Arguments};
use super::inputs::{inputs, keyed, keys, options, rules};
use super::{Exit, Failure, WIDTH, fault};
use crate::analyze::{self, AnalyzeError, analyze_all};
use crate::format::Options;
use crate::formats;
use crate::report::Report;
use crate::rule::Severity;
use crate::ruleset::RuleSet;
use nodebundle_bundle::Input;
use std::io::{self, BufWriter, IsTerminal as _, Write};

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = rules(arguments.reading.rules.as_ref())?;
    let keys = keys(&arguments.reading.opening)?;
    let mut exit = Exit::Done;
    let mut all = Vec::new();
    for path in &arguments.inputs {
        match inputs(path) {
            Ok(some) => all.extend(keyed(some, keys.as_ref())),
            Err(error) => exit = exit.max(fault(&error)),
        }
    }
    let results = analyzed(arguments, &all, &rules)?;
    // The program ends next, and the system frees memory faster.
    std::mem::forget(rules);
    let mut reports = Vec::new();
    for result in results {
        match result {
            Ok(report) => reports.push(report),
            Err(error) => exit = exit.max(fault(&error)),
        }
    }
    if !reports.is_empty() {
        write(arguments, &reports)?;
    }
    let met = arguments
        .fail_on
        .is_some_and(|least| meets(&reports, least));
    Ok(if met { exit.max(Exit::Threshold) } else { exit })
}

/// Several inputs are analysed at a time; one needs no threads for that.
fn analyzed(
    arguments: &Arguments,
    inputs: &[Input],
    rules: &RuleSet,
) -> Result<Vec<Result<Report, AnalyzeError>>, Failure> {
    let options = analyze::Options {
        plan_upgrade: arguments.plan_upgrade,
        ..options(&arguments.reading)
    };
    if inputs.len() < 2 {
        return Ok(analyze_all(inputs, rules, &options));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.jobs.map_or(0, usize::from))
        .build()
        .map_err(|error| Failure::Usage(format!("--jobs: {error}")))?;
    Ok(pool.install(|| analyze_all(inputs, rules, &options)))
}

/// Whether a cause of this severity is present; low ones stand with hygiene.
fn meets(reports: &[Report], least: Severity) -> bool {
    reports.iter().any(|report| {
        let low = report.hygiene.iter().filter(|_| least == Severity::Low);
        report
            .causes
            .iter()
            .chain(low)
            .any(|cause| cause.severity >= least)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that writes a file: the report that was asked for"
)]
fn write(arguments: &Arguments, reports: &[Report]) -> Result<(), Failure> {
    match &arguments.output {
        None => {
            let terminal = io::stdout().is_terminal();
            render(
                arguments,
                reports,
                terminal,
                &mut BufWriter::new(io::stdout().lock()),
            )
        }
        Some(path) => {
            let named = |error: io::Error| {
                Failure::Output(io::Error::new(
                    error.kind(),
                    format!("{}: {error}", path.display()),
                ))
            };
            let file = std::fs::File::create(path).map_err(named)?;
            render(arguments, reports, false, &mut BufWriter::new(file))
        }
    }
}

fn render(
    arguments: &Arguments,
    reports: &[Report],
    terminal: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let options = Options {
        color: match arguments.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal,
        },
        width: WIDTH,
        view: arguments.view,
    };
    let format = formats::ALL
        .iter()
        .find(|format| format.name == arguments.format);
    if let Some(format) = format {
        (format.render)(reports, &options, out)?;
    }
    out.flush()?;
    Ok(())
}
