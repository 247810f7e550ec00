//! The entries of one node → its evidence and its log digest.

use crate::analyze::Options;
use crate::claim::{Witness, claim};
use crate::clock;
use crate::cluster::Cluster;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::logs::{self, LogDigest, Scanner};
use crate::origin::Origin;
use crate::own_events::own_events;
use crate::parts::Part;
use crate::rendered;
use crate::ruleset::RuleSet;
use crate::run_info;
use crate::source::Source;
use crate::{links, parse, pasted};
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

/// Where the entries of one node arrive.
pub(crate) struct Desk<'a> {
    rules: &'a RuleSet,
    options: &'a Options,
    evidence: Evidence,
    /// There is one entry, and nothing but a log in it.
    is_lone_log: bool,
    /// Made for the first log: an input without one needs no patterns.
    scanner: Option<Scanner<'a>>,
    logs: Option<LogDigest>,
    /// Whether any entry is text, or known to a parser.
    readable: bool,
    /// Entry → what it is, where another entry told that.
    told: BTreeMap<String, Source>,
}

/// What was read of one node.
pub(crate) struct Filed {
    pub(crate) evidence: Evidence,
    pub(crate) logs: LogDigest,
    /// Whether any entry is text, or known to a parser.
    pub(crate) readable: bool,
}

impl<'a> Desk<'a> {
    /// A desk at which so many entries will arrive.
    pub(crate) fn new(
        part: &Part,
        entries: usize,
        rules: &'a RuleSet,
        options: &'a Options,
    ) -> Self {
        Self {
            rules,
            options,
            evidence: begun(part),
            is_lone_log: entries == 1,
            scanner: None,
            logs: None,
            readable: false,
            told: BTreeMap::new(),
        }
    }

    /// Takes an entry: what is small meets the parsers, what is a log is scanned.
    pub(crate) fn take(&mut self, entry: &Entry, rest: &mut dyn BufRead) {
        self.told.extend(run_info::output_of(entry));
        if matches!(entry.source, Source::Named(_))
            && let Some(source) = self.told.remove(entry.name.as_ref())
        {
            let entry = Entry {
                source,
                ..entry.clone()
            };
            return self.take(&entry, rest);
        }
        if entry.is_whole() && pasted::is_titled(entry) {
            self.readable = true;
            for section in pasted::sections(entry) {
                self.take(&section, &mut std::io::empty());
            }
            return;
        }
        let parsed = parse(entry, &mut self.evidence);
        self.readable |= parsed || !logs::is_binary(head_of(entry));
        if !entry.is_whole() && pasted::begins_pasted(entry) {
            self.readable = true;
            self.is_lone_log = false;
            let mut sections = pasted::Sections::new(entry, rest_of(entry, rest));
            self.scan(entry, &mut sections);
            for section in sections.finish() {
                parse(&section, &mut self.evidence);
            }
        } else if is_log(entry, parsed) {
            self.scan(entry, &mut rest_of(entry, rest));
        } else if !entry.is_whole() && !matches!(entry.source, Source::Meta(_)) {
            self.gap(entry, too_large());
        }
    }

    /// Takes what its cluster tells of the node.
    pub(crate) fn take_shared(&mut self, cluster: &Cluster, node: Option<&str>) {
        self.readable |= cluster.readable;
        self.evidence.extend(cluster.of(node));
    }

    /// Takes lines that stand together in a log of several nodes; the last has no end.
    pub(crate) fn take_lines(&mut self, entry: &Entry, first: u64, lines: &[u8]) {
        self.readable = true;
        let options = log_options(self.options, None);
        self.scanner
            .get_or_insert_with(|| Scanner::new(self.rules.patterns(), options))
            .piece(&entry.name, &entry.source, first, lines);
    }

    /// Notes what could not be read of an entry.
    pub(crate) fn gap(&mut self, entry: &Entry, problem: String) {
        self.evidence.gap(entry.name.as_ref(), problem, &[]);
    }

    /// Takes a link of the node.
    pub(crate) fn take_link(&mut self, path: &str, target: &str, name: &str) {
        links::note(&mut self.evidence, path, target, &Origin::entry(name));
    }

