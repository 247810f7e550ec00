//! Entries of an input → evidence and log digest of each node in it.

use crate::analyze::{AnalyzeError, Options};
use crate::cluster::{self, Cluster};
use crate::desk::Desk;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::logs::{self, LogDigest};
use crate::parts::{Owner, Part, Parts, is_litter};
use crate::report;
use crate::ruleset::RuleSet;
use crate::several_authors::Authors;
use crate::source::Source;
use crate::utf16::as_text;
use nodebundle_bundle::reader::ReadError;
use nodebundle_bundle::{Control, EntryHead, Input, Limits, ReadSummary, Reader};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

/// What was taken in of one node.
pub(crate) struct Taken {
    pub(crate) input: report::Input,
    pub(crate) evidence: Evidence,
    pub(crate) logs: LogDigest,
}

/// Reads every entry once: small ones meet the parsers, logs are scanned. What belongs to a whole cluster is read before
/// the nodes are, and told to each of them.
pub(crate) fn take(
    input: &Input,
    rules: &RuleSet,
    options: &Options,
) -> Result<Vec<Taken>, AnalyzeError> {
    let mut reader = Reader::new(input.clone(), Limits::default());
    let (parts, clusters) = parts(&mut reader)?;
    let names = reader.names()?.to_vec();
    let mut intake = Intake::new(&parts, &names, rules, options);
    intake.tell(&clusters);
    drop(clusters);
    let summary = reader.read_hashed(&mut |head, body| {
        intake.entry(head, body);
        Control::Continue
    })?;
    intake.finish(input, &summary)
}

/// The nodes of an input, and what belongs to all nodes of a cluster: nodes that it lists are parts too.
pub(crate) fn parts(reader: &mut Reader) -> Result<(Parts, BTreeMap<usize, Cluster>), ReadError> {
    let mut parts = Parts::of(reader.names()?);
    parts.part_mixed(reader)?;
    let clusters = cluster::read(reader, &parts)?;
    for (number, cluster) in &clusters {
        parts.add_listed(*number, cluster.listed());
        parts.settle_local(*number, cluster.local_host().as_deref());
        parts.place_pods(*number, cluster.pods());
    }
    Ok((parts, clusters))
}

/// The nodes of an input while they are read.
struct Intake<'a> {
    parts: &'a Parts,
    desks: Vec<(Part, Desk<'a>)>,
    /// Entries that each node still gets.
    left: Vec<usize>,
    entries: u64,
    /// Entries beside several bundles, the first of them.
    strays: Vec<String>,
    /// Something was told to all nodes of a cluster.
    told: bool,
}

impl<'a> Intake<'a> {
    fn new(parts: &'a Parts, names: &[String], rules: &'a RuleSet, options: &'a Options) -> Self {
        let mut left = vec![0; parts.nodes().len()];
        for name in names {
            for part in parts.readers_of(name) {
                if let Some(count) = left.get_mut(part) {
                    *count += 1;
                }
            }
        }
        let desks = parts.nodes().iter().zip(&left);
        let desk = |(part, &entries): (&Part, &usize)| {
            (part.clone(), Desk::new(part, entries, rules, options))
        };
        Self {
            parts,
            desks: desks.map(desk).collect(),
            left,
            entries: 0,
            strays: Vec::new(),
            told: false,
        }
    }

    /// Tells every node of a cluster what belongs to all of them; the only node of one reads it as its own.
    fn tell(&mut self, clusters: &BTreeMap<usize, Cluster>) {
        for (number, cluster) in clusters {
            let of_cluster = self.desks.iter_mut();
            let mut of_cluster: Vec<_> =
                of_cluster.filter(|(part, _)| part.is_of(*number)).collect();
            if of_cluster.len() > 1 {
                self.told |= cluster.told;
                for (part, desk) in &mut of_cluster {
                    desk.take_shared(cluster, part.node.as_deref());
                }
            }
        }
    }

    fn entry(&mut self, head: EntryHead<'_>, body: &mut dyn BufRead) {
        self.entries += 1;
        let name = head.full_name();
        match self.parts.reader_of(&name) {
            Owner::Node(part) => as_text(body, |text| self.of_node(part, name, text)),
            Owner::Cluster(_) => as_text(body, |text| self.of_several(name, text)),
            Owner::Nobody if self.strays.len() < MAX_STRAYS && !is_litter(&name) => {
                self.strays.push(name);
            }
            Owner::Nobody => {}
        }
    }

    /// Gives each line of a log of several nodes to the node that wrote it.
    fn of_several(&mut self, name: String, body: &mut dyn BufRead) {
        let readers = self.parts.readers_of(&name);
        if readers.is_empty() {
            return;
        }
        let entry = Entry {
            source: self.parts.source(&name),
            name: Arc::from(name),
            bytes: Vec::new(),
        };
        let nodes = readers.iter().filter_map(|part| {
            let node = self.desks.get(*part)?.0.node.as_deref()?;
            Some((*part, node))
        });
        let mut authors = Authors::of(nodes);
        let read = share_out(&mut { body }, &mut authors, &mut |part, first, lines| {
            if let Some((_, desk)) = self.desks.get_mut(part) {
                desk.take_lines(&entry, first, lines);
            }
        });
        for part in readers {
            if let (Err(error), Some((_, desk))) = (&read, self.desks.get_mut(part)) {
                desk.gap(&entry, error.to_string());
            }
            self.done(part);
        }
    }

