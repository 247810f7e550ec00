//! `grep`.

use super::arguments::{Color, Display, Form, Opening, time};
use super::inputs::{inputs, keyed, keys};
use super::pager::{Sheet, paged};
use super::{Exit, Failure, complain, fault};
use crate::logs::{Level, Options};
use crate::look::opened::Opened;
use crate::look::search::{
    Finds, Found, FoundEntry, FoundLine, Search, SearchError, pattern, search,
};
use crate::terminal::{escape, write_json_line};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use regex::bytes::Regex;
use serde::Serialize;
use std::io::{self, Write as _};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Regular expression, tried on each line as it stands and on its message alone.
    #[arg(value_name = "PATTERN")]
    pattern: String,
    /// Bundles, folders, log files, journal files, or - for standard input.
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    matching: Matching,
    /// Lines to show after each match.
    #[arg(short = 'A', long, value_name = "N")]
    after_context: Option<usize>,
    /// Lines to show before each match.
    #[arg(short = 'B', long, value_name = "N")]
    before_context: Option<usize>,
    /// Lines to show before and after each match.
    #[arg(short = 'C', long, value_name = "N")]
    context: Option<usize>,
    /// Print how many lines match in each entry.
    #[arg(short, long)]
    count: bool,
    /// Print the names of entries with a match.
    #[arg(short = 'l', long, conflicts_with = "count")]
    files_with_matches: bool,
    /// Only lines of this unit or program: kubelet, containerd.service, kernel. Can be given several times.
    #[arg(long, value_name = "NAME")]
    unit: Vec<String>,
    /// Only lines that say they are at least so bad.
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,
    /// Only lines since this time.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Only lines until this time.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    until: Option<DateTime<Utc>>,
    /// The node's time, which dates lines without a year.
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    now: Option<DateTime<Utc>>,
    /// The node to look at, of an input that holds several: its name, with or without domain, or that of its bundle.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    display: Display,
}

/// What matches, and where it is looked for.
#[derive(Debug, Args)]
struct Matching {
    /// Do not tell capitals from small letters.
    #[arg(short, long)]
    ignore_case: bool,
    /// Take the pattern literally.
    #[arg(short = 'F', long)]
    fixed_strings: bool,
    /// Search entries that are no logs too.
    #[arg(long)]
    all: bool,
}

fn level(text: &str) -> Result<Level, String> {
    [Level::Info, Level::Warning, Level::Error, Level::Fatal]
        .into_iter()
        .find(|level| level.as_str() == text)
        .ok_or_else(|| "write info, warning, error or fatal".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let wanted = wanted(arguments)?;
    let keys = keys(&arguments.opening)?;
    let mut all = Vec::new();
    let mut exit = Exit::Done;
    for path in &arguments.inputs {
        match inputs(path) {
            Ok(inputs) => all.extend(keyed(inputs, keys.as_ref())),
            Err(error) => exit = exit.max(fault(&error)),
        }
    }
    let several = all.len() > 1;
    let mut matches = 0;
    let ran = paged(&arguments.display, |sheet| {
        let mut page = Page::new(sheet, arguments, &wanted.pattern);
        for input in &all {
            page.input = several.then(|| input.name());
            let mut opened = match Opened::new(input, arguments.node.as_deref()) {
                Ok(opened) => opened,
                Err(error) => {
                    exit = exit.max(fault(&error));
                    continue;
                }
            };
            match search(&mut opened, &wanted, &mut page) {
                Ok(searched) => {
                    matches += searched.matches;
                    for (entry, why) in &searched.damaged {
                        let sign = if entry.is_empty() { "" } else { ": " };
                        complain(&format!("{}: {entry}{sign}{why}", input.name()));
                    }
                }
                Err(SearchError::Read(error)) => exit = exit.max(fault(&error.into())),
                Err(SearchError::Output(error)) => return Err(error.into()),
            }
        }
        page.end()?;
        Ok(exit)
    })?;
    Ok(if matches == 0 {
        ran.max(Exit::Threshold)
    } else {
        ran
    })
}

fn wanted(arguments: &Arguments) -> Result<Search, Failure> {
    let pattern = pattern(
        &arguments.pattern,
        arguments.matching.ignore_case,
        arguments.matching.fixed_strings,
    )
    .map_err(Failure::Usage)?;
    let around = |own: Option<usize>| own.or(arguments.context).unwrap_or_default();
    let counts_only = arguments.count || arguments.files_with_matches;
    Ok(Search {
        pattern,
        around: if counts_only {
            (0, 0)
        } else {
            (
                around(arguments.before_context),
                around(arguments.after_context),
            )
        },
        all: arguments.matching.all,
        units: arguments.unit.clone(),
        level: arguments.level.unwrap_or_default(),
        window: Options {
            now: arguments.now,
            since: arguments.since,
            until: arguments.until,
            ..Options::default()
        },
        counts_only,
        first_only: arguments.files_with_matches,
    })
}

/// What is shown of matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Lines,
    Counts,
    Names,
}

/// Writes what was found.
struct Page<'a> {
    sheet: &'a mut Sheet,
    pattern: &'a Regex,
    form: Form,
    shows: Shows,
    /// Entries stand above their lines instead of on each: for people.
    headed: bool,
    /// The input, where there are several.
    input: Option<String>,
    /// The input and entry that stand above the lines.
    heading: Option<(Option<String>, String)>,
    /// Something was written.
    begun: bool,
}

