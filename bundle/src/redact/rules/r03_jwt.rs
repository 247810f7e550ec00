//! R3: JSON Web Tokens.

use crate::pem::BASE64;
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::rule::{Rule, Text};
use base64::Engine as _;
use serde_json::Value;
use std::ops::Range;

pub(crate) const RULE: Rule = Rule {
    id: "R3",
    name: "jwt",
    description: "JSON Web Tokens: service account tokens, OIDC tokens, instance identity; also cut ones.",
    safe_form: "REDACTED(jwt;alg=RS256;iss=…;sub=system:serviceaccount:…;aud=…;iat=…;nbf=…;exp=…;expired=yes;id=…)",
    triggers: &["eyJ", "ZXlK"],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for start in memchr::memmem::find_iter(text.bytes, b"eyJ") {
        if let Some(hit) = at(text, start) {
            hits.push(hit);
        }
    }
    for start in memchr::memmem::find_iter(text.bytes, b"ZXlK") {
        if let Some(hit) = wrapped(text, start) {
            hits.push(hit);
        }
    }
}

/// The hit if the range begins with a JWT; it then covers the whole range.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>) -> Option<Hit> {
    let hit = at(text, range.start)?;
    (hit.range.end <= range.end).then_some(Hit { range, ..hit })
}

fn at(text: &Text<'_>, start: usize) -> Option<Hit> {
    let preceded = start
        .checked_sub(1)
        .and_then(|at| text.bytes.get(at))
        .is_some_and(|byte| byte.is_ascii_alphanumeric() && !is_escape(text.bytes, start));
    if preceded {
        return None;
    }
    let rest = text.bytes.get(start..)?;
    let length = rest.iter().take_while(|byte| is_token(**byte)).count();
    let token = rest.get(..length)?.trim_ascii_end();
    Some(Hit {
        range: start..start + length,
        rule: RULE.id,
        mask: facts(text, token)?.id(text.key, token).text(),
    })
}

/// The facts of a token; `None` when it is none. A header that was cut is told by how headers begin.
fn facts(text: &Text<'_>, token: &[u8]) -> Option<Placeholder> {
    let mut parts = token.split(|byte| *byte == b'.');
    let Some(header) = json(parts.next()?) else {
        let cut = token.len() >= 16 && HEADER_STARTS.iter().any(|start| token.starts_with(start));
        return cut.then(|| Placeholder::new("jwt").fact("cut", "yes"));
    };
    header.get("alg").or_else(|| header.get("enc"))?;
    let claims = parts.next().and_then(json);
    let placeholder = placeholder(&header, claims.as_ref());
    let expires = claims.and_then(|claims| claims.get("exp")?.as_i64());
    Some(match expires.and_then(|time| text.known.is_past(time)) {
        Some(past) => placeholder.fact("expired", if past { "yes" } else { "no" }),
        None => placeholder,
    })
}

/// A JWT wrapped in base64, as in a Secret.
fn wrapped(text: &Text<'_>, start: usize) -> Option<Hit> {
    let rest = text.bytes.get(start..)?;
    let length = rest
        .iter()
        .take_while(|byte| crate::pem::is_base64(**byte))
        .count();
    let whole = length - usize::from(length % 4 == 1);
    let decoded = crate::redact::value::base64(rest.get(..whole)?)?;
    let inner = at(
        &Text {
            bytes: &decoded,
            ..*text
        },
        0,
    )?;
    Some(Hit {
        range: start..start + length,
        ..inner
    })
}

fn placeholder(header: &Value, claims: Option<&Value>) -> Placeholder {
    let mut placeholder = Placeholder::new("jwt");
    for name in ["alg", "kid"] {
        if let Some(value) = header.get(name).and_then(Value::as_str) {
            placeholder = placeholder.fact(name, value);
        }
    }
    let Some(claims) = claims else {
        return placeholder.fact("cut", "yes");
    };
    for name in ["iss", "sub"] {
        let value = claims.get(name).and_then(Value::as_str);
        if let Some(value) = value.filter(|value| !value.contains('@')) {
            placeholder = placeholder.fact(name, value);
        }
    }
    if let Some(audiences) = audiences(claims) {
        placeholder = placeholder.fact("aud", &audiences);
    }
    for name in ["iat", "nbf", "exp"] {
        if let Some(time) = claims.get(name).and_then(Value::as_i64) {
            placeholder = placeholder.fact(name, &time.to_string());
        }
    }
    placeholder
}

