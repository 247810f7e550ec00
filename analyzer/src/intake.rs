//! Entries of an input → evidence and log digest.

use crate::analyze::{AnalyzeError, Options};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::layout::Layout;
use crate::logs::{self, LogDigest, Scanner};
use crate::ruleset::RuleSet;
use crate::source::Source;
use crate::{clock, layouts, parse, pasted, report};
use nodebundle_bundle::{Control, EntryHead, Input, Limits, ReadSummary, Reader};
use std::io::{BufRead, Read};
use std::sync::Arc;

/// What was taken in.
pub(crate) struct Taken {
    pub(crate) input: report::Input,
    pub(crate) evidence: Evidence,
    pub(crate) logs: LogDigest,
}

/// Reads every entry once: small ones meet the parsers, logs are scanned.
pub(crate) fn take(
    input: &Input,
    rules: &RuleSet,
    options: &Options,
) -> Result<Taken, AnalyzeError> {
    let mut reader = Reader::new(input.clone(), Limits::default());
    let layout = layout(reader.names()?);
    let mut desk = Desk {
        layout,
        rules,
        options,
        evidence: Evidence::default(),
        scanner: None,
        entries: 0,
        readable: false,
    };
    let summary = reader.read(&mut |head, body| {
        desk.entry(head, body);
        Control::Continue
    })?;
    if desk.entries == 0 || summary.bytes == 0 || !desk.readable {
        return Err(nothing(input, &summary));
    }
    let mut evidence = desk.evidence;
    note_damage(&mut evidence, &summary);
    let logs = desk
        .scanner
        .map(|mut scanner| {
            scanner.set_options(log_options(options, Some(&evidence)));
            scanner.finish()
        })
        .unwrap_or_default();
    Ok(Taken {
        input: report::Input {
            path: input.name(),
            sha256: summary.sha256,
            layout: layout.map_or("unknown", |layout| layout.name).to_owned(),
            complete: summary.complete,
        },
        evidence,
        logs,
    })
}

/// The window that is looked at, and the node's time as far as the other entries tell it: it dates lines without a year.
fn log_options(options: &Options, evidence: Option<&Evidence>) -> logs::Options {
    let told = |evidence| clock::collection(evidence).or_else(|| clock::printed(evidence));
    logs::Options {
        now: options
            .now
            .or_else(|| evidence.and_then(told).map(|(time, _)| time)),
        since: options.since,
        until: options.until,
        ..logs::Options::default()
    }
}

/// The layout that is surest; ties go by name.
fn layout(names: &[String]) -> Option<&'static Layout> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    layouts::ALL
        .iter()
        .map(|layout| ((layout.detect)(&names), *layout))
        .filter(|(sure, _)| *sure > 0)
        .min_by(|a, b| (b.0, a.1.name).cmp(&(a.0, b.1.name)))
        .map(|(_, layout)| layout)
}

/// Where entries arrive.
struct Desk<'a> {
    layout: Option<&'static Layout>,
    rules: &'a RuleSet,
    options: &'a Options,
    evidence: Evidence,
    /// Made for the first log: an input without one needs no patterns.
    scanner: Option<Scanner<'a>>,
    entries: u64,
    /// Whether any entry is text, or known to a parser.
    readable: bool,
}

