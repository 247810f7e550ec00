//! Secrets of no known shape: learned where they are configured, masked wherever else they turn up.

use crate::keys;
use crate::redact::beginnings::Beginnings;
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::known::{Known, NOTHING};
use crate::redact::names::{self, Secret};
use crate::redact::{CaseKey, ContentKind, file, value};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Reads sources of secrets, also those that are never stored, and remembers the secrets in memory only.
#[derive(Default)]
pub struct Learner {
    learned: BTreeSet<Vec<u8>>,
    never: BTreeSet<Vec<u8>>,
    bytes: usize,
    known: Known,
}

/// What was learned: a matcher that lives in memory and prints nothing.
#[derive(Default)]
pub struct Secrets {
    matcher: Option<AhoCorasick>,
    /// How the literals begin.
    beginnings: Beginnings,
    /// The secret behind each literal of the matcher.
    of_literal: Vec<usize>,
    values: Vec<Vec<u8>>,
    known: Known,
}

impl Learner {
    /// At most this many bytes of secrets are remembered.
    pub const MAX_BYTES: usize = 1024 * 1024;

    /// A learner that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Words that are never secrets on this node: its names, hosts, users, namespaces. Order does not matter.
    pub fn never(&mut self, words: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        self.never
            .extend(words.into_iter().map(|word| word.as_ref().to_vec()));
    }

    /// Learns the secrets of one source: what masking would hide in it. Of a [`ContentKind::Token`] that is all of it, but
    /// for the id of a bootstrap token.
    pub fn learn(&mut self, kind: ContentKind, bytes: &[u8]) {
        // Ids do not matter here, so neither does the key.
        let key = CaseKey::from_random([0; 32]);
        let source = file::prepared(kind, bytes);
        for hit in file::hits(kind, &source, &key, &NOTHING) {
            let is_name =
                hit.mask.starts_with("REDACTED(user;") || hit.mask.contains("(aws-key-id");
            if !is_name {
                let secret = source.get(hit.range).unwrap_or_default();
                self.add(secret);
                self.parts(secret);
            }
        }
    }

    /// Remembers the certificates of a file, so that a masked key can name the one it belongs to and a join token whether it is
    /// this cluster's. Files without certificates add nothing.
    pub fn certificates(&mut self, path: &str, bytes: &[u8]) {
        self.known.add(path, bytes);
    }

    /// Remembers the node's time, in seconds since 1970, so that masked tokens tell whether they have expired.
    pub fn now(&mut self, seconds: i64) {
        self.known.set_now(seconds);
    }

    /// The matcher for everything learned.
    pub fn finish(self) -> Secrets {
        let never = self.never;
        let secrets: Vec<Vec<u8>> = self
            .learned
            .into_iter()
            .filter(|secret| !never.contains(secret))
            .collect();
        let mut literals = BTreeMap::new();
        for (number, secret) in secrets.iter().enumerate() {
            for form in forms(secret) {
                literals.entry(form).or_insert(number);
            }
        }
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(literals.keys())
            .ok()
            .filter(|_| !literals.is_empty());
        Secrets {
            matcher,
            beginnings: Beginnings::of(literals.keys().map(Vec::as_slice)),
            of_literal: literals.into_values().collect(),
            values: secrets,
            known: self.known,
        }
    }

    /// The secrets inside a secret: lines of a key, both halves of `user:password`, the escapes of JSON and URLs resolved.
    fn parts(&mut self, secret: &[u8]) {
        let der = value::base64(secret).unwrap_or_default();
        let public = keys::public_half(&der).unwrap_or_default();
        for line in secret.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.len() >= 40 && !is_inside(line, public) {
                self.add(line);
            }
        }
        if let Some(pair) =
            value::base64(secret).filter(|pair| pair.iter().all(u8::is_ascii_graphic))
        {
            self.password_of(&pair);
        }
        if secret.len() < 256 {
            self.password_of(secret);
        }
        if secret.contains(&b'\\')
            && let Ok(text) = std::str::from_utf8(secret)
            && let Ok(plain) = serde_json::from_str::<String>(&format!("\"{text}\""))
        {
            self.add(plain.as_bytes());
        }
    }

    fn password_of(&mut self, pair: &[u8]) {
        let Some(colon) = memchr::memchr(b':', pair) else {
            return;
        };
        let password = pair.get(colon + 1..).unwrap_or_default();
        self.add(password);
        if password.contains(&b'%') {
            self.add(&percent_decoded(password));
        }
    }

    fn add(&mut self, secret: &[u8]) {
        let secret = secret.trim_ascii();
        if !is_learnable(secret) || self.bytes + secret.len() > Self::MAX_BYTES {
            return;
        }
        if self.learned.insert(secret.to_vec()) {
            self.bytes += secret.len();
        }
    }
}

