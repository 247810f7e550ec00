//! Opens journal folders and streams records. Runs inside a worker.

use super::choose::{Choice, Survey};
use super::record::Record;
use super::{JournalAsk, JournalSummary, LineHead, Stream};
use crate::host::door::Door;
use crate::host::wire::{Answer, Failure, send};
use nodebundle_bundle::Outcome;
use sdjournal::{Journal, JournalConfig, JournalQuery};
use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::PathBuf;

/// Journal folders that are open, so that every stream reads the same files.
#[derive(Default)]
pub(crate) struct Reader {
    open: Option<Opened>,
}

struct Opened {
    folders: Vec<String>,
    journal: Journal,
    /// The library's paths lead through these.
    _descriptors: Vec<OwnedFd>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folders = self.open.as_ref().map(|open| &open.folders);
        f.debug_struct("Reader").field("folders", &folders).finish()
    }
}

impl Reader {
    /// Streams the lines of one stream; the outer error is a broken socket.
    pub(crate) fn stream(
        &mut self,
        door: &Door,
        ask: &JournalAsk,
        out: &mut impl io::Write,
    ) -> io::Result<Result<JournalSummary, Failure>> {
        let journal = match self.open(door, &ask.folders) {
            Ok(journal) => journal,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut summary = JournalSummary::default();
        if matches!(ask.stream, Stream::Boots) {
            boots(&journal, &mut summary);
            return Ok(Ok(summary));
        }
        let mut survey = Survey::default();
        each_record(&journal, ask, &mut summary, &mut |record, summary| {
            note_boot(summary, &record);
            summary.first.get_or_insert(record.usec);
            summary.last = summary.last.max(Some(record.usec));
            survey.add(&record);
            Ok(())
        })?;
        summary.records = survey.records;
        let mut choice = survey.choose(ask.cap);
        summary.stored = send_lines(&journal, ask, &mut choice, out)?;
        summary.dropped = summary.records - summary.stored;
        Ok(Ok(summary))
    }

    fn open(&mut self, door: &Door, folders: &[String]) -> Result<Journal, Failure> {
        if let Some(open) = self.open.as_ref().filter(|open| open.folders == folders) {
            return Ok(open.journal.clone());
        }
        let mut descriptors = Vec::new();
        let mut first_failure = None;
        for folder in folders {
            match door.open_folder(folder) {
                Ok(descriptor) => descriptors.push(descriptor),
                Err(errno) => {
                    first_failure.get_or_insert_with(|| door.explain(folder, errno));
                }
            }
        }
        if descriptors.is_empty() {
            return Err(
                first_failure.unwrap_or_else(|| Failure::new(Outcome::Error, "no journal folder"))
            );
        }
        let paths: Vec<PathBuf> = descriptors
            .iter()
            .map(|descriptor| format!("/proc/self/fd/{}", descriptor.as_raw_fd()).into())
            .collect();
        let config = JournalConfig {
            include_journal_tilde: true,
            ..JournalConfig::default()
        };
        let journal = Journal::open_dirs_with_config(&paths, config)
            .map_err(|error| unusable(folders, &error))?;
        self.open = Some(Opened {
            folders: folders.to_vec(),
            journal: journal.clone(),
            _descriptors: descriptors,
        });
        Ok(journal)
    }
}

fn unusable(folders: &[String], error: &sdjournal::SdJournalError) -> Failure {
    let outcome = match error {
        sdjournal::SdJournalError::NotFound => Outcome::Absent,
        sdjournal::SdJournalError::PermissionDenied { .. } => Outcome::Denied,
        _ => Outcome::Error,
    };
    Failure::new(
        outcome,
        format!("no usable journal file in {}", folders.join(", ")),
    )
}

/// Starts of boots (journald announces itself once in each) and the newest record.
fn boots(journal: &Journal, summary: &mut JournalSummary) {
    let mut query = journal.query();
    query.match_exact("MESSAGE_ID", JOURNAL_START);
    if let Ok(entries) = query.iter() {
        for entry in entries.flatten() {
            let boot = hex(&entry.boot_id());
            if !summary.boots.iter().any(|(known, _)| *known == boot) {
                summary.boots.push((boot, entry.realtime_usec()));
            }
        }
    }
    let newest = |query: &mut JournalQuery| {
        let entry = query.limit(1).iter().ok()?.find_map(Result::ok)?;
        Some(entry.realtime_usec())
    };
    summary.first = newest(journal.query().seek_head());
    summary.last = newest(journal.query().seek_tail());
}

/// Every record of the stream in order, lines that journald cut joined again.
fn each_record(
    journal: &Journal,
    ask: &JournalAsk,
    summary: &mut JournalSummary,
    each: &mut dyn FnMut(Record, &mut JournalSummary) -> io::Result<()>,
) -> io::Result<()> {
    let Ok(entries) = query(journal, ask).iter() else {
        summary.unreadable += 1;
        return Ok(());
    };
    let mut last = None;
    let mut pending: Option<Record> = None;
    let mut errors_in_a_row = 0;
    for entry in entries {
        let Ok(entry) = entry else {
            summary.unreadable += 1;
            errors_in_a_row += 1;
            if errors_in_a_row > MAX_ERRORS {
                break;
            }
            continue;
        };
        errors_in_a_row = 0;
        // A record that several terms find comes several times in a row.
        let key = (entry.realtime_usec(), entry.seqnum(), entry.boot_id());
        if last.replace(key) == Some(key) {
            continue;
        }
        let Some(mut record) = Record::of(&entry, &ask.stream) else {
            continue;
        };
        if let Some(mut earlier) = pending.take() {
            if earlier.pid == record.pid && earlier.boot == record.boot {
                earlier.message.append(&mut record.message);
                earlier.continues = record.continues;
                record = earlier;
            } else {
                each(earlier, summary)?;
            }
        }
        if record.continues && record.message.len() < MAX_JOINED {
            pending = Some(record);
        } else {
            each(record, summary)?;
        }
    }
    match pending {
        Some(record) => each(record, summary),
        None => Ok(()),
    }
}

fn query(journal: &Journal, ask: &JournalAsk) -> JournalQuery {
    let mut query = journal.query();
    if let Some(since) = ask.since {
        query.since_realtime(since);
    }
    match &ask.stream {
        Stream::Unit { unit, programs } => {
            // Terms of one group must all hold; one of the groups must.
            let mut either = |field: &str, value: &str| {
                query.or_group(|group| {
                    group.match_exact(field, value.as_bytes());
                });
            };
            for field in UNIT_FIELDS {
                either(field, unit);
            }
            for program in programs {
                for name in [program.clone(), format!("({program})")] {
                    either("_COMM", &name);
                    either("SYSLOG_IDENTIFIER", &name);
                }
            }
        }
        Stream::Kernel | Stream::Boots => {
            query.match_exact("_TRANSPORT", b"kernel");
        }
    }
    query
}

fn send_lines(
    journal: &Journal,
    ask: &JournalAsk,
    choice: &mut Choice,
    out: &mut impl io::Write,
) -> io::Result<u64> {
    let mut stored = 0;
    let mut heads = Vec::new();
    let mut text = Vec::new();
    let mut ignored = JournalSummary::default();
    let mut gap = 0;
    let mut dropped = false;
    each_record(journal, ask, &mut ignored, &mut |record, _| {
        if !choice.keeps(&record) {
            dropped = true;
            return Ok(());
        }
        gap += u32::from(std::mem::take(&mut dropped));
        let head = record.stamped_head();
        heads.push(LineHead {
            boot: hex(&record.boot),
            pid: record.pid,
            unattributed: record.unattributed,
            gap,
            head: u32::try_from(head.len()).unwrap_or(0),
            message: u32::try_from(record.message.len()).unwrap_or(0),
        });
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(&record.message);
        stored += 1;
        if text.len() >= BATCH {
            send(out, &Answer::Lines(std::mem::take(&mut heads)), &text)?;
            text.clear();
        }
        Ok(())
    })?;
    if !heads.is_empty() {
        send(out, &Answer::Lines(heads), &text)?;
    }
    Ok(stored)
}

fn note_boot(summary: &mut JournalSummary, record: &Record) {
    let boot = hex(&record.boot);
    if !summary.boots.iter().any(|(known, _)| *known == boot) {
        summary.boots.push((boot, record.usec));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

const UNIT_FIELDS: &[&str] = &[
    "_SYSTEMD_UNIT",
    "UNIT",
    "OBJECT_SYSTEMD_UNIT",
    "COREDUMP_UNIT",
];
/// `MESSAGE_ID` of "Journal started".
const JOURNAL_START: &[u8] = b"f77379a8490b408bbe5f6940505a777b";
/// A damaged file may yield only errors.
const MAX_ERRORS: u32 = 10_000;
/// Text sent at once.
const BATCH: usize = 64 << 10;
/// Longest joined message.
const MAX_JOINED: usize = 256 << 10;
