//! `facts` and the hidden `dump`.

use super::arguments::{Cli, Dump, Facts};
use super::inputs::{inputs, options, rules};
use super::{Exit, Failure};
use crate::analyze::read;
use crate::declarations::Declarations;
use crate::fact::{Fact, Value};
use crate::fleet::FleetReport;
use crate::report::Report;
use crate::terminal::escape;
use clap::CommandFactory as _;
use nodebundle_bundle::{BundleInfo, Manifest};
use std::io::{self, BufWriter, Write};

/// Every fact with its place, sorted by path.
pub(super) fn facts_of(arguments: &Facts) -> Result<Exit, Failure> {
    let rules = rules(arguments.reading.rules.as_ref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    for input in inputs(&arguments.input)? {
        let read = read(&input, &rules, &options(&arguments.reading))?;
        for (name, fact) in read.evidence.facts.root() {
            print(name, fact, &mut out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn print(path: &str, fact: &Fact, out: &mut dyn Write) -> io::Result<()> {
    match &fact.value {
        Value::Record(fields) => fields
            .iter()
            .try_for_each(|(name, field)| print(&format!("{path}.{name}"), field, out)),
        Value::List(items)
            if items
                .iter()
                .any(|item| matches!(item.value, Value::Record(_))) =>
        {
            items
                .iter()
                .enumerate()
                .try_for_each(|(number, item)| print(&format!("{path}[{number}]"), item, out))
        }
        value => {
            let place = fact
                .origins
                .first()
                .map_or_else(String::new, |origin| match origin.line {
                    Some(line) => format!("  ({}:{line})", origin.entry),
                    None => format!("  ({})", origin.entry),
                });
            writeln!(
                out,
                "{} = {}{}",
                escape(path),
                escape(&value.to_string()),
                escape(&place)
            )
        }
    }
}

pub(super) fn run(what: Dump) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match what {
        Dump::Facts => json(&Declarations::all().iter().collect::<Vec<_>>(), &mut out)?,
        Dump::Schema => json(&schemars::schema_for!(Report), &mut out)?,
        Dump::FleetSchema => json(&schemars::schema_for!(FleetReport), &mut out)?,
        Dump::BundleSchema => json(&schemars::schema_for!(BundleInfo), &mut out)?,
        Dump::ManifestSchema => json(&schemars::schema_for!(Manifest), &mut out)?,
        Dump::Help => help(&mut out)?,
    }
    Ok(Exit::Done)
}

fn json<T: serde::Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn help(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Cli::command().term_width(100);
    command.build();
    writeln!(out, "{}", command.render_long_help())?;
    for subcommand in command
        .get_subcommands_mut()
        .filter(|one| !one.is_hide_set())
    {
        writeln!(out, "{}", subcommand.render_long_help())?;
        for below in subcommand.get_subcommands_mut() {
            writeln!(out, "{}", below.render_long_help())?;
        }
    }
    Ok(())
}
