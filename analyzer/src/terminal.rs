//! Text for terminals: nothing from a bundle may steer the terminal, lines are wrapped, colour is optional.

use crate::shorten::shorten;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// Cause, failed rung.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// Degraded, undetermined.
pub const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// Healthy, proven.
pub const GREEN: Style = AnsiColor::Green.on_default().bold();
/// Headings.
pub const BOLD: Style = Style::new().bold();
/// Places and remarks.
pub const DIM: Style = Style::new().dimmed();

/// The text with control characters, terminal escapes and invisible direction marks written out.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => safe.push(' '),
            c if is_unsafe(c) => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Like [`escape`], but tabs stay, for text whose columns they part.
pub fn escape_text(text: &str) -> String {
    let parts: Vec<Cow<'_, str>> = text.split('\t').map(escape).collect();
    parts.join("\t")
}

/// A value as indented JSON, in which what [`escape`] writes out is an escape of JSON: it means the same and steers no terminal.
pub fn write_json<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(escape_json(&serde_json::to_string_pretty(value)?).as_bytes())
}

/// Like [`write_json`], on one line.
pub fn write_json_line<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(escape_json(&serde_json::to_string(value)?).as_bytes())
}

/// Between its texts JSON has nothing to escape but line ends, which stay.
fn escape_json(json: &str) -> Cow<'_, str> {
    let is_raw = |c: char| c != '\n' && is_unsafe(c);
    if !json.chars().any(is_raw) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_raw(c) {
            let mut units = [0; 2];
            let escapes = c.encode_utf16(&mut units).iter();
            safe.extend(escapes.map(|unit| format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Writes indented, wrapped, styled text.
pub struct Paper<'a> {
    out: &'a mut dyn Write,
    color: bool,
    width: usize,
}

impl<'a> Paper<'a> {
    /// Paper of `width` columns.
    pub fn new(out: &'a mut dyn Write, color: bool, width: usize) -> Self {
        Self { out, color, width }
    }

    /// The text in a style, if colour is on. Escape the text first.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// One line as it is.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    /// An empty line.
    pub fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A heading after an empty line.
    pub fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(BOLD, text);
        writeln!(self.out, "\n{text}")
    }

    /// A paragraph, escaped and wrapped. The first line begins with `first`, the others with `rest`.
    pub fn paragraph(&mut self, first: &str, rest: &str, text: &str) -> io::Result<()> {
        let mut start = first;
        for line in wrap(
            &escape(text),
            self.width.saturating_sub(rest.chars().count()),
        ) {
            writeln!(self.out, "{start}{line}")?;
            start = rest;
        }
        Ok(())
    }

    /// A line of a bundle, escaped, never wrapped, of a few widths at most: its beginning, and `wanted` where that stands further behind.
    pub fn quote(&mut self, indent: &str, text: &str, wanted: Option<&str>) -> io::Result<()> {
        let room = self.width.max(40).saturating_sub(indent.len()) * QUOTED_LINES;
        let wanted = wanted.map(escape);
        let quoted = shorten(&escape(text), wanted.as_deref(), room);
        writeln!(self.out, "{indent}{quoted}")
    }
}

/// Widths that a quoted line may fill.
const QUOTED_LINES: usize = 4;

/// Breaks at blanks; a longer word stands alone. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Where something stands, behind it: `  (entry:line)`; nothing where no entry tells it.
pub fn place(entry: Option<&str>, line: Option<u64>) -> String {
    match (entry, line) {
        (Some(entry), Some(line)) => format!("  ({entry}:{line})"),
        (Some(entry), None) => format!("  ({entry})"),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_and_holds_nothing_that_steers() {
        let value = "a\n\u{1b}[2J\u{9b}\u{202e}\u{e9}\u{1f600}";
        let mut out = Vec::new();
        write_json(&value, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(is_unsafe), "{text}");
        assert!(text.contains('\u{e9}'));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }

    #[test]
    fn a_hostile_line_cannot_steer_the_terminal() {
        let hostile = "\u{1b}[2Jgone\r\u{9b}31m\u{202e}right\u{7}";
        let safe = escape(hostile);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        assert!(safe.starts_with("\\u{1b}[2Jgone\\r"));
        assert_eq!(escape_text("a\tb\u{1b}"), "a\tb\\u{1b}");
    }

    #[test]
    fn long_text_is_wrapped_and_indented() {
        let mut out = Vec::new();
        Paper::new(&mut out, false, 12)
            .paragraph("- ", "  ", "one two three four")
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "- one two\n  three four\n");
    }
}
