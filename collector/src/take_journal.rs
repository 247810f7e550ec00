//! Takes journals: redacted record by record, in parts that begin with the boot they belong to.

use crate::clock::exact;
use crate::events::Event;
use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::journal::{Before, JournalAsk, JournalSummary, LineHead, Stream, folders};
use crate::journalctl;
use crate::kmsg;
use crate::spec::{Item, matches};
use crate::take::Taking;
use crate::vault::{FULL, Open};
use nodebundle_bundle::redact::{StreamKey, TextRedactor};
use nodebundle_bundle::writer::{PartWriter, WriteError};
use nodebundle_bundle::{EntryPath, Outcome, Record};
use serde_json::{Value, json};
use std::io::Write;
use std::time::Instant;

/// One journal that was taken, for `facts/journals.json`.
#[derive(Debug)]
pub(crate) struct TakenJournal {
    unit: String,
    summary: JournalSummary,
    /// `files`, `journalctl` or `kmsg`.
    source: &'static str,
    complete: bool,
    /// Times of the first and the last stored line.
    stored: Option<(String, String)>,
}

impl<W: Write> Taking<'_, W> {
    /// Journals of the units that match a pattern.
    pub(crate) fn journals(
        &mut self,
        id: &str,
        item: &Item,
        pattern: &str,
        programs: &[&str],
    ) -> Result<(), WriteError> {
        let units: Vec<String> = if pattern.contains('*') {
            let names = self.node.units.iter().map(|unit| unit.name.clone());
            names.filter(|name| matches(pattern, name)).collect()
        } else {
            vec![pattern.to_owned()]
        };
        for unit in units {
            let stream = Stream::Unit {
                unit: unit.clone(),
                programs: programs.iter().map(|name| (*name).to_owned()).collect(),
            };
            let id = if pattern == unit {
                id.to_owned()
            } else {
                format!("{id}:{unit}")
            };
            self.journal(id, item, &unit, &stream)?;
        }
        Ok(())
    }

    /// The kernel's journal.
    pub(crate) fn kernel(&mut self, id: String, item: &Item) -> Result<(), WriteError> {
        self.journal(id, item, "kernel", &Stream::Kernel)
    }

    fn journal(
        &mut self,
        id: String,
        item: &Item,
        unit: &str,
        stream: &Stream,
    ) -> Result<(), WriteError> {
        self.events.send(&Event::Log { id: id.clone() });
        let open = self
            .vault
            .open_item(id.clone(), item, &format!("journal: {unit}"));
        let Ok(folder) = EntryPath::new(format!("journal/{unit}")) else {
            return Ok(());
        };
        let ask = JournalAsk {
            folders: folders(),
            stream: stream.clone(),
            since: self.choice.since,
            cap: self.vault.log_cap(item),
        };
        let outcome = self.stream(&open, unit, folder, ask)?;
        self.finished(id, outcome);
        Ok(())
    }

    fn stream(
        &mut self,
        open: &Open,
        unit: &str,
        folder: EntryPath,
        ask: JournalAsk,
    ) -> Result<Outcome, WriteError> {
        let redactor = self.vault.redactor().text_stream();
        let began = self.vault.began();
        let clock = self.host.clock();
        let budget = self.vault.budget();
        let mut lines = Lines {
            parts: self.vault.writer().stream(open.record.clone(), folder)?,
            redactor,
            unit,
            boot: String::new(),
            stored: None,
            began,
            budget,
            full: false,
            failed: None,
        };
        let stream = ask.stream.clone();
        let mut ended = self.host.journal(ask, &mut |heads, payload| {
            lines.add(heads, payload);
        });
        let mut source = "files";
        let nothing = match &ended {
            Ok(summary) => summary.records == 0 && matches!(stream, Stream::Kernel),
            Err(_) => lines.boot.is_empty(),
        };
        if nothing && let Some((other, printed)) = elsewhere(self.host, &stream) {
            source = other;
            ended = Ok(lines.printed(&printed));
        }
        lines.end(ended.as_ref().map_or(0, |summary| summary.trailing));
        let full = lines.full;
        let stored = lines.stored.take();
        let mut parts = match lines.failed.take() {
            Some(error) => return Err(error),
            None => lines.parts,
        };
        let record = parts.record_mut();
        let summary = settle(record, ended);
        if full {
            record.outcome = Outcome::Truncated;
            record.reason = Some(FULL.to_owned());
        }
        let outcome = record.outcome;
        record.duration_ms = open.milliseconds(clock);
        parts.finish()?;
        if let Some(summary) = summary {
            let complete = outcome == Outcome::Ok;
            self.journals.push(TakenJournal {
                unit: unit.to_owned(),
                summary,
                source,
                complete,
                stored,
            });
        }
        Ok(outcome)
    }

    /// `facts/journals.json` after the first tier, `facts/journals-more.json` at the end: of the journals taken since the last time.
    pub(crate) fn journal_facts(&mut self, topic: &str) -> Result<(), WriteError> {
        let taken = std::mem::take(&mut self.journals);
        let lines: Vec<Value> = taken.iter().map(describe).collect();
        let id = format!("journal/{topic}");
        let open = self.vault.open(id, "journals", "facts on journals");
        if lines.is_empty() {
            let failure = Failure::new(Outcome::NotApplicable, "no journal was read");
            self.vault.fail(open, &failure)?;
            return Ok(());
        }
        let text = facts::list("journals", &lines);
        self.vault
            .text(open, &format!("facts/{topic}.json"), &text)?;
        Ok(())
    }
}