impl Desk<'_> {
    fn entry(&mut self, head: EntryHead<'_>, body: &mut dyn BufRead) {
        self.entries += 1;
        let name = if head.archive.is_empty() {
            head.name.to_owned()
        } else {
            format!("{}!/{}", head.archive, head.name)
        };
        let source = self.layout.map_or_else(
            || Source::Named(name.clone()),
            |layout| (layout.source)(&name),
        );
        let mut bytes = Vec::new();
        if let Err(error) = body.take(Entry::MAX_BYTES + 1).read_to_end(&mut bytes) {
            self.evidence.gap(name.as_str(), error.to_string(), &[]);
        }
        let entry = Entry {
            name: Arc::from(name),
            source,
            bytes,
        };
        let parsed = self.parse(&entry);
        self.readable |= parsed || !logs::is_binary(head_of(&entry));
        if is_log(&entry, parsed) {
            self.scan(&entry, body);
        } else if !entry.is_whole() {
            let problem = format!("larger than {} bytes, not read", Entry::MAX_BYTES);
            self.evidence.gap(entry.name.as_ref(), problem, &[]);
        }
    }

    /// Offers the entry to every parser; whether one took it.
    fn parse(&mut self, entry: &Entry) -> bool {
        if !entry.is_whole() {
            return false;
        }
        let sections = pasted::sections(entry);
        if !sections.is_empty() {
            let mut taken = false;
            for section in &sections {
                taken |= self.parse(section);
            }
            return taken;
        }
        let mut taken = false;
        for parser in parse::ALL.iter().filter(|parser| (parser.accepts)(entry)) {
            (parser.parse)(entry, &mut self.evidence);
            taken = true;
        }
        taken
    }

    fn scan(&mut self, entry: &Entry, rest: &mut dyn BufRead) {
        let options = log_options(self.options, None);
        let scanner = self
            .scanner
            .get_or_insert_with(|| Scanner::new(self.rules.patterns(), options));
        let mut whole = entry.bytes.chain(rest);
        let mut scan = |reader: &mut dyn Read| scanner.scan(&entry.name, &entry.source, reader);
        let scanned = if entry.is_whole() {
            scan(&mut whole)
        } else {
            logs::read_ahead(&mut whole, scan)
        };
        if let Err(error) = scanned {
            self.evidence
                .gap(entry.name.as_ref(), error.to_string(), &[]);
        }
    }
}

/// Whether an entry is read as a log. What only names tell is decided by content.
fn is_log(entry: &Entry, parsed: bool) -> bool {
    let looks = || logs::is_log(&entry.name, head_of(entry));
    match &entry.source {
        Source::Journal(_) => true,
        Source::Named(_) => looks(),
        Source::File(path) => (!parsed || path.contains("/log")) && looks(),
        Source::Command(command) => (!parsed || prints_log(command)) && looks(),
        Source::Listing(_) | Source::Facts(_) | Source::Probe(_) | Source::Meta(_) => false,
    }
}

/// The bytes that suffice to tell what an entry is.
fn head_of(entry: &Entry) -> &[u8] {
    const HEAD: usize = 16 << 10;
    entry.bytes.get(..HEAD).unwrap_or(&entry.bytes)
}

/// Commands whose output holds log lines besides what a parser reads in it.
fn prints_log(command: &str) -> bool {
    [
        "systemctl status",
        "journalctl",
        "crictl logs",
        "kubectl logs",
        "docker logs",
        "dmesg",
    ]
    .iter()
    .any(|known| command.starts_with(known))
}

/// Damage and refused entries are gaps: something may be missing.
fn note_damage(evidence: &mut Evidence, summary: &ReadSummary) {
    for damage in &summary.damage {
        let place = damage
            .offset
            .map(|offset| format!(" at byte {offset}"))
            .unwrap_or_default();
        evidence.gap(
            damage.archive.clone(),
            format!("{}{place}", damage.what),
            &[],
        );
    }
    for refusal in &summary.refused {
        evidence.gap(refusal.name.clone(), refusal.why.clone(), &[]);
    }
    if let Some(why) = &summary.stopped {
        evidence.gap("", format!("reading stopped: {why}"), &[]);
    }
}

fn nothing(input: &Input, summary: &ReadSummary) -> AnalyzeError {
    let why = match (summary.refused.first(), summary.damage.first()) {
        (Some(refusal), _) => format!("nothing in it can be read: {}", refusal.why),
        (None, Some(damage)) => format!("nothing in it can be read: {}", damage.what),
        (None, None) if summary.bytes == 0 => "it is empty".to_owned(),
        (None, None) => "it is neither text nor an archive that can be opened here: give a bundle, a folder of files, \
                         or a log"
            .to_owned(),
    };
    AnalyzeError::Nothing {
        name: input.name(),
        why,
    }
}
