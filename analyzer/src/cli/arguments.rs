//! What can be typed.

use crate::format::View;
use crate::rule::Severity;
use crate::version::Version;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Explains why a kubelet did not register or why a node is not Ready, from a bundle.
#[derive(Debug, Parser)]
#[command(name = "nodebundle-analyzer", version, after_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 analysed; 1 the --fail-on threshold was met; 2 wrong usage; \
3 an input could not be analysed at all; 4 worth retrying (network, disk).";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report on a node; on several with one line each, grouped by cause.
    Report(Report),
    /// Print everything that is known about a node before a rule is asked.
    Facts(super::facts::Arguments),
    /// Print what happened on a node, in order, on one axis.
    Timeline(Timeline),
    /// List what an input holds, without unpacking it.
    Ls(super::ls::Arguments),
    /// Print entries of an input, without unpacking it.
    Cat(super::cat::Arguments),
    /// Search all logs of inputs, with decoded times.
    Grep(super::grep::Arguments),
    /// Show a finding with the lines around its evidence, or why there is none.
    Show(super::show::Arguments),
    /// Check that an input is whole, and search it for secrets.
    Verify(super::verify::Arguments),
    /// Copy an input that another tool made without its secrets.
    Scrub(super::scrub::Arguments),
    /// Print what differs between two nodes, or before and after.
    Diff(super::diff::Arguments),
    /// Print the page of a rule.
    Explain(Explain),
    /// Look at the rules.
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Print the completions of a shell: `source <(nodebundle-analyzer completions bash)`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages.
    Man {
        /// Existing folder that they are written into.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print what only the types know, for documentation.
    #[command(hide = true)]
    Dump {
        /// What to print.
        what: Dump,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List the rules, one a line.
    List(RulesList),
    /// Check rules and run their examples.
    Check(RulesCheck),
}

#[derive(Debug, Args)]
pub(super) struct Report {
    /// Bundles, folders, log files, journal files, or - for standard input. A folder that holds bundles stands for each of them.
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Form of the report.
    #[arg(long, value_parser = formats(), default_value = "text")]
    pub(super) format: String,
    /// How much to show in text.
    #[arg(long, value_enum, default_value = "triage")]
    pub(super) view: View,
    /// Write the report to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Exit with 1 when a cause is present, or one of at least this severity.
    #[arg(long, value_name = "cause|SEVERITY", value_parser = threshold)]
    pub(super) fail_on: Option<Severity>,
    /// Also say what an upgrade of the kubelet to this version would break on the node.
    #[arg(long, value_name = "1.N")]
    pub(super) plan_upgrade: Option<Version>,
    /// Inputs to analyse at a time; as many as there are processors by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Colour in text.
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) color: Color,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// What opens an encrypted input.
#[derive(Debug, Args)]
pub(super) struct Opening {
    /// File with the private key (age identity) of somebody an encrypted input is for; can be given several times.
    #[arg(long = "identity", value_name = "FILE")]
    pub(super) identities: Vec<PathBuf>,
}

/// What shapes the reading of an input.
#[derive(Debug, Args)]
pub(super) struct Reading {
    #[command(flatten)]
    pub(super) opening: Opening,
    /// Rules to judge by, instead of those of this program.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
    /// The node's time, instead of the one that the input tells.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub(super) now: Option<DateTime<Utc>>,
    /// Leave out log records before this time.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub(super) since: Option<DateTime<Utc>>,
    /// Leave out log records after this time.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub(super) until: Option<DateTime<Utc>>,
    /// The node to look at, of an input that holds several: its name, with or without domain, or that of its bundle.
    #[arg(long, value_name = "NAME")]
    pub(super) node: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Timeline {
    /// A bundle, folder, log file or journal file, or - for standard input.
    #[arg(value_name = "INPUT")]
    pub(super) input: PathBuf,
    #[command(flatten)]
    pub(super) display: Display,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// How something is shown.
#[derive(Debug, Args)]
pub(super) struct Display {
    /// Form of the output.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Form,
    /// Colour in text.
    #[arg(long, value_enum, default_value = "auto")]
    pub(super) color: Color,
    /// Write to the terminal itself. Without it a terminal gets text through $PAGER, or less.
    #[arg(long)]
    pub(super) no_pager: bool,
}

/// Forms in which something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people.
    Text,
    /// For programs: one object with a `schema_version`.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Id of the rule: cgroup-driver-mismatch.
    pub(super) id: String,
    /// Rules, instead of those of this program.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RulesList {
    /// Folder of rules, instead of those of this program.
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RulesCheck {
    /// Folder of rules, instead of those of this program, whose examples are not compiled in.
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Dump {
    /// Declared facts as JSON.
    Facts,
    /// JSON schema of a report.
    Schema,
    /// JSON schema of a fleet report.
    FleetSchema,
    /// JSON schema of what the subcommands print that look inside.
    LookSchema,
    /// JSON schema of a bundle's `bundle.json`.
    BundleSchema,
    /// JSON schema of a bundle's `manifest.json`.
    ManifestSchema,
    /// Help of all subcommands.
    Help,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal.
    Auto,
    Always,
    Never,
}

fn formats() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(crate::formats::ALL.iter().map(|format| format.name))
}

pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|error| format!("{error}; write it like 2026-03-04T09:11:02Z"))
}

fn threshold(text: &str) -> Result<Severity, String> {
    match text {
        "cause" | "medium" => Ok(Severity::Medium),
        "low" => Ok(Severity::Low),
        "high" => Ok(Severity::High),
        "critical" => Ok(Severity::Critical),
        _ => Err("write cause, low, medium, high or critical".to_owned()),
    }
}
