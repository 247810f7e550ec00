//! R9: values assigned to names that announce a secret.

use crate::redact::hit::Hit;
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R9",
    name: "secret-assignment",
    description: "Values after names such as password, token, secret, api-key, in files, environments, arguments and logs.",
    safe_form: "the name is kept: password=REDACTED(password;id=…;size=8-15;chars=alphanumeric)",
    triggers: &[
        "pass",
        "pwd",
        "psk",
        "secret",
        "token",
        "jwt",
        "credential",
        "creds",
        "sas",
        "key",
        "curl",
        "-creds",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    if SPACED_WORDS
        .as_ref()
        .is_none_or(|words| words.is_match(text.bytes))
    {
        spaced(text, hits);
    }
    let runs = runs(text.bytes);
    for syntax in [&*ASSIGNMENT, &*QUOTED_PAIR, &*FLAG] {
        let mut at = 0;
        for run in &runs {
            let start = (syntax.start)(text.bytes, run, at);
            let Some(found) = start.and_then(|start| syntax.found(text.bytes, start)) else {
                continue;
            };
            let name = text.slice(found.name.clone());
            if names::announced(name).is_some() {
                consider(text, name, found.value(text), hits);
                at = found.end;
            } else {
                // `Environment=API_TOKEN=…`: the value of a harmless name may be an assignment itself.
                at = found.name.end + 1;
            }
        }
    }
}

/// The runs of letters of names in which a word stands that announces a secret: names that have none need not be looked at.
fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let Some(words) = NAME_WORDS.as_ref() else {
        return every_run(bytes);
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for word in words.find_iter(bytes) {
        if runs.last().is_some_and(|run| word.start() < run.end) {
            continue;
        }
        let (before, after) = bytes.split_at(word.start());
        let start = before.iter().rposition(|byte| !is_of_name(*byte));
        let length = after.iter().position(|byte| !is_of_name(*byte));
        let end = length.map_or(bytes.len(), |length| word.start() + length);
        runs.push(start.map_or(0, |start| start + 1)..end);
    }
    runs
}

fn every_run(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut end = 0;
    let parts = bytes.split(|byte| !is_of_name(*byte)).map(|part| {
        let start = end;
        end = start + part.len() + 1;
        start..start + part.len()
    });
    parts.filter(|run| !run.is_empty()).collect()
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// One way to write a name and its value.
struct Syntax {
    /// Where it can begin for a name that ends with this run, not before a place.
    start: fn(&[u8], &Range<usize>, usize) -> Option<usize>,
    /// It, from its first byte.
    pattern: Regex,
}

/// What was found, as ranges of the text.
struct Found {
    name: Range<usize>,
    value: Range<usize>,
    /// Whether the value stands in quotes.
    quoted: bool,
    end: usize,
}

impl Syntax {
    fn found(&self, bytes: &[u8], start: usize) -> Option<Found> {
        let captures = self.pattern.captures(bytes.get(start..)?)?;
        let range = |group: &str| {
            let range = captures.name(group)?.range();
            Some(start + range.start..start + range.end)
        };
        let quoted = ["double", "single", "escaped"]
            .iter()
            .find_map(|group| range(group));
        Some(Found {
            name: range("name").or_else(|| range("name2"))?,
            quoted: quoted.is_some(),
            value: quoted.or_else(|| range("plain"))?,
            end: start + captures.get(0)?.end(),
        })
    }
}

impl Found {
    fn value(&self, text: &Text<'_>) -> Range<usize> {
        if self.quoted {
            self.value.clone()
        } else {
            unquoted(text, self.value.clone())
        }
    }
}

/// A name begins with the first letter, digit or underscore of its run.
fn name_start(bytes: &[u8], run: &Range<usize>, at: usize) -> Option<usize> {
    let from = run.start.max(at);
    let rest = bytes.get(from..run.end)?;
    let first = rest.iter().position(|byte| !matches!(byte, b'.' | b'-'))?;
    Some(from + first)
}

/// The quote before a name.
fn quote_start(bytes: &[u8], run: &Range<usize>, at: usize) -> Option<usize> {
    let quote = run.start.checked_sub(1).filter(|quote| *quote >= at)?;
    let pair = matches!(bytes.get(quote), Some(b'"' | b'\'')) && bytes.get(run.end) == Some(&b'=');
    pair.then_some(quote)
}

/// The first dashes of the run before which nothing else stands than a flag has: what decides besides comes behind the run.
fn dashes_start(bytes: &[u8], run: &Range<usize>, at: usize) -> Option<usize> {
    let goes_on = matches!(
        bytes.get(run.end),
        Some(b' ' | b'\t' | b'\\' | b'"' | b'\'')
    );
    let rest = bytes.get(run.start.max(at)..run.end).filter(|_| goes_on)?;
    let others = rest.iter().rposition(u8::is_ascii_uppercase);
    let others = others.map_or(0, |other| other + 1);
    let dashes = rest
        .windows(3)
        .enumerate()
        .find(|(place, three)| place + 2 >= others && matches!(three, [b'-', b'-', b'a'..=b'z']));
    dashes.map(|(place, _)| run.end - rest.len() + place)
}

/// Passwords that nothing but blanks part from what announces them.
fn spaced(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in SPACED.captures_iter(text.bytes) {
        let Some(content) = found.name("value").or_else(|| found.name("pair")) else {
            continue;
        };
        if !names::is_harmless(content.as_bytes(), Secret::Password) {
            value::mask(text, content.range(), (RULE.id, "password"), hits);
        }
    }
}

fn consider(text: &Text<'_>, name: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    let Some(secret) = names::announced(name) else {
        return;
    };
    let content = text.slice(range.clone());
    if names::is_harmless(content, secret) || (!text.config && !is_plausible(name, content, secret))
    {
        return;
    }
    value::mask(text, range, (RULE.id, secret.word()), hits);
}

