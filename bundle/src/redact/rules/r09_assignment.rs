//! R9: values assigned to names that announce a secret.

use crate::redact::hit::Hit;
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
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
        "api",
        "access",
        "private",
        "certificate-key",
        "certificate_key",
        "certificatekey",
        "encryption",
        "account",
        "shared",
        "master",
        "signing",
        "authkey",
        "auth-key",
        "auth_key",
        "storage",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for pattern in [&*ASSIGNMENT, &*QUOTED_PAIR, &*FLAG] {
        for found in pattern.captures_iter(text.bytes) {
            let Some(name) = found.name("name").or_else(|| found.name("name2")) else {
                continue;
            };
            let quoted = ["double", "single", "escaped"]
                .iter()
                .find_map(|group| found.name(group));
            if let Some(content) = quoted {
                consider(text, name.as_bytes(), content.range(), hits);
            } else if let Some(content) = found.name("plain") {
                let range = unquoted(text, content.range());
                consider(text, name.as_bytes(), range, hits);
            }
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
        Secret::Token | Secret::Key => names::looks_secret(content),
    }
}

/// `name=value`, `name: value`, `"name": "value"`, `name => value`; in quotes, escaped at any depth, the value may have blanks.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\\*["']?[\ \t]*(?:=>|[:=])[\ \t]*(?:
            "(?P<double>(?:[^"\\\r\n]|\\[^\r\n])+)
          | '(?P<single>[^'\r\n]+)
          | \\+["'](?P<escaped>[^"'\\\r\n]+)
          | (?P<plain>[^\s"'\\|>&*!\[{,;][^\s"'\\,;]*)
        )"#,
    )
});

/// `"NAME=value with blanks"`, as systemd and Docker write a variable.
static QUOTED_PAIR: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<double>[^"\\\r\n]+)"
          | '(?P<name2>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<single>[^'\r\n]+)'"#,
    )
});

/// `--name value`, also on the next line of a unit, and the same as two elements of a list.
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)--(?P<name>[a-z][a-z0-9_.-]*)(?:\\*["'][\ \t]*,)?[\ \t]+(?:\\\r?\n[\ \t]*)?\\*["']?
          (?P<plain>[^\s"'\\-][^\s"'\\,;]*)"#,
    )
});
