//! R5: keys that encrypt the cluster's data.

use crate::redact::hit::Hit;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
use regex::bytes::Regex;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R5",
    name: "encryption-key",
    description: "Keys in an EncryptionConfiguration and passwords of etcd.",
    safe_form: "providers, their order and key names are kept; REDACTED(encryption-key;id=…;size=32-63;chars=base64)",
    triggers: &["aescbc", "aesgcm", "secretbox", "encryptionconfig", "etcd_"],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in SECRET.captures_iter(text.bytes) {
        if let Some(secret) = found.name("value") {
            value::mask(text, secret.range(), (RULE.id, "encryption-key"), hits);
        }
    }
    for found in ETCD.captures_iter(text.bytes) {
        if let Some(password) = found.name("value") {
            value::mask(text, password.range(), (RULE.id, "password"), hits);
        }
    }
}

static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"\bsecret\\*["']?[ \t]*:[ \t]*\\*["']?(?P<value>[A-Za-z0-9+/]{16,}={0,2})"#)
});

static ETCD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)\bETCD_[A-Z_]*PASSWORD[A-Z_]*\\*["']?[ \t]*[=:][ \t]*\\*["']?(?P<value>[^\s"'\\]+)"#,
    )
});
