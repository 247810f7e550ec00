//! R8: credentials of container registries.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::{names, scan, value};
use regex::bytes::Regex;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R8",
    name: "registry-credential",
    description: "Docker, containerd, CRI-O and k3s registry credentials, and pull tokens in annotations.",
    safe_form: "registry hosts and the kind of credential are kept: REDACTED(registry-auth;id=…;size=…); an empty one stays empty",
    triggers: &[
        "auth\"",
        "auth=",
        "auth:",
        "auth =",
        "auth :",
        "auth\\",
        "auth'",
        "identitytoken",
        "registrytoken",
        "pod-impersonation.cattle.io/token",
        "eyJhdXRocyI",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in FIELD.captures_iter(text.bytes) {
        let (Some(name), Some(secret)) = (found.name("name"), found.name("value")) else {
            continue;
        };
        let named_auth = name.as_bytes().eq_ignore_ascii_case(b"auth");
        if names::is_masked(secret.as_bytes()) || (named_auth && !is_pair(secret.as_bytes())) {
            continue;
        }
        value::mask(text, secret.range(), (RULE.id, "registry-auth"), hits);
    }
    if text.depth < scan::MAX_DEPTH {
        wrapped(text, hits);
    }
}

/// `{"auths"…` in base64: a pull secret.
fn wrapped(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for start in memchr::memmem::find_iter(text.bytes, b"eyJhdXRocyI") {
        let rest = text.bytes.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| crate::pem::is_base64(**byte))
            .count();
        let range = start..start + length;
        hits.push(Hit {
            mask: Placeholder::new("registry-auth")
                .fact("wrapped", "base64")
                .id(text.key, text.slice(range.clone()))
                .text(),
            range,
            rule: RULE.id,
        });
    }
}

/// Whether a value of `auth` is `user:password` in base64, as Docker writes it.
pub(crate) fn is_pair(value: &[u8]) -> bool {
    value.len() >= 8
        && value::base64(value).is_some_and(|pair| {
            pair.contains(&b':')
                && pair
                    .iter()
                    .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        })
}

static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)(?:^|[^A-Za-z0-9_-])(?P<name>auth|identitytoken|registrytoken|pod-impersonation\.cattle\.io/token)\\*["']?[ \t]*[:=][ \t]*\\*["']?(?P<value>[A-Za-z0-9+/=._:~-]{6,})"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{base64, hides, keeps};

    /// `puller:q3W7e1R5`
    const S: &str = "cHVsbGVyOnEzVzdlMVI1";

    const HIDDEN: &[(Kind, &str, &str)] = &[
        (
            Kind::Json,
            r#"{"auths":{"r.example":{"username":"p","password":"q3W7e1R5"}}}"#,
            "q3W7e1R5",
        ),
        (
            Kind::Json,
            r#"{"auths":{"r.example":{"identitytoken":"q3W7e1R5q3"}}}"#,
            "q3W7e1R5q3",
        ),
        (
            Kind::Toml,
            "[plugins.cri.registry.configs.\"r.example\".auth]\n  username = \"p\"\n  password = \"q3W7e1R5\"\n",
            "q3W7e1R5",
        ),
        (
            Kind::Toml,
            "[registry.configs.x]\nauth = { username = \"p\", identitytoken = \"q3W7e1R5\" }\n",
            "q3W7e1R5",
        ),
        (
            Kind::Yaml,
            "configs:\n  r.example:\n    auth:\n      username: p\n      password: q3W7e1R5\n",
            "q3W7e1R5",
        ),
        (
            Kind::Text,
            "level=info pod-impersonation.cattle.io/token=q3w7e1r5q3w7e1r5 x\n",
            "q3w7e1r5q3w7e1r5",
        ),
    ];

    #[test]
    fn registry_credentials_are_hidden_in_every_syntax() {
        let auths = format!(r#"{{"auths":{{"r.example":{{"auth":"{S}"}}}}}}"#);
        let wrapped = base64(&auths);
        let formatted: [(Kind, &str, &str); 6] = [
            (Kind::RegistryAuth, &auths, S),
            (
                Kind::Json,
                &format!("{{\"config\":{{\"registry\":{auths}}}}}"),
                S,
            ),
            (
                Kind::Toml,
                &format!("[plugins.cri.registry.configs.\"r.example\".auth]\n  auth = \"{S}\"\n"),
                S,
            ),
            (
                Kind::Yaml,
                &format!("pullSecret: {wrapped}\n"),
                wrapped.get(..40).unwrap(),
            ),
            (
                Kind::Text,
                &format!("crictl: {{\\\"auth\\\":\\\"{S}\\\"}}\n"),
                S,
            ),
            (
                Kind::Text,
                &format!("x data={wrapped} y\n"),
                wrapped.get(..40).unwrap(),
            ),
        ];
        let mut cases = HIDDEN.to_vec();
        for (kind, text, secret) in &formatted {
            cases.push((*kind, text, secret));
        }
        hides(&RULE, &cases);
    }

    #[test]
    fn hosts_helpers_and_empty_credentials_stay() {
        keeps(&[
            (Kind::Json, r#"{"auths":{"r.example":{"auth":""}}}"#),
            (Kind::Json, r#"{"auths":{"r.example":{}}}"#),
            (Kind::Json, r#"{"credHelpers":{"r.example":"ecr-login"}}"#),
            (
                Kind::Toml,
                "[plugins.cri.registry]\n  config_path = \"/etc/containerd/certs.d\"\n",
            ),
            (Kind::Toml, "[plugins.cri.registry.auths]\n"),
            (
                Kind::Toml,
                "[host.\"https://r\"]\n  ca = \"/etc/ca.crt\"\n  capabilities = [\"pull\"]\n",
            ),
            (
                Kind::Yaml,
                "mirrors:\n  docker.io:\n    endpoint: [https://r.example]\n",
            ),
            (
                Kind::Yaml,
                "configs:\n  r.example:\n    tls:\n      ca_file: /etc/ca.crt\n",
            ),
            (Kind::Text, "auth: anonymous pull from r.example\n"),
            (Kind::Text, "auth=none authConfig=<nil>\n"),
            (
                Kind::Text,
                "failed to authorize: failed to fetch anonymous token\n",
            ),
        ]);
    }
}
