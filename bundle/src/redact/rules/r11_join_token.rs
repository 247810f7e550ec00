//! R11: secrets that let a machine join a cluster.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::{scan, value};
use flate2::read::GzDecoder;
use regex::bytes::Regex;
use std::io::Read as _;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R11",
    name: "join-token",
    description: "Join tokens of k3s, RKE2, k0s, microk8s and Rancher, and kubeadm's certificate key.",
    safe_form: "K10REDACTED(join-token;cahash=match;user=server;id=…)",
    triggers: &[
        "K10",
        "H4sI",
        ":25000/",
        "certificate-key",
        "certificate key",
        "token-",
        "cattle",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in K10.captures_iter(text.bytes) {
        if let (Some(body), Some(user)) = (found.name("body"), found.name("user")) {
            hits.push(k10(text, body.range(), user.as_bytes()));
        }
    }
    for pattern in [&*MICROK8S, &*CERTIFICATE_KEY, &*RANCHER] {
        for found in pattern.captures_iter(text.bytes) {
            if let Some(secret) = found.name("value") {
                value::mask(text, secret.range(), (RULE.id, "join-token"), hits);
            }
        }
    }
    if text.depth < scan::MAX_DEPTH {
        for start in memchr::memmem::find_iter(text.bytes, b"H4sI") {
            hits.extend(compressed(text, start));
        }
    }
}

/// The hit if the range is one join token.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>) -> Option<Hit> {
    let found = K10.captures(text.slice(range.clone()))?;
    let (body, user) = (found.name("body")?, found.name("user")?);
    (found.get(0)?.len() == range.len()).then(|| {
        let inside = range.start + body.start()..range.start + body.end();
        k10(text, inside, user.as_bytes())
    })
}

fn k10(text: &Text<'_>, range: Range<usize>, user: &[u8]) -> Hit {
    let mut placeholder = Placeholder::new("join-token");
    let hash = text.slice(range.start..range.start + 64);
    let authority = std::str::from_utf8(hash).ok();
    if let Some(verdict) = authority.and_then(|hash| text.known.authority(hash)) {
        placeholder = placeholder.fact("cahash", verdict);
    }
    Hit {
        mask: placeholder
            .fact("user", &String::from_utf8_lossy(user))
            .id(text.key, text.slice(range.clone()))
            .text(),
        range,
        rule: RULE.id,
    }
}

/// A k0s token is a gzipped kubeconfig in base64. Other compressed text stays unless a secret is in it.
fn compressed(text: &Text<'_>, start: usize) -> Option<Hit> {
    let rest = text.bytes.get(start..)?;
    let length = rest
        .iter()
        .take_while(|byte| crate::pem::is_base64(**byte))
        .count();
    if length < 64 {
        return None;
    }
    let usable = length - usize::from(length % 4 == 1);
    let packed = value::base64(rest.get(..usable)?)?;
    let mut content = Vec::new();
    // A token that was cut still yields its beginning; the error says nothing more.
    let _ = GzDecoder::new(packed.as_slice())
        .take(64 * 1024)
        .read_to_end(&mut content);
    let inner = Text {
        bytes: &content,
        depth: text.depth + 1,
        config: true,
        ..*text
    };
    let is_kubeconfig = memchr::memmem::find(&content, b"clusters").is_some();
    (is_kubeconfig || scan::holds_secret(&inner)).then(|| Hit {
        range: start..start + length,
        rule: RULE.id,
        mask: Placeholder::new("join-token")
            .fact("wrapped", "gzip")
            .id(text.key, rest.get(..length).unwrap_or_default())
            .text(),
    })
}

static K10: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"\bK10(?P<body>[0-9a-f]{64}::(?P<user>[A-Za-z0-9_-]+):[^\s"'\\,;]+)"#)
});

static MICROK8S: LazyLock<Regex> =
    LazyLock::new(|| compile(r"(?i):25000/(?P<value>[0-9a-f]{32}(?:/[0-9a-f]{12})?)\b"));

static CERTIFICATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)certificate[- ]key\\*["']?(?:[ \t]*[=:,]|[ \t])[ \t\r\n]*\\*["']?(?P<value>[0-9a-f]{64})\b"#,
    )
});

static RANCHER: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\btoken-[a-z0-9]{5}:(?P<value>[a-z0-9]{54})\b"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;

    const H: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const S: &str = "q3w7e1r5t9y2u6i0";

    fn k0s_token() -> String {
        let kubeconfig = "apiVersion: v1\nclusters:\n- name: k0s\nusers:\n- name: b\n  user:\n    token: abcdef.q3w7e1r5t9y2u6i0\n";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(kubeconfig.as_bytes()).unwrap();
        STANDARD.encode(gzip.finish().unwrap())
    }

    #[test]
    fn join_tokens_are_hidden_in_every_syntax() {
        let k10 = format!("K10{H}::server:{S}");
        let packed = k0s_token();
        let rancher = "a1b2c3d4e".repeat(6);
        hides(
            &RULE,
            &[
                (Kind::Env, &format!("K3S_TOKEN={k10}\n"), S),
                (
                    Kind::Yaml,
                    &format!("server: https://10.0.0.1:9345\ntoken: {k10}\n"),
                    S,
                ),
                (
                    Kind::Unit,
                    &format!("[Service]\nEnvironment=K3S_TOKEN={k10}\n"),
                    S,
                ),
                (Kind::Argv, &format!("k3s\nagent\n--token\n{k10}\n"), S),
                (Kind::Json, &format!("{{\"x\":\"{k10}\"}}"), S),
                (Kind::Token, &format!("{k10}\n"), S),
                (
                    Kind::Text,
                    &format!("level=info msg=\"joining with {k10}\"\n"),
                    S,
                ),
                (
                    Kind::Text,
                    &format!("k0s token: {packed}\n"),
                    packed.get(..48).unwrap(),
                ),
                (
                    Kind::Toml,
                    &format!("t = \"{packed}\"\n"),
                    packed.get(..48).unwrap(),
                ),
                (
                    Kind::Text,
                    "microk8s join 10.0.0.1:25000/0123456789abcdef0123456789abcdef/0123456789ab\n",
                    "0123456789abcdef",
                ),
                (
                    Kind::Text,
                    &format!("kubeadm join --control-plane --certificate-key {H}\n"),
                    H,
                ),
                (
                    Kind::Text,
                    &format!("[upload-certs] Using certificate key: {H}\n"),
                    H,
                ),
                (Kind::Yaml, &format!("# --certificate-key {H}\na: b\n"), H),
                (
                    Kind::Text,
                    &format!("token-ab1cd:{rancher} rejected\n"),
                    &rancher,
                ),
            ],
        );
    }

    #[test]
    fn hashes_of_public_things_stay() {
        keeps(&[
            (
                Kind::Text,
                "kubeadm join --discovery-token-ca-cert-hash sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            ),
            (
                Kind::Argv,
                "kubeadm\njoin\n--discovery-token-ca-cert-hash\nsha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            ),
            (
                Kind::Text,
                "containerID=\"containerd://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n",
            ),
            (
                Kind::Text,
                "RemoveContainer \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n",
            ),
            (
                Kind::Text,
                "etcd member 8e9e05c52164694d in cluster cdf818194e3a8c32\n",
            ),
            (Kind::Text, "K10 is how tokens of k3s begin\n"),
            (Kind::Text, "dial tcp 10.0.0.1:25000: connection refused\n"),
            (Kind::Text, "the certificate key is missing\n"),
            (
                Kind::Yaml,
                "caCertHashes:\n- sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            ),
            (Kind::Text, "token-controller: started\n"),
            (Kind::Text, "cattle-cluster-agent is running\n"),
        ]);
    }
}
