//! R2: bootstrap tokens.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::rule::{Rule, Text};
use std::ops::Range;

pub(crate) const RULE: Rule = Rule {
    id: "R2",
    name: "bootstrap-token",
    description: "The secret half of a bootstrap token, `[a-z0-9]{6}.[a-z0-9]{16}`.",
    safe_form: "abcdef.REDACTED(bootstrap-token;valid-format=yes;id=…): the token id is kept",
    triggers: &[],
    find,
};

const ID: usize = 6;
const SECRET: usize = 16;

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for dot in memchr::memchr_iter(b'.', text.bytes) {
        if let Some(hit) = at(text, dot) {
            hits.push(hit);
        }
    }
}

/// The hit if the range holds one bootstrap token and nothing else.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>) -> Option<Hit> {
    if range.len() != ID + 1 + SECRET || text.bytes.get(range.start + ID) != Some(&b'.') {
        return None;
    }
    let letters = |from: usize, count: usize| {
        text.slice(from..from + count)
            .iter()
            .copied()
            .all(is_letter)
    };
    let secret = range.start + ID + 1;
    (letters(range.start, ID) && letters(secret, SECRET)).then(|| hit(text, secret))
}

fn at(text: &Text<'_>, dot: usize) -> Option<Hit> {
    let bytes = text.bytes;
    let secret = bytes.get(dot + 1..dot + 1 + SECRET)?;
    let start = dot.checked_sub(ID)?;
    if !secret.iter().copied().all(is_letter)
        || !bytes.get(start..dot)?.iter().copied().all(is_letter)
    {
        return None;
    }
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(dot + 1 + SECRET);
    // A letter after a backslash is an escape: `\nabcdef.…` is a token on a line of its own.
    let escaped = matches!(before, Some(b'n' | b't' | b'r'))
        && start.checked_sub(2).and_then(|at| bytes.get(at)) == Some(&b'\\');
    let joined = |byte: Option<&u8>| byte.is_some_and(|byte| is_name_byte(*byte));
    if (joined(before) && !escaped) || joined(after) && !ends_sentence(bytes, dot + 1 + SECRET) {
        return None;
    }
    // A file or host name of the same shape has no digit in its second half, or is all digits.
    let digits = secret.iter().filter(|byte| byte.is_ascii_digit()).count();
    let named = announced_before(bytes, start);
    ((digits > 0 && digits < SECRET) || named).then(|| hit(text, dot + 1))
}

fn hit(text: &Text<'_>, secret: usize) -> Hit {
    let range = secret..secret + SECRET;
    let value = text.slice(range.clone());
    let mut placeholder = Placeholder::new("bootstrap-token").fact("valid-format", "yes");
    if value == SAMPLE {
        placeholder = placeholder.fact("sample", "yes");
    }
    Hit {
        mask: placeholder.id(text.key, value).text(),
        range,
        rule: RULE.id,
    }
}

/// A full stop after the token, as in a sentence, does not make it part of a dotted name.
fn ends_sentence(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b'.')
        && bytes
            .get(at + 1)
            .is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'"' | b'\\'))
}

fn announced_before(bytes: &[u8], start: usize) -> bool {
    let before = bytes
        .get(start.saturating_sub(24)..start)
        .unwrap_or_default();
    memchr::memmem::find(&before.to_ascii_lowercase(), b"token").is_some()
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

const SAMPLE: &[u8] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps, redact};

    const S: &str = "q3w7e1r5t9y2u6i0";

    #[test]
    fn the_secret_half_is_hidden_in_every_syntax() {
        hides(
            &RULE,
            &[
                (
                    Kind::Kubeconfig,
                    "users:\n- name: b\n  user:\n    token: abcdef.q3w7e1r5t9y2u6i0\n",
                    S,
                ),
                (
                    Kind::Yaml,
                    "discovery:\n  bootstrapToken: {token: abcdef.q3w7e1r5t9y2u6i0, x: 1}\n",
                    S,
                ),
                (
                    Kind::Yaml,
                    "# kubeadm join --token abcdef.q3w7e1r5t9y2u6i0\na: b\n",
                    S,
                ),
                (
                    Kind::Json,
                    r#"{"tlsBootstrapToken":"abcdef.q3w7e1r5t9y2u6i0"}"#,
                    S,
                ),
                (
                    Kind::Text,
                    "kubeadm join 10.0.0.1:6443 --token abcdef.q3w7e1r5t9y2u6i0 --discovery\n",
                    S,
                ),
                (
                    Kind::Text,
                    "cmd=\"{\\\"token\\\":\\\"abcdef.q3w7e1r5t9y2u6i0\\\"}\"\n",
                    S,
                ),
                (Kind::Text, "the token is abcdef.q3w7e1r5t9y2u6i0.\n", S),
                (Kind::Text, "out=\"a\\nabcdef.q3w7e1r5t9y2u6i0\\nb\"\n", S),
                (Kind::Env, "TOKEN=abcdef.q3w7e1r5t9y2u6i0\n", S),
                (
                    Kind::Argv,
                    "kubeadm\njoin\n--token\nabcdef.q3w7e1r5t9y2u6i0\n",
                    S,
                ),
                (
                    Kind::Argv,
                    "kubeadm join --token=abcdef.q3w7e1r5t9y2u6i0",
                    S,
                ),
                (Kind::Toml, "join = 'abcdef.q3w7e1r5t9y2u6i0'\n", S),
                (
                    Kind::Unit,
                    "[Service]\nExecStart=/usr/bin/kubeadm join \\\n  --token abcdef.q3w7e1r5t9y2u6i0\n",
                    S,
                ),
                (Kind::Token, "abcdef.q3w7e1r5t9y2u6i0\n", S),
            ],
        );
    }

    #[test]
    fn names_of_the_same_shape_stay() {
        keeps(&[
            (Kind::Text, "server.kubernetesapione resolved\n"),
            (Kind::Text, "worker.internalexample1.local.example\n"),
            (Kind::Text, "my-abcdef.q3w7e1r5t9y2u6i0 is a name\n"),
            (Kind::Text, "abcdef.q3w7e1r5t9y2u6i0.example.com\n"),
            (Kind::Text, "0.1.abcdef.q3w7e1r5t9y2u6i0\n"),
            (Kind::Text, "abcdef.q3w7e1r5t9y2u6i0-x\n"),
            (Kind::Text, "ABCDEF.Q3W7E1R5T9Y2U6I0\n"),
            (Kind::Text, "123456.1234567890123456 seconds\n"),
            (Kind::Text, "secret \"bootstrap-token-abcdef\" not found\n"),
            (
                Kind::Text,
                "User \"system:bootstrap:abcdef\" cannot create resource\n",
            ),
            (Kind::Text, "kubelet.go:2412 node.kubernetes.io/not-ready\n"),
            (
                Kind::Yaml,
                "caCertHashes: [\"sha256:0011223344556677889900112233445566778899001122334455667788990011\"]\n",
            ),
        ]);
    }

    #[test]
    fn the_token_id_and_the_sample_are_told() {
        let stored = redact(Kind::Text, "--token abcdef.0123456789abcdef\n");
        let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
        assert!(
            stored.starts_with(
                "--token abcdef.REDACTED(bootstrap-token;valid-format=yes;sample=yes;id="
            ),
            "{stored}"
        );
    }
}
