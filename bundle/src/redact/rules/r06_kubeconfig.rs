//! R6: credentials of a kubeconfig wherever its text turns up. Whole kubeconfigs are masked by their structure.

use crate::redact::hit::Hit;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
use regex::bytes::Regex;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R6",
    name: "kubeconfig-credential",
    description: "client-key-data, token and password of kubeconfig users, tokens of auth providers, values of exec variables.",
    safe_form: "the facts of the key (R1) or token (R2, R3), else REDACTED(client-key-data;id=…;size=…); names, paths, exec command stay",
    triggers: &[
        "client-key-data",
        "id-token",
        "refresh-token",
        "access-token",
        "clientkeydata",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in FIELD.captures_iter(text.bytes) {
        if let Some(secret) = found.name("value") {
            value::mask(text, secret.range(), (RULE.id, "credential"), hits);
        }
    }
}

static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)\b(?:client-key-data|clientkeydata|id-token|refresh-token|access-token)\\*["']?[ \t]*[:=][ \t]*\\*["']?(?P<value>[A-Za-z0-9+/=._~-]{4,})"#,
    )
});
