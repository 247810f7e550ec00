//! The only way into a bundle: bytes become [`Redacted`] here or not at all.
//!
//! * [`Learner`] reads the sources of secrets and becomes [`Secrets`], before anything is written.
//! * [`Redactor::file`] masks a file held whole, by its structure and by the rules for text.
//! * [`Redactor::text_stream`] masks a log, record by record.
//! * [`SecretGate`] looks once more at the bytes that are about to be stored; [`scan`] at those that are.
//!
//! Masking happens in place: every byte that is no secret stays, so line N of an entry is line N of the file.

mod beginnings;
mod case_key;
#[cfg(test)]
pub(crate) mod check;
#[cfg(test)]
mod corpus;
mod document;
mod dump;
mod file;
mod gate;
mod hit;
#[cfg(test)]
mod in_place;
mod kind;
mod known;
mod kubeconfig;
mod learn;
mod lines;
mod names;
mod pattern;
mod payload;
pub(crate) mod rule;
pub(crate) mod rules;
mod scan;
mod stream;
pub mod tree;
mod value;

pub use case_key::{CaseKey, CaseKeyTooShort};
pub use gate::{Leak, SecretGate, scan};
pub use kind::ContentKind;
pub use learn::{Learner, Secrets};
pub use rule::Rule;
pub use rules::ALL as RULES;
pub use stream::{StreamKey, TextRedactor};

use hit::Hit;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes that went through the redactor. Nothing outside this module can make one.
///
/// ```compile_fail
/// let raw = nodebundle_bundle::Redacted { bytes: b"token".to_vec(), counts: Default::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redacted {
    bytes: Vec<u8>,
    counts: BTreeMap<String, u64>,
}

impl Redacted {
    /// No bytes; grows by [`Redacted::append`].
    pub fn empty() -> Self {
        Self::default()
    }

    /// The bytes, safe to store.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Rule id → how often it masked something in these bytes; `learned` for values known from elsewhere on the node.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Adds other bytes and their counts at the end.
    pub fn append(&mut self, other: Self) {
        self.bytes.extend(other.bytes);
        for (rule, count) in other.counts {
            *self.counts.entry(rule).or_insert(0) += count;
        }
    }
}

/// Why a file cannot be stored. The item's outcome is then `error`, and nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// It holds a NUL byte: it is no text, and what cannot be read cannot be masked.
    #[error("the file is not text (NUL at byte {at})")]
    NotText {
        /// Offset of the first NUL byte.
        at: usize,
    },
    /// Masking would have moved lines; a fault of the redactor.
    #[error("masking changed the number of lines from {before} to {after}")]
    LinesMoved {
        /// Lines of the source.
        before: usize,
        /// Lines after masking.
        after: usize,
    },
}

/// Masks secrets. Cheap to clone; every clone gives equal secrets equal placeholder ids.
#[derive(Debug, Clone)]
pub struct Redactor {
    key: Arc<CaseKey>,
    secrets: Arc<Secrets>,
}

impl Redactor {
    /// A redactor that also masks what was learned.
    pub fn new(key: CaseKey, secrets: Secrets) -> Self {
        Self {
            key: Arc::new(key),
            secrets: Arc::new(secrets),
        }
    }

    /// Masks a file held whole. `kind` comes from [`ContentKind::detect`] or from the spec that asked for the file.
    ///
    /// NUL bytes of [`ContentKind::Env`] and [`ContentKind::Argv`] become newlines.
    pub fn file(&self, kind: ContentKind, bytes: &[u8]) -> Result<Redacted, RedactError> {
        let source = file::prepared(kind, bytes);
        if let Some(at) = memchr::memchr(0, &source) {
            return Err(RedactError::NotText { at });
        }
        let hits = file::hits(kind, &source, &self.key, self.secrets.known());
        let redacted = self.settle(&source, hits);
        let lines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
        let (before, after) = (lines(&source), lines(redacted.bytes()));
        if before != after {
            return Err(RedactError::LinesMoved { before, after });
        }
        Ok(redacted)
    }

