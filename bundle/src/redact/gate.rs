//! The second look: shapes that are secrets beyond doubt, searched by patterns of its own in bytes that are about to be stored.

use crate::redact::CaseKey;
use crate::redact::hit::{self, Hit};
use crate::redact::learn::Secrets;
use crate::redact::pattern::compile;
use crate::writer::Gate;
use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Stands between redactor and compressor. What it finds, the redactor missed: it is masked, counted, and worth a report.
#[derive(Debug)]
pub struct SecretGate {
    secrets: Arc<Secrets>,
    /// The end of what passed before, so that a secret across two parts is seen.
    tail: Vec<u8>,
}

/// A secret that stands in stored bytes. The value itself is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Id of the rule whose shape it has; `learned` for a value known from elsewhere.
    pub rule: &'static str,
    /// Line in the scanned bytes, from 1; 0 for what stands in the name of an entry.
    pub line: usize,
    /// What it is, in one or two words: `private key`, `bootstrap token`.
    pub kind: &'static str,
}

/// Secrets in bytes that claim to be redacted, in the order of their lines.
pub fn scan(bytes: &[u8]) -> Vec<Leak> {
    let mut found = find(bytes);
    found.sort_by_key(|finding| finding.hit.range.start);
    found
        .into_iter()
        .map(|finding| Leak {
            rule: finding.hit.rule,
            line: 1 + memchr::memchr_iter(
                b'\n',
                bytes.get(..finding.hit.range.start).unwrap_or_default(),
            )
            .count(),
            kind: finding.kind,
        })
        .collect()
}

impl SecretGate {
    /// At least this much of what passed is looked at again together with what comes next.
    pub const OVERLAP: usize = 64 * 1024;

    pub(crate) fn new(secrets: Arc<Secrets>) -> Self {
        Self {
            secrets,
            tail: Vec::new(),
        }
    }

    /// Hits as ranges of the bytes after the first `before`; what lies in the overlap has passed and cannot be masked any more.
    fn hits(&self, window: &[u8], before: usize) -> Vec<Hit> {
        let mut hits: Vec<Hit> = find(window).into_iter().map(|found| found.hit).collect();
        // Ids would need the case key; the gate's marks carry none.
        self.secrets
            .find(window, &CaseKey::from_random([0; 32]), &mut hits);
        hits.into_iter()
            .filter(|hit| hit.range.end > before)
            .map(|hit| Hit {
                range: hit.range.start.saturating_sub(before)..hit.range.end - before,
                rule: hit.rule,
                mask: format!("REDACTED(gate;{})", hit.rule),
            })
            .collect()
    }
}

impl Gate for SecretGate {
    fn check(&mut self, bytes: &[u8]) -> Option<(Vec<u8>, BTreeMap<String, u64>)> {
        let before = self.tail.len();
        let mut window = std::mem::take(&mut self.tail);
        window.extend(bytes);
        let hits = self.hits(&window, before);
        self.tail = tail_of(&window);
        if hits.is_empty() {
            return None;
        }
        Some(hit::apply(bytes, &hit::settle(hits)))
    }
}

/// The last lines, at least [`SecretGate::OVERLAP`] bytes where there are so many.
fn tail_of(window: &[u8]) -> Vec<u8> {
    let from = window.len().saturating_sub(SecretGate::OVERLAP);
    let start = window
        .get(..from)
        .and_then(|head| memchr::memrchr(b'\n', head))
        .map_or(0, |at| at + 1);
    let start = start.max(window.len().saturating_sub(2 * SecretGate::OVERLAP));
    window.get(start..).unwrap_or_default().to_vec()
}

struct Finding {
    hit: Hit,
    kind: &'static str,
}

struct Shape {
    rule: &'static str,
    kind: &'static str,
    pattern: &'static LazyLock<Regex>,
    /// What the pattern cannot say.
    confirm: fn(&[u8]) -> bool,
}

fn find(bytes: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    add(bytes, 0, &KEY_BLOCK, &mut found);
    for (start, line) in suspects(bytes) {
        for shape in SHAPES {
            add(line, start, shape, &mut found);
        }
    }
    tokens(bytes, &mut found);
    found
}

fn add(text: &[u8], offset: usize, shape: &Shape, found: &mut Vec<Finding>) {
    for captures in shape.pattern.captures_iter(text) {
        let Some(value) = captures.name("value") else {
            continue;
        };
        if (shape.confirm)(value.as_bytes()) {
            found.push(finding(
                offset + value.start()..offset + value.end(),
                shape.rule,
                shape.kind,
            ));
        }
    }
}

fn finding(range: std::ops::Range<usize>, rule: &'static str, kind: &'static str) -> Finding {
    let hit = Hit {
        range,
        rule,
        mask: String::new(),
    };
    Finding { hit, kind }
}

