//! `completions` and `man`: what packages carry beside the program.

use super::arguments::Cli;
use super::{Exit, Failure};
use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;
use std::io::{self, Write as _};
use std::path::Path;

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // The generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}

/// Writes a page for the program and one for each subcommand.
pub(super) fn pages(folder: &Path) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    program.build();
    page(folder, &program)?;
    for command in program.get_subcommands().filter(|one| !one.is_hide_set()) {
        page(folder, command)?;
    }
    Ok(Exit::Done)
}

#[expect(
    clippy::disallowed_methods,
    reason = "manual pages are written where the person says, from nothing but the program itself"
)]
fn page(folder: &Path, command: &clap::Command) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    std::fs::write(&path, text).map_err(|error| {
        let what = format!("{}: {error}", path.display());
        Failure::Output(io::Error::new(error.kind(), what))
    })
}