impl Secrets {
    /// Nothing learned.
    pub fn none() -> Self {
        Self::default()
    }

    /// How many secrets were learned.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What is known of the node besides.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Adds every place where a learned secret stands.
    pub(crate) fn find(&self, bytes: &[u8], key: &CaseKey, hits: &mut Vec<Hit>) {
        let Some(matcher) = &self.matcher else {
            return;
        };
        let Some(start) = self.beginnings.first_in(bytes) else {
            return;
        };
        for found in matcher.find_iter(Input::new(bytes).range(start..)) {
            let secret = self
                .of_literal
                .get(found.pattern().as_usize())
                .and_then(|number| self.values.get(*number))
                .map_or(&[][..], Vec::as_slice);
            hits.push(Hit {
                range: found.range(),
                rule: "learned",
                mask: Placeholder::new("learned").id(key, secret).text(),
            });
        }
    }
}

impl fmt::Debug for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Learner({} secrets)", self.learned.len())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

/// Whether a line of base64 stands for bytes of the key's public half only: the certificate holds the same line.
fn is_inside(line: &[u8], public: &[u8]) -> bool {
    value::base64(line).is_some_and(|bytes| memchr::memmem::find(public, &bytes).is_some())
}

/// Whether masking every occurrence of these bytes hides a secret and nothing else.
fn is_learnable(secret: &[u8]) -> bool {
    let letters = secret.iter().all(u8::is_ascii_alphabetic);
    let words = secret
        .iter()
        .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b' ' | b'.'));
    // One word of a language is shorter than 16 letters; words that are joined stand for names up to 20.
    let like_words = (letters && secret.len() < 16) || (words && !letters && secret.len() < 20);
    let varied = secret.iter().collect::<BTreeSet<_>>().len() >= 4;
    secret.len() >= 8
        && secret.len() <= 16 * 1024
        && varied
        && !like_words
        && !names::is_harmless(secret, Secret::Token)
        && !secret.starts_with(b"system:")
        && !secret
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".:-/".contains(byte))
        && memchr::memmem::find(secret, b"://").is_none()
}

/// The secret as it may be written: raw, escaped for JSON and URLs, and inside base64 at each of three alignments.
fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([secret.to_vec()]);
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::to_string(text).unwrap_or_default();
        if let Some(inside) = json.get(1..json.len().saturating_sub(1)) {
            forms.insert(inside.as_bytes().to_vec());
            let twice = serde_json::to_string(inside).unwrap_or_default();
            forms.insert(twice.trim_matches('"').as_bytes().to_vec());
        }
    }
    forms.insert(percent_encoded(secret));
    for shift in 0..3 {
        forms.extend(inside_base64(secret, shift));
    }
    forms.retain(|form| form.len() >= 8);
    forms
}

