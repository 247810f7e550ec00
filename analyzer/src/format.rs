//! What an output format is. Each file in `formats/` declares one.

use crate::report::Report;
use std::io::{self, Write};

/// Renders reports.
#[derive(Debug)]
pub struct Format {
    /// Name for `--format`, equal to the file name in `formats/`.
    pub name: &'static str,
    /// Renders one or several reports; several come with a fleet summary computed from them.
    pub render: fn(&[Report], &Options, &mut dyn Write) -> io::Result<()>,
}

/// How to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Use ANSI colour.
    pub color: bool,
    /// Columns to wrap at.
    pub width: usize,
    /// How much to show.
    pub view: View,
}

/// How much of a report to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// The cause, its proof and what to do.
    Triage,
    /// Everything.
    Full,
    /// Only hygiene findings.
    Hygiene,
}
