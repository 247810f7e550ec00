//! Line formats (INI, environment files, units) and what is left of a file that does not parse: `name = value` and `name: value`,
//! where the value is the rest of the line, its continuation lines, or the indented block below.

use crate::redact::hit::Hit;
use crate::redact::kubeconfig;
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::rule::Text;
use crate::redact::value;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Adds the value after every secret-named key that begins a line in the range.
pub(crate) fn mask(text: &Text<'_>, range: Range<usize>, hits: &mut Vec<Hit>) {
    mask_keys(text, (range, Quotes::Line), names::announced, hits);
}

/// The same for an environment file, where a quoted value may go on over lines.
pub(crate) fn mask_environment(text: &Text<'_>, hits: &mut Vec<Hit>) {
    let all = 0..text.bytes.len();
    mask_keys(text, (all, Quotes::Lines), names::announced, hits);
}

/// The same for what is left of a kubeconfig: a key that no kubeconfig has may be a misspelt `token`, so what looks like a secret
/// behind it is one.
pub(crate) fn mask_kubeconfig(text: &Text<'_>, range: Range<usize>, hits: &mut Vec<Hit>) {
    mask_keys(text, (range, Quotes::Line), kubeconfig::announced, hits);
}

/// Where a quoted value ends that is not closed on its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// With the line.
    Line,
    /// At its closing quote, or before the next assignment.
    Lines,
}

fn mask_keys(
    text: &Text<'_>,
    (range, quotes): (Range<usize>, Quotes),
    announced: fn(&[u8]) -> Option<Secret>,
    hits: &mut Vec<Hit>,
) {
    let bytes = text.slice(range.clone());
    for found in KEY.captures_iter(bytes) {
        let (Some(whole), Some(name)) = (found.get(0), found.name("name")) else {
            continue;
        };
        let Some(secret) = announced(name.as_bytes()) else {
            continue;
        };
        let start = range.start + whole.end();
        let indent = found.name("indent").map_or(0, |indent| indent.len());
        let mut value = value_at(text.bytes, start, indent, range.end);
        if quotes == Quotes::Lines {
            value.end = quoted_end(text.bytes, start).unwrap_or(value.end);
        }
        let content = text.slice(value.clone());
        let opaque = secret != Secret::Unknown || names::looks_secret(content);
        if opaque && !names::is_harmless(content, secret) {
            value::mask(text, value, ("R9", secret.word()), hits);
        }
    }
}

fn value_at(bytes: &[u8], start: usize, indent: usize, limit: usize) -> Range<usize> {
    let line_end = end_of_line(bytes, start, limit);
    let line = bytes
        .get(start..line_end)
        .unwrap_or_default()
        .trim_ascii_end();
    if matches!(line.first(), Some(b'|' | b'>')) && line.len() <= 4 {
        return block(bytes, line_end, indent, limit);
    }
    if let Some(quote @ (b'"' | b'\'')) = line.first() {
        return start + 1..start + closing(line, *quote);
    }
    let mut end = start + line.len();
    // `value # comment`
    if let Some(comment) = memchr::memmem::find(line, b" #") {
        end = start
            + line
                .get(..comment)
                .map_or(0, |value| value.trim_ascii_end().len());
    }
    while bytes
        .get(start..end)
        .is_some_and(|value| value.ends_with(b"\\"))
        && end < limit
    {
        let next = end_of_line(bytes, end + 1, limit);
        let more = bytes
            .get(end..next)
            .unwrap_or_default()
            .trim_ascii_end()
            .len();
        if more == 0 {
            break;
        }
        end += more;
    }
    start..end
}

/// Where a quoted value of several lines ends; `None` when it is not quoted or ends on its line.
fn quoted_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let first = memchr::memchr(b'\n', rest)?;
    let mut end = closing(rest.get(..first)?, quote);
    if end < first {
        return None;
    }
    while end < rest.len().min(MAX_QUOTED) && rest.get(end) == Some(&b'\n') {
        let line = rest.get(end + 1..)?;
        let length = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let line = line.get(..length)?;
        if ASSIGNMENT.is_match(line) {
            break;
        }
        // The first byte of what `closing` is given is the opening quote.
        let closed = closing(rest.get(end..end + 1 + length)?, quote);
        end += closed;
    }
    Some(start + end)
}

/// A quoted value longer than this, in bytes, is no value.
const MAX_QUOTED: usize = 64 * 1024;

static ASSIGNMENT: LazyLock<Regex> =
    LazyLock::new(|| compile(r"^(?:export[ \t]+)?[A-Z][A-Z0-9_]*=[^=\s]"));

/// Where the quoted text ends, as an offset into the line; an escaped quote does not end it.
fn closing(line: &[u8], quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate().skip(1) {
        if *byte == quote && !escaped {
            return at;
        }
        escaped = *byte == b'\\' && quote == b'"' && !escaped;
    }
    line.len()
}

/// The lines below a block scalar's key that are indented deeper than the key.
fn block(bytes: &[u8], from: usize, indent: usize, limit: usize) -> Range<usize> {
    let start = (from + 1).min(limit);
    let mut end = start;
    let mut at = start;
    while at < limit {
        let next = end_of_line(bytes, at, limit);
        let line = bytes.get(at..next).unwrap_or_default();
        let depth = line.len() - line.trim_ascii_start().len();
        let blank = line.trim_ascii().is_empty();
        if !blank && depth <= indent {
            break;
        }
        if !blank {
            end = next;
        }
        at = next + 1;
    }
    start..end
}

fn end_of_line(bytes: &[u8], from: usize, limit: usize) -> usize {
    bytes
        .get(from..limit)
        .and_then(|rest| memchr::memchr(b'\n', rest))
        .map_or(limit, |at| from + at)
}

static KEY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?m)^(?P<indent>[ \t]*)(?:- +)?(?:#+[ \t]*)?(?:export[ \t]+|set[ \t]+)?["']?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)["']?[ \t]*(?:=|:[ \t])[ \t]*"#,
    )
});
