//! R9: values assigned to names that announce a secret.

use crate::redact::hit::Hit;
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
use regex::bytes::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R9",
    name: "secret-assignment",
    description: "Values after names such as password, token, secret, api-key, in files, environments, arguments and logs.",
    safe_form: "the name is kept: password=REDACTED(password;id=…;size=8-15;chars=alphanumeric)",
    triggers: &[
        "pass",
        "pwd",
        "psk",
        "secret",
        "token",
        "jwt",
        "credential",
        "creds",
        "sas",
        "key",
        "curl",
        "-creds",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    spaced(text, hits);
    for pattern in [&*ASSIGNMENT, &*QUOTED_PAIR, &*FLAG] {
        let mut at = 0;
        while let Some(found) = pattern.captures_at(text.bytes, at) {
            let (Some(whole), Some(name)) = (
                found.get(0),
                found.name("name").or_else(|| found.name("name2")),
            ) else {
                break;
            };
            if names::announced(name.as_bytes()).is_some() {
                assigned(text, &found, name.as_bytes(), hits);
                at = whole.end();
            } else {
                // `Environment=API_TOKEN=…`: the value of a harmless name may be an assignment itself.
                at = name.end() + 1;
            }
        }
    }
}

/// Passwords that nothing but blanks part from what announces them.
fn spaced(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in SPACED.captures_iter(text.bytes) {
        let Some(content) = found.name("value").or_else(|| found.name("pair")) else {
            continue;
        };
        if !names::is_harmless(content.as_bytes(), Secret::Password) {
            value::mask(text, content.range(), (RULE.id, "password"), hits);
        }
    }
}

fn assigned(text: &Text<'_>, found: &Captures<'_>, name: &[u8], hits: &mut Vec<Hit>) {
    let quoted = ["double", "single", "escaped"]
        .iter()
        .find_map(|group| found.name(group));
    if let Some(content) = quoted {
        consider(text, name, content.range(), hits);
    } else if let Some(content) = found.name("plain") {
        consider(text, name, unquoted(text, content.range()), hits);
    }
}

fn consider(text: &Text<'_>, name: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
    let Some(secret) = names::announced(name) else {
        return;
    };
    let content = text.slice(range.clone());
    if names::is_harmless(content, secret) || (!text.config && !is_plausible(name, content, secret))
    {
        return;
    }
    value::mask(text, range, (RULE.id, secret.word()), hits);
}

/// A value without quotes ends before the punctuation of the sentence or list it stands in.
fn unquoted(text: &Text<'_>, range: Range<usize>) -> Range<usize> {
    let content = text.slice(range.clone());
    let kept = content
        .iter()
        .rposition(|byte| !b",;.:)]}".contains(byte))
        .map_or(0, |at| at + 1);
    range.start..range.start + kept
}

/// In a log, `token: expired` is a sentence. Passwords are masked unless they are a plain lower-case word after `: `.
fn is_plausible(name: &[u8], content: &[u8], secret: Secret) -> bool {
    let bare_secret = name.eq_ignore_ascii_case(b"secret") || name.eq_ignore_ascii_case(b"secrets");
    if bare_secret && names::is_object_name(content) {
        return false;
    }
    match secret {
        Secret::Password => names::looks_secret(content) || content.iter().any(u8::is_ascii_digit),
        Secret::Token | Secret::Key | Secret::Unknown => names::looks_secret(content),
    }
}

/// `name=value`, `name: value`, `"name": "value"`, `name => value`; in quotes, escaped at any depth, the value may have blanks.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\\*["']?[\ \t]*(?:=>|[:=]|%3[AaDd])[\ \t]*(?:
            "(?P<double>(?:[^"\\\r\n]|\\[^\r\n])+)
          | '(?P<single>[^'\r\n]+)
          | \\+["'](?P<escaped>[^"'\\\r\n]+)
          | (?P<plain>[^\s"'\\|>&*!\[{,;][^\s"'\\,;]*)
        )"#,
    )
});

/// `"NAME=value with blanks"`, as systemd and Docker write a variable.
static QUOTED_PAIR: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<double>[^"\\\r\n]+)"
          | '(?P<name2>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<single>[^'\r\n]+)'"#,
    )
});

