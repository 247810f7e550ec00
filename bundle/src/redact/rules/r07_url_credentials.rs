//! R7: credentials in URLs and connection strings.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::names;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R7",
    name: "url-credentials",
    description: "User and password in URLs and DSNs, signatures and tokens in query parameters.",
    safe_form: "scheme, host, port and path are kept: http://REDACTED(userinfo;id=…)@proxy:3128",
    triggers: &[
        "://",
        "%3A%2F%2F",
        "@tcp(",
        "@unix(",
        "sig=",
        "signature=",
        "token=",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for slashes in memchr::memmem::find_iter(text.bytes, b"://") {
        if let Some(range) = userinfo(text.bytes, slashes + 3) {
            hits.push(hit(text, range, "userinfo"));
        }
    }
    // Most logs are full of URLs and have none of these; the patterns cost more than the looks.
    if memchr::memchr(b'@', text.bytes).is_some() {
        for found in DSN.captures_iter(text.bytes) {
            if let Some(pair) = found.name("userinfo") {
                hits.push(hit(text, pair.range(), "userinfo"));
            }
        }
    }
    for found in ENCODED.captures_iter(text.bytes) {
        if let Some(pair) = found.name("userinfo") {
            hits.push(hit(text, pair.range(), "userinfo"));
        }
    }
    for found in QUERY.captures_iter(text.bytes) {
        if let Some(parameter) = found.name("value")
            && !names::is_masked(parameter.as_bytes())
        {
            hits.push(hit(text, parameter.range(), "query"));
        }
    }
}

/// The hit if the range is one URL; a URL without credentials is no secret and yields an empty hit.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>) -> Option<Hit> {
    let value = text.slice(range.clone());
    let slashes = memchr::memmem::find(value, b"://")?;
    let scheme = value.get(..slashes)?;
    let is_scheme = !scheme.is_empty()
        && scheme.len() <= 16
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte));
    if !is_scheme || value.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let found =
        userinfo(text.bytes, range.start + slashes + 3).filter(|found| found.end <= range.end);
    Some(match found {
        Some(pair) => hit(text, pair, "userinfo"),
        None => hit(text, range.start..range.start, "userinfo"),
    })
}

fn hit(text: &Text<'_>, range: Range<usize>, kind: &str) -> Hit {
    let value = text.slice(range.clone());
    Hit {
        mask: Placeholder::new(kind).id(text.key, value).text(),
        range,
        rule: RULE.id,
    }
}

/// `user:password` of the URL whose authority begins here. A password may hold `@`, and `/` if an `@` follows it.
fn userinfo(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = bytes.get(start..)?;
    let end = rest
        .iter()
        .take(2048)
        .position(|byte| {
            (byte.is_ascii() && !byte.is_ascii_graphic()) || b"\"'<>\\`|{}".contains(byte)
        })
        .unwrap_or(rest.len().min(2048));
    let url = rest.get(..end)?;
    let path = url
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(url.len());
    let authority = url.get(..path)?;
    let mut at = memchr::memrchr(b'@', authority);
    if at.is_none() && has_password_start(authority) {
        at = memchr::memchr(b'@', url);
    }
    let pair = url.get(..at?)?;
    let secret = match memchr::memchr(b':', pair) {
        Some(colon) => colon + 1 < pair.len(),
        None => pair.len() >= 20,
    };
    (secret && !names::is_masked(pair)).then_some(start..start + pair.len())
}

/// Whether what looks like host and port cannot be one: the port is no number, so it is the start of a password.
fn has_password_start(authority: &[u8]) -> bool {
    if authority.starts_with(b"[") {
        return false;
    }
    memchr::memrchr(b':', authority).is_some_and(|colon| {
        let port = authority.get(colon + 1..).unwrap_or_default();
        !port.is_empty() && !port.iter().all(u8::is_ascii_digit)
    })
}

static DSN: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"(?P<userinfo>[A-Za-z0-9_.%-]+:[^\s"'\\]+?)@(?:tcp|unix|udp)\("#));

/// A URL inside a URL.
static ENCODED: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"(?i)%3A%2F%2F(?P<userinfo>[A-Za-z0-9_.-]+(?:%3A|:)[^\s"'&\\]+?)(?:%40|@)"#)
});

