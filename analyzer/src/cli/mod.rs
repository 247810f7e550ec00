//! The command line: arguments in, reports and exit codes out.

mod arguments;
mod cat;
mod diff;
mod dump;
mod facts;
mod grep;
mod inputs;
mod ls;
mod manual;
mod pager;
mod report;
mod rules;
mod scrub;
mod show;
mod timeline;
mod verify;

use crate::analyze::AnalyzeError;
use arguments::{Cli, Command, RulesCommand};
use clap::Parser as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// How the program ends. The numbers are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// Analysed.
    Done = 0,
    /// The threshold of `--fail-on` was met, or nothing that was looked for is there.
    Threshold = 1,
    /// Wrong usage, or rules with problems.
    Usage = 2,
    /// An input could not be analysed at all.
    Unusable = 3,
    /// Worth retrying: network or disk.
    Retry = 4,
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            // Nothing is left to do when help itself cannot be printed.
            let _ = error.print();
            return ExitCode::from(code as u8);
        }
    };
    ExitCode::from(match run(&cli.command) {
        Ok(exit) => exit as u8,
        // Who reads our output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Exit::Done as u8
        }
        Err(failure) => {
            complain(&failure.to_string());
            failure.exit() as u8
        }
    })
}

fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Report(arguments) => report::run(arguments),
        Command::Facts(arguments) => facts::run(arguments),
        Command::Timeline(arguments) => timeline::run(arguments),
        Command::Ls(arguments) => ls::run(arguments),
        Command::Cat(arguments) => cat::run(arguments),
        Command::Grep(arguments) => grep::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Scrub(arguments) => scrub::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Explain(arguments) => rules::explain(arguments),
        Command::Rules { command } => match command {
            RulesCommand::List(arguments) => rules::list(arguments),
            RulesCommand::Check(arguments) => rules::check(arguments),
        },
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man { folder } => manual::pages(folder),
        Command::Dump { what } => dump::run(*what),
    }
}

/// What ends the program early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Analyze(#[from] AnalyzeError),
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Analyze(error) => exit_of(error),
            Self::Output(_) => Exit::Retry,
        }
    }
}

fn exit_of(error: &AnalyzeError) -> Exit {
    if error.is_transient() {
        Exit::Retry
    } else if error.is_usage() {
        Exit::Usage
    } else {
        Exit::Unusable
    }
}

/// Says what is wrong with one of several inputs.
fn fault(error: &AnalyzeError) -> Exit {
    complain(&error.to_string());
    exit_of(error)
}

/// Columns of text: the same everywhere, so that texts can be compared.
const WIDTH: usize = 110;

/// One object, indented, with a line end.
fn json<T: serde::Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    crate::terminal::write_json(value, out)?;
    writeln!(out)
}

/// One line on standard error, safe for terminals. There is nowhere to report that it cannot be written.
fn complain(message: &str) {
    let _ = writeln!(
        io::stderr(),
        "nodebundle-analyzer: {}",
        crate::terminal::escape(message)
    );
}