/// The letters of base64 that depend on the secret alone when `shift` bytes stand before it.
fn inside_base64(secret: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let padded = [vec![0; shift], secret.to_vec()].concat();
    let from = (shift * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    [
        STANDARD_NO_PAD.encode(&padded),
        URL_SAFE_NO_PAD.encode(&padded),
    ]
    .iter()
    .filter_map(|text| text.as_bytes().get(from..to).map(<[u8]>::to_vec))
    .collect()
}

fn percent_encoded(secret: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(secret.len());
    for byte in secret {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(*byte);
        } else {
            encoded.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    encoded
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(code.unwrap_or(*first));
        rest = if code.is_some() {
            tail.get(2..).unwrap_or_default()
        } else {
            tail
        };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(secrets: &Secrets, text: &str) -> usize {
        let mut hits = Vec::new();
        secrets.find(text.as_bytes(), &CaseKey::from_random([7; 32]), &mut hits);
        hits.len()
    }

    fn learned(kind: ContentKind, source: &str) -> Secrets {
        let mut learner = Learner::new();
        learner.learn(kind, source.as_bytes());
        learner.finish()
    }

    #[test]
    fn the_public_half_of_a_key_stays_readable_in_its_certificate() {
        let number = |seed: u8| -> Vec<u8> {
            let mut bytes: Vec<u8> = (0..=255_u8)
                .map(|at| at.wrapping_mul(at ^ seed).wrapping_add(seed))
                .collect();
            bytes.insert(0, 1);
            bytes
        };
        let integer = |bytes: &[u8]| [&[2, 0x82, 1, 1], bytes].concat();
        let body = [
            vec![2, 1, 0],
            integer(&number(77)),
            vec![2, 3, 1, 0, 1],
            integer(&number(113)),
        ]
        .concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let der = [&[0x30, 0x82], &length[..], &body].concat();
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
            lines.join("\n")
        );
        let mut learner = Learner::new();
        learner.learn(ContentKind::Pem, pem.as_bytes());
        let secrets = learner.finish();
        let masked = |line: &str| {
            let mut hits = Vec::new();
            secrets.find(line.as_bytes(), &CaseKey::from_random([1; 32]), &mut hits);
            !hits.is_empty()
        };
        assert!(!masked(lines[2]) && !masked(lines[3]));
        assert!(masked(lines[7]) && masked(lines[9]));
    }

    #[test]
    fn every_kind_of_source_teaches_its_secret() {
        let secret = "q3W7-e1R5/t9";
        for (kind, source) in [
            (ContentKind::Token, "q3W7-e1R5/t9\n"),
            (ContentKind::Env, "A=b\nDB_PASSWORD=q3W7-e1R5/t9\n"),
            (ContentKind::Env, "A=b\0DB_PASSWORD=q3W7-e1R5/t9\0"),
            (ContentKind::Argv, "x\0--password\0q3W7-e1R5/t9\0"),
            (
                ContentKind::Unit,
                "[Service]\nEnvironment=\"TOKEN=q3W7-e1R5/t9\"\n",
            ),
            (
                ContentKind::Kubeconfig,
                "users:\n- name: a\n  user: {odd: q3W7-e1R5/t9}\n",
            ),
            (
                ContentKind::RegistryAuth,
                r#"{"auths":{"r":{"password":"q3W7-e1R5\/t9"}}}"#,
            ),
            (
                ContentKind::CloudConfig,
                r#"{"aadClientSecret":"q3W7-e1R5/t9"}"#,
            ),
            (
                ContentKind::Yaml,
                "env:\n- name: API_TOKEN\n  value: q3W7-e1R5/t9\n",
            ),
            (ContentKind::Toml, "password = 'q3W7-e1R5/t9'\n"),
        ] {
            assert_eq!(
                found(&learned(kind, source), secret),
                1,
                "{kind:?}: {source}"
            );
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_at_every_alignment_and_escaped() {
        let secrets = learned(ContentKind::Token, "q3W7\"e1R5/t9&x");
        for before in ["", "a", "ab", "abc"] {
            let text = STANDARD_NO_PAD.encode(format!("{before}q3W7\"e1R5/t9&x and more"));
            assert_eq!(found(&secrets, &text), 1, "{before}");
        }
        for form in [
            r#"q3W7\"e1R5/t9&x"#,
            r#"q3W7\\\"e1R5/t9&x"#,
            "q3W7%22e1R5%2Ft9%26x",
        ] {
            assert_eq!(found(&secrets, form), 1, "{form}");
        }
    }

    #[test]
    fn words_names_numbers_and_paths_are_never_learned() {
        for word in [
            "password",
            "kubernetes",
            "true",
            "12345678901",
            "10.244.0.0/16",
            "/etc/kubernetes",
            "kube-system",
            "short",
            "aaaaaaaaaaaa",
            "https://10.0.0.1:6443",
            "24h0m0s",
        ] {
            assert!(learned(ContentKind::Token, word).is_empty(), "{word}");
        }
        let mut learner = Learner::new();
        learner.never(["worker-1.example.com"]);
        learner.learn(ContentKind::Token, b"worker-1.example.com");
        assert!(learner.finish().is_empty());
    }

    #[test]
    fn the_id_of_a_learned_bootstrap_token_is_not_part_of_the_secret() {
        let secrets = learned(ContentKind::Token, "abcdef.q3w7e1r5t9y2u6i0\n");
        let text = "bootstrap-token-abcdef abcdef.q3w7e1r5t9y2u6i0";
        let mut hits = Vec::new();
        secrets.find(text.as_bytes(), &CaseKey::from_random([7; 32]), &mut hits);
        assert_eq!(hits.len(), 1);
        assert_eq!(text.get(hits[0].range.clone()), Some("q3w7e1r5t9y2u6i0"));
    }

    #[test]
    fn names_of_users_and_hosts_in_credentials_are_not_learned() {
        let secrets = learned(
            ContentKind::RegistryAuth,
            r#"{"auths":{"registry-1.example":{"username":"puller-2026","password":"q3W7e1R5t9"}}}"#,
        );
        assert_eq!(found(&secrets, "registry-1.example puller-2026"), 0);
        assert_eq!(found(&secrets, "q3W7e1R5t9"), 1);
        assert_eq!(format!("{secrets:?}"), "Secrets(1)");
    }
}
