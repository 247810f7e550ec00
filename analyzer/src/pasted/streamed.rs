//! Outputs in a text that is too large to be held: those between its logs are kept while it is read.

use super::titled::{Title, is_log};
use super::{Border, Borders, Section, border, is_titled};
use crate::entry::Entry;
use crate::source::Source;
use std::io::{self, Read};

/// Whether a large text, of which this is the beginning, holds several outputs.
pub(crate) fn begins_pasted(entry: &Entry) -> bool {
    let mut borders = Borders::default();
    let mut tells = |line| borders.of(line).is_some_and(|border| border.tells());
    matches!(entry.source, Source::Named(_)) && entry.text().lines().any(&mut tells)
}

/// Passes on what it reads, and keeps the outputs that are no logs. Where titles tell what is a log, nothing else is passed on but
/// blanks in its place.
pub(crate) struct Sections<'e, R> {
    reader: R,
    /// The beginning of the text.
    whole: &'e Entry,
    /// The line that is not at its end yet, as far as it is looked at.
    line: Vec<u8>,
    lines: u64,
    borders: Borders,
    /// What is read is no log.
    blank: bool,
    /// The output that is being read.
    open: Option<Open>,
    held: usize,
    padding: u64,
    kept: Vec<Entry>,
}

/// An output that is being read.
struct Open {
    /// Line ends before it.
    before: u64,
    title: Option<Title>,
    /// Its text with the line that begins it.
    text: Vec<u8>,
}

impl<'e, R: Read> Sections<'e, R> {
    pub(crate) fn new(whole: &'e Entry, reader: R) -> Self {
        Self {
            reader,
            whole,
            line: Vec::new(),
            lines: 0,
            borders: Borders::default(),
            blank: is_titled(whole),
            open: None,
            held: 0,
            padding: 0,
            kept: Vec::new(),
        }
    }

    /// The outputs, each with its lines at their places.
    pub(crate) fn finish(mut self) -> Vec<Entry> {
        self.end_line();
        self.close();
        self.kept
    }

    fn watch(&mut self, mut bytes: &mut [u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at_mut(end);
            self.piece(line);
            self.end_line();
            bytes = rest.get_mut(1..).unwrap_or_default();
        }
        self.piece(bytes);
    }

    fn piece(&mut self, bytes: &mut [u8]) {
        self.more(bytes);
        if self.blank || self.line.starts_with(b"#==[ ") {
            bytes.fill(b' ');
        }
    }

    fn more(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        if let Some(border) = self.borders.of(&text) {
            self.close();
            let room = self.padding + self.lines <= Entry::MAX_PADDING && self.held < MOST_HELD;
            if room && is_output(&border) {
                let title = match border {
                    Border::Titled(title, _) => Some(title),
                    _ => None,
                };
                self.open = Some(Open {
                    before: self.lines,
                    title,
                    text: line.clone(),
                });
            }
            self.blank = self.borders.are_titles() && !begins_log(&border);
        } else if let Some(Open { text, .. }) = &mut self.open {
            text.push(b'\n');
            text.extend_from_slice(&line);
            let too_large = text.len() as u64 > Entry::MAX_BYTES;
            // What grows so long is a log, or nothing that a parser reads.
            if too_large {
                self.open = None;
            }
        }
        self.lines += 1;
        self.line = line;
        self.line.clear();
    }

    fn close(&mut self) {
        let Some(Open {
            before,
            title,
            text,
        }) = self.open.take()
        else {
            return;
        };
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default();
        let border = match title {
            Some(title) => Some(Border::Titled(title, first)),
            None => border(first),
        };
        let Some(border) = border else { return };
        let mut section = Section::new(border, before + 1);
        section.lines.extend(lines);
        if let Some(entry) = section.entry(self.whole) {
            self.padding += before;
            self.held += entry.bytes.len();
            self.kept.push(entry);
        }
    }
}

