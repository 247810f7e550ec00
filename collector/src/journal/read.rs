//! Streams the records of journals. Runs inside a worker.

use super::choose::{Choice, Fate, Survey};
use super::files::Files;
use super::merge::{Found, Limits, Merge};
use super::record::{Entry, Record};
use super::{Before, JournalAsk, JournalSummary, LineHead, Stream, health, hex};
use crate::host::door::Door;
use crate::host::wire::{Answer, Failure, send};
use nodebundle_bundle::Outcome;
use std::io;
use std::time::{Duration, Instant};

/// Journal files that are open, so that every stream reads the same ones.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    open: Option<Files>,
}

impl Reader {
    /// Streams the lines of one stream; the outer error is a broken socket.
    pub(crate) fn stream(
        &mut self,
        door: &Door,
        ask: &JournalAsk,
        out: &mut impl io::Write,
    ) -> io::Result<Result<JournalSummary, Failure>> {
        let files = match self.open(door, &ask.folders) {
            Ok(files) => files,
            Err(failure) => return Ok(Err(failure)),
        };
        let errors = files.errors();
        let mut summary = JournalSummary::default();
        if matches!(ask.stream, Stream::Boots) {
            health::boots(files, &mut summary);
            return Ok(Ok(summary));
        }
        let (survey, limits) = survey(files, ask, &mut summary)?;
        summary.records = survey.records;
        summary.older += survey.older;
        let mut choice = survey.choose(ask.cap);
        send_lines((files, ask, limits), &mut choice, &mut summary, out)?;
        if summary.records == 0 && summary.older == 0 && files.errors() > errors {
            let failure = Failure::new(Outcome::Error, "the journal files could not be read");
            return Ok(Err(failure));
        }
        let damaged = files.usable.iter().filter(|file| file.is_damaged());
        summary.damaged = damaged.count() as u64;
        summary.unreadable += files.errors() - errors;
        Ok(Ok(summary))
    }

    /// Health of the files.
    pub(crate) fn health(
        &mut self,
        door: &Door,
        folders: &[String],
        since: Option<u64>,
    ) -> Result<super::JournalHealth, Failure> {
        self.open.take();
        match self.files(door, folders) {
            Ok(files) => Ok(health::of(files, since)),
            Err(failure) => Err(failure),
        }
    }

    fn open(&mut self, door: &Door, folders: &[String]) -> Result<&mut Files, Failure> {
        let files = self.files(door, folders)?;
        match files.failure() {
            Some(failure) => Err(failure),
            None => Ok(files),
        }
    }

    fn files(&mut self, door: &Door, folders: &[String]) -> Result<&mut Files, Failure> {
        let known = self.open.take().filter(|open| open.folders == folders);
        let mut files = match known {
            Some(files) => files,
            None => Files::open(door, folders)?,
        };
        files.refresh();
        Ok(self.open.insert(files))
    }
}

/// First pass. A node so slow that it takes too long gets a window that it can manage.
fn survey(
    files: &Files,
    ask: &JournalAsk,
    summary: &mut JournalSummary,
) -> io::Result<(Survey, Limits)> {
    let mut limits = Limits {
        window: MOST_IN_WINDOW,
        older: if ask.since.is_some() { MOST_OLDER } else { 0 },
    };
    loop {
        let mut survey = Survey::default();
        let began = Instant::now();
        let first = limits.window == MOST_IN_WINDOW;
        let mut each = |position: u64, record: Record, summary: &mut JournalSummary| {
            if first && position.is_multiple_of(1024) && began.elapsed() > FIRST_PASS {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if !record.old {
                note_boot(summary, &record);
                summary.first.get_or_insert(record.usec);
                summary.last = summary.last.max(Some(record.usec));
            }
            survey.add(position, &record);
            Ok(())
        };
        *summary = JournalSummary::default();
        match each_record((files, ask, limits), summary, &mut |_| true, &mut each) {
            Ok(()) => return Ok((survey, limits)),
            Err(error) if first && error.kind() == io::ErrorKind::TimedOut => {
                let done = survey.records + survey.older;
                limits = Limits {
                    window: (done / 3).max(1000),
                    older: done / 6,
                };
            }
            Err(error) => return Err(error),
        }
    }
}

/// What is read: the files, which records, how many.
type What<'a> = (&'a Files, &'a JournalAsk, Limits);

/// What is done with a record at its position among all entries that were read.
type Each<'a> = dyn FnMut(u64, Record, &mut JournalSummary) -> io::Result<()> + 'a;

/// Every record of the stream in order, lines that journald cut joined again. Of entries before the window only the wanted ones.
fn each_record(
    (files, ask, limits): What<'_>,
    summary: &mut JournalSummary,
    wants_old: &mut dyn FnMut(u64) -> bool,
    each: &mut Each<'_>,
) -> io::Result<()> {
    let mut merge = Merge::new(&files.usable, &fields(&ask.stream), ask.since, limits);
    summary.older = merge.skipped;
    let mut pending: Option<(u64, Record)> = None;
    let mut last = None;
    let mut position = 0;
    for found in merge.by_ref() {
        position += 1;
        if found.old && !wants_old(position) {
            continue;
        }
        // A file and its copy hold the same entries.
        let key = (found.entry.time, found.entry.number, found.entry.boot);
        if last.replace(key) == Some(key) {
            continue;
        }
        let Some(mut record) = record(files, ask, &found, summary) else {
            continue;
        };
        let mut at = position;
        if let Some((earlier_at, mut earlier)) = pending.take() {
            if earlier.pid == record.pid && earlier.boot == record.boot {
                earlier.message.append(&mut record.message);
                earlier.continues = record.continues;
                record = earlier;
                at = earlier_at;
            } else {
                each(earlier_at, earlier, summary)?;
            }
        }
        if record.continues && record.message.len() < MAX_JOINED {
            pending = Some((at, record));
        } else {
            each(at, record, summary)?;
        }
    }
    summary.unreadable += merge.unreadable;
    match pending {
        Some((at, record)) => each(at, record, summary),
        None => Ok(()),
    }
}

/// The record of an entry, when it belongs to the stream.
fn record(
    files: &Files,
    ask: &JournalAsk,
    found: &Found,
    summary: &mut JournalSummary,
) -> Option<Record> {
    let file = files.usable.get(found.file)?;
    let (fields, damaged) = file.fields(&found.entry);
    let entry = Entry {
        head: found.entry,
        fields,
    };
    let mut record = Record::of(&entry, &ask.stream)?;
    if damaged && entry.get("MESSAGE").is_none() {
        summary.unreadable += 1;
        record.message = b"[nodebundle: the text of this record cannot be read]".to_vec();
    }
    record.old = found.old;
    Some(record)
}

/// Fields one of which every record of the stream has.
fn fields(stream: &Stream) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    let mut add = |field: &str, value: &str| fields.push(format!("{field}={value}").into_bytes());
    match stream {
        Stream::Unit { unit, programs } => {
            for field in UNIT_FIELDS {
                add(field, unit);
            }
            for program in programs {
                for name in [program.clone(), format!("({program})")] {
                    add("_COMM", &name);
                    add("SYSLOG_IDENTIFIER", &name);
                }
            }
        }
        Stream::Kernel | Stream::Boots => add("_TRANSPORT", "kernel"),
    }
    fields
}

