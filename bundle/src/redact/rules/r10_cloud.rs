//! R10: credentials of clouds.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::pattern::compile;
use crate::redact::rule::{Rule, Text};
use crate::redact::value;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R10",
    name: "cloud-credential",
    description: "AWS key ids and secret keys, Google access tokens and service account keys, Azure secrets and storage keys.",
    safe_form: "the last 4 characters of an AWS key id, and ids of accounts and clients, are kept",
    triggers: &[
        "AKIA",
        "ASIA",
        "ya29.",
        "accountkey",
        "private_key_id",
        "sharedaccess",
        "aadclient",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for found in AWS_ID.captures_iter(text.bytes) {
        let Some(id) = found.name("id") else { continue };
        if id.as_bytes().ends_with(b"EXAMPLE") {
            continue;
        }
        hits.push(key_id(text, id.range()));
        aws_secret_near(text, id.end(), hits);
    }
    for found in NAMED.captures_iter(text.bytes) {
        if let Some(secret) = found.name("value") {
            value::mask(text, secret.range(), (RULE.id, "cloud-secret"), hits);
        }
    }
    for found in GOOGLE.find_iter(text.bytes) {
        value::mask(text, found.range(), (RULE.id, "cloud-token"), hits);
    }
}

fn key_id(text: &Text<'_>, range: Range<usize>) -> Hit {
    let id = text.slice(range.clone());
    let last = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
    Hit {
        mask: Placeholder::new("aws-key-id")
            .fact("last4", &String::from_utf8_lossy(last))
            .id(text.key, id)
            .text(),
        range,
        rule: RULE.id,
    }
}

/// A secret key is 40 characters that stand within a few hundred bytes after its id.
fn aws_secret_near(text: &Text<'_>, from: usize, hits: &mut Vec<Hit>) {
    let end = text.bytes.len().min(from + 256);
    let Some(window) = text.bytes.get(from..end) else {
        return;
    };
    for found in AWS_SECRET.captures_iter(window) {
        let Some(secret) = found.name("value") else {
            continue;
        };
        let hex = secret.as_bytes().iter().all(u8::is_ascii_hexdigit);
        if !hex {
            let range = from + secret.start()..from + secret.end();
            value::mask(text, range, (RULE.id, "aws-secret-key"), hits);
        }
    }
}

static AWS_ID: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?P<id>(?:AKIA|ASIA)[0-9A-Z]{16})\b"));

static AWS_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"(?:^|[^A-Za-z0-9/+])(?P<value>[A-Za-z0-9/+]{40})(?:$|[^A-Za-z0-9/+=])")
});

static GOOGLE: LazyLock<Regex> = LazyLock::new(|| compile(r"\bya29\.[A-Za-z0-9_-]{16,}"));

static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)(?:AccountKey|SharedAccessKey|SharedAccessSignature|private_key_id|aadClientSecret|aadClientCertPassword)\\*["']?[ \t]*[=:][ \t]*\\*["']?(?P<value>[^\s"'\\;,]{8,})"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{hides, keeps};

    const ID: &str = "AKIAQ3W7E1R5T9Y2U6I0";
    const S: &str = "q3W7e1R5t9Y2u6I0q3W7e1R5t9Y2u6I0q3W7e/R+";

    #[test]
    fn cloud_credentials_are_hidden_in_every_syntax() {
        let google = "ya29.q3W7e1R5t9Y2u6I0_q3W7";
        hides(
            &RULE,
            &[
                (Kind::Text, &format!("aws: using key {ID} from env\n"), ID),
                (Kind::Text, &format!("aws: {ID} / {S}\n"), S),
                (Kind::Text, &format!("oauth2 {google} ok\n"), google),
                (
                    Kind::Text,
                    "BlobEndpoint=https://x;AccountKey=q3W7e1R5t9Y2u6I0== x\n",
                    "q3W7e1R5t9Y2u6I0",
                ),
                (
                    Kind::Json,
                    &format!("{{\"AccessKeyId\":\"{ID}\",\"Expiration\":\"2026\"}}"),
                    ID,
                ),
                (
                    Kind::Json,
                    r#"{"private_key_id":"0123456789abcdef0123"}"#,
                    "0123456789abcdef0123",
                ),
                (
                    Kind::CloudConfig,
                    r#"{"useManagedIdentityExtension":false,"aadClientSecret":"q3W7e1R5t9"}"#,
                    "q3W7e1R5t9",
                ),
                (Kind::Env, &format!("AWS_ACCESS_KEY_ID={ID}\n"), ID),
                (Kind::Yaml, &format!("accessKeyID: {ID}\nregion: eu\n"), ID),
                (
                    Kind::Toml,
                    &format!("key = '{}'\n", ID.replace("AKIA", "ASIA")),
                    "Q3W7E1R5T9Y2",
                ),
                (
                    Kind::Ini,
                    &format!("[default]\naws_access_key_id = {ID}\n"),
                    ID,
                ),
                (
                    Kind::Text,
                    "SharedAccessSignature=q3W7e1R5t9Y2 x\n",
                    "q3W7e1R5t9Y2",
                ),
            ],
        );
    }

    #[test]
    fn ids_hashes_and_samples_stay() {
        keeps(&[
            (
                Kind::Env,
                "AWS_REGION=eu-central-1\nAWS_ROLE_ARN=arn:aws:iam::123456789012:role/nodes\n",
            ),
            (Kind::Text, "documented sample AKIAIOSFODNN7EXAMPLE\n"),
            (
                Kind::Text,
                "git commit 0123456789abcdef0123456789abcdef01234567\n",
            ),
            (
                Kind::Text,
                "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
            ),
            (
                Kind::CloudConfig,
                "{\"aadClientId\":\"11111111-2222\",\"useManagedIdentityExtension\":true,\"vmType\":\"vmss\"}",
            ),
            (Kind::Text, "AKIA is the prefix\n"),
            (Kind::Text, "NAKIAQ3W7E1R5T9Y2U6I01 is longer\n"),
            (
                Kind::Yaml,
                "cloudProvider: aws\naadFederatedTokenFile: /var/run/token\n",
            ),
            (Kind::Text, "i-0123456789abcdef0 in eu-central-1a\n"),
            (Kind::Json, r#"{"client_email":"x","project_id":"p"}"#),
        ]);
    }
}