impl<R: Read> Read for Sections<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.watch(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Whether what a line begins may be more than a log.
fn is_output(border: &Border<'_>) -> bool {
    match border {
        Border::Command(command) => super::source(command).is_some(),
        Border::Heading(name) => match super::headed(name) {
            Source::Journal(_) | Source::Meta(_) => false,
            Source::File(path) => !path.starts_with("/var/log/"),
            _ => true,
        },
        Border::Titled(title, line) => title.source(line).is_some_and(|source| !is_log(&source)),
        Border::Other => false,
    }
}

/// Whether what a line begins is a log.
fn begins_log(border: &Border<'_>) -> bool {
    matches!(border, Border::Titled(title, line) if title.source(line).is_some_and(|source| is_log(&source)))
}

/// Bytes of a line that are looked at.
const LINE: usize = 64 << 10;

/// Bytes of outputs that are kept of one text, without their padding.
const MOST_HELD: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::numbered;
    use std::sync::Arc;

    fn entry(text: &str) -> Entry {
        Entry {
            name: Arc::from("minikube.log"),
            source: Source::Named("minikube.log".into()),
            bytes: text.as_bytes().to_vec(),
        }
    }

    /// Source, number of the first line and text of each output that is kept.
    fn kept(text: &str) -> Vec<(String, u64, String)> {
        let whole = entry(text);
        let mut sections = Sections::new(&whole, text.as_bytes());
        let mut passed = Vec::new();
        let mut piece = [0; 7];
        loop {
            match sections.read(&mut piece).unwrap() {
                0 => break,
                count => passed.extend_from_slice(&piece[..count]),
            }
        }
        let is_titled = text.contains("#==[ ");
        assert!(is_titled || passed == text.as_bytes());
        if is_titled {
            let passed: Vec<_> = passed.split(|&byte| byte == b'\n').collect();
            let logs = |line: &&&[u8]| line.starts_with(b"Nov");
            assert_eq!(passed.len(), text.split('\n').count());
            assert!(
                passed
                    .iter()
                    .all(|line| line.trim_ascii().is_empty() || logs(&line))
            );
            assert!(passed.iter().any(|line| logs(&line)));
        }
        let shown = |section: Entry| {
            let text = section.text().into_owned();
            let (line, _) = numbered(&text).find(|(_, line)| !line.is_empty()).unwrap();
            let text = text.trim_matches('\n').to_owned();
            (section.source.to_string(), line, text)
        };
        sections.finish().into_iter().map(shown).collect()
    }

    #[test]
    fn outputs_between_long_logs_are_kept_with_their_lines() {
        let log = "Nov 22 07:31:10 m kubelet[1]: I1122 x\n".repeat(40_000);
        let text = format!(
            "==> Audit <==\n| x |\n==> describe nodes <==\nName: m\nTaints: <none>\n==> kubelet <==\n{log}==> container status <==\nCONTAINER IMAGE\n$ df -h\nFilesystem"
        );
        assert!(begins_pasted(&entry(&text)));
        let row = |source: &str, line, text: &str| (source.to_owned(), line, text.to_owned());
        assert_eq!(
            kept(&text),
            [
                row("`kubectl describe nodes`", 4, "Name: m\nTaints: <none>"),
                row("`crictl ps -a`", 40_008, "CONTAINER IMAGE"),
                row("`df -h`", 40_010, "Filesystem"),
            ]
        );
    }

    #[test]
    fn of_sections_below_titles_only_logs_are_passed_on() {
        let log = "Nov 22 07:31:10 m kubelet[1]: I1122 x\n".repeat(40_000);
        let text = format!(
            "=====\n#==[ Command ]===#\n# /usr/bin/df -h\nFilesystem\n\n#==[ Command ]===#\n# /usr/bin/journalctl --no-pager\n{log}\n#==[ Configuration File ]===#\n# /etc/fstab\nnone\n"
        );
        assert!(begins_pasted(&entry(&text)));
        let row = |source: &str, line, text: &str| (source.to_owned(), line, text.to_owned());
        assert_eq!(
            kept(&text),
            [
                row("`df -h`", 4, "Filesystem"),
                row("/etc/fstab", 40_011, "none"),
            ]
        );
    }

    #[test]
    fn an_output_that_grows_too_long_is_no_output() {
        let rows = "row of a table that never ends\n".repeat(40_000);
        let text = format!("==> df-h.txt <==\n{rows}$ uptime\n up 3 days\n");
        let kept = kept(&text);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].0, "`uptime`");
    }

    #[test]
    fn a_plain_log_is_not_watched() {
        let log = "E1122 07:31:10.000000       1 a.go:1] \"x # y\"\n".repeat(100);
        assert!(!begins_pasted(&entry(&log)));
    }
}