/// Lines in which one of the shapes can be, each once, with their offset.
fn suspects(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut lines = Vec::new();
    let mut from = 0;
    let Some(words) = WORDS.as_ref() else {
        return vec![(0, bytes)];
    };
    while let Some(found) = bytes.get(from..).and_then(|rest| words.find(rest)) {
        let at = from + found.start();
        let start = bytes
            .get(..at)
            .and_then(|head| memchr::memrchr(b'\n', head))
            .map_or(0, |newline| newline + 1);
        let end = bytes
            .get(at..)
            .and_then(|rest| memchr::memchr(b'\n', rest))
            .map_or(bytes.len(), |newline| at + newline);
        lines.push((start, bytes.get(start..end).unwrap_or_default()));
        from = end;
    }
    lines
}

/// Bootstrap tokens have no literal to search for: each full stop is looked at.
fn tokens(bytes: &[u8], found: &mut Vec<Finding>) {
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    for dot in memchr::memchr_iter(b'.', bytes) {
        let (Some(start), Some(secret)) = (dot.checked_sub(6), bytes.get(dot + 1..dot + 17)) else {
            continue;
        };
        if !secret.iter().all(letter)
            || !bytes
                .get(start..dot)
                .is_some_and(|id| id.iter().all(letter))
        {
            continue;
        }
        let border = |byte: Option<&u8>| {
            byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"._-".contains(byte))
        };
        let digits = secret.iter().filter(|byte| byte.is_ascii_digit()).count();
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        if border(before) && border(bytes.get(dot + 17)) && (1..16).contains(&digits) {
            found.push(finding(dot + 1..dot + 17, "R2", "bootstrap token"));
        }
    }
}

fn always(_: &[u8]) -> bool {
    true
}

fn has_digit(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
}

/// Whether the first part of a web token is a header.
fn names_algorithm(value: &[u8]) -> bool {
    let header = value.split(|byte| *byte == b'.').next().unwrap_or_default();
    crate::redact::value::base64(header).is_some_and(|header| {
        [&b"\"alg\""[..], b"\"enc\""]
            .iter()
            .any(|name| memchr::memmem::find(&header, name).is_some())
    })
}

fn is_no_example(value: &[u8]) -> bool {
    !value.ends_with(b"EXAMPLE")
}

fn is_user_and_password(value: &[u8]) -> bool {
    crate::redact::value::base64(value).is_some_and(|pair| {
        pair.contains(&b':')
            && pair
                .iter()
                .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
    })
}

static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "LS0tLS1CRUdJTi",
            "eyJ",
            "authorization",
            "bearer ",
            "aescbc",
            "aesgcm",
            "secretbox",
            "client-key-data",
            "\"auth",
            "AKIA",
            "ASIA",
            "K10",
            "ghp_",
            "gho_",
            "ghs_",
            "glpat-",
            "xox",
            "hvs.",
            "AGE-SECRET-KEY-",
        ])
        .ok()
});

static KEY_BLOCK: Shape = Shape {
    rule: "R1",
    kind: "private key",
    pattern: &KEY_BLOCK_PATTERN,
    confirm: always,
};

static KEY_BLOCK_PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)-----BEGIN\ [A-Z0-9\ ]{0,24}PRIVATE\ KEY(?:\ BLOCK)?-----
           (?:\\+[nr]|[\s"'\#>,])*
           (?:(?:Proc-Type|DEK-Info|Version|Comment|Hash):[^\n\\]*(?:\\+[nr]|\s)*)*
           (?P<value>[A-Za-z0-9+/=]{16,}(?:(?:\\+[nr]|[\s"'\#>,])+[A-Za-z0-9+/=]{16,})*)"#,
    )
});

static SHAPES: &[Shape] = &[
    Shape {
        rule: "R1",
        kind: "private key",
        pattern: &WRAPPED_KEY,
        confirm: always,
    },
    Shape {
        rule: "R3",
        kind: "web token",
        pattern: &WEB_TOKEN,
        confirm: names_algorithm,
    },
    Shape {
        rule: "R4",
        kind: "header",
        pattern: &HEADER,
        confirm: has_digit,
    },
    Shape {
        rule: "R5",
        kind: "encryption key",
        pattern: &ENCRYPTION_KEY,
        confirm: always,
    },
    Shape {
        rule: "R6",
        kind: "client key",
        pattern: &CLIENT_KEY,
        confirm: always,
    },
    Shape {
        rule: "R8",
        kind: "registry credential",
        pattern: &REGISTRY,
        confirm: is_user_and_password,
    },
    Shape {
        rule: "R10",
        kind: "cloud key id",
        pattern: &CLOUD,
        confirm: is_no_example,
    },
    Shape {
        rule: "R11",
        kind: "join token",
        pattern: &JOIN,
        confirm: always,
    },
    Shape {
        rule: "R12",
        kind: "credential",
        pattern: &KNOWN,
        confirm: always,
    },
];

/// Base64 of `-----BEGIN ` and the labels of private keys.
static WRAPPED_KEY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?P<value>LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVk|BFQyBQUklWQV|BFTkNSWVBU|BPUEVOU1NI|BEU0EgUFJJ)[A-Za-z0-9+/=]*)",
    )
});

static WEB_TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"\b(?P<value>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)")
});

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:\bbearer|authorization[^A-Za-z0-9-]{1,8}basic)[ \t]+(?P<value>[A-Za-z0-9._~+/=-]{16,})",
    )
});

