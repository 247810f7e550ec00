//! Lines of logs that a pattern finds, with their decoded times.

use super::nature::{is_log, is_never_log};
use super::opened::Opened;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::logs::{self, Decoded, Form, Level, Place, Reader, Stamp, Visitor, canonical};
use crate::source::Source;
use crate::{clock, desk, parse};
use chrono::{DateTime, Utc};
use nodebundle_bundle::Control;
use nodebundle_bundle::reader::ReadError;
use regex::bytes::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Search {
    /// The pattern.
    pub pattern: Regex,
    /// Lines shown before and after a match.
    pub around: (usize, usize),
    /// Look at entries that are no logs too.
    pub all: bool,
    /// Only lines of these units or programs; all when empty.
    pub units: Vec<String>,
    /// Only lines that say they are at least so bad.
    pub level: Level,
    /// The part of the time to look at, and the node's time.
    pub window: logs::Options,
    /// Lines are only counted, not shown.
    pub counts_only: bool,
    /// The first match of an entry suffices.
    pub first_only: bool,
}

/// A line that is shown.
#[derive(Debug, Clone)]
pub struct Found {
    /// Entry that holds it.
    pub entry: Arc<str>,
    /// Line from 1; of a journal file the record's sequence number.
    pub line: u64,
    /// Its time; `None` where it has none, or nothing tells the year.
    pub time: Option<Stamp>,
    /// Unit that it belongs to.
    pub unit: Option<String>,
    /// Its sender.
    pub ident: Option<String>,
    /// Process id of the sender.
    pub pid: Option<u32>,
    /// How bad it says it is: `info`, `warning`, `error`, `fatal`.
    pub level: &'static str,
    /// The message, with its own header.
    pub text: Vec<u8>,
    /// The line as it stands: what carried the message is not told by the other fields where there is no time.
    pub raw: Vec<u8>,
    /// Whether it matches; else it stands around a line that does.
    pub matches: bool,
    /// Whether lines were left out between it and the one before.
    pub apart: bool,
}

/// The JSON of lines that were found; one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundLines<'a> {
    /// 1.
    pub schema_version: u32,
    /// In the order of inputs, entries and lines.
    pub lines: Vec<FoundLine<'a>>,
}

/// A line as JSON has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundLine<'a> {
    /// The input, where several were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<&'a str>,
    /// Entry that holds it.
    pub entry: &'a str,
    /// Line from 1; of a journal file the record's sequence number.
    #[serde(rename = "line")]
    pub number: u64,
    /// Its time, UTC; `null` where it has none, or nothing tells the year.
    pub time: Option<DateTime<Utc>>,
    /// Present and true where the year was inferred.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub year_inferred: bool,
    /// Unit that it belongs to.
    pub unit: Option<&'a str>,
    /// Its sender.
    pub ident: Option<&'a str>,
    /// Process id of the sender.
    pub pid: Option<u32>,
    /// `info`, `warning`, `error`, `fatal`.
    pub level: &'a str,
    /// The message, with its own header.
    pub text: &'a str,
    /// Whether it matches; else it stands around a line that does.
    pub matches: bool,
}

/// The JSON of entries that were found, for `--count` and `--files-with-matches`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundEntries<'a> {
    /// 1.
    pub schema_version: u32,
    /// Entries with at least one match.
    pub entries: Vec<FoundEntry<'a>>,
}

/// An entry as JSON has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundEntry<'a> {
    /// The input, where several were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<&'a str>,
    /// Its name.
    pub entry: &'a str,
    /// Lines that match; left out where only names were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<u64>,
}

/// Where findings go.
pub trait Finds {
    /// A line to show.
    fn line(&mut self, found: &Found) -> io::Result<()>;
    /// An entry with at least one match was read.
    fn entry(&mut self, name: &str, matches: u64) -> io::Result<()>;
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Searched {
    /// Lines that match.
    pub matches: u64,
    /// Entries that could not be read to their end, and why.
    pub damaged: Vec<(String, String)>,
}

/// Why a search ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Where findings go took no more.
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
}

/// Compiles a pattern. The error is for the person.
pub fn pattern(text: &str, ignore_case: bool, fixed: bool) -> Result<Regex, String> {
    let text = if fixed {
        regex::escape(text)
    } else {
        text.to_owned()
    };
    RegexBuilder::new(&text)
        .case_insensitive(ignore_case)
        .multi_line(true)
        .build()
        .map_err(|error| {
            let error = error.to_string();
            let what = error.lines().last().unwrap_or_default();
            let what = what.trim_start_matches("error: ");
            format!(
                "the pattern is no regular expression: {what}; --fixed-strings takes it literally"
            )
        })
}