/// `--name value`, also on the next line of a unit, and the same as two elements of a list.
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)--(?P<name>[a-z][a-z0-9_.-]*)(?:\\*["'][\ \t]*,[\ \t]*|[\ \t]+)(?:\\\r?\n[\ \t]*)?\\*["']?
          (?P<plain>[^\s"'\\-][^\s"'\\,;]*)"#,
    )
});

/// `auth_pass x` of keepalived, `requirepass x` of Redis, `login u password p` of netrc, `-u user:password` of curl, `--creds`.
static SPACED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?x)(?:\b(?:auth_pass|requirepass|masterauth)|(?:login|account)[\ \t]+[^\s"']+[\ \t\r\n]+password)[\ \t]+\\*["']?(?P<value>[^\s"'\\]+)
          |(?:\bcurl\b[^\r\n]{0,200}?\ (?:-u|-U|--user|--proxy-user)|--(?:src-|dest-)?creds)(?:=|\\*["'],|[\ \t\r\n])[\ \t]*\\*["']?[^\s:"'\\]+:(?P<pair>[^\s"'\\,]+)"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps, redact};

    const S: &str = "q3W7e1R5t9";

    const HIDDEN: &[(Kind, &str, &str)] = &[
        (Kind::Env, "DB_PASSWORD=q3W7e1R5t9\n", S),
        (
            Kind::Env,
            "export API_KEY='q3W7e1R5t9 and more'\n",
            "and more",
        ),
        (Kind::Env, "# AWS_SECRET_ACCESS_KEY=q3W7e1R5t9\nA=b\n", S),
        (
            Kind::Unit,
            "[Service]\nEnvironment=\"K3S_TOKEN=q3W7e1R5t9 tail\" A=b\n",
            "tail",
        ),
        (
            Kind::Unit,
            "[Service]\nExecStart=/usr/bin/x --password q3W7e1R5t9 \\\n  --v=2\n",
            S,
        ),
        (
            Kind::Unit,
            "[Service]\nEnvironment=CLOUD_API_TOKEN=q3W7e1R5t9\n",
            S,
        ),
        (
            Kind::Unit,
            "[Service]\nEnvironment=\"EXTRA=--password=q3W7e1R5t9 --v=2\"\n",
            S,
        ),
        (
            Kind::Unit,
            "[Service]\nExecStart=/usr/bin/x --token \\\n  q3W7e1R5t9\n",
            S,
        ),
        (Kind::Argv, "x\n--api-key\nq3W7e1R5t9\n--v=2\n", S),
        (Kind::Argv, "x --secret=q3W7e1R5t9", S),
        (Kind::Ini, "[wifi]\npsk = q3W7e1R5t9 x\n", "t9 x"),
        (
            Kind::Yaml,
            "login:\n  password: correct horse q3W7e1R5t9 # old\n",
            S,
        ),
        (
            Kind::Yaml,
            "machine:\n  token: |\n    q3W7e1R5t9\n    second-line\n  next: 1\n",
            "second-line",
        ),
        (Kind::Yaml, "tokens: [q3W7e1R5t9]\n", S),
        (
            Kind::Yaml,
            "env:\n- name: DB_PASSWORD\n  value: q3W7e1R5t9\n",
            S,
        ),
        (
            Kind::Yaml,
            "kind: Secret\nstringData:\n  user: q3W7e1R5t9\n",
            S,
        ),
        (Kind::Yaml, "broken: [\npassword: correct q3W7e1R5t9\n", S),
        (
            Kind::Yaml,
            "broken: [\ntoken: |\n  q3W7e1R5t9\n  tail\nz: 1\n",
            "tail",
        ),
        (
            Kind::Json,
            r#"{"clientSecret":"q3W7\u0065q3W7","password":123456}"#,
            "123456",
        ),
        (
            Kind::Toml,
            "[a]\nsecret_key = \"q3W7e1R5t9\"\npassword = 123456\n",
            "123456",
        ),
        (Kind::Toml, "broken = \npassword = \"q3W7e1R5t9 x\"\n", S),
        (
            Kind::Text,
            "env: {\\\"password\\\":\\\"q3W7e1R5t9\\\"}\n",
            S,
        ),
        (Kind::Text, "starting with --token=q3W7e1R5t9 --v=2\n", S),
        (Kind::Text, "&{Name:x Password:q3W7e1R5t9 Port:1}\n", S),
    ];

    #[test]
    fn values_of_secret_names_are_hidden_in_every_syntax() {
        hides(&RULE, HIDDEN);
    }

    #[test]
    fn names_about_secrets_and_harmless_values_stay() {
        keeps(&[
            (
                Kind::Yaml,
                "tokenTTL: 24h\nsecretName: regcred\nimagePullSecrets:\n- name: regcred\n",
            ),
            (
                Kind::Yaml,
                "authentication:\n  webhook:\n    cacheTTL: 2m0s\ntokenFile: /etc/token\n",
            ),
            (
                Kind::Yaml,
                "taints:\n- key: node.kubernetes.io/x\n  value: \"true\"\n  effect: NoSchedule\n",
            ),
            (
                Kind::Env,
                "SECRET_NAME=regcred\nKUBELET_KEY_PATH=/etc/k.key\nTOKEN=\nPASSWORD_AUTH=no\n",
            ),
            (
                Kind::Argv,
                "kubelet\n--token-auth-file=/etc/tokens.csv\n--authentication-token-webhook=true\n",
            ),
            (
                Kind::Unit,
                "[Service]\nPassEnvironment=HOME\nLoadCredential=x:/etc/x\nPrivateTmp=yes\n",
            ),
            (
                Kind::Text,
                "I0823 flags.go:64] FLAG: --authentication-token-webhook-cache-ttl=\"2m0s\"\n",
            ),
            (
                Kind::Text,
                "I0823 flags.go:64] FLAG: --bootstrap-kubeconfig=\"/etc/kubernetes/bootstrap-kubelet.conf\"\n",
            ),
            (
                Kind::Text,
                "E0823 x] \"Failed to fetch token\" err=\"failed to fetch token: Post \\\"https://10.0.0.1:6443\\\"\"\n",
            ),
            (
                Kind::Text,
                "MountVolume.SetUp failed for volume \"x\" : secret \"kube-system/regcred\" not found\n",
            ),
            (
                Kind::Text,
                "\"Unable to retrieve pull secret\" pod=\"a/b\" secret=\"regcred-2\"\n",
            ),
            (
                Kind::Text,
                "err=\"couldn't get secret: context deadline exceeded\" token: invalid\n",
            ),
            (Kind::Text, "passwd: files systemd\nkubelet passed: 3\n"),
            (
                Kind::Text,
                "Password: required\nsecret: kube-system/bootstrap-token-abcdef\n",
            ),
            (Kind::Ini, "[sshd]\nPasswordAuthentication = no\n"),
            (
                Kind::Json,
                r#"{"tokenExpirationSeconds": 3600, "secretRef": {"name": "x"}}"#,
            ),
        ]);
    }

    #[test]
    fn the_placeholder_tells_what_explains_failures() {
        let stored = redact(Kind::Json, "{\"token\": \" abcdefgh1 \"}");
        let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
        assert!(
            stored.contains("size=8-15;chars=alphanumeric;blank-around=yes)\"}"),
            "{stored}"
        );
    }
}
