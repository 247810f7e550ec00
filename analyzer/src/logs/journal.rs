//! Journal files as journald writes them: every entry becomes a record, its place is its sequence number.

use super::fields::Fields;
use super::scanner::Scanner;
use super::stream::At;
use chrono::{DateTime, SecondsFormat};
use nodebundle_journal::{Entry, MAGIC, Pass, Unusable};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

/// Whether content is that of a journal file.
pub fn is_journal(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

impl Scanner<'_> {
    /// Reads one journal file. Damage is an error; what was read counts.
    pub(super) fn journal(
        &mut self,
        number: usize,
        entry: &Arc<str>,
        reader: &mut dyn Read,
    ) -> io::Result<()> {
        each_record(reader, &mut |record, fields| {
            self.journal_entry(number, entry, record, fields);
            Ok(())
        })
    }

    fn journal_entry(&mut self, number: usize, entry: &Arc<str>, record: u64, fields: &Fields) {
        let raw = line(fields);
        let at = At {
            entry,
            line: record,
            raw: &raw,
        };
        self.count_line();
        let envelope = fields.envelope();
        self.lines_of(number, at, &envelope, &fields.message);
    }
}

/// Reads one journal file: sequence number and fields of each record. Damage is an error; what was read counts.
pub(crate) fn each_record(
    reader: &mut dyn Read,
    visit: &mut dyn FnMut(u64, &Fields) -> io::Result<()>,
) -> io::Result<()> {
    let mut pass = match Pass::new(BufReader::with_capacity(BUFFER, reader), FIELDS)? {
        Ok(pass) => pass,
        Err(why) => return Err(refused(why)),
    };
    while let Some(record) = pass.next_entry()? {
        visit(record.number, &fields(&record))?;
    }
    damage(&pass)
}

fn fields(record: &Entry) -> Fields {
    let mut fields = Fields::default();
    fields.time = i64::try_from(record.time).ok();
    fields.uptime = i64::try_from(record.monotonic).ok();
    fields.boot = Some(hex(&record.boot).into_bytes());
    for text in &record.fields {
        if let Some(at) = memchr::memchr(b'=', text)
            && let Some((key, value)) = text.split_at_checked(at)
        {
            fields.set(key, value.get(1..).unwrap_or_default());
        }
    }
    fields
}

/// Prints a journal file as `journalctl -o short-iso-precise` does, in UTC: a line `-- Boot <id> --` before the records of each boot,
/// further lines of a message indented. With a unit, only its records and those of systemd about it.
pub fn journal_text(
    reader: &mut dyn Read,
    unit: Option<&str>,
    out: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut boot: Option<Vec<u8>> = None;
    each_record(reader, &mut |_, fields| {
        let of = fields.envelope().unit;
        if unit.is_some_and(|unit| of.as_deref() != Some(unit.as_bytes())) {
            return Ok(());
        }
        if boot != fields.boot {
            boot.clone_from(&fields.boot);
            let id = boot.as_deref().unwrap_or_default();
            out(&[b"-- Boot ", id, b" --"].concat())?;
        }
        let first = line(fields);
        out(&first)?;
        let mut lines = fields.message.split(|&byte| byte == b'\n');
        let width = first.len() - lines.next().unwrap_or_default().len();
        let indent = vec![b' '; width];
        lines.try_for_each(|line| out(&[&indent, line].concat()))
    })
}

/// The record as `journalctl -o short-iso-precise` prints it, in UTC.
pub(crate) fn line(fields: &Fields) -> Vec<u8> {
    let time = fields.time.and_then(DateTime::from_timestamp_micros);
    let time = time.unwrap_or_default();
    let envelope = fields.envelope();
    let mut line = time
        .to_rfc3339_opts(SecondsFormat::Micros, true)
        .into_bytes();
    line.push(b' ');
    line.extend_from_slice(fields.host.as_deref().unwrap_or(b"-"));
    line.push(b' ');
    line.extend_from_slice(envelope.ident.as_deref().unwrap_or(b"unknown"));
    if let Some(pid) = envelope.pid {
        line.extend_from_slice(format!("[{pid}]").as_bytes());
    }
    line.extend_from_slice(b": ");
    let first = fields.message.split(|&byte| byte == b'\n').next();
    line.extend_from_slice(first.unwrap_or_default());
    line
}

fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn refused(why: Unusable) -> io::Error {
    let why = match why {
        Unusable::Empty | Unusable::Short => "a journal file that was cut off within its header",
        Unusable::NoJournal => "its header is not that of a journal",
        Unusable::Future(_) => {
            "a journal file of a newer form than is known: print it with journalctl --file FILE -o export"
        }
    };
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn damage(pass: &Pass<impl BufRead>) -> io::Result<()> {
    let mut wrong = Vec::new();
    if pass.is_cut() {
        wrong.push("the journal file was cut off".to_owned());
    }
    if pass.lost() > 0 {
        wrong.push(format!(
            "{} bytes of the journal file are damaged",
            pass.lost()
        ));
    }
    if pass.unreadable() > 0 {
        wrong.push(format!(
            "{} fields of the journal file could not be unpacked",
            pass.unreadable()
        ));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, wrong.join("; ")))
    }
}

