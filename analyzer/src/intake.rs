//! Entries of an input → evidence and log digest.

use crate::analyze::{AnalyzeError, Options};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::layout::Layout;
use crate::logs::LogDigest;
use crate::ruleset::RuleSet;
use crate::source::Source;
use crate::{layouts, parse, report};
use nodebundle_bundle::{Control, EntryHead, Input, Limits, ReadSummary, Reader};
use std::io::{BufRead, Read as _};
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
    _rules: &RuleSet,
    _options: &Options,
) -> Result<Taken, AnalyzeError> {
    let mut reader = Reader::new(input.clone(), Limits::default());
    let layout = layout(reader.names()?);
    let mut desk = Desk {
        layout,
        evidence: Evidence::default(),
        entries: 0,
    };
    let summary = reader.read(&mut |head, body| {
        desk.entry(head, body);
        Control::Continue
    })?;
    if desk.entries == 0 {
        return Err(nothing(input, &summary));
    }
    let mut evidence = desk.evidence;
    note_damage(&mut evidence, &summary);
    Ok(Taken {
        input: report::Input {
            path: input.name(),
            sha256: summary.sha256,
            layout: layout.map_or("unknown", |layout| layout.name).to_owned(),
            complete: summary.complete,
        },
        evidence,
        logs: LogDigest::default(),
    })
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
struct Desk {
    layout: Option<&'static Layout>,
    evidence: Evidence,
    entries: u64,
}

impl Desk {
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
        let read = body.take(Entry::MAX_BYTES + 1).read_to_end(&mut bytes);
        if read.is_err() || bytes.len() as u64 > Entry::MAX_BYTES {
            return;
        }
        let entry = Entry {
            name: Arc::from(name),
            source,
            bytes,
        };
        for parser in parse::ALL.iter().filter(|parser| (parser.accepts)(&entry)) {
            (parser.parse)(&entry, &mut self.evidence);
        }
    }
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
        (None, None) => "it is empty".to_owned(),
    };
    AnalyzeError::Nothing {
        name: input.name(),
        why,
    }
}
