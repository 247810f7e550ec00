//! `ls`.

use super::arguments::{Display, Form, Opening};
use super::inputs::inputs_with;
use super::pager::{Sheet, paged};
use super::{Exit, Failure};
use crate::analyze::AnalyzeError;
use crate::look::listing::{Listed, Listing, NotStored, list};
use crate::look::opened::Opened;
use crate::look::selection::{Selection, of};
use crate::source::Source;
use crate::terminal::escape;
use chrono::SecondsFormat;
use clap::Args;
use nodebundle_bundle::Outcome;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder, log file or journal file, or - for standard input.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Entries to list: the beginning of a name or of a path on the node, a unit, or a glob in which only ** crosses a /.
    #[arg(value_name = "GLOB|PREFIX")]
    asked: Vec<String>,
    /// Also show times, outcomes and sources, and all that was asked of the node and gave nothing.
    #[arg(short, long)]
    long: bool,
    /// The node to look at, of an input that holds several: its name, with or without domain, or that of its bundle.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    display: Display,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let asked = Selection::new(&arguments.asked).map_err(Failure::Usage)?;
    let inputs = inputs_with(&arguments.input, &arguments.opening)?;
    let mut exit = Exit::Done;
    paged(&arguments.display, |sheet| {
        for (number, input) in inputs.iter().enumerate() {
            let mut opened = Opened::new(input, arguments.node.as_deref())?;
            let listing = list(&mut opened, &asked).map_err(AnalyzeError::from)?;
            if listing.entries.is_empty() && listing.not_stored.is_empty() {
                exit = exit.max(Exit::Threshold);
            }
            match arguments.display.format {
                Form::Json => super::json(&listing, sheet)?,
                Form::Text => {
                    if inputs.len() > 1 {
                        let gap = if number > 0 { "\n" } else { "" };
                        writeln!(sheet, "{gap}{}:", escape(&listing.input))?;
                    }
                    text(&listing, arguments.long, sheet)?;
                }
            }
        }
        Ok(exit)
    })
}

fn text(listing: &Listing, long: bool, out: &mut Sheet) -> io::Result<()> {
    for entry in &listing.entries {
        if long {
            long_line(entry, out)?;
        } else {
            let kind = cut(&kind(entry), SHORT_KIND);
            writeln!(
                out,
                "{:>9}  {kind:<SHORT_KIND$}  {}{}",
                size(entry.bytes),
                escape(&entry.name),
                remark(entry)
            )?;
        }
    }
    let bytes: u64 = listing.entries.iter().map(|entry| entry.bytes).sum();
    let whole = if listing.complete {
        "complete"
    } else {
        "NOT complete"
    };
    writeln!(
        out,
        "{} entries, {}; layout {}, {}, {whole}",
        listing.entries.len(),
        size(bytes),
        listing.layouts.join(", "),
        listing.packing
    )?;
    not_stored(&listing.not_stored, long, out)?;
    unread(listing, out)
}

fn long_line(entry: &Listed, out: &mut Sheet) -> io::Result<()> {
    let modified = entry.modified.map_or_else(
        || "-".to_owned(),
        |time| time.to_rfc3339_opts(SecondsFormat::Secs, true),
    );
    let outcome = entry.outcome.map_or("-", Outcome::as_str);
    let kind = cut(&kind(entry), LONG_KIND);
    writeln!(
        out,
        "{:>10}  {modified:<20}  {outcome:<9}  {kind:<LONG_KIND$}  {}{}",
        entry.bytes,
        escape(&entry.name),
        remark(entry)
    )?;
    let told = of(&entry.source).is_none_or(|of| entry.name.contains(of));
    if told {
        return Ok(());
    }
    writeln!(
        out,
        "{:26}{}",
        "",
        escape(&format!("copy of {}", entry.source))
    )
}

/// What an entry is: by its content, else by where it comes from.
fn kind(entry: &Listed) -> String {
    let words = entry.nature.words();
    if !words.is_empty() {
        return words;
    }
    let source = match &entry.source {
        Source::Facts(_) => "facts",
        Source::Probe(_) => "probe",
        Source::Command(_) => "output of a command",
        Source::Listing(_) => "directory listing",
        Source::Meta(_) => "about the bundle",
        Source::Journal(_) => "journal",
        Source::File(_) | Source::Named(_) => "text",
    };
    source.to_owned()
}

/// What is unusual about an entry.
fn remark(entry: &Listed) -> String {
    let mut remarks = Vec::new();
    if entry.cut {
        remarks.push("cut short".to_owned());
    }
    if let Some(outcome) = entry
        .outcome
        .filter(|outcome| !matches!(outcome, Outcome::Ok | Outcome::Empty))
    {
        remarks.push(outcome.to_string());
    }
    if entry.masked > 0 {
        remarks.push(format!("{} masked", entry.masked));
    }
    if remarks.is_empty() {
        String::new()
    } else {
        format!("  ({})", remarks.join(", "))
    }
}

/// What the node did not give: counted, and listed where it is no matter of course.
fn not_stored(all: &[NotStored], long: bool, out: &mut Sheet) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    for item in all {
        *counts.entry(item.outcome).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    writeln!(out, "\nAsked for and not stored: {}", counts.join(", "))?;
    let matters = |outcome| matches!(outcome, Outcome::Denied | Outcome::Timeout | Outcome::Error);
    for item in all.iter().filter(|item| long || matters(item.outcome)) {
        let why = if item.why.is_empty() {
            String::new()
        } else {
            format!("  ({})", item.why)
        };
        let line = format!("  {:<14}  {}{why}", item.outcome.as_str(), item.source);
        writeln!(out, "{}", escape(&line))?;
    }
    if !long {
        writeln!(out, "  (--long lists all of them)")?;
    }
    Ok(())
}

/// Refused entries, links and damage.
fn unread(listing: &Listing, out: &mut Sheet) -> io::Result<()> {
    if !listing.refused.is_empty() {
        writeln!(out, "\nNot read: {}", listing.refused_count)?;
    }
    for refused in &listing.refused {
        writeln!(
            out,
            "  {}",
            escape(&format!("{}: {}", refused.name, refused.why))
        )?;
    }
    if !listing.links.is_empty() {
        writeln!(out, "\nLinks, not followed: {}", listing.links.len())?;
    }
    for link in &listing.links {
        writeln!(
            out,
            "  {}",
            escape(&format!("{} -> {}", link.name, link.target))
        )?;
    }
    if !listing.damage.is_empty() || listing.stopped.is_some() {
        writeln!(out, "\nDamage")?;
    }
    for damage in &listing.damage {
        let place = damage
            .offset
            .map_or_else(String::new, |offset| format!(" at byte {offset}"));
        let archive = if damage.archive.is_empty() {
            String::new()
        } else {
            format!("{}: ", damage.archive)
        };
        writeln!(
            out,
            "  {}",
            escape(&format!("{archive}{}{place}", damage.what))
        )?;
    }
    match &listing.stopped {
        Some(why) => writeln!(out, "  {}", escape(&format!("reading stopped: {why}"))),
        None => Ok(()),
    }
}

fn cut(text: &str, most: usize) -> String {
    let safe = escape(text);
    if safe.chars().count() <= most {
        return safe.into_owned();
    }
    safe.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// `1.2 KiB`; whole bytes below that.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

const SHORT_KIND: usize = 30;
const LONG_KIND: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_and_a_unit() {
        for (bytes, want) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (4_194_304, "4.0 MiB"),
            (1 << 50, "1024.0 TiB"),
        ] {
            assert_eq!(size(bytes), want);
        }
    }
}
