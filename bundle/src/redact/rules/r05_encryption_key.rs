//! R5: keys that encrypt the cluster's data.

use crate::redact::hit::Hit;
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::{names, value};
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
        if let (Some(name), Some(password)) = (found.name("name"), found.name("value"))
            && names::announced(name.as_bytes()).is_some()
        {
            value::mask(text, password.range(), (RULE.id, "password"), hits);
        }
    }
}

static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    compile(r#"\bsecret\\*["']?[ \t]*:[ \t]*\\*["']?(?P<value>[A-Za-z0-9+/]{16,}={0,2})"#)
});

static ETCD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)\b(?P<name>ETCD_[A-Z_]*PASSWORD[A-Z_]*)\\*["']?[ \t]*[=:][ \t]*\\*["']?(?P<value>[^\s"'\\]+)"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps};

    const S: &str = "c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1sb25nISEhISE=";

    #[test]
    fn keys_of_the_clusters_data_are_hidden_in_every_syntax() {
        let yaml = format!(
            "kind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: key1\n        secret: {S}\n  - identity: {{}}\n"
        );
        let json = format!(
            r#"{{"kind":"EncryptionConfiguration","resources":[{{"providers":[{{"aesgcm":{{"keys":[{{"name":"k","secret":"{S}"}}]}}}}]}}]}}"#
        );
        let p = "q3w7e1r5";
        hides(
            &RULE,
            &[
                (Kind::Yaml, &yaml, S),
                (Kind::Yaml, &yaml.replace("aescbc", "secretbox"), S),
                (Kind::Yaml, &yaml.replace(S, &format!("\"{S}\"")), S),
                (
                    Kind::Yaml,
                    &yaml.replace("EncryptionConfiguration", "EncryptionConfig"),
                    S,
                ),
                (Kind::Json, &json, S),
                (Kind::Json, &format!("{{\"a\":{json}}}"), S),
                (
                    Kind::Text,
                    &format!("config {}\n", json.replace('"', "\\\"")),
                    S,
                ),
                (
                    Kind::Text,
                    &format!("aescbc keys name=key1 secret: {S}\n"),
                    S,
                ),
                (Kind::Text, "ETCD_ROOT_PASSWORD=q3w7e1r5 etcd\n", p),
                (Kind::Env, "ETCD_PASSWORD=q3w7e1r5\n", p),
                (Kind::Env, "export ETCD_ROOT_PASSWORD=\"q3w7e1r5\"\n", p),
                (
                    Kind::Unit,
                    "[Service]\nEnvironment=ETCD_CLIENT_PASSWORD=q3w7e1r5\n",
                    p,
                ),
            ],
        );
    }

    #[test]
    fn providers_and_names_stay() {
        keeps(&[
            (
                Kind::Yaml,
                "kind: EncryptionConfiguration\nresources:\n- providers:\n  - identity: {}\n",
            ),
            (
                Kind::Yaml,
                "kind: EncryptionConfiguration\nresources:\n- providers:\n  - kms:\n      name: vault\n      endpoint: unix:///run/kms.sock\n      timeout: 3s\n",
            ),
            (Kind::Yaml, "keys:\n- name: key1\n"),
            (
                Kind::Argv,
                "kube-apiserver\n--encryption-provider-config=/etc/kubernetes/enc.yaml\n",
            ),
            (Kind::Env, "ETCD_DATA_DIR=/var/lib/etcd\n"),
            (Kind::Env, "ETCD_PASSWORD_FILE=/etc/etcd/password\n"),
            (Kind::Env, "ETCD_NAME=etcd-1\n"),
            (Kind::Text, "aescbc provider loaded, 2 keys\n"),
            (Kind::Text, "secretbox: key name key1\n"),
            (
                Kind::Json,
                r#"{"kind":"EncryptionConfiguration","resources":[]}"#,
            ),
        ]);
    }
}
