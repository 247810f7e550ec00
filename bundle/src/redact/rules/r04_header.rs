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
        "x-auth-token",
        "x-vault-token",
        "metadata-token",
        "x-subject-token",
        "private-token",
        "x-api-key",
        "x-registry-",
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
            && !token.as_bytes().ends_with(b"REDACTED")
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

static BEARER: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"(?i-u)(?:\b|%20)bearer(?:[ \t]+|%20)(?P<token>[A-Za-z0-9._~+/=-]{8,})")
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps};

    const S: &str = "q3W7e1R5t9Y2u6I0pLm";

    const HIDDEN: &[(Kind, &str, &str)] = &[
        (
            Kind::Text,
            "curl -k -v -H \"Authorization: Bearer q3W7e1R5t9Y2u6I0pLm\" https://a:6443\n",
            S,
        ),
        (
            Kind::Text,
            "Authorization:[Bearer q3W7e1R5t9Y2u6I0pLm] User-Agent:[kubelet]\n",
            S,
        ),
        (
            Kind::Text,
            "headers={\\\"Authorization\\\":\\\"Basic q3W7e1R5t9Y2u6I0pLm\\\"}\n",
            S,
        ),
        (
            Kind::Text,
            "X-aws-ec2-metadata-token: q3W7e1R5t9Y2u6I0pLm\n",
            S,
        ),
        (
            Kind::Text,
            "> Cookie: session=q3W7e1R5t9Y2u6I0pLm; path=/\n",
            S,
        ),
        (Kind::Text, "using bearer q3W7e1R5t9Y2u6I0pLm now\n", S),
        (
            Kind::Json,
            r#"{"headers":{"X-Vault-Token":"q3W7e1R5t9Y2u6I0pLm"}}"#,
            S,
        ),
        (
            Kind::Json,
            r#"{"Proxy-Authorization":["Basic q3W7e1R5t9Y2u6I0pLm"]}"#,
            S,
        ),
        (
            Kind::Yaml,
            "httpHeaders:\n- name: x\n  Authorization: Bearer q3W7e1R5t9Y2u6I0pLm\n",
            S,
        ),
        (
            Kind::Toml,
            "[host.\"https://r\".header]\n  Authorization = [\"Basic q3W7e1R5t9Y2u6I0pLm\"]\n",
            S,
        ),
        (
            Kind::Unit,
            "[Service]\nExecStart=/usr/bin/curl -H \"X-Auth-Token: q3W7e1R5t9Y2u6I0pLm\" http://x\n",
            S,
        ),
        (
            Kind::Argv,
            "kubelet\n--manifest-url-header=Authorization:Bearer q3W7e1R5t9Y2u6I0pLm\n",
            S,
        ),
    ];

    #[test]
    fn header_values_are_hidden_in_every_syntax() {
        hides(&RULE, HIDDEN);
    }

    #[test]
    fn words_about_authorization_stay() {
        keeps(&[
            (
                Kind::Yaml,
                "authorization:\n  mode: Webhook\n  webhook:\n    cacheAuthorizedTTL: 0s\n",
            ),
            (
                Kind::Argv,
                "kube-apiserver\n--authorization-mode=Node,RBAC\n",
            ),
            (Kind::Text, "Authorization: Bearer <masked>\n"),
            (Kind::Text, "authorization: AlwaysAllow\n"),
            (Kind::Text, "invalid bearer token\n"),
            (
                Kind::Text,
                "\"Unable to authenticate the request\" err=\"[invalid bearer token, token lookup failed]\"\n",
            ),
            (Kind::Text, "WWW-Authenticate: Bearer\n"),
            (Kind::Text, "authorizer: RBAC is forbidden\n"),
            (Kind::Text, "no Authorization header present\n"),
            (Kind::Json, r#"{"authorization":{"mode":"Webhook"}}"#),
            (Kind::Text, "bearer authentication failed\n"),
        ]);
    }
}