/// Takes what the stream said of itself into its record; a failure leaves what was stored before it.
fn settle(record: &mut Record, ended: Result<JournalSummary, Failure>) -> Option<JournalSummary> {
    let summary = match ended {
        Ok(summary) => summary,
        Err(failure) => {
            record.outcome = failure.outcome;
            record.errno = failure.errno;
            record.below = failure.below;
            record.reason = failure.reason;
            return None;
        }
    };
    let lost = match (summary.dropped, summary.unreadable) {
        (_, unreadable @ 1..) => Some(format!("{unreadable} records could not be read")),
        _ if summary.damaged > 0 => Some(format!("{} journal files are damaged", summary.damaged)),
        (dropped @ 1.., _) => Some(format!("{dropped} records left out to keep within the cap")),
        _ => None,
    };
    let summed = (summary.summed > 0)
        .then(|| format!("{} repeats counted instead of stored", summary.summed));
    record.outcome = match (&lost, summary.records) {
        (Some(_), _) => Outcome::Truncated,
        (None, 0) => Outcome::Empty,
        (None, _) => Outcome::Ok,
    };
    record.reason = lost.or(summed);
    Some(summary)
}

fn describe(journal: &TakenJournal) -> Value {
    let boots: Vec<&str> = journal
        .summary
        .boots
        .iter()
        .map(|(boot, _)| boot.as_str())
        .collect();
    json!({
        "unit": journal.unit,
        "first": journal.summary.first.map(exact),
        "last": journal.summary.last.map(exact),
        "records": journal.summary.records,
        "stored": journal.summary.stored,
        "dropped": journal.summary.dropped,
        "repeats": journal.summary.summed,
        "older": journal.summary.older,
        "older_stored": journal.summary.older_stored,
        "boots": boots,
        "stored_from": journal.stored.as_ref().map(|(from, _)| from),
        "stored_to": journal.stored.as_ref().map(|(_, to)| to),
        "source": journal.source,
        "complete": journal.complete,
    })
}

/// Records on their way into the parts of a stream.
struct Lines<'w, 'u, W: Write> {
    parts: PartWriter<'w, W>,
    redactor: TextRedactor,
    unit: &'u str,
    boot: String,
    /// Times of the first and the last line.
    stored: Option<(String, String)>,
    began: Option<Instant>,
    budget: u64,
    full: bool,
    failed: Option<WriteError>,
}

impl<W: Write> Lines<'_, '_, W> {
    /// Adds a batch. After a failure or at the budget the rest is passed over.
    fn add(&mut self, heads: &[LineHead], payload: &[u8]) {
        let mut rest = payload;
        for head in heads {
            let (Some(text), Some(after)) = (
                rest.get(..(head.head + head.message) as usize),
                rest.get((head.head + head.message) as usize..),
            ) else {
                return;
            };
            rest = after;
            if self.failed.is_some() || self.full {
                return;
            }
            let (stamp, message) = text.split_at(head.head as usize);
            if let Err(error) = self.line(head, stamp, message) {
                self.failed = Some(error);
            }
        }
        self.full |= self.parts.bytes_written() >= self.budget;
        if let Some(began) = self.began
            && let Err(error) = self.parts.tick(began.elapsed())
        {
            self.failed = Some(error);
        }
    }

