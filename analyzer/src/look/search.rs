//! Lines of logs that a pattern finds, with their decoded times.

use super::eye::{Eye, MOST_WAITING};
use super::nature::{is_log, is_never_log};
use super::opened::Opened;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::logs::{self, Form, Level, Reader, Stamp};
use crate::source::Source;
use crate::utf16::as_text;
use crate::{clock, desk, parse};
use chrono::{DateTime, Utc};
use nodebundle_bundle::Control;
use nodebundle_bundle::reader::ReadError;
use regex::bytes::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, BufRead, Read as _};
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
        eye: Eye::new(search, is_anchored(search.pattern.as_str()), finds),
        searched: Searched::default(),
    };
    let summary = opened.read(&mut |place, body| {
        as_text(body, |text| hunt.entry(place.name, place.source, text));
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
        let (entry, read) = Entry::begin(name, source.clone(), body);
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
        let (entry, _) = Entry::begin(name, source.clone(), body);
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
