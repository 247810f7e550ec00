//! R4: credentials in HTTP headers.

use crate::redact::hit::Hit;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::{names, value};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R4",
    name: "header",
    description: "Values of Authorization, Proxy-Authorization, Cookie and token headers, and bare `Bearer …`.",
    safe_form: "the header name and scheme are kept: Bearer REDACTED(bearer;id=…)",
    triggers: &[
        "authorization",
        "bearer",
        "cookie",
        "-token",
        "x-api-key",
        "x-registry-auth",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in HEADER.captures_iter(text.bytes) {
        if let (Some(name), Some(content)) = (found.name("name"), found.name("value")) {
            header(text, name.as_bytes(), content.range(), hits);
        }
    }
    for found in BEARER.captures_iter(text.bytes) {
        if let Some(token) = found.name("token")
            && token.as_bytes().iter().any(u8::is_ascii_digit)
        {
            value::mask(text, token.range(), (RULE.id, "bearer"), hits);
        }
    }
}

/// Masks the content of one header by the header's name.
pub(crate) fn header(text: &Text<'_>, name: &[u8], content: Range<usize>, hits: &mut Vec<Hit>) {
    let bytes = text.slice(content.clone());
    if names::is_masked(bytes) {
        return;
    }
    let is_authorization = name.to_ascii_lowercase().ends_with(b"authorization");
    let scheme = bytes
        .iter()
        .position(|byte| *byte == b' ')
        .filter(|at| bytes.get(..*at).is_some_and(is_scheme));
    match scheme {
        Some(at) => {
            let lead = bytes.get(at..).unwrap_or_default();
            let blanks = lead.len() - lead.trim_ascii_start().len();
            let kind = if bytes
                .get(..at)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"basic"))
            {
                "basic"
            } else {
                "bearer"
            };
            let range = content.start + at + blanks..content.end;
            value::mask(text, range, (RULE.id, kind), hits);
        }
        None if is_authorization && !names::looks_secret(bytes.trim_ascii()) => {}
        None => value::mask(text, content, (RULE.id, "header"), hits),
    }
}

/// Whether a header of this name carries a credential.
pub(crate) fn is_credential_header(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|known| name == known.as_bytes())
}

fn is_scheme(word: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 7] = [
        b"bearer",
        b"basic",
        b"negotiate",
        b"digest",
        b"token",
        b"ntlm",
        b"AWS4-HMAC-SHA256",
    ];
    SCHEMES
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

const NAMES: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "x-auth-token",
    "x-vault-token",
    "x-aws-ec2-metadata-token",
    "x-registry-auth",
    "x-registry-config",
    "x-api-key",
    "x-subject-token",
    "private-token",
    "cookie",
    "set-cookie",
];

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i-u)(?:^|[^A-Za-z0-9-])(?P<name>(?:proxy-)?authorization|x-auth-token|x-vault-token|x-aws-ec2-metadata-token|x-registry-auth|x-registry-config|x-api-key|x-subject-token|private-token|(?:set-)?cookie)\\*["']?[ \t]*[:=][ \t]*[\[\\"']*(?P<value>[^"'\\\]\r\n]+)"#,
    )
});

static BEARER: LazyLock<Regex> =
    LazyLock::new(|| compile(r"(?i-u)\bbearer[ \t]+(?P<token>[A-Za-z0-9._~+/=-]{8,})"));