/// Bytes read at a time.
const BUFFER: usize = 128 << 10;
/// Fields that lines are made of.
const FIELDS: &[&str] = &[
    "MESSAGE",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_PID",
    "SYSLOG_PID",
    "_SYSTEMD_UNIT",
    "UNIT",
    "_HOSTNAME",
    "_TRANSPORT",
];

#[cfg(test)]
mod tests {
    use crate::logs::patterns::tests::{pattern, rule};
    use crate::logs::{LogDigest, Options, PatternSet, Scanner};
    use crate::source::Source;
    use nodebundle_fixtures::journal::{JournalWriter, Sender};

    fn scan(files: &[(&str, Vec<u8>)]) -> LogDigest {
        let rules = [rule("r", vec![pattern(&["kubelet"], "command failed")])];
        let patterns = PatternSet::new(&rules).unwrap();
        let mut scanner = Scanner::new(&patterns, Options::default());
        for (name, bytes) in files {
            let source = Source::File(format!("/{name}"));
            scanner.scan(name, &source, &mut bytes.as_slice()).unwrap();
        }
        scanner.finish()
    }

    const START: u64 = 1_762_949_961_000_000;

    fn file(from: u64, to: u64) -> Vec<u8> {
        let mut writer = JournalWriter::new(7);
        let kubelet = Sender {
            unit: "kubelet.service",
            program: "kubelet",
            pid: 61,
        };
        for second in from..to {
            let text = if second % 10 == 5 {
                format!(
                    "E1112 12:19:21.{second:06}    4756 run.go:72] \"command failed\" err=\"x\""
                )
            } else {
                format!("I1112 12:19:21.474821    4756 kubelet.go:1] \"fine\" n={second}")
            };
            writer.line(START + second * 1_000_000, kubelet, &text);
        }
        writer.finish()
    }

    #[test]
    fn entries_of_a_journal_file_are_records_with_their_sequence_numbers() {
        let digest = scan(&[("var/log/journal/0/system.journal", file(0, 8))]);
        let [hit] = digest.hits.as_slice() else {
            panic!("{:?}", digest.hits)
        };
        assert_eq!(hit.first.origin.line, Some(6));
        assert_eq!(
            hit.first.text,
            "2025-11-12T12:19:26.000000Z worker-1 kubelet[61]: E1112 12:19:21.000005    4756 run.go:72] \"command failed\" err=\"x\""
        );
        assert_eq!(hit.program.as_deref(), Some("kubelet"));
        assert_eq!(
            digest.lives[0].boot.as_deref(),
            Some("07070707070707070707070707070707")
        );
        assert!(!hit.first.time.unwrap().year_inferred);
    }

    #[test]
    fn a_file_is_printed_as_journalctl_prints_it() {
        let mut writer = JournalWriter::new(7);
        let sender = |unit| Sender {
            unit,
            program: "kubelet",
            pid: 61,
        };
        writer.line(START, sender("kubelet.service"), "one\ntwo");
        writer.line(START, sender("other.service"), "three");
        let file = writer.finish();
        let text = |unit| {
            let mut lines = Vec::new();
            let mut out = |line: &[u8]| {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
                Ok(())
            };
            super::journal_text(&mut file.as_slice(), unit, &mut out).unwrap();
            lines
        };
        assert_eq!(
            text(Some("kubelet.service")),
            [
                "-- Boot 07070707070707070707070707070707 --",
                "2025-11-12T12:19:21.000000Z worker-1 kubelet[61]: one",
                "                                                  two",
            ]
        );
        assert_eq!(text(None).len(), 4);
    }

    #[test]
    fn a_file_that_was_cut_says_so_and_counts() {
        let whole = file(0, 60);
        let patterns =
            PatternSet::new(&[rule("r", vec![pattern(&["kubelet"], "command failed")])]).unwrap();
        let mut scanner = Scanner::new(&patterns, Options::default());
        let source = Source::Named("system.journal".into());
        let (start, _) = whole.split_at(whole.len() - 2000);
        let error = scanner
            .scan("system.journal", &source, &mut &*start)
            .unwrap_err();
        assert!(error.to_string().contains("cut off"), "{error}");
        assert!(!scanner.finish().hits.is_empty());
    }

    #[test]
    fn a_life_that_goes_on_in_the_next_file_is_one_life() {
        let digest = scan(&[
            ("var/log/journal/0/system.journal", file(60, 70)),
            ("var/log/journal/0/system@0.journal", file(0, 10)),
        ]);
        assert_eq!(digest.lives.len(), 1);
        assert_eq!(digest.hits.iter().map(|hit| hit.count).sum::<u64>(), 2);
    }
}