/// A value without quotes ends before the punctuation of the sentence or list it stands in.
fn unquoted(text: &Text<'_>, range: Range<usize>) -> Range<usize> {
    let content = text.slice(range.clone());
    let kept = content
        .iter()
        .rposition(|byte| !b",;.:)]}".contains(byte))
        .map_or(0, |at| at + 1);
    range.start..range.start + kept
}

/// In a log, `token: expired` is a sentence. Passwords are masked unless they are a plain lower-case word after `: `.
fn is_plausible(name: &[u8], content: &[u8], secret: Secret) -> bool {
    let bare_secret = name.eq_ignore_ascii_case(b"secret") || name.eq_ignore_ascii_case(b"secrets");
    if bare_secret && names::is_object_name(content) {
        return false;
    }
    match secret {
        Secret::Password => names::looks_secret(content) || content.iter().any(u8::is_ascii_digit),
        Secret::Token | Secret::Key | Secret::Unknown => names::looks_secret(content),
    }
}

/// `name=value`, `name: value`, `"name": "value"`, `name => value`; in quotes, escaped at any depth, the value may have blanks.
static ASSIGNMENT: LazyLock<Syntax> = LazyLock::new(|| Syntax {
    start: name_start,
    pattern: compile(
        r#"(?x)\A(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\\*["']?[\ \t]*(?:=>|[:=]|%3[AaDd])[\ \t]*(?:
            "(?P<double>(?:[^"\\\r\n]|\\[^\r\n])+)
          | '(?P<single>[^'\r\n]+)
          | \\+["'](?P<escaped>[^"'\\\r\n]+)
          | (?P<plain>[^\s"'\\|>&*!\[{,;][^\s"'\\,;]*)
        )"#,
    ),
});

/// `"NAME=value with blanks"`, as systemd and Docker write a variable.
static QUOTED_PAIR: LazyLock<Syntax> = LazyLock::new(|| Syntax {
    start: quote_start,
    pattern: compile(
        r#"(?x)\A(?:"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<double>[^"\\\r\n]+)"
          | '(?P<name2>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<single>[^'\r\n]+)')"#,
    ),
});

/// `--name value`, also on the next line of a unit, and the same as two elements of a list.
static FLAG: LazyLock<Syntax> = LazyLock::new(|| Syntax {
    start: dashes_start,
    pattern: compile(
        r#"(?x)\A--(?P<name>[a-z][a-z0-9_.-]*)(?:\\*["'][\ \t]*,[\ \t]*|[\ \t]+)(?:\\\r?\n[\ \t]*)?\\*["']?
          (?P<plain>[^\s"'\\-][^\s"'\\,;]*)"#,
    ),
});

/// Of the triggers one stands in every name that announces a secret.
static NAME_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(RULE.triggers)
        .ok()
});

/// Words of which one stands in whatever [`SPACED`] finds.
static SPACED_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = [
        "auth_pass",
        "requirepass",
        "masterauth",
        "password",
        "curl",
        "creds",
    ];
    AhoCorasick::new(words).ok()
});

/// `auth_pass x` of keepalived, `requirepass x` of Redis, `login u password p` of netrc, `-u user:password` of curl, `--creds`.
static SPACED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)(?:\b(?:auth_pass|requirepass|masterauth)|(?:login|account)[\ \t]+[^\s"']+[\ \t\r\n]+password)[\ \t]+\\*["']?(?P<value>[^\s"'\\]+)
          |(?:\bcurl\b[^\r\n]{0,200}?\ (?:-u|-U|--user|--proxy-user)|--(?:src-|dest-)?creds)(?:=|\\*["'],|[\ \t\r\n])[\ \t]*\\*["']?[^\s:"'\\]+:(?P<pair>[^\s"'\\,]+)"#,
    )
});

#[cfg(test)]
mod tests;