    /// An entry of a node was read.
    fn done(&mut self, part: usize) {
        if let (Some(left), Some((_, desk))) = (self.left.get_mut(part), self.desks.get_mut(part)) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                desk.end();
            }
        }
    }

    fn of_node(&mut self, part: usize, name: String, body: &mut dyn BufRead) {
        let (entry, read) = begun(name, self.parts, body);
        let Some((_, desk)) = self.desks.get_mut(part) else {
            return;
        };
        if let Err(error) = read {
            desk.gap(&entry, error.to_string());
        }
        desk.take(&entry, body);
        self.done(part);
    }

    /// Gives links to the nodes that they are of; a hard link is a file that was packed before.
    fn links(&mut self, summary: &ReadSummary) {
        for link in summary.links.iter().filter(|link| !link.hard) {
            let (Owner::Node(part), Source::File(path)) =
                (self.parts.owner(&link.name), self.parts.source(&link.name))
            else {
                continue;
            };
            if let Some((_, desk)) = self.desks.get_mut(part) {
                desk.take_link(&path, &link.target, &link.name);
            }
        }
    }

    fn finish(mut self, input: &Input, summary: &ReadSummary) -> Result<Vec<Taken>, AnalyzeError> {
        self.links(summary);
        let alone = self.desks.len() == 1;
        let mut taken = Vec::new();
        for (part, desk) in self.desks {
            let mut filed = desk.close();
            if !filed.readable {
                continue;
            }
            note_damage(&mut filed.evidence, summary, &part);
            for stray in &self.strays {
                let problem =
                    "it stands beside several bundles and belongs to none of them, not read";
                filed.evidence.gap(stray.as_str(), problem, &[]);
            }
            taken.push(Taken {
                input: report::Input {
                    path: input.name(),
                    part: Some(part.label()).filter(|label| !alone && !label.is_empty()),
                    sha256: summary.sha256.clone(),
                    layout: part.layout.to_owned(),
                    complete: summary.complete,
                },
                evidence: filed.evidence,
                logs: filed.logs,
            });
        }
        let empty = summary.bytes == 0 && !self.told;
        if self.entries == 0 || empty || taken.is_empty() {
            return Err(nothing(input, summary));
        }
        Ok(taken)
    }
}

/// Reads a log and gives lines that stand together and have the same author to it, with the number of the first.
fn share_out(
    body: &mut dyn std::io::Read,
    authors: &mut Authors,
    give: &mut dyn FnMut(usize, u64, &[u8]),
) -> std::io::Result<()> {
    let mut lines = logs::Lines::new(body);
    let mut block: Vec<u8> = Vec::new();
    let mut open: Option<(usize, u64)> = None;
    while let Some(line) = lines.next()? {
        let (author, text) = authors.author(line.bytes);
        if let Some((part, first)) = open
            && (author != Some(part) || block.len() > MAX_BLOCK)
        {
            give(part, first, &block);
            open = None;
        }
        match (author, open) {
            (Some(part), None) => {
                open = Some((part, line.number));
                block.clear();
                block.extend_from_slice(text);
            }
            (Some(_), Some(_)) => {
                block.push(b'\n');
                block.extend_from_slice(text);
            }
            (None, _) => {}
        }
    }
    if let Some((part, first)) = open {
        give(part, first, &block);
    }
    Ok(())
}

/// Bytes of lines that are given away at once.
const MAX_BLOCK: usize = 256 << 10;

/// Entries beside several bundles that are listed one by one.
const MAX_STRAYS: usize = 20;

/// The beginning of an entry, all of it where it is small, and how reading it went.
fn begun(name: String, parts: &Parts, body: &mut dyn BufRead) -> (Entry, std::io::Result<()>) {
    let source = parts.source(&name);
    Entry::begin(name, source, body)
}

/// Damage, refused entries and names that come twice are gaps: something may be missing, or be told wrongly.
fn note_damage(evidence: &mut Evidence, summary: &ReadSummary, part: &Part) {
    let above = part.prefix.trim_end_matches(['!', '/']);
    let concerns = |name: &str| name.is_empty() || is_within(name, above) || is_within(above, name);
    for damage in summary.damage.iter().filter(|one| concerns(&one.archive)) {
        evidence.gap(damage.archive.clone(), damage.told(), &[]);
    }
    for refusal in summary.refused.iter().filter(|one| concerns(&one.name)) {
        evidence.gap(refusal.name.clone(), refusal.why.clone(), &[]);
    }
    for name in summary.repeated.iter().filter(|name| concerns(name)) {
        let problem = "several entries have this name: all are read, one of them may be older";
        evidence.gap(name.as_str(), problem, &[]);
    }
    if let Some(why) = &summary.stopped {
        evidence.gap("", format!("reading stopped: {why}"), &[]);
    }
}

/// Whether a name is that of a folder or archive, or of something in it.
fn is_within(name: &str, above: &str) -> bool {
    let rest = name.strip_prefix(above).filter(|_| !above.is_empty());
    above.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '!']))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_only_begins_alike_is_not_within() {
        assert!(is_within("w1/etc/hosts", "w1"));
        assert!(is_within("w1.zip!/etc/hosts", "w1.zip"));
        assert!(is_within("w1", "w1"));
        assert!(is_within("w1", ""));
        assert!(!is_within("w10/etc/hosts", "w1"));
        assert!(!is_within("w1.zip2", "w1.zip"));
    }
}
