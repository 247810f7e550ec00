//! Payloads of user data that are printed line by line: contents of files to write, here-documents, parts of MIME documents.

use crate::redact::hit::Placeholder;
use crate::redact::pattern::compile;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// A payload that a line began and that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    end: End,
    lines: usize,
    bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// With the first line that is indented no deeper.
    Indent(usize),
    /// With this word on a line of its own.
    Word(Vec<u8>),
    /// With a line that begins with two dashes.
    Boundary,
}

impl Payload {
    /// The payload that begins after a line. The line itself names the file, and stays.
    pub(crate) fn opened_by(line: &[u8]) -> Option<Self> {
        let end = if let Some(found) = KEY.captures(line) {
            End::Indent(found.get(1)?.end())
        } else if let Some(found) = HERE.captures(line) {
            let word = found.get(1).or_else(|| found.get(2))?;
            End::Word(word.as_bytes().to_vec())
        } else if PART.is_match(line) {
            End::Boundary
        } else {
            return None;
        };
        Some(Self {
            end,
            lines: 0,
            bytes: 0,
        })
    }

    /// What is left of the payload after a line, and whether the line belongs to it.
    pub(crate) fn after(mut self, line: &[u8]) -> (Option<Self>, bool) {
        let capped = self.lines >= MOST_LINES || self.bytes >= MOST_BYTES;
        if capped || self.ends_before(line) {
            return (Self::opened_by(line), false);
        }
        let is_header = self.end == End::Boundary && HEADER.is_match(line);
        self.lines += 1;
        self.bytes += line.len();
        let is_blank = line.trim_ascii().is_empty();
        (Some(self), !is_header && !is_blank)
    }

    fn ends_before(&self, line: &[u8]) -> bool {
        let text = line.trim_ascii();
        match &self.end {
            End::Indent(column) => {
                let indent = line.iter().take_while(|byte| **byte == b' ').count();
                !text.is_empty() && indent <= *column
            }
            End::Word(word) => text == word.as_slice() || RECORD.is_match(line),
            End::Boundary => line.starts_with(b"--") || RECORD.is_match(line),
        }
    }
}

/// What stands in the place of a line of a payload.
pub(crate) fn mask() -> String {
    Placeholder::new("user-data").fact("part", "yes").text()
}

/// More is no file that somebody writes by user data.
const MOST_LINES: usize = 400;
const MOST_BYTES: usize = 64 << 10;

/// `content: |` of `write_files`, `inline: |` of Butane. The group is what stands before the key.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| compile(r"^([ ]*(?:- +)?)(?:contents?|inline):[ \t]+[|>][-+0-9]*[ \t]*\r?$"));

/// `cat > /etc/x <<'EOF'`
static HERE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"\b(?:cat|tee)\b[^<]*<<[-~]?[ ]?(?:["'\\]([A-Za-z_][A-Za-z0-9_]*)["']?|([A-Z_][A-Z0-9_]*))(?:[ \t|>;&]|\r?$)"#,
    )
});

static PART: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^Content-Type:[ \t]*text/(?:x-shellscript|cloud-config|cloud-boothook|x-include-url|part-handler|jinja2)",
    )
});

static HEADER: LazyLock<Regex> =
    LazyLock::new(|| compile(r"(?i)^(?:Content-[a-z-]+|MIME-Version):"));

/// A line of a log, which belongs to no payload.
static RECORD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"^(?:[EIWF][0-9]{4} [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:|time="|ts=|level=|\[ *[0-9]+\.[0-9]+\]|Cloud-init v)"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are not hidden.
    fn shown(lines: &[&str]) -> Vec<String> {
        let mut payload = None;
        let mut shown = Vec::new();
        for line in lines {
            let (next, hidden) = match payload.take() {
                None => (Payload::opened_by(line.as_bytes()), false),
                Some(open) => Payload::after(open, line.as_bytes()),
            };
            payload = next;
            if !hidden {
                shown.push((*line).to_owned());
            }
        }
        shown
    }

    #[test]
    fn the_content_of_a_file_to_write_ends_where_its_indent_ends() {
        let lines = [
            "write_files:",
            "- path: /etc/x",
            "  content: |",
            "    hidden",
            "      hidden too",
            "  owner: root",
            "runcmd: [date]",
        ];
        let shown = shown(&lines);
        assert_eq!(shown, [lines[0], lines[1], lines[2], lines[5], lines[6]]);
    }

    #[test]
    fn a_here_document_ends_with_its_word_or_with_a_line_of_a_log() {
        let open = "+ cat > /etc/x <<'EOF'";
        assert_eq!(
            shown(&[open, "hidden", "EOF", "done"]),
            [open, "EOF", "done"]
        );
        let record = "2026-11-25 10:00:00,000 - util.py[DEBUG]: Running";
        assert_eq!(
            shown(&["tee /etc/x <<EOF", "hidden", record, "more"]),
            ["tee /etc/x <<EOF", record, "more"]
        );
    }

    #[test]
    fn a_part_of_a_mime_document_ends_at_its_boundary() {
        let lines = [
            "Content-Type: text/x-shellscript",
            "MIME-Version: 1.0",
            "hidden",
            "--B--",
            "after",
        ];
        assert_eq!(shown(&lines), [lines[0], lines[1], lines[3], lines[4]]);
    }

    #[test]
    fn what_only_resembles_a_beginning_hides_nothing() {
        for line in [
            "content: none",
            "a << b",
            "cat <<< word",
            "err=<",
            "Content-Type: text/plain",
            "mysql> select 1 << X",
        ] {
            assert_eq!(Payload::opened_by(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_payload_without_end_is_followed_for_four_hundred_lines() {
        let mut lines = vec!["cat <<EOF"];
        lines.resize(500, "x");
        assert_eq!(shown(&lines).len(), 1 + 99);
    }
}
