//! R12: credentials that tell themselves by how they begin.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use regex::bytes::Regex;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R12",
    name: "known-format",
    description: "GitHub, GitLab, Slack, Vault, npm and PyPI tokens, age and WireGuard keys, password hashes.",
    safe_form: "REDACTED(credential;id=…)",
    triggers: &[
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xox",
        "hvs.",
        "npm_",
        "pypi-",
        "AGE-SECRET-KEY-1",
        "$1$",
        "$5$",
        "$6$",
        "$y$",
        "$2",
        "PrivateKey",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in FORMATS.captures_iter(text.bytes) {
        if let Some(secret) = found.name("value").or_else(|| found.name("wireguard")) {
            hits.push(Hit {
                range: secret.range(),
                rule: RULE.id,
                mask: Placeholder::new("credential")
                    .id(text.key, secret.as_bytes())
                    .text(),
            });
        }
    }
}

static FORMATS: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?x)(?:^|[^A-Za-z0-9_-])(?P<value>
            gh[opusr]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{30,} | glpat-[A-Za-z0-9_-]{16,}
          | xox[abeoprs]-[A-Za-z0-9-]{10,} | hvs\.[A-Za-z0-9_-]{20,} | npm_[A-Za-z0-9]{30,}
          | pypi-[A-Za-z0-9_-]{32,} | AGE-SECRET-KEY-1[A-Z0-9]{50,}
          | \$(?:1|5|6|y|2[abxy])\$[A-Za-z0-9./$=,]{20,}
        )|PrivateKey[\ \t]*=[\ \t]*(?P<wireguard>[A-Za-z0-9+/]{43}=)",
    )
});