fn send_lines(
    what: What<'_>,
    choice: &mut Choice,
    summary: &mut JournalSummary,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut batch = Batch::default();
    let mut ignored = JournalSummary::default();
    let old = choice.failure_positions();
    let mut wants_old = |position: u64| old.as_ref().is_some_and(|old| old.contains(&position));
    let mut waiting = Before::default();
    let mut in_window = false;
    let (older, mut told) = (summary.older, 0);
    each_record(
        what,
        &mut ignored,
        &mut wants_old,
        &mut |position, record, seen| {
            if record.old && summary.older_stored == 0 {
                told = seen.older + position - 1;
                waiting.older = told;
            } else if !record.old && !std::mem::replace(&mut in_window, true) {
                waiting.older = older.saturating_sub(summary.older_stored + told);
            }
            let summed = match choice.fate(position, &record) {
                Fate::Kept(summed) => summed,
                Fate::Summed => {
                    summary.summed += 1;
                    return Ok(());
                }
                Fate::Dropped => {
                    summary.dropped += u64::from(!record.old);
                    waiting.left_out += u64::from(!record.old);
                    return Ok(());
                }
            };
            waiting.repeats = summed.map(|summed| (summed.count, summed.from));
            if record.old {
                summary.older_stored += 1;
            } else {
                summary.stored += 1;
            }
            batch.add(&record, std::mem::take(&mut waiting));
            if batch.text.len() >= BATCH {
                batch.send(out)?;
            }
            Ok(())
        },
    )?;
    summary.trailing = waiting.left_out;
    if batch.heads.is_empty() {
        return Ok(());
    }
    batch.send(out)
}

/// Lines that are sent together.
#[derive(Debug, Default)]
struct Batch {
    heads: Vec<LineHead>,
    text: Vec<u8>,
    gap: u32,
}

impl Batch {
    fn add(&mut self, record: &Record, before: Before) {
        self.gap += u32::from(before != Before::default());
        let head = record.stamped_head();
        self.heads.push(LineHead {
            boot: hex(&record.boot),
            pid: record.pid,
            unattributed: record.unattributed,
            before,
            gap: self.gap,
            head: u32::try_from(head.len()).unwrap_or(0),
            message: u32::try_from(record.message.len()).unwrap_or(0),
        });
        self.text.extend_from_slice(head.as_bytes());
        self.text.extend_from_slice(&record.message);
    }

    fn send(&mut self, out: &mut impl io::Write) -> io::Result<()> {
        let heads = std::mem::take(&mut self.heads);
        send(out, &Answer::Lines(heads), &self.text)?;
        self.text.clear();
        Ok(())
    }
}

fn note_boot(summary: &mut JournalSummary, record: &Record) {
    let boot = hex(&record.boot);
    if !summary.boots.iter().any(|(known, _)| *known == boot) {
        summary.boots.push((boot, record.usec));
    }
}

const UNIT_FIELDS: &[&str] = &[
    "_SYSTEMD_UNIT",
    "UNIT",
    "OBJECT_SYSTEMD_UNIT",
    "COREDUMP_UNIT",
];
/// Entries of one field and file before the window that are searched for the first failure.
const MOST_OLDER: u64 = 200_000;
/// Entries of one field and file in the window; of more the newest.
const MOST_IN_WINDOW: u64 = 1_000_000;
/// Time for the first pass; a journal has half a minute in all.
const FIRST_PASS: Duration = Duration::from_secs(10);
/// Text sent at once.
const BATCH: usize = 64 << 10;
/// Longest joined message.
const MAX_JOINED: usize = 256 << 10;