static ENCRYPTION_KEY: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"\bsecret\\*"?:[ \t]*\\*"?(?P<value>[A-Za-z0-9+/]{21,43}={1,2})"#));

static CLIENT_KEY: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"client-key-data\\*"?[ \t]*[:=][ \t]*\\*"?(?P<value>[A-Za-z0-9+/]{32,}={0,2})"#)
});

static REGISTRY: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#""auth\\*"[ \t]*:[ \t]*\\*"(?P<value>[A-Za-z0-9+/]{8,}={0,2})\\*""#)
});

static CLOUD: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?P<value>(?:AKIA|ASIA)[0-9A-Z]{16})\b"));

static JOIN: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"\b(?P<value>K10[0-9a-f]{64}::[A-Za-z0-9_-]+:[^\s"'\\,;]+)"#));

static KNOWN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?:^|[^A-Za-z0-9_-])(?P<value>gh[ops]_[A-Za-z0-9]{30,}|glpat-[A-Za-z0-9_-]{16,}|xox[abp]-[A-Za-z0-9-]{10,}|hvs\.[A-Za-z0-9_-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{50,})",
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{ContentKind, Learner};

    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIHnx49PUHTHnLHtncLTrJZMHpMz41bkmLK62\nQ0FSRUxFU1M=\n-----END EC PRIVATE KEY-----\n";

    fn gate() -> SecretGate {
        SecretGate::new(Arc::new(Secrets::none()))
    }

    #[test]
    fn every_shape_that_reaches_the_gate_is_masked_and_named() {
        let hash = "0123456789abcdef".repeat(4);
        for (text, rule) in [
            (KEY.to_owned(), "R1"),
            (KEY.replace('\n', "\\n"), "R1"),
            (
                "k: LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCk1IY0M=\n".to_owned(),
                "R1",
            ),
            ("x: abcdef.q3w7e1r5t9y2u6i0\n".to_owned(), "R2"),
            (
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0xyz.c2ln\n".to_owned(),
                "R3",
            ),
            ("Authorization: Bearer q3W7e1R5t9Y2u6I0\n".to_owned(), "R4"),
            (
                "aescbc: secret: c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1sb25nISEhISE=\n".to_owned(),
                "R5",
            ),
            (
                "client-key-data: LS0tLS1CRUdJTiBYWFhYWFhYWFhYWFhYWFhYWFg=\n".to_owned(),
                "R6",
            ),
            ("{\"auth\": \"cHVsbGVyOnEzVzdlMVI1\"}\n".to_owned(), "R8"),
            ("id AKIAQ3W7E1R5T9Y2U6I0\n".to_owned(), "R10"),
            (format!("K10{hash}::server:q3w7e1r5\n"), "R11"),
            (format!("ghp_{}\n", "q3W7e1R5t9Y2".repeat(3)), "R12"),
        ] {
            let leaks = scan(text.as_bytes());
            assert_eq!(leaks.first().map(|leak| leak.rule), Some(rule), "{text}");
            let (masked, counts) = gate().check(text.as_bytes()).unwrap();
            let masked = String::from_utf8(masked).unwrap();
            assert!(
                masked.contains(&format!("REDACTED(gate;{rule})")),
                "{masked}"
            );
            assert_eq!(counts[rule], 1);
            assert_eq!(masked.lines().count(), text.lines().count());
            assert_eq!(scan(masked.as_bytes()), [], "{masked}");
        }
    }

    #[test]
    fn a_leak_is_told_by_line_and_kind_and_never_by_value() {
        let leaks = scan(b"a\nb\ntoken abcdef.q3w7e1r5t9y2u6i0\n");
        let wanted = Leak {
            rule: "R2",
            line: 3,
            kind: "bootstrap token",
        };
        assert_eq!(leaks, [wanted]);
        assert!(!format!("{leaks:?}").contains("q3w7"));
    }

    #[test]
    fn a_key_across_two_parts_of_a_stream_is_seen() {
        let begin = "-----BEGIN EC PRIVATE KEY-----\n";
        let rest = KEY.strip_prefix(begin).unwrap();
        let first = format!("{}{begin}", "log line\n".repeat(20_000));
        let mut gate = gate();
        assert_eq!(gate.check(first.as_bytes()), None);
        let (masked, _) = gate.check(rest.as_bytes()).unwrap();
        let masked = String::from_utf8(masked).unwrap();
        assert!(masked.starts_with("REDACTED(gate;R1)\n"), "{masked}");
        assert!(
            masked.ends_with("-----END EC PRIVATE KEY-----\n"),
            "{masked}"
        );
    }

    #[test]
    fn what_was_learned_is_seen_too() {
        let mut learner = Learner::new();
        learner.learn(ContentKind::Token, b"blue-42-horse-staple");
        let mut gate = SecretGate::new(Arc::new(learner.finish()));
        let (masked, counts) = gate.check(b"a blue-42-horse-staple b").unwrap();
        assert_eq!(masked, b"a REDACTED(gate;learned) b");
        assert_eq!(counts["learned"], 1);
        assert_eq!(gate.check(b"nothing here"), None);
    }
}
