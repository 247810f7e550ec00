//! Finding PEM blocks in text of any shape: whole files, indented in YAML, or on one line with `\n` escapes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// A block ends at the latest after this many lines of body.
pub(crate) const MAX_LINES: usize = 100;
/// A block ends at the latest after this many bytes of body.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// Forgiving base64: padding may be missing and stray last bits are ignored, as in values cut by a log.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// One block, as byte ranges of the text it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands between `-----BEGIN ` and `-----`: `RSA PRIVATE KEY`, `CERTIFICATE`, …
    pub(crate) label: String,
    /// Everything between the end of the BEGIN marker and the start of the END marker, or to where the block stops.
    pub(crate) body: Range<usize>,
    /// Whether the END marker is there.
    pub(crate) closed: bool,
}

impl Block {
    /// Whether the block holds a private key in any of its forms.
    pub(crate) fn is_private(&self) -> bool {
        self.label.contains("PRIVATE KEY")
    }

    /// Whether the key is encrypted, as its label or its headers say.
    pub(crate) fn says_encrypted(&self, text: &[u8]) -> bool {
        let body = text.get(self.body.clone()).unwrap_or_default();
        self.label.contains("ENCRYPTED") || memchr::memmem::find(body, b"ENCRYPTED").is_some()
    }

    /// The decoded body; `None` when it is not base64.
    pub(crate) fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        let body = text.get(self.body.clone())?;
        BASE64
            .decode(joined(body))
            .ok()
            .filter(|der| !der.is_empty())
    }
}

/// Every block in the text, in order. Blocks do not overlap.
pub(crate) fn blocks(text: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| memchr::memmem::find(rest, BEGIN))
    {
        let label_start = from + at + BEGIN.len();
        from = label_start;
        let Some(block) = block_at(text, label_start) else {
            continue;
        };
        from = block.body.end;
        found.push(block);
    }
    found
}

/// The base64 of several lines, real or escaped, as one; header lines and decoration are left out.
pub(crate) fn joined(text: &[u8]) -> Vec<u8> {
    let mut base64 = Vec::with_capacity(text.len());
    for (_, line) in Lines::new(text) {
        if !line.contains(&b':') {
            base64.extend(line.iter().filter(|byte| is_base64(**byte)));
        }
    }
    base64
}

/// Whether the message ends in base64 of a PEM block that goes on in the next message.
pub(crate) fn ends_in_wrapped_block(message: &[u8]) -> bool {
    let message = message.trim_ascii_end();
    let run = message
        .iter()
        .rev()
        .take_while(|byte| is_base64(**byte))
        .count();
    let text = message.get(message.len() - run..).unwrap_or_default();
    run >= 60 && memchr::memmem::find(text, b"LS0tLS1CRUdJTi").is_some()
}

/// Whether a line can belong to the body of a block: base64 with at most the decoration that files and logs add.
pub(crate) fn is_body_line(line: &[u8]) -> bool {
    let line = trim(line);
    is_header(line) || is_base64_words(line)
}

/// Base64, perhaps broken into long pieces by blanks as some programs print a key.
fn is_base64_words(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .collect();
    let long = words.iter().rev().skip(1).all(|word| word.len() >= 40);
    long && words
        .iter()
        .all(|word| word.iter().all(|byte| is_base64(*byte)))
}

/// The length of the base64 alphabet in one line, without the decoration; `None` when other text stands there too.
pub(crate) fn base64_only(line: &[u8]) -> Option<usize> {
    let line = trim(line);
    line.iter()
        .all(|byte| is_base64(*byte))
        .then_some(line.len())
}

