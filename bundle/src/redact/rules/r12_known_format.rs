//! R12: credentials that tell themselves by how they begin.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::names;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use regex::bytes::Regex;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R12",
    name: "known-format",
    description: "GitHub, GitLab, Slack, Vault, Docker, npm and PyPI tokens, age and WireGuard keys, SNMP communities, password hashes.",
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
        "$7$",
        "$apr1$",
        "PrivateKey",
        "PresharedKey",
        "community",
        "hvb.",
        "hvr.",
        " s.",
        "=s.",
        "\"s.",
        ":s.",
        "dckr_pat_",
        "glsa_",
        "glrt-",
        "glcbt-",
        "gldt-",
        "sk_live_",
        "xapp-",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in FORMATS.captures_iter(text.bytes) {
        let secret = ["value", "wireguard", "community"]
            .iter()
            .find_map(|group| found.name(group));
        if let Some(secret) = secret.filter(|secret| !names::is_masked(secret.as_bytes())) {
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
            gh[opusr]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{30,} | gl(?:pat|rt|cbt|dt)-[A-Za-z0-9_-]{16,}
          | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{16,} | hv[sbr]\.[A-Za-z0-9_-]{20,}
          | s\.[A-Za-z0-9]{24}\b | dckr_pat_[A-Za-z0-9_-]{20,} | glsa_[A-Za-z0-9_]{30,} | sk_live_[A-Za-z0-9]{20,} | npm_[A-Za-z0-9]{30,}
          | pypi-[A-Za-z0-9_-]{32,} | AGE-SECRET-KEY-1[A-Z0-9]{50,}
          | \$(?:1|5|6|7|y|gy|apr1|2[abxy])\$[A-Za-z0-9./$=,]{20,}
        )|(?:Private|Preshared)Key[\ \t]*=[\ \t]*(?P<wireguard>[A-Za-z0-9+/]{43}=)
          |\b(?:r[ow]community6?|snmp-server\ community)[\ \t]+(?P<community>[^\s,]+)",
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps};

    #[test]
    fn tokens_of_known_format_are_hidden_in_every_syntax() {
        let github = format!("ghp_{}", "q3W7e1R5t9Y2".repeat(3));
        let gitlab = "glpat-q3W7e1R5t9Y2u6I0q3W7";
        let slack = "xoxb-1234567890-q3W7e1R5t9";
        let vault = "hvs.q3W7e1R5t9Y2u6I0q3W7e1R5";
        let age = format!("AGE-SECRET-KEY-1{}", "Q3W7E1R5T9Y2".repeat(5));
        let hash = "$6$saltsalt$q3W7e1R5t9Y2u6I0q3W7e1R5t9";
        hides(
            &RULE,
            &[
                (
                    Kind::Text,
                    &format!("git fetch with {github} failed\n"),
                    &github,
                ),
                (Kind::Text, &format!("vault {vault}\n"), vault),
                (Kind::Text, &format!("root:{hash}:19000:0:99999\n"), hash),
                (Kind::Yaml, &format!("x: {gitlab}\n"), gitlab),
                (Kind::Yaml, &format!("x: {slack}\n"), slack),
                (Kind::Json, &format!("{{\"x\":\"{vault}\"}}"), vault),
                (Kind::Json, &format!("{{\"x\":\"{age}\"}}"), &age),
                (Kind::Toml, &format!("x = \"{github}\"\n"), &github),
                (Kind::Env, &format!("X={gitlab}\n"), gitlab),
                (
                    Kind::Env,
                    &format!("X=npm_{}\n", "q3W7e1R5t9Y2".repeat(3)),
                    "npm_q3W7",
                ),
                (Kind::Argv, &format!("x\n{slack}\n"), slack),
            ],
        );
    }

    #[test]
    fn words_that_only_begin_so_stay() {
        keeps(&[
            (Kind::Text, "ghp_ is the prefix of a token\n"),
            (Kind::Text, "npm_config_cache=/tmp\n"),
            (Kind::Text, "xoxo\n"),
            (Kind::Text, "price $6$ and $2\n"),
            (Kind::Text, "hvs.example\n"),
            (Kind::Text, "pypi-mirror is down\n"),
            (Kind::Yaml, "image: registry.gitlab.com/x/glpat-tool\n"),
            (Kind::Unit, "[Service]\nExecStart=/bin/sh -c 'echo $1 $2'\n"),
            (Kind::Toml, "x = \"ghs_short\"\n"),
            (Kind::Env, "A=$5$x\n"),
        ]);
    }
}