    /// Ends the reading of logs: no more of them come, and what was needed to read them can be dropped.
    pub(crate) fn end(&mut self) {
        if self.logs.is_some() {
            return;
        }
        let events = own_events(&self.evidence);
        if !events.is_empty() {
            let options = log_options(self.options, None);
            self.scanner
                .get_or_insert_with(|| Scanner::new(self.rules.patterns(), options))
                .events(&events);
        }
        if let Some(mut scanner) = self.scanner.take() {
            scanner.set_options(log_options(self.options, Some(&self.evidence)));
            self.logs = Some(scanner.finish());
        }
    }

    pub(crate) fn close(mut self) -> Filed {
        self.end();
        rendered::place(&mut self.evidence);
        Filed {
            evidence: self.evidence,
            logs: self.logs.unwrap_or_default(),
            readable: self.readable,
        }
    }

    fn scan(&mut self, entry: &Entry, whole: &mut dyn Read) {
        if self.logs.is_some() {
            return self.gap(
                entry,
                "it came after the end of its node's entries, not read".to_owned(),
            );
        }
        let options = log_options(self.options, None);
        let scanner = self
            .scanner
            .get_or_insert_with(|| Scanner::new(self.rules.patterns(), options));
        if self.is_lone_log && !entry.is_whole() {
            scanner.expect_no_duplicates();
        }
        let (name, source) = (&entry.name, &entry.source);
        let scanned = if entry.is_whole() {
            scanner.scan(name, source, whole)
        } else {
            logs::read_ahead(whole, |pieces| scanner.scan_ahead(name, source, pieces))
        };
        if let Err(error) = scanned {
            self.evidence
                .gap(entry.name.as_ref(), error.to_string(), &[]);
        }
    }
}

/// What is known of a node before any entry of it is read.
pub(crate) fn begun(part: &Part) -> Evidence {
    let mut evidence = Evidence::default();
    if let Some(node) = &part.node {
        let origin = Origin::entry(part.prefix.as_str());
        claim(
            &mut evidence,
            "bundle.node",
            Witness::Program,
            node.as_str(),
            origin,
        );
    }
    evidence
}

/// All of an entry: what is held of it, and what is not read yet.
fn rest_of<'b>(entry: &'b Entry, rest: &'b mut dyn BufRead) -> impl Read + 'b {
    entry.bytes.chain(rest)
}

/// Why an entry that is no log is not read.
pub(crate) fn too_large() -> String {
    format!("larger than {} bytes, not read", Entry::MAX_BYTES)
}

/// Offers the entry, or each piece of it, to every parser; whether one took it.
pub(crate) fn parse(entry: &Entry, evidence: &mut Evidence) -> bool {
    if !entry.is_whole() {
        return false;
    }
    let mut taken = false;
    let sections = pasted::sections(entry);
    if !sections.is_empty() {
        for section in &sections {
            taken |= parse(section, evidence);
        }
        return taken;
    }
    for parser in parse::ALL.iter().filter(|parser| (parser.accepts)(entry)) {
        (parser.parse)(entry, evidence);
        taken = true;
    }
    taken
}

/// Whether an entry is read as a log. What only names tell is decided by content.
pub(crate) fn is_log(entry: &Entry, parsed: bool) -> bool {
    let looks = || logs::is_log(&entry.name, head_of(entry));
    match &entry.source {
        // A copied tree can hold the program `kubelet`, or a script that starts it.
        Source::Journal(_) => {
            !entry.bytes.starts_with(b"\x7fELF") && !entry.bytes.starts_with(b"#!")
        }
        Source::Named(_) => looks(),
        Source::File(path) => {
            (!parsed || path.contains("/log") || path.rsplit('.').next() == Some("log")) && looks()
        }
        Source::Command(command) => (!parsed || prints_log(command)) && looks(),
        Source::Listing(_) | Source::Facts(_) | Source::Probe(_) | Source::Meta(_) => false,
    }
}

/// The bytes that suffice to tell what an entry is.
pub(crate) fn head_of(entry: &Entry) -> &[u8] {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_the_name_of_a_unit_is_no_log() {
        let entry = |content: &[u8]| Entry {
            name: "home/kubernetes/bin/kubelet".into(),
            source: Source::Journal("kubelet.service".into()),
            bytes: content.to_vec(),
        };
        assert!(!is_log(&entry(b"\x7fELF\x02\x01"), false));
        assert!(!is_log(&entry(b"#!/bin/sh\nexec kubelet.real\n"), false));
        assert!(is_log(&entry(b"E0504 10:11:12.1 1 a.go:1] no\n"), false));
    }
}
