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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{base64, hides, keeps, redact};

    const S: &str = "q3W7e1R5t9Y2u6I0";

    fn user(fields: &str) -> String {
        format!("kind: Config\nclusters: []\nusers:\n- name: node\n  user:\n    {fields}\n")
    }

    /// Fields of a user, and the secret in them.
    const FIELDS: &[(&str, &str)] = &[
        ("token: q3W7e1R5t9Y2u6I0", S),
        ("password: 'q3W7e1R5t9Y2u6I0'", S),
        ("client-key-data: cTNXN2UxUjV0OVkydTZJMA==", "cTNXN2Ux"),
        ("client-key: q3W7e1R5t9Y2u6I0", S),
        ("misspelt-tokn: q3W7e1R5t9Y2u6I0", S),
        ("client-certificate-data: q3W7e1R5t9Y2u6I0*", S),
        (
            "exec:\n      command: aws\n      env:\n      - name: X\n        value: q3W7e1R5t9Y2u6I0",
            S,
        ),
        (
            "exec:\n      command: x\n      args: [get, --secret, q3W7e1R5t9Y2u6I0]",
            S,
        ),
        (
            "auth-provider:\n      name: oidc\n      config:\n        id-token: q3W7e1R5t9Y2u6I0",
            S,
        ),
        ("token: |\n      q3W7e1R5t9Y2u6I0\n      second", S),
    ];

    /// The same in other files.
    const ELSEWHERE: &[(Kind, &str, &str)] = &[
        (
            Kind::Json,
            r#"{"kind":"Config","users":[{"name":"n","user":{"token":"q3W7e1R5t9Y2u6I0","password":12345678}}]}"#,
            S,
        ),
        (
            Kind::Yaml,
            "a:\n  users:\n  - name: n\n    user: {token: q3W7e1R5t9Y2u6I0}\n",
            S,
        ),
        (Kind::Text, "x client-key-data: q3W7e1R5t9Y2u6I0 y\n", S),
        (
            Kind::Text,
            "{\\\"client-key-data\\\":\\\"q3W7e1R5t9Y2u6I0\\\"}\n",
            S,
        ),
        (
            Kind::Env,
            "KUBECONFIG_DATA='client-key-data: q3W7e1R5t9Y2u6I0'\n",
            S,
        ),
    ];

    #[test]
    fn credentials_of_users_are_hidden_in_every_syntax() {
        let users: Vec<(String, &str)> = FIELDS
            .iter()
            .map(|(fields, secret)| (user(fields), *secret))
            .collect();
        let mut cases = ELSEWHERE.to_vec();
        for (text, secret) in &users {
            cases.push((Kind::Kubeconfig, text, secret));
        }
        hides(&RULE, &cases);
    }

    #[test]
    fn names_paths_commands_and_public_data_stay() {
        let path =
            user("client-certificate: /var/lib/kubelet/pki/c.pem\n    client-key: pki/c.key");
        let exec = user(
            "exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: aws-iam-authenticator\n      args: [token, -i, cluster-1, --region, eu-1]\n      env:\n      - name: AWS_PROFILE\n        value: nodes\n      interactiveMode: Never\n      provideClusterInfo: false",
        );
        let provider = user(
            "auth-provider:\n      name: oidc\n      config:\n        idp-issuer-url: https://issuer.example\n        client-id: kube",
        );
        let der = rcgen::generate_simple_self_signed(vec!["n".to_owned()]).unwrap();
        let certificate = user(&format!(
            "client-certificate-data: {}",
            base64(&der.cert.pem())
        ));
        keeps(&[
            (Kind::Kubeconfig, &path),
            (Kind::Kubeconfig, &exec),
            (Kind::Kubeconfig, &provider),
            (Kind::Kubeconfig, &certificate),
            (Kind::Kubeconfig, &user("tokenFile: /var/run/secrets/token")),
            (Kind::Kubeconfig, &user("token: \"\"")),
            (Kind::Kubeconfig, &user("username: admin")),
            (
                Kind::Kubeconfig,
                "clusters:\n- name: k\n  cluster:\n    certificate-authority-data: bm90IGEgY2VydGlmaWNhdGU=\n    server: http://10.0.0.1:6443\n    tls-server-name: api\n    proxy-url: http://proxy:3128\nusers: []\n",
            ),
            (Kind::Text, "access-token-ttl: 5m0s\n"),
            (Kind::Text, "unable to read client-key-data for user\n"),
            (Kind::Text, "client-certificate-data is missing\n"),
        ]);
    }

    #[test]
    fn a_masked_kubeconfig_tells_whether_certificate_data_was_base64() {
        let stored = redact(
            Kind::Kubeconfig,
            &user("client-certificate-data: q3W7e1R5t9Y2u6I0*"),
        );
        let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
        assert!(
            stored.contains("client-certificate-data: REDACTED(certificate-data;id="),
            "{stored}"
        );
        assert!(
            stored.contains(";valid-base64=no;size=16-31)\n"),
            "{stored}"
        );
    }
}
