//! Tables of what a rule must hide and what must survive it.

use crate::redact::rule::Rule;
use crate::redact::tree;
use crate::redact::{CaseKey, ContentKind, Redacted, Redactor, Secrets, StreamKey, scan};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Each text holds the secret; after masking it does not, the rule is counted, and the file is as it was otherwise.
pub(crate) fn hides(rule: &Rule, cases: &[(ContentKind, &str, &str)]) {
    let syntaxes: std::collections::BTreeSet<String> =
        cases.iter().map(|(kind, ..)| format!("{kind:?}")).collect();
    assert!(
        cases.len() >= 10 && syntaxes.len() >= 4,
        "{}: too few cases",
        rule.id
    );
    for (kind, text, secret) in cases {
        assert!(text.contains(secret), "the case is wrong: {text}");
        let redacted = redact(*kind, text);
        let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
        assert!(
            !stored.contains(secret),
            "{} lets pass in {kind:?}:\n{stored}",
            rule.id
        );
        let counted = redacted.counts().contains_key(rule.id);
        assert!(
            counted,
            "{} did not act in {kind:?}, {:?} did:\n{stored}",
            rule.id,
            redacted.counts()
        );
        assert_eq!(text.lines().count(), stored.lines().count(), "{stored}");
        assert_eq!(scan(stored.as_bytes()), [], "the gate disagrees:\n{stored}");
        let again = redact(*kind, &stored);
        assert_eq!(
            String::from_utf8_lossy(again.bytes()),
            stored,
            "masked twice"
        );
        assert!(
            parses(*kind, &stored) || !parses(*kind, text),
            "{kind:?} is broken:\n{stored}"
        );
    }
}

/// Each text is stored as it is.
pub(crate) fn keeps(cases: &[(ContentKind, &str)]) {
    assert!(cases.len() >= 10, "too few cases");
    for (kind, text) in cases {
        let redacted = redact(*kind, text);
        let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
        assert_eq!(&stored, text, "{kind:?}: {:?}", redacted.counts());
        assert_eq!(
            scan(text.as_bytes()),
            [],
            "the gate finds a secret in {text}"
        );
    }
}

/// Masks logs record by record and everything else as a file.
pub(crate) fn redact(kind: ContentKind, text: &str) -> Redacted {
    let redactor = Redactor::new(CaseKey::from_random([7; 32]), Secrets::none());
    if kind != ContentKind::Text {
        return redactor.file(kind, text.as_bytes()).unwrap();
    }
    let mut stream = redactor.text_stream();
    let mut stored = Redacted::empty();
    for line in text.split_inclusive('\n') {
        stored.append(stream.line(&StreamKey::default(), line.as_bytes()));
    }
    if !text.ends_with('\n') {
        stored.bytes.pop();
    }
    stored
}

pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn parses(kind: ContentKind, text: &str) -> bool {
    match kind {
        ContentKind::Json | ContentKind::CniConfig | ContentKind::RegistryAuth => {
            serde_json::from_str::<serde_json::Value>(text).is_ok()
        }
        ContentKind::Toml => tree::toml(text).broken_at.is_none(),
        ContentKind::Yaml | ContentKind::Kubeconfig => tree::yaml(text, false).broken_at.is_none(),
        _ => true,
    }
}