/// Searches one input.
pub fn search(
    opened: &mut Opened,
    search: &Search,
    finds: &mut dyn Finds,
) -> Result<Searched, SearchError> {
    let mut hunt = Hunt {
        reader: Reader::new(search.window),
        clocks: Evidence::default(),
        eye: Eye {
            search,
            needs_text: is_anchored(search.pattern.as_str()),
            finds,
            queue: Queue::default(),
            failed: None,
            entry: Arc::from(""),
            matches: 0,
            before: VecDeque::new(),
            after: 0,
            shown: None,
        },
        searched: Searched::default(),
    };
    let summary = opened.read(&mut |place, body| {
        hunt.entry(place.name, place.source, body);
        if hunt.eye.failed.is_some() {
            Control::Stop
        } else {
            Control::Continue
        }
    })?;
    hunt.flush();
    if let Some(error) = hunt.eye.failed {
        return Err(error.into());
    }
    let damage = summary.damage.into_iter();
    let mut searched = hunt.searched;
    searched
        .damaged
        .extend(damage.map(|damage| (damage.archive, damage.what)));
    let refused = summary.refused.into_iter();
    searched
        .damaged
        .extend(refused.map(|refusal| (refusal.name, refusal.why)));
    Ok(searched)
}

/// A pattern that can match a message where it does not match the line around it.
fn is_anchored(pattern: &str) -> bool {
    pattern.contains(['^', '$']) || pattern.contains("\\A") || pattern.contains("\\z")
}

struct Hunt<'a> {
    reader: Reader,
    /// What entries tell of the node's time.
    clocks: Evidence,
    eye: Eye<'a>,
    searched: Searched,
}

impl Hunt<'_> {
    fn entry(&mut self, name: &str, source: &Source, body: &mut dyn BufRead) {
        let search = self.eye.search;
        if !search.all && is_never_log(source) {
            return self.learn_from(name, source, body);
        }
        let (entry, read) = held(name, source, body);
        self.learn(&entry);
        let is_log = is_log(&entry);
        if !is_log && (!search.all || logs::is_binary(desk::head_of(&entry))) {
            return;
        }
        self.eye.begin(&entry.name);
        let mut whole = entry.bytes.chain(body);
        let form = if is_log { Form::Log } else { Form::Plain };
        let result = self.reader.read(
            (&entry.name, &entry.source, form),
            &mut whole,
            &mut self.eye,
        );
        if let Err(error) = read.and(result) {
            let why = error.to_string();
            self.searched.damaged.push((name.to_owned(), why));
        }
        self.searched.matches += self.eye.matches;
        self.eye.end();
        if self.eye.queue.bytes > MOST_WAITING {
            self.flush();
        }
    }

    fn learn_from(&mut self, name: &str, source: &Source, body: &mut dyn BufRead) {
        let (entry, _) = held(name, source, body);
        self.learn(&entry);
    }

    /// Learns the node's time from an output that prints it.
    fn learn(&mut self, entry: &Entry) {
        let telling = parse::ALL
            .iter()
            .filter(|parser| TIME_TELLING.contains(&parser.name) && entry.is_whole());
        for parser in telling.filter(|parser| (parser.accepts)(entry)) {
            (parser.parse)(entry, &mut self.clocks);
        }
    }

    /// Shows the lines that waited, with the years that are known by now.
    fn flush(&mut self) {
        let told = clock::collection(&self.clocks).or_else(|| clock::printed(&self.clocks));
        self.reader.tell(told.map(|(time, _)| time));
        let queue = std::mem::take(&mut self.eye.queue);
        let stamps = self
            .reader
            .stamps(queue.lines.iter().map(|(_, place)| *place));
        for ((mut found, _), stamp) in queue.lines.into_iter().zip(stamps) {
            found.time = stamp;
            self.eye.show(&found);
        }
    }
}

/// Parsers of what prints the node's time.
const TIME_TELLING: [&str; 5] = [
    "bundle_info",
    "date",
    "host_facts",
    "s_client",
    "timedatectl",
];

