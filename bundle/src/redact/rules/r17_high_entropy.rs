//! R17: what is left and looks random, next to a word that announces a secret.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R17",
    name: "high-entropy",
    description: "Random-looking base64 of 32 or more letters near a word such as password or token, and hex directly behind one.",
    safe_form: "REDACTED(high-entropy;id=…)",
    triggers: WORDS,
    find,
};

/// How far before a run its word may stand, in bytes.
const NEAR: usize = 40;

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for run in RUN.find_iter(text.bytes) {
        if is_random(run.as_bytes()) && is_announced(text.bytes, run.range()) {
            hits.push(Hit {
                range: run.range(),
                rule: RULE.id,
                mask: Placeholder::new("high-entropy")
                    .id(text.key, run.as_bytes())
                    .text(),
            });
        }
    }
}

/// Whether the nearest words before the run speak of a secret, and none of something public.
fn is_announced(bytes: &[u8], run: Range<usize>) -> bool {
    let from = run.start.saturating_sub(NEAR);
    let before = bytes.get(from..run.start).unwrap_or_default();
    let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let before = before.get(line..).unwrap_or_default().to_ascii_lowercase();
    let (Some(secret), Some(public)) = (SECRET.as_ref(), PUBLIC.as_ref()) else {
        return true;
    };
    let Some(word) = secret.find_iter(&before).last() else {
        return false;
    };
    let between = before.get(word.end()..).unwrap_or_default();
    let hex = bytes
        .get(run)
        .is_some_and(|run| run.iter().all(u8::is_ascii_hexdigit));
    let apart = between.iter().all(|byte| b" \t=:\"'\\(`,".contains(byte));
    (apart || !hex) && !public.is_match(between) && !ends_in_path(&before)
}

/// Part of a path, a reference or an address is no secret of its own.
fn ends_in_path(before: &[u8]) -> bool {
    matches!(before.last(), Some(b'/' | b'.' | b'@' | b'%' | b'~'))
}

/// Letters of both cases and digits in disorder, or hex that is no run of few digits.
fn is_random(run: &[u8]) -> bool {
    let count = |class: fn(&u8) -> bool| run.iter().filter(|byte| class(byte)).count();
    if run
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        let digits = count(u8::is_ascii_digit);
        return digits > 4 && digits < run.len() && entropy(run) > 3.0;
    }
    // A path of base64 letters has many short parts; random text has few slashes.
    let slashes = count(|byte| *byte == b'/');
    count(u8::is_ascii_digit) >= 2
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
        && slashes * 12 <= run.len()
        && entropy(run) > 4.2
}

/// Shannon's entropy in bits per byte.
fn entropy(run: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in run {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = f64::from(u32::try_from(run.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

static RUN: LazyLock<Regex> = LazyLock::new(|| compile(r"[A-Za-z0-9+/_-]{32,}={0,2}"));

static SECRET: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(WORDS).ok());

static PUBLIC: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new([
        "redacted(",
        "sha",
        "digest",
        "hash",
        "fingerprint",
        "serial",
        "uid",
        "uuid",
        "container",
        "sandbox",
        "cursor",
        "boot",
        "machine",
        "handle",
        "cert",
        "public",
        "issuer",
        "file",
        "path",
        "image",
        "volume",
        "://",
        "_id",
        "-id",
        "id=",
        "id:",
    ])
    .ok()
});

const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "api-key",
    "api_key",
    "api key",
    "accesskey",
    "access-key",
    "access_key",
    "access key",
    "privatekey",
    "private-key",
    "private_key",
    "auth_pass",
    "psk",
];