    /// Says what was left out behind the last line.
    fn end(&mut self, left_out: u64) {
        let before = Before {
            left_out,
            ..Before::default()
        };
        for marker in markers(&before) {
            if let Err(error) = self.marker(&marker) {
                self.failed.get_or_insert(error);
            }
        }
    }

    /// Adds what `journalctl` printed.
    fn printed(&mut self, printed: &[journalctl::Line]) -> JournalSummary {
        let mut summary = JournalSummary::default();
        let mut boot = String::new();
        for line in printed {
            if self.failed.is_some() || self.full {
                break;
            }
            match line {
                journalctl::Line::Boot(id) => boot.clone_from(id),
                journalctl::Line::Record { head, pid, message } => {
                    let line = LineHead {
                        boot: boot.clone(),
                        pid: *pid,
                        unattributed: false,
                        before: Before::default(),
                        gap: 0,
                        head: 0,
                        message: 0,
                    };
                    if let Err(error) = self.line(&line, head.as_bytes(), message.as_bytes()) {
                        self.failed = Some(error);
                    }
                    summary.records += 1;
                    summary.stored += 1;
                }
            }
            self.full |= self.parts.bytes_written() >= self.budget;
        }
        summary
    }

    /// A line that is no record.
    fn marker(&mut self, text: &str) -> Result<(), WriteError> {
        let marker = self.redactor.line(&StreamKey::default(), text.as_bytes());
        self.parts.write_lines(&marker)?;
        Ok(())
    }

    fn line(&mut self, head: &LineHead, stamp: &[u8], message: &[u8]) -> Result<(), WriteError> {
        if self.boot != head.boot {
            self.boot.clone_from(&head.boot);
            let marker = format!("-- Boot {} --", head.boot);
            let marker = self.redactor.line(&StreamKey::default(), marker.as_bytes());
            self.parts.heading(&marker);
            self.parts.write_lines(&marker)?;
        }
        for marker in markers(&head.before) {
            self.marker(&marker)?;
        }
        let pid = head.pid.map(|pid| pid.to_string()).unwrap_or_default();
        let key = StreamKey {
            boot: &head.boot,
            unit: self.unit,
            pid: &pid,
            stream: &head.gap.to_string(),
        };
        let time = stamp.split(|byte| *byte == b' ').next().unwrap_or_default();
        let time = String::from_utf8_lossy(time).into_owned();
        match &mut self.stored {
            Some((_, last)) => *last = time,
            None => self.stored = Some((time.clone(), time)),
        }
        let line = self.redactor.record(&key, stamp, message);
        let at = self.parts.write_lines(&line)?;
        if head.unattributed {
            let record = self.parts.record_mut();
            record.unattributed.push((at.part, at.line));
        }
        Ok(())
    }
}

/// The stream from where the journal's files do not have it, and the name of that place.
fn elsewhere(host: &mut Host, stream: &Stream) -> Option<(&'static str, Vec<journalctl::Line>)> {
    if let Some(printed) = journalctl::lines(host, stream).filter(|lines| !lines.is_empty()) {
        return Some(("journalctl", printed));
    }
    if !host.is_live() || !matches!(stream, Stream::Kernel) {
        return None;
    }
    Some(("kmsg", kmsg::lines(host)?))
}

/// Lines that say what was left out before a record.
fn markers(before: &Before) -> Vec<String> {
    let mut markers = Vec::new();
    if before.older > 0 {
        markers.push(format!("-- {} older records left out --", before.older));
    }
    if before.left_out > 0 {
        markers.push(format!("-- {} records left out --", before.left_out));
    }
    if let Some((count, from)) = before.repeats {
        let from = exact(from);
        markers.push(format!(
            "-- {count} repeats of the next line left out, the first at {from} --"
        ));
    }
    markers
}