impl<'a> Page<'a> {
    fn new(sheet: &'a mut Sheet, arguments: &Arguments, pattern: &'a Regex) -> Self {
        let headed = sheet.terminal && arguments.display.color != Color::Never;
        Self {
            headed,
            sheet,
            pattern,
            form: arguments.display.format,
            shows: match (arguments.count, arguments.files_with_matches) {
                (true, _) => Shows::Counts,
                (_, true) => Shows::Names,
                _ => Shows::Lines,
            },
            input: None,
            heading: None,
            begun: false,
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match (self.form, self.begun) {
            (Form::Text, _) => Ok(()),
            (Form::Json, true) => self.sheet.write_all(b"\n]}\n"),
            (Form::Json, false) => writeln!(self.sheet, "{}]}}", self.head()),
        }
    }

    fn head(&self) -> &'static str {
        match self.shows {
            Shows::Lines => "{\"schema_version\":1,\"lines\":[",
            Shows::Counts | Shows::Names => "{\"schema_version\":1,\"entries\":[",
        }
    }

    fn item<T: Serialize>(&mut self, item: &T) -> io::Result<()> {
        let before = if self.begun { "," } else { self.head() };
        self.begun = true;
        writeln!(self.sheet, "{before}")?;
        write_json_line(item, &mut *self.sheet)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.sheet.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// `input: entry`, fit for a terminal.
    fn place(&self, entry: &str) -> String {
        let place = match &self.input {
            Some(input) => format!("{input}: {entry}"),
            None => entry.to_owned(),
        };
        self.paint(ENTRY, &escape(&place))
    }

    fn text_line(&mut self, found: &Found) -> io::Result<()> {
        if found.apart {
            writeln!(self.sheet, "--")?;
        }
        let sign = if found.matches { ':' } else { '-' };
        let line = self.paint(LINE, &found.line.to_string());
        let place = if self.headed {
            self.heading(&found.entry)?;
            line
        } else {
            format!("{}{sign}{line}", self.place(&found.entry))
        };
        let text = self.marked(found);
        writeln!(self.sheet, "{place}{sign} {}{text}", sender(found))
    }

    fn heading(&mut self, entry: &str) -> io::Result<()> {
        let here = (self.input.clone(), entry.to_owned());
        if self.heading.as_ref() == Some(&here) {
            return Ok(());
        }
        let gap = if self.heading.is_some() { "\n" } else { "" };
        let place = self.place(entry);
        self.heading = Some(here);
        writeln!(self.sheet, "{gap}{place}")
    }

    /// The message, its matching pieces marked where there is colour.
    fn marked(&self, found: &Found) -> String {
        let line = if found.time.is_some() {
            &found.text
        } else {
            &found.raw
        };
        if !self.sheet.color || !found.matches {
            return escape(&String::from_utf8_lossy(line)).into_owned();
        }
        let mut out = String::new();
        let mut at = 0;
        for piece in self.pattern.find_iter(line) {
            let part = |from: usize, to: usize| {
                String::from_utf8_lossy(line.get(from..to).unwrap_or_default()).into_owned()
            };
            out.push_str(&escape(&part(at, piece.start())));
            out.push_str(&self.paint(MATCH, &escape(&part(piece.start(), piece.end()))));
            at = piece.end();
        }
        let rest = line.get(at..).unwrap_or_default();
        out.push_str(&escape(&String::from_utf8_lossy(rest)));
        out
    }
}

/// `2026-11-22T07:20:19.012209Z kubelet[61]: `; `~` marks an inferred year. Nothing where the line is shown as it stands.
fn sender(found: &Found) -> String {
    let Some(stamp) = found.time else {
        return String::new();
    };
    let mark = if stamp.year_inferred { "~" } else { "" };
    let time = stamp.time.to_rfc3339_opts(SecondsFormat::Micros, true);
    let name = found.ident.as_ref().or(found.unit.as_ref());
    let sender = match (name, found.pid) {
        (Some(name), Some(pid)) => format!("{name}[{pid}]: "),
        (Some(name), None) => format!("{name}: "),
        (None, _) => String::new(),
    };
    escape(&format!("{time}{mark} {sender}")).into_owned()
}

impl Finds for Page<'_> {
    fn line(&mut self, found: &Found) -> io::Result<()> {
        if self.form == Form::Text {
            return self.text_line(found);
        }
        let input = self.input.clone();
        self.item(&FoundLine {
            input: input.as_deref(),
            entry: &found.entry,
            number: found.line,
            time: found.time.map(|stamp| stamp.time),
            year_inferred: found.time.is_some_and(|stamp| stamp.year_inferred),
            unit: found.unit.as_deref(),
            ident: found.ident.as_deref(),
            pid: found.pid,
            level: found.level,
            text: &String::from_utf8_lossy(&found.text),
            matches: found.matches,
        })
    }

    fn entry(&mut self, name: &str, matches: u64) -> io::Result<()> {
        if self.shows == Shows::Lines {
            return Ok(());
        }
        if self.form == Form::Json {
            let input = self.input.clone();
            return self.item(&FoundEntry {
                input: input.as_deref(),
                entry: name,
                matches: (self.shows == Shows::Counts).then_some(matches),
            });
        }
        let place = self.place(name);
        if self.shows == Shows::Counts {
            writeln!(self.sheet, "{place}:{matches}")
        } else {
            writeln!(self.sheet, "{place}")
        }
    }
}

/// Colours of grep: entries magenta, lines green, matches red.
const ENTRY: &str = "35";
const LINE: &str = "32";
const MATCH: &str = "1;31";
