//! The hidden `dump`.

use super::arguments::{Cli, Dump};
use super::{Exit, Failure, json};
use crate::declarations::Declarations;
use crate::fleet::FleetReport;
use crate::look::forms::Forms;
use crate::report::Report;
use clap::CommandFactory as _;
use nodebundle_bundle::{BundleInfo, Manifest};
use std::io::{self, Write};

pub(super) fn run(what: Dump) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match what {
        Dump::Facts => json(&Declarations::all().iter().collect::<Vec<_>>(), &mut out)?,
        Dump::Schema => json(&schemars::schema_for!(Report), &mut out)?,
        Dump::FleetSchema => json(&schemars::schema_for!(FleetReport), &mut out)?,
        Dump::LookSchema => json(&schemars::schema_for!(Forms<'_>), &mut out)?,
        Dump::BundleSchema => json(&schemars::schema_for!(BundleInfo), &mut out)?,
        Dump::ManifestSchema => json(&schemars::schema_for!(Manifest), &mut out)?,
        Dump::Help => help(&mut out)?,
    }
    Ok(Exit::Done)
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
