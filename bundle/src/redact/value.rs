//! The safe form of a value that is known to be secret, whatever announced it.

use crate::pem::BASE64;
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::names;
use crate::redact::rule::Text;
use crate::redact::rules::{
    r01_private_key, r02_bootstrap_token, r03_jwt, r07_url_credentials, r11_join_token,
};
use base64::Engine as _;
use std::ops::Range;

/// Masks a whole value. Where it has a known form, that form's facts are kept (the id of a bootstrap token, the claims of a JWT);
/// else `kind`, an id, and the facts that explain failures: size class, characters, white space around it.
pub(crate) fn mask(
    text: &Text<'_>,
    range: Range<usize>,
    named: (&'static str, &str),
    hits: &mut Vec<Hit>,
) {
    let value = text.slice(range.clone());
    if names::is_masked(value) || value.trim_ascii().is_empty() {
        return;
    }
    let start = range.start + (value.len() - value.trim_ascii_start().len());
    let trimmed = start..start + value.trim_ascii().len();
    let known = r02_bootstrap_token::whole(text, trimmed.clone())
        .or_else(|| r03_jwt::whole(text, trimmed.clone()))
        .or_else(|| r11_join_token::whole(text, trimmed.clone()))
        .or_else(|| r07_url_credentials::whole(text, trimmed.clone()));
    if let Some(hit) = known {
        hits.push(hit);
        return;
    }
    if let Some(private) = r01_private_key::whole(text, range.clone()) {
        hits.extend(private);
        return;
    }
    let (rule, kind) = named;
    hits.push(Hit {
        range,
        rule,
        mask: plain(text, kind, value),
    });
}

/// The placeholder of a value of no known form.
pub(crate) fn plain(text: &Text<'_>, kind: &str, value: &[u8]) -> String {
    let trimmed = value.trim_ascii();
    let mut placeholder = Placeholder::new(kind)
        .id(text.key, trimmed)
        .fact("size", size_class(trimmed.len()))
        .fact("chars", characters(trimmed));
    if trimmed.len() != value.len() {
        placeholder = placeholder.fact("blank-around", "yes");
    }
    placeholder.text()
}

/// The class of a length; exact lengths are not told.
pub(crate) fn size_class(length: usize) -> &'static str {
    match length {
        0 => "0",
        1..=7 => "1-7",
        8..=15 => "8-15",
        16..=31 => "16-31",
        32..=63 => "32-63",
        _ => "64+",
    }
}

/// The class of the size of a payload or a printed object, in bytes.
pub(crate) fn bytes_class(length: usize) -> &'static str {
    match length {
        0..256 => "0-256",
        256..1024 => "256-1k",
        1024..4096 => "1k-4k",
        4096..16384 => "4k-16k",
        16384..65536 => "16k-64k",
        _ => "64k+",
    }
}

/// The decoded bytes of base64 in either alphabet, line breaks ignored; `None` when it is none.
pub(crate) fn base64(value: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<u8> = value
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    BASE64.decode(compact).ok()
}

fn characters(value: &[u8]) -> &'static str {
    if value.iter().all(u8::is_ascii_hexdigit) {
        "hex"
    } else if value.iter().all(u8::is_ascii_alphanumeric) {
        "alphanumeric"
    } else if value.iter().all(|byte| crate::pem::is_base64(*byte)) {
        "base64"
    } else if value.iter().all(u8::is_ascii_graphic) {
        "printable"
    } else {
        "other"
    }
}