fn held(name: &str, source: &Source, body: &mut dyn BufRead) -> (Entry, io::Result<()>) {
    let mut bytes = Vec::new();
    let read = body.take(Entry::MAX_BYTES + 1).read_to_end(&mut bytes);
    let entry = Entry {
        name: Arc::from(name),
        source: source.clone(),
        bytes,
    };
    (entry, read.map(drop))
}

/// Looks at the lines of one entry after the other.
struct Eye<'a> {
    search: &'a Search,
    needs_text: bool,
    finds: &'a mut dyn Finds,
    queue: Queue,
    /// The output's fault.
    failed: Option<io::Error>,
    entry: Arc<str>,
    /// Lines that match in this entry.
    matches: u64,
    /// The last lines that were not shown.
    before: VecDeque<Decoded>,
    /// Lines still to be shown behind a match.
    after: usize,
    /// The line that was shown last; `None` before the first one of all.
    shown: Option<u64>,
}

/// Lines whose time is not known yet, and those behind them.
#[derive(Default)]
struct Queue {
    lines: Vec<(Found, Place)>,
    bytes: usize,
}

/// Bytes of lines that wait for their year; then what is known by then has to do.
const MOST_WAITING: usize = 64 << 20;

impl Eye<'_> {
    fn begin(&mut self, entry: &Arc<str>) {
        self.entry = Arc::clone(entry);
        self.matches = 0;
        self.before.clear();
        self.after = 0;
        self.shown = self.shown.map(|_| u64::MAX);
    }

    fn end(&mut self) {
        if self.matches > 0
            && self.failed.is_none()
            && let Err(error) = self.finds.entry(&self.entry, self.matches)
        {
            self.failed = Some(error);
        }
    }

    fn passes(&self, line: &Decoded) -> bool {
        let units = &self.search.units;
        let is = |name: &Option<String>, asked: &str| {
            name.as_deref()
                .is_some_and(|name| canonical(name) == canonical(asked))
        };
        let of_unit = units
            .iter()
            .any(|asked| is(&line.unit, asked) || is(&line.ident, asked));
        (units.is_empty() || of_unit) && line.level >= self.search.level
    }

    fn hand_on(&mut self, line: Decoded, matches: bool) {
        let around = self.search.around != (0, 0);
        let adjacent = |shown: u64| shown.checked_add(1) == Some(line.line);
        let apart = around && self.shown.is_some_and(|shown| !adjacent(shown));
        self.shown = Some(line.line);
        let place = line.place;
        let found = Found {
            entry: Arc::clone(&self.entry),
            line: line.line,
            time: Reader::stamp(place),
            unit: line.unit,
            ident: line.ident,
            pid: line.pid,
            level: line.level.as_str(),
            text: line.text,
            raw: line.raw,
            matches,
            apart,
        };
        let waits = place.time.is_some() && found.time.is_none();
        if waits || !self.queue.lines.is_empty() {
            self.queue.bytes += found.text.len() + found.raw.len() + size_of::<(Found, Place)>();
            self.queue.lines.push((found, place));
        } else {
            self.show(&found);
        }
    }

    fn show(&mut self, found: &Found) {
        if self.failed.is_none()
            && let Err(error) = self.finds.line(found)
        {
            self.failed = Some(error);
        }
    }
}

impl Visitor for Eye<'_> {
    fn needs_text(&self) -> bool {
        self.needs_text
    }

    fn wants(&mut self, raw: &[u8], text: Option<&[u8]>) -> Option<bool> {
        let pattern = &self.search.pattern;
        let matches = pattern.is_match(raw) || text.is_some_and(|text| pattern.is_match(text));
        (matches || self.search.around != (0, 0)).then_some(matches)
    }

    fn take(&mut self, line: Decoded, matches: bool) -> ControlFlow<()> {
        if !self.passes(&line) {
            return ControlFlow::Continue(());
        }
        let (before, after) = self.search.around;
        if matches {
            self.matches += 1;
            if !self.search.counts_only {
                for line in std::mem::take(&mut self.before) {
                    self.hand_on(line, false);
                }
                self.hand_on(line, true);
                self.after = after;
            }
        } else if self.after > 0 {
            self.after -= 1;
            self.hand_on(line, false);
        } else if before > 0 {
            if self.before.len() >= before {
                self.before.pop_front();
            }
            self.before.push_back(line);
        }
        if self.failed.is_some() || self.search.first_only && self.matches > 0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