pub(crate) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn block_at(text: &[u8], label_start: usize) -> Option<Block> {
    let label_length =
        text.get(label_start..)?.iter().take(48).position(|byte| {
            !(byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ')
        })?;
    let label_end = label_start + label_length;
    if !text.get(label_end..)?.starts_with(DASHES) {
        return None;
    }
    let label = String::from_utf8_lossy(text.get(label_start..label_end)?).into_owned();
    let start = label_end + DASHES.len();
    let (end, closed) = body_end(text, start);
    Some(Block {
        label,
        body: start..end,
        closed,
    })
}

/// Where the body stops: at the END marker, at the first line that cannot belong to it, or at the caps.
fn body_end(text: &[u8], start: usize) -> (usize, bool) {
    let rest = text.get(start..).unwrap_or_default();
    let mut end = start;
    let mut number = 0;
    for (at, line) in Lines::new(rest) {
        let offset = start + at;
        number += usize::from(!line.trim_ascii().is_empty());
        if number > MAX_LINES || offset - start > MAX_BYTES {
            return (end, false);
        }
        if let Some(at) = memchr::memmem::find(line, END) {
            if is_body_line(line.get(..at).unwrap_or_default()) {
                return (offset + at, true);
            }
            return (end, false);
        }
        if !is_body_line(line) {
            return (offset + base64_prefix(line), false);
        }
        end = offset + line.len();
    }
    (end, false)
}

/// How much of a line that does not belong whole still does: its leading base64, if that is long enough to matter.
fn base64_prefix(line: &[u8]) -> usize {
    let lead = line.len() - line.trim_ascii_start().len();
    let run = line
        .iter()
        .skip(lead)
        .take_while(|byte| is_base64(**byte))
        .count();
    if run >= 16 { lead + run } else { 0 }
}

fn is_header(line: &[u8]) -> bool {
    const HEADERS: [&[u8]; 5] = [
        b"Proc-Type:",
        b"DEK-Info:",
        b"Version:",
        b"Comment:",
        b"Hash:",
    ];
    HEADERS.iter().any(|header| line.starts_with(header))
}

/// Removes what YAML lists, comments, quoted strings and shell continuation put around a line.
fn trim(line: &[u8]) -> &[u8] {
    let is_decoration = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'#' | b'\\' | b',' | b'>'
        )
    };
    let start = line
        .iter()
        .position(|byte| !is_decoration(byte))
        .unwrap_or(line.len());
    let end = line
        .iter()
        .rposition(|byte| !is_decoration(byte))
        .map_or(start, |at| at + 1);
    line.get(start..end).unwrap_or_default()
}

/// Offset and text of each line, where a line may end as `\n` or as the two letters `\` and `n` (or `\r`, `\x0d`), at any depth of escaping.
struct Lines<'a> {
    text: &'a [u8],
    next: Option<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            next: Some(0),
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next?;
        let rest = self.text.get(start..)?;
        for at in memchr::memchr2_iter(b'\n', b'\\', rest) {
            let width = match (rest.get(at), rest.get(at + 1)) {
                (Some(b'\n'), _) => 1,
                (Some(b'\\'), Some(b'n' | b'r')) => 2,
                (Some(b'\\'), Some(b'x')) if rest.get(at + 2..at + 4) == Some(b"0d") => 4,
                _ => continue,
            };
            self.next = Some(start + at + width);
            return Some((start, rest.get(..at)?));
        }
        self.next = None;
        Some((start, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEAAkEAq7BFUpkGp3+LQmlQ";

    #[test]
    fn a_block_is_found_in_files_in_yaml_and_on_one_escaped_line() {
        for text in [
            format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END PRIVATE KEY-----\n"),
            format!(
                "k: |\r\n  -----BEGIN PRIVATE KEY-----\r\n  {BODY}\r\n  {BODY}\r\n  -----END PRIVATE KEY-----\r\n"
            ),
            format!(
                r#"{{"k":"-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END PRIVATE KEY-----\n"}}"#
            ),
            format!(
                r#"msg="{{\"k\":\"-----BEGIN PRIVATE KEY-----\\n{BODY}\\n{BODY}\\n-----END PRIVATE KEY-----\\n\"}}""#
            ),
        ] {
            let found = blocks(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].closed && found[0].is_private(), "{text}");
            let der = found[0].decode(text.as_bytes()).unwrap();
            assert_eq!(der.len(), BODY.len() * 2 / 4 * 3, "{text}");
        }
    }

    #[test]
    fn an_unterminated_block_ends_at_the_first_line_of_other_text() {
        let text = format!("-----BEGIN RSA PRIVATE KEY-----\n{BODY}\nI0823 kubelet.go: started\n");
        let found = blocks(text.as_bytes());
        assert!(!found[0].closed);
        assert_eq!(
            text.get(found[0].body.clone()).unwrap(),
            format!("\n{BODY}\n")
        );
    }

    #[test]
    fn an_endless_block_ends_at_the_caps() {
        let text = format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}",
            "AAAABBBB\n".repeat(500)
        );
        let lines = text
            .get(blocks(text.as_bytes())[0].body.clone())
            .unwrap()
            .matches('\n')
            .count();
        assert!((100..=102).contains(&lines), "{lines}");
    }

    #[test]
    fn words_about_a_key_are_no_block() {
        assert!(blocks(b"found no -----BEGIN in the file").is_empty());
        assert!(blocks(b"-----BEGIN something else-----").is_empty());
    }
}
