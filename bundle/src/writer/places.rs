//! Where masks stand in what was stored. Looked for in the stored bytes themselves: whatever moved them before has happened.

use crate::manifest::{MOST_MASKED, Masked, Record};
use memchr::memmem;

/// Adds the places of masks in one entry, or in one part of a stream, to the record. `part` counts from 1.
pub(super) fn note(record: &mut Record, stored: &[u8], part: Option<u32>) {
    if record.redactions.is_empty() {
        return;
    }
    let one_line = memchr::memchr(b'\n', stored).is_none_or(|at| at + 1 == stored.len());
    let mut line = 1;
    let mut counted = 0;
    for at in memmem::find_iter(stored, MARK) {
        let before = stored.get(counted..at).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', before).count() as u64;
        counted = at;
        let rest = stored.get(at + MARK.len()..).unwrap_or_default();
        match what_of(rest) {
            Some((kind, length)) if record.masked.len() < MOST_MASKED => {
                let end = at + MARK.len() + length;
                record.masked.push(Masked {
                    kind: kind.to_owned(),
                    part,
                    line,
                    to_line: None,
                    bytes: one_line.then_some((at as u64, end as u64)),
                });
            }
            Some(_) => record.masked_more += 1,
            None if record.masked_more == 0 => run_on(record, part, line),
            None => {}
        }
    }
}

/// A value of several lines: its mask stands on the first, a bare mark on each further one.
fn run_on(record: &mut Record, part: Option<u32>, line: u64) {
    let Some(last) = record.masked.last_mut().filter(|last| last.part == part) else {
        return;
    };
    if last.to_line.unwrap_or(last.line) + MOST_BLANK_LINES >= line && line > last.line {
        last.to_line = Some(line);
    }
}

/// The kind of a placeholder and how much of it follows the mark; `None` for a bare mark.
fn what_of(rest: &[u8]) -> Option<(&str, usize)> {
    let inside = rest.strip_prefix(b"(")?;
    let near = inside.get(..LONGEST).unwrap_or(inside);
    let end = near.iter().position(|byte| *byte == b')')?;
    let facts = near.get(..end)?;
    let kind = facts.split(|byte| *byte == b';').next()?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let kind = std::str::from_utf8(kind).ok()?;
    (!kind.is_empty() && kind.bytes().all(|byte| plain(&byte))).then_some((kind, end + 2))
}

/// What every mask begins with.
const MARK: &[u8] = b"REDACTED";
/// No placeholder is longer.
const LONGEST: usize = 2048;
/// Lines without content get no mark.
const MOST_BLANK_LINES: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn noted(parts: &[(&str, Option<u32>)]) -> Record {
        let mut record = Record::new(
            "a/b",
            "file",
            "/b",
            Outcome::Ok,
            chrono::DateTime::default(),
        );
        record.redactions.insert("R9".to_owned(), 1);
        for (text, part) in parts {
            note(&mut record, text.as_bytes(), *part);
        }
        record
    }

    fn lines(record: &Record) -> Vec<(Option<u32>, u64, Option<u64>)> {
        let places = record.masked.iter();
        places.map(|at| (at.part, at.line, at.to_line)).collect()
    }

    #[test]
    fn a_mask_is_told_by_its_line_and_a_long_one_by_its_first_and_last() {
        let text = "a: b\npassword: REDACTED(password;id=K7)\nkey: |\n  REDACTED(user-data;bytes-class=4k-16k)\n\n  REDACTED\n  REDACTED\nz\n";
        let record = noted(&[(text, None)]);
        assert_eq!(lines(&record), [(None, 2, None), (None, 4, Some(7))]);
        assert_eq!(record.masked[0].kind, "password");
        assert_eq!(record.masked[0].bytes, None);
    }

    #[test]
    fn in_a_file_of_one_line_a_mask_is_told_by_its_bytes() {
        let text = r#"{"auth":"REDACTED(registry-auth;id=K7)"}"#;
        let record = noted(&[(text, None)]);
        let (from, to) = record.masked[0].bytes.unwrap();
        let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        assert_eq!(text.get(range), Some("REDACTED(registry-auth;id=K7)"));
    }

    #[test]
    fn lines_count_within_a_part_and_what_is_too_much_is_counted() {
        let many = "REDACTED(jwt)\n".repeat(MOST_MASKED + 5);
        let record = noted(&[("x\nREDACTED(jwt)\n", Some(1)), (&many, Some(2))]);
        assert_eq!(
            lines(&record)[..2],
            [(Some(1), 2, None), (Some(2), 1, None)]
        );
        assert_eq!(record.masked.len(), MOST_MASKED);
        assert_eq!(record.masked_more, 6);
    }

    #[test]
    fn a_text_that_only_looks_masked_is_not_reported() {
        let mut record = noted(&[]);
        record.redactions.clear();
        note(&mut record, b"REDACTED(jwt)\n", None);
        assert_eq!(record.masked, []);
    }
}