fn audiences(claims: &Value) -> Option<String> {
    match claims.get("aud")? {
        Value::String(audience) => Some(audience.clone()),
        Value::Array(list) => {
            let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            Some(names.join("+"))
        }
        _ => None,
    }
}

/// The JSON object that a part encodes; a part that was cut does not decode.
fn json(part: &[u8]) -> Option<Value> {
    let standard: Vec<u8> = part
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let value: Value = serde_json::from_slice(&BASE64.decode(standard).ok()?).ok()?;
    value.is_object().then_some(value)
}

fn is_escape(bytes: &[u8], start: usize) -> bool {
    let two = start.checked_sub(2).and_then(|from| bytes.get(from..start));
    matches!(two, Some([b'\\', b'n' | b't' | b'r']))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=')
}

/// `{"alg":`, `{"typ":`, `{"kid":`, `{"enc":` in base64.
const HEADER_STARTS: [&[u8]; 4] = [b"eyJhbGciOi", b"eyJ0eXAiOi", b"eyJraWQiOi", b"eyJlbmMiOi"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{base64, hides, keeps, redact};

    /// `{"alg":"RS256","kid":"k1"}` . `{"iss":"https://kubernetes.default.svc","sub":"system:serviceaccount:kube-system:calico-node","aud":["a","b"],"exp":1790000000}`
    const T: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMiLCJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6a3ViZS1zeXN0ZW06Y2FsaWNvLW5vZGUiLCJhdWQiOlsiYSIsImIiXSwiZXhwIjoxNzkwMDAwMDAwfQ.c2lnbmF0dXJlLWJ5dGVz";

    #[test]
    fn web_tokens_are_hidden_in_every_syntax() {
        let cut = T.get(..120).unwrap();
        let head = T.get(..24).unwrap();
        let wrapped = base64(T);
        hides(
            &RULE,
            &[
                (
                    Kind::Kubeconfig,
                    &format!("users:\n- name: c\n  user:\n    token: {T}\n"),
                    T,
                ),
                (
                    Kind::Kubeconfig,
                    &format!("users:\n- name: c\n  user:\n    token: \"{T}\"\n"),
                    T,
                ),
                (Kind::Yaml, &format!("x: {T}\n"), T),
                (Kind::Yaml, &format!("x: {wrapped}\n"), &wrapped),
                (Kind::Json, &format!("{{\"id\":\"{T}\"}}"), T),
                (
                    Kind::Text,
                    &format!("curl -H 'Authorization: Bearer {T}'\n"),
                    T,
                ),
                (
                    Kind::Text,
                    &format!("err=\"{{\\\"t\\\":\\\"{T}\\\"}}\"\n"),
                    T,
                ),
                (Kind::Text, &format!("got {cut}\n"), cut),
                (Kind::Text, &format!("got {head}...\n"), head),
                (Kind::Env, &format!("X={T}\n"), T),
                (Kind::Toml, &format!("t = \"{T}\"\n"), T),
                (Kind::Token, T, T),
                (Kind::Argv, &format!("x\n--token={T}\n"), T),
            ],
        );
    }

    #[test]
    fn what_only_begins_like_a_token_stays() {
        keeps(&[
            (Kind::Text, "eyJ is how tokens begin\n"),
            (Kind::Text, "eyJzaG9ydA\n"),
            (Kind::Text, "keyJar loaded\n"),
            (Kind::Text, "v1.36.2 node.k8s.io example.com.org\n"),
            (Kind::Text, "eyJhIjoxfQ.b.c\n"),
            (Kind::Text, "image registry.k8s.io/pause:3.10 sha256:eyJx\n"),
            (Kind::Json, r#"{"data":"eyJhIjoxfQ=="}"#),
            (Kind::Yaml, "x: eyJhIjoxfQ==\n"),
            (Kind::Text, "monkeyJungle.eyJungle\n"),
            (Kind::Toml, "x = \"eyJ\"\n"),
        ]);
    }

    #[test]
    fn issuer_subject_audience_and_dates_are_told() {
        let stored = redact(Kind::Text, T);
        let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
        assert!(
            stored.starts_with(
                "REDACTED(jwt;alg=RS256;kid=k1;iss=https://kubernetes.default.svc;\
                 sub=system:serviceaccount:kube-system:calico-node;aud=a+b;exp=1790000000;id="
            ),
            "{stored}"
        );
    }
}
