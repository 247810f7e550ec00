//! R15: credentials that only the kubelet's own settings carry.

use crate::redact::dump;
use crate::redact::hit::Hit;
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::tree::Node;
use crate::redact::{document, value};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R15",
    name: "kubelet-credential",
    description: "Headers of the kubelet's static pod URL, and environment variables of its image credential providers.",
    safe_form: "names of headers and variables stay: X-Pods:REDACTED(header;id=…)",
    triggers: &["manifest-url-header", "podurlheader"],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in FLAG.captures_iter(text.bytes) {
        let list = found.name("quoted").or_else(|| found.name("plain"));
        if let Some(list) = list {
            pairs(text, list.range(), hits);
        }
    }
    dump::each(&FIELD, text.bytes, |open| {
        let end = dump::close(text.bytes, open);
        let inside = text.slice(open..end);
        for list in VALUES.captures_iter(inside) {
            if let Some(content) = list.name("value") {
                let range = open + content.start()..open + content.end();
                value::mask(text, range, (RULE.id, "header"), hits);
            }
        }
        end
    });
}

/// Whether the document configures plugins that fetch credentials for images.
pub(crate) fn is_provider_config(root: &Node) -> bool {
    document::kind(root) == "CredentialProviderConfig"
}

/// Masks the values of the plugins' environment variables; paths, switches and regions stay.
pub(crate) fn mask_providers(text: &Text<'_>, root: &Node, hits: &mut Vec<Hit>) {
    let Some(Node::List(providers)) = root.child("providers") else {
        return;
    };
    for provider in providers {
        let Some(Node::List(variables)) = provider.child("env") else {
            continue;
        };
        for variable in variables {
            let name = variable.child("name").and_then(Node::text);
            let Some(Node::Scalar(scalar)) = variable.child("value") else {
                continue;
            };
            let value = scalar.value.as_bytes();
            if !name.is_some_and(dump::is_plain_variable)
                && !names::is_harmless(value, Secret::Token)
            {
                document::leaf(text, scalar, (RULE.id, "variable"), hits);
            }
        }
    }
}

/// `Name:value,Name:value`.
fn pairs(text: &Text<'_>, list: Range<usize>, hits: &mut Vec<Hit>) {
    let mut at = list.start;
    for pair in text.slice(list).split(|byte| *byte == b',') {
        let range = at..at + pair.len();
        at = range.end + 1;
        if let Some(colon) = memchr::memchr(b':', pair) {
            let value = range.start + colon + 1..range.end;
            value::mask(text, value, (RULE.id, "header"), hits);
        }
    }
}

static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)manifest-url-header(?:\\*["'][ \t]*,)?(?:=|[ \t]*\\?\r?\n[ \t]*|[ \t]+)\\*(?:["'](?P<quoted>[^"'\\\r\n]+)|(?P<plain>[A-Za-z0-9-]+:[^\s"'\\]+))"#,
    )
});

/// As JSON and as Go prints the configuration.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"(?i)podurlheader\\*["']?[ \t]*[:=][ \t]*(?:map\[|(?:map\[string\]\[\]string)?\{)"#)
});

/// The list of values of one header.
static VALUES: LazyLock<Regex> = LazyLock::new(|| compile(r#"[^p]\[\\*"?(?P<value>[^\[\]"\\]+)"#));
