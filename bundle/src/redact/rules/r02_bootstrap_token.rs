//! R2: bootstrap tokens.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::rule::{Rule, Text};
use std::ops::Range;

pub(crate) const RULE: Rule = Rule {
    id: "R2",
    name: "bootstrap-token",
    description: "The secret half of a bootstrap token, `[a-z0-9]{6}.[a-z0-9]{16}`.",
    safe_form: "abcdef.REDACTED(bootstrap-token;valid-format=yes;id=…): the token id is kept",
    triggers: &[],
    find,
};

const ID: usize = 6;
const SECRET: usize = 16;

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for dot in memchr::memchr_iter(b'.', text.bytes) {
        if let Some(hit) = at(text, dot) {
            hits.push(hit);
        }
    }
}

/// The hit if the range holds one bootstrap token and nothing else.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>) -> Option<Hit> {
    if range.len() != ID + 1 + SECRET || text.bytes.get(range.start + ID) != Some(&b'.') {
        return None;
    }
    let letters = |from: usize, count: usize| text.slice(from..from + count).iter().all(is_letter);
    let secret = range.start + ID + 1;
    (letters(range.start, ID) && letters(secret, SECRET)).then(|| hit(text, secret))
}

fn at(text: &Text<'_>, dot: usize) -> Option<Hit> {
    let bytes = text.bytes;
    let secret = bytes.get(dot + 1..dot + 1 + SECRET)?;
    let start = dot.checked_sub(ID)?;
    if !secret.iter().all(is_letter) || !bytes.get(start..dot)?.iter().all(is_letter) {
        return None;
    }
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(dot + 1 + SECRET);
    // A letter after a backslash is an escape: `\nabcdef.…` is a token on a line of its own.
    let escaped = matches!(before, Some(b'n' | b't' | b'r'))
        && start.checked_sub(2).and_then(|at| bytes.get(at)) == Some(&b'\\');
    let joined = |byte: Option<&u8>| byte.is_some_and(|byte| is_name_byte(*byte));
    if (joined(before) && !escaped) || joined(after) && !ends_sentence(bytes, dot + 1 + SECRET) {
        return None;
    }
    // A file or host name of the same shape has no digit in its second half, or is all digits.
    let digits = secret.iter().filter(|byte| byte.is_ascii_digit()).count();
    let named = announced_before(bytes, start);
    ((digits > 0 && digits < SECRET) || named).then(|| hit(text, dot + 1))
}

fn hit(text: &Text<'_>, secret: usize) -> Hit {
    let range = secret..secret + SECRET;
    let value = text.slice(range.clone());
    let mut placeholder = Placeholder::new("bootstrap-token").fact("valid-format", "yes");
    if value == SAMPLE {
        placeholder = placeholder.fact("sample", "yes");
    }
    Hit {
        mask: placeholder.id(text.key, value).text(),
        range,
        rule: RULE.id,
    }
}

/// A full stop after the token, as in a sentence, does not make it part of a dotted name.
fn ends_sentence(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b'.')
        && bytes
            .get(at + 1)
            .is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'"' | b'\\'))
}

fn announced_before(bytes: &[u8], start: usize) -> bool {
    let before = bytes
        .get(start.saturating_sub(24)..start)
        .unwrap_or_default();
    memchr::memmem::find(&before.to_ascii_lowercase(), b"token").is_some()
}

fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

const SAMPLE: &[u8] = b"0123456789abcdef";
