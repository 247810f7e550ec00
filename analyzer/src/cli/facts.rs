//! `facts`.

use super::arguments::{Display, Form, Reading};
use super::inputs::{inputs_with, options, rules};
use super::pager::{Sheet, paged};
use super::{Exit, Failure};
use crate::analyze::read;
use crate::look::facts::{FactList, Stated};
use crate::terminal::{DIM, Paper, escape, place};
use clap::Args;
use std::io::{self, Write as _};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder or log file, or - for standard input.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Only facts whose path begins so: kubelet.effective.
    #[arg(value_name = "PREFIX")]
    asked: Vec<String>,
    #[command(flatten)]
    display: Display,
    #[command(flatten)]
    reading: Reading,
}

/// Every fact with its place, sorted by path.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = rules(arguments.reading.rules.as_ref())?;
    paged(&arguments.display, |out| {
        for input in inputs_with(&arguments.input, &arguments.reading.opening)? {
            let read = read(&input, &rules, &options(&arguments.reading))?;
            let list = FactList::new(&read, &arguments.asked);
            match arguments.display.format {
                Form::Json => super::json(&list, out)?,
                Form::Text => list.facts.iter().try_for_each(|fact| line(fact, out))?,
            }
        }
        Ok(Exit::Done)
    })
}

fn line(fact: &Stated, out: &mut Sheet) -> io::Result<()> {
    let color = out.color;
    let place = place(fact.entry.as_deref(), fact.line);
    let place = Paper::new(out, color, usize::MAX).paint(DIM, &escape(&place));
    let value = escape(&fact.text);
    writeln!(out, "{} = {value}{place}", escape(&fact.fact))
}
