//! Outputs in a text that is too large to be held: those between its logs are kept while it is read.

use super::{Border, Section, border};
use crate::entry::Entry;
use crate::source::Source;
use std::io::{self, Read};

/// Whether a large text, of which this is the beginning, holds several outputs.
pub(crate) fn begins_pasted(entry: &Entry) -> bool {
    matches!(entry.source, Source::Named(_))
        && entry
            .text()
            .lines()
            .any(|line| matches!(border(line), Some(Border::Command(_) | Border::Heading(_))))
}

/// Passes on what it reads, and keeps the outputs that are no logs.
pub(crate) struct Sections<'e, R> {
    reader: R,
    /// The beginning of the text.
    whole: &'e Entry,
    /// The line that is not at its end yet, as far as it is looked at.
    line: Vec<u8>,
    lines: u64,
    /// The output that is being read: its line ends before it, and its text with the line that begins it.
    open: Option<(u64, Vec<u8>)>,
    held: usize,
    padding: u64,
    kept: Vec<Entry>,
}

impl<'e, R: Read> Sections<'e, R> {
    pub(crate) fn new(whole: &'e Entry, reader: R) -> Self {
        Self {
            reader,
            whole,
            line: Vec::new(),
            lines: 0,
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

    fn watch(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            self.more(line);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.more(bytes);
    }

    fn more(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        if let Some(border) = border(&text) {
            self.close();
            let room = self.padding + self.lines <= Entry::MAX_PADDING && self.held < MOST_HELD;
            if room && is_output(&border) {
                self.open = Some((self.lines, line.clone()));
            }
        } else if let Some((_, text)) = &mut self.open {
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
        let Some((before, bytes)) = self.open.take() else {
            return;
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.split('\n');
        let Some(border) = lines.next().and_then(border) else {
            return;
        };
        let section = Section {
            border,
            before: before + 1,
            lines: lines.collect(),
        };
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
        self.watch(buffer.get(..count).unwrap_or_default());
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
        Border::Other => false,
    }
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
        assert_eq!(passed, text.as_bytes());
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
