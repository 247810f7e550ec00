//! The corpus of redaction: for each rule a table of what it must hide and what it must leave, in `corpus/<rule>.txt`.
//!
//! A line is `hide|gone|keep`, the kind of content with wrappers (`text`, `yaml`, `text+json`, `yaml+base64`), and the text.
//! `hide`: the rule of the table acts; `gone`: any rule. `\n`, `\t` and `\\` stand for themselves. `@name@` is a secret made up
//! here, so that none stands in the repository: `@word:16@`, `@hex:64@`, `@base64:40@`, `@token@`, `@pem@`, …

use crate::redact::check::{base64, redact};
use crate::redact::{ContentKind, RULES, scan};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

/// A line of a table.
struct Case {
    verb: String,
    syntax: String,
    text: String,
    /// What must not be in the stored text.
    secrets: Vec<String>,
}

#[test]
fn every_rule_hides_and_leaves_what_its_table_says() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let cases = table(&rule.id().to_ascii_lowercase());
        let hidden = cases.iter().filter(|case| case.verb != "keep");
        let syntaxes: BTreeSet<_> = hidden.clone().map(|case| &case.syntax).collect();
        let kept = cases.iter().filter(|case| case.verb == "keep").count();
        assert!(
            hidden.count() >= 10 && syntaxes.len() >= 4 && kept >= 10,
            "{}: the table is too small",
            rule.id()
        );
        for case in &cases {
            if let Some(what) = judge(rule.id(), case) {
                wrong.push(format!("{} {what}", rule.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_page_about_redaction_has_every_rule() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/redaction.md");
    let page = std::fs::read_to_string(page).unwrap();
    for rule in RULES {
        let row = format!(
            "| {} | {} | {} | {} |",
            rule.id(),
            rule.name(),
            rule.description(),
            rule.safe_form()
        );
        assert!(page.contains(&row), "docs/redaction.md lacks\n{row}");
    }
}

/// What is wrong with the outcome of a case; `None`: nothing.
fn judge(rule: &str, case: &Case) -> Option<String> {
    let kind = kind(case.syntax.split('+').next().unwrap());
    let redacted = redact(kind, &case.text);
    let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
    let told = || {
        format!(
            "{} {}: {:?}\n    {}\n    {stored}",
            case.verb,
            case.syntax,
            redacted.counts(),
            case.text
        )
    };
    if case.verb == "keep" {
        let silent = scan(stored.as_bytes()).is_empty();
        return (stored != case.text || !silent).then(told);
    }
    let leaks = case.secrets.iter().any(|secret| stored.contains(secret));
    let counted = case.verb == "gone" || redacted.counts().contains_key(rule);
    let again = redact(kind, &stored);
    let stable = again.bytes() == stored.as_bytes();
    let gate = scan(stored.as_bytes());
    let fine = !leaks && counted && stable && gate.is_empty();
    (!fine).then(|| {
        format!(
            "leaks={leaks} counted={counted} stable={stable} gate={gate:?} {}",
            told()
        )
    })
}

fn table(rule: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/redact/corpus/{rule}.txt"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .enumerate()
        .map(|(number, line)| case(number, line))
        .collect()
}

fn case(number: usize, line: &str) -> Case {
    let mut columns = line.splitn(3, ' ');
    let mut column = || {
        columns
            .next()
            .unwrap_or_else(|| panic!("{line}"))
            .to_owned()
    };
    let (verb, syntax, source) = (column(), column(), column());
    let mut text = String::new();
    let mut secrets = Vec::new();
    for (at, piece) in source.split('@').enumerate() {
        match (at % 2 == 1).then(|| made(piece, number)).flatten() {
            Some((whole, needle)) => {
                text.push_str(&whole);
                secrets.push(needle);
            }
            None if at % 2 == 1 => panic!("{line}: no maker of {piece:?}"),
            None => text.push_str(&unescaped(piece)),
        }
    }
    for wrapper in syntax.split('+').skip(1) {
        match wrapper {
            "json" => {
                let quoted = serde_json::to_string(&text).unwrap();
                text = format!(
                    "I0823 10:00:00.000001 66 x.go:1] \"Sent\" body={quoted} took=\"2ms\"\n"
                );
                let escaped = secrets
                    .iter()
                    .map(|secret| serde_json::to_string(secret).unwrap());
                secrets = escaped
                    .map(|secret| secret.trim_matches('"').to_owned())
                    .collect();
            }
            "base64" => {
                let wrapped = base64(&text);
                text = format!("payload: {wrapped}\n");
                secrets = vec![wrapped];
            }
            other => panic!("{line}: no wrapper {other:?}"),
        }
    }
    let hides = verb != "keep";
    assert!(!hides || !secrets.is_empty(), "{line}: nothing to hide");
    Case {
        verb,
        syntax,
        text,
        secrets,
    }
}

fn unescaped(text: &str) -> String {
    text.replace("\\\\", "\u{1}")
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\a", "@")
        .replace('\u{1}', "\\")
}

fn kind(name: &str) -> ContentKind {
    match name {
        "kubeconfig" => ContentKind::Kubeconfig,
        "auth" => ContentKind::RegistryAuth,
        "cloud" => ContentKind::CloudConfig,
        "cni" => ContentKind::CniConfig,
        "yaml" => ContentKind::Yaml,
        "json" => ContentKind::Json,
        "toml" => ContentKind::Toml,
        "env" => ContentKind::Env,
        "unit" => ContentKind::Unit,
        "argv" => ContentKind::Argv,
        "ini" => ContentKind::Ini,
        "pem" => ContentKind::Pem,
        "text" => ContentKind::Text,
        other => panic!("no kind {other:?}"),
    }
}

/// A secret of a kind, and the part of it that must not be stored.
fn made(name: &str, number: usize) -> Option<(String, String)> {
    let (maker, length) = name.split_once(':').unwrap_or((name, "16"));
    let length = length.parse().unwrap_or(16);
    let seed = number * 31 + length;
    let whole = |text: String| (text.clone(), text);
    Some(match maker {
        "word" => whole(random(seed, length, ALPHANUMERIC)),
        "lower" => whole(random(seed, length, LOWER)),
        "upper" => whole(random(seed, length, UPPER)),
        "hex" => whole(random(seed, length, HEX)),
        "letters" => whole(random(seed, length, &LOWER[..26])),
        "base64" => whole(base64(&random(seed, length / 4 * 3, ALPHANUMERIC))),
        "random64" => whole(random(seed, length, BASE64)),
        "token" => {
            let secret = random(seed, 16, LOWER);
            (format!("{}.{secret}", random(seed + 1, 6, LOWER)), secret)
        }
        "jwt" => jwt(seed),
        "pem" | "pemline" | "pemcut" | "pem64" | "certkey" => key(maker),
        "cert" => whole(certificate()),
        "cert64" => whole(base64(&certificate())),
        "k10" => {
            let secret = random(seed, 20, HEX);
            (
                format!("K10{}::server:{secret}", random(seed + 1, 64, HEX)),
                secret,
            )
        }
        "pair" => whole(base64(&format!(
            "puller:{}",
            random(seed, 12, ALPHANUMERIC)
        ))),
        "gzip" => whole(gzip(&format!(
            "apiVersion: v1\nclusters:\n- name: k\nusers:\n- user:\n    token: {}\n",
            random(seed, 40, ALPHANUMERIC)
        ))),
        "gzipplain" => whole(gzip(&"nothing to see here, only words ".repeat(6))),
        _ => return None,
    })
}

fn jwt(seed: usize) -> (String, String) {
    let part = |text: &str| base64(text).trim_end_matches('=').to_owned();
    let signature = random(seed, 43, ALPHANUMERIC);
    let claims = r#"{"iss":"https://kubernetes.default.svc","sub":"system:serviceaccount:kube-system:cni","exp":1795330000}"#;
    let token = format!(
        "{}.{}.{signature}",
        part(r#"{"alg":"RS256","kid":"a"}"#),
        part(claims)
    );
    (token, signature)
}

fn key(form: &str) -> (String, String) {
    let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .unwrap()
        .serialize_pem();
    let pem = pem.replace("\r\n", "\n");
    let needle = pem.lines().nth(1).unwrap().to_owned();
    match form {
        "pemline" => (pem.trim_end().replace('\n', "\\n"), needle),
        "pemcut" => {
            let cut = pem.rfind("-----END").unwrap() - 20;
            (pem.get(..cut).unwrap().to_owned(), needle)
        }
        "pem64" => (base64(&pem), base64(&pem)),
        "certkey" => (format!("{}{pem}", certificate()), needle),
        _ => (pem, needle),
    }
}

fn certificate() -> String {
    let made = rcgen::generate_simple_self_signed(vec!["worker-1".to_owned()]).unwrap();
    made.cert.pem().replace("\r\n", "\n")
}

fn gzip(text: &str) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    STANDARD.encode(packer.finish().unwrap())
}

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/// The same letters for the same seed; where the alphabet has digits, the second is one.
fn random(seed: usize, length: usize, alphabet: &[u8]) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ (seed as u64).wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut text: Vec<u8> = (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            alphabet[usize::try_from(state % alphabet.len() as u64).unwrap()]
        })
        .collect();
    if alphabet.contains(&b'7') && length > 1 {
        text[1] = b'7';
        text[0] = if alphabet.contains(&b'a') { b'a' } else { b'A' };
    }
    String::from_utf8(text).unwrap()
}