    /// Masks a log, record by record.
    pub fn text_stream(&self) -> TextRedactor {
        TextRedactor::new(self.clone())
    }

    /// A gate that knows what this redactor knows.
    pub fn gate(&self) -> SecretGate {
        SecretGate::new(Arc::clone(&self.secrets))
    }

    /// Adds what the text rules find, and masks.
    fn finish(&self, bytes: &[u8], mut hits: Vec<Hit>) -> Redacted {
        let text = rule::Text {
            bytes,
            key: &self.key,
            known: self.secrets.known(),
            config: false,
            depth: 0,
        };
        scan::scan(&text, &mut hits);
        self.settle(bytes, hits)
    }

    fn settle(&self, bytes: &[u8], mut hits: Vec<Hit>) -> Redacted {
        self.secrets.find(bytes, &self.key, &mut hits);
        if hits.is_empty() {
            return Redacted {
                bytes: bytes.to_vec(),
                counts: BTreeMap::new(),
            };
        }
        let (bytes, counts) = hit::apply(bytes, &hit::settle(hits));
        Redacted { bytes, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(kind: ContentKind, text: &str) -> String {
        let redactor = Redactor::new(CaseKey::from_random([7; 32]), Secrets::none());
        let redacted = redactor.file(kind, text.as_bytes()).unwrap();
        String::from_utf8(redacted.bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_kubeconfig_keeps_everything_but_the_credentials_of_its_users() {
        let text = "apiVersion: v1\nkind: Config\nclusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443 # main\n    certificate-authority-data: bm90LXBlbQ==\nusers:\n- name: system:node:worker-1\n  user:\n    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem\n    client-key-data: c2VjcmV0a2V5Ynl0ZXM=\n    token: abcdef.s3cr3ts3cr3tabcd\n    tokenn: hunter2\n    password: \"correct horse\"\ncurrent-context: x\n";
        let stored = stored(ContentKind::Kubeconfig, text);
        for secret in ["c2VjcmV0", "s3cr3ts3cr3t", "hunter2", "correct", "horse"] {
            assert!(!stored.contains(secret), "{secret}: {stored}");
        }
        for kept in [
            "https://10.0.0.1:6443 # main",
            "bm90LXBlbQ==",
            "name: system:node:worker-1",
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            "token: abcdef.REDACTED(bootstrap-token;valid-format=yes;id=",
        ] {
            assert!(stored.contains(kept), "{kept}: {stored}");
        }
        assert_eq!(stored.lines().count(), text.lines().count());
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let redactor = Redactor::new(CaseKey::from_random([7; 32]), Secrets::none());
        assert_eq!(
            redactor.file(ContentKind::Text, b"ab\0c"),
            Err(RedactError::NotText { at: 2 })
        );
    }

    #[test]
    fn a_secret_learned_from_one_file_is_masked_in_all_others() {
        let mut learner = Learner::new();
        learner.learn(ContentKind::Token, b"blue-42-horse-staple\n");
        learner.learn(
            ContentKind::RegistryAuth,
            br#"{"auths":{"r.example":{"username":"puller","auth":"cHVsbGVyOlBhJCR3MHJkL3g="}}}"#,
        );
        learner.never(["worker-1"]);
        let redactor = Redactor::new(CaseKey::from_random([7; 32]), learner.finish());
        let log = b"joined with blue-42-horse-staple\npuller Pa$$w0rd/x Pa%24%24w0rd%2Fx eC1ibHVlLTQyLWhvcnNlLXN0YXBsZQ==\n";
        let redacted = redactor.file(ContentKind::Text, log).unwrap();
        let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
        assert_eq!(redacted.counts()["learned"], 4, "{stored}");
        assert!(stored.contains("puller REDACTED(learned;id="), "{stored}");
        let id = |line: usize| {
            let line = stored.lines().nth(line).unwrap();
            let at = line.rfind("id=").unwrap();
            line.get(at..at + 11).unwrap().to_owned()
        };
        assert_eq!(id(0), id(1), "the same secret has one id: {stored}");
    }
}