static QUERY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)[?&;](?:sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|token|access_token|id_token|auth_token|private_token|security_token|x-goog-credential|refresh_token|api_key|apikey|password|secret|client_secret)=(?P<value>[^&\s"'<>\\;#)]{4,})"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps, redact};

    const S: &str = "q3W7e1R5";

    const HIDDEN: &[(Kind, &str, &str)] = &[
        (
            Kind::Env,
            "HTTPS_PROXY=http://joe:q3W7e1R5@proxy.example:3128\n",
            S,
        ),
        (
            Kind::Env,
            "HTTPS_PROXY=http://joe:q3W7e1R5%40x@proxy:3128/\n",
            S,
        ),
        (
            Kind::Env,
            "HTTPS_PROXY=http://joe:q3W7e1R5-wörd@proxy:3128\n",
            S,
        ),
        (
            Kind::Env,
            "HTTPS_PROXY=http://joe:a@q3W7e1R5@proxy:3128\n",
            S,
        ),
        (
            Kind::Env,
            "HTTPS_PROXY=http://joe:a/q3W7e1R5@[fd00::1]:3128\n",
            S,
        ),
        (
            Kind::Unit,
            "[Service]\nEnvironment=\"HTTP_PROXY=http://joe:q3W7e1R5@10.0.0.9:8080\" \"NO_PROXY=.svc\"\n",
            S,
        ),
        (
            Kind::Yaml,
            "datastore-endpoint: postgres://k3s:q3W7e1R5@db:5432/k3s\n",
            S,
        ),
        (
            Kind::Yaml,
            "datastore-endpoint: \"k3s:q3W7e1R5@tcp(db:3306)/k3s\"\n",
            S,
        ),
        (Kind::Json, r#"{"proxy":"socks5://joe:q3W7e1R5@proxy"}"#, S),
        (
            Kind::Toml,
            "endpoint = [\"https://joe:q3W7e1R5@mirror.example\"]\n",
            S,
        ),
        (
            Kind::Text,
            "proxyconnect tcp: dial http://joe:q3W7e1R5@proxy:3128: refused\n",
            S,
        ),
        (
            Kind::Text,
            "GET https://s.example/x?sv=1&sig=q3W7e1R5%3D&se=2 403\n",
            S,
        ),
        (
            Kind::Text,
            "https://b.s3.amazonaws.com/x?X-Amz-Signature=q3W7e1R5aa&X-Amz-Date=1\n",
            S,
        ),
        (
            Kind::Text,
            "git clone https://q3W7e1R5q3W7e1R5q3W7e1R5@github.com/x/y\n",
            S,
        ),
        (
            Kind::Argv,
            "k3s\nserver\n--datastore-endpoint=mysql://root:q3W7e1R5@tcp(db)/k\n",
            S,
        ),
    ];

    #[test]
    fn credentials_in_urls_are_hidden_in_every_syntax() {
        hides(&RULE, HIDDEN);
    }

    #[test]
    fn urls_without_credentials_stay() {
        keeps(&[
            (
                Kind::Env,
                "HTTPS_PROXY=http://proxy.example:3128\nNO_PROXY=10.0.0.0/8,.svc,.cluster.local\n",
            ),
            (Kind::Env, "HTTPS_PROXY=http://joe@proxy:3128\n"),
            (
                Kind::Text,
                "Get \"https://10.0.0.1:6443/api/v1/nodes?limit=500&resourceVersion=0\": dial tcp\n",
            ),
            (
                Kind::Text,
                "image registry.example:5000/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            ),
            (Kind::Text, "user@host.example: permission denied\n"),
            (
                Kind::Text,
                "getty@tty1.service: started; see https://example.org/doc\n",
            ),
            (
                Kind::Text,
                "goroutine: pkg/mod/k8s.io/klog@v1.2.3/klog.go https://x.example/y:1\n",
            ),
            (Kind::Text, "mail https://lists.example/x by a@b.example\n"),
            (
                Kind::Toml,
                "endpoint = [\"https://mirror.example:5000\"]\naddress = \"unix:///run/x.sock\"\n",
            ),
            (Kind::Yaml, "server: https://[fd00::1]:6443\n"),
            (Kind::Text, "git clone ssh://git@github.example/x\n"),
        ]);
    }

    #[test]
    fn host_port_and_path_are_told() {
        let stored = redact(Kind::Env, "HTTPS_PROXY=http://joe:q3W7e1R5@proxy:3128/x\n");
        let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
        assert!(
            stored.starts_with("HTTPS_PROXY=http://REDACTED(userinfo;id="),
            "{stored}"
        );
        assert!(stored.ends_with(")@proxy:3128/x\n"), "{stored}");
    }
}
