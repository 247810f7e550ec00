//! R1: private keys.

use crate::keys;
use crate::pem::{self, Block};
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::rule::{Rule, Text};
use crate::redact::scan::MAX_DEPTH;
use crate::redact::{scan, value};
use std::ops::Range;

pub(crate) const RULE: Rule = Rule {
    id: "R1",
    name: "private-key",
    description: "Private keys in PEM: in lines, escaped on one line, wrapped in base64, or cut before their end.",
    safe_form: "REDACTED(private-key;alg=EC-P256;spki=sha256:…;enc=no) in place of the body; BEGIN and END stay",
    triggers: &[
        "PRIVATE KEY",
        "LS0tLS1CRUdJTi",
        "tLS0tLUJFR0lO",
        "0tLS0tQkVHSU",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    hits.extend(within(text, 0..text.bytes.len()));
}

/// Every private key inside a range of the text.
pub(crate) fn within(text: &Text<'_>, range: Range<usize>) -> Vec<Hit> {
    let bytes = text.slice(range.clone());
    let mut hits: Vec<Hit> = pem::blocks(bytes)
        .iter()
        .filter(|block| block.is_private())
        .filter_map(|block| block_hit(block, bytes))
        .collect();
    if text.depth < MAX_DEPTH {
        hits.extend(wrapped(text, bytes));
    }
    for hit in &mut hits {
        hit.range = hit.range.start + range.start..hit.range.end + range.start;
    }
    hits
}

/// The placeholder for a key; SPKI hashes only where the key is one that TLS uses.
pub(crate) fn placeholder(facts: &keys::KeyFacts) -> Placeholder {
    let mut placeholder = Placeholder::new("private-key").fact("alg", &facts.algorithm);
    if let Some(spki) = &facts.spki {
        placeholder = placeholder.fact("spki", &format!("sha256:{spki}"));
    }
    placeholder.fact("enc", if facts.encrypted { "yes" } else { "no" })
}

fn block_hit(block: &Block, bytes: &[u8]) -> Option<Hit> {
    let body = bytes.get(block.body.clone())?;
    let content = |byte: &u8| pem::is_base64(*byte);
    let mut start = 0;
    // The first letters may be those of an escaped line end.
    while let Some(rest) = body.get(start..) {
        match rest {
            [b'\\', b'n' | b'r', ..] => start += 2,
            [first, ..] if !content(first) => start += 1,
            _ => break,
        }
    }
    let mut end = body.len();
    while let Some(rest) = body.get(start..end) {
        match rest {
            [.., b'\\', b'n' | b'r'] => end -= 2,
            [.., last] if !content(last) => end -= 1,
            _ => break,
        }
    }
    if start >= end {
        return None;
    }
    Some(Hit {
        range: block.body.start + start..block.body.start + end,
        rule: RULE.id,
        mask: placeholder(&keys::block_facts(block, bytes)).text(),
    })
}

/// Base64 of text that itself holds a secret: `client-key-data`, Secrets, cloud-init `write_files`.
fn wrapped(text: &Text<'_>, bytes: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut from = 0;
    while let Some((at, shift)) = next_wrapped(bytes, from) {
        let start = run_start(bytes, at, from);
        let end = run_end(bytes, at);
        from = end.max(at + 1);
        // A run that begins before the marker is not aligned; skip letters until the marker is.
        let aligned = start + (at + shift - start) % 4;
        let Some(decoded) = bytes.get(aligned..end).and_then(decode_prefix) else {
            continue;
        };
        let inner = Text {
            bytes: &decoded,
            depth: text.depth + 1,
            ..*text
        };
        if let Some(mask) = wrapped_mask(&inner) {
            hits.push(Hit {
                range: start..end,
                rule: RULE.id,
                mask,
            });
        }
    }
    hits
}

fn wrapped_mask(inner: &Text<'_>) -> Option<String> {
    let facts = keys::private_keys(inner.bytes);
    if let Some(first) = facts.first() {
        return Some(placeholder(first).fact("wrapped", "base64").text());
    }
    let cut_label = inner.bytes.len() < 24 && !inner.bytes.starts_with(b"-----BEGIN CERT");
    (cut_label || scan::holds_secret(inner)).then(|| {
        Placeholder::new("private-key")
            .fact("wrapped", "base64")
            .fact("cut", if cut_label { "yes" } else { "no" })
            .text()
    })
}

/// The next base64 form of `-----BEGIN`, and by how many letters its alignment differs from the run's.
fn next_wrapped(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(from..)?;
    [
        (&b"LS0tLS1CRUdJTi"[..], 0),
        (&b"tLS0tLUJFR0lO"[..], 3),
        (&b"0tLS0tQkVHSU"[..], 2),
    ]
    .iter()
    .filter_map(|(marker, shift)| Some((memchr::memmem::find(rest, marker)? + from, *shift)))
    .min()
}

fn run_start(bytes: &[u8], at: usize, from: usize) -> usize {
    let before = bytes.get(from..at).unwrap_or_default();
    let run = before
        .iter()
        .rev()
        .take_while(|byte| pem::is_base64(**byte) && **byte != b'=')
        .count();
    at - run
}

fn run_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| pem::is_base64(**byte))
        .count()
}

/// Decodes as much as is whole, up to 64 KiB: a value may be cut anywhere.
fn decode_prefix(run: &[u8]) -> Option<Vec<u8>> {
    let run = run.get(..run.len().min(64 * 1024))?;
    let whole = run
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(run.len());
    let usable = if whole % 4 == 1 { whole - 1 } else { whole };
    value::base64(run.get(..usable)?)
}
