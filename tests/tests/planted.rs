//! Hundreds of secrets, each of another kind, in another syntax, in another place of a node: none may be in the bundle.

use crate::programs::{collect, entries, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nodebundle_fixtures::NodeFixture;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

/// A kind of secret: the name under which it stands, and how one is made from a number.
struct Kind {
    name: &'static str,
    make: fn(usize) -> String,
}

const KINDS: &[Kind] = &[
    kind("db_password", |n| random(n, 14, LETTERS)),
    kind("api_token", |n| random(n, 20, LETTERS)),
    kind("client_secret", |n| random(n, 28, LETTERS)),
    kind("access_key", |n| random(n, 40, LETTERS)),
    kind("registry_passwd", |n| random(n, 12, HEX)),
    kind("bootstrap_token", |n| {
        format!("{}.{}", random(n + 1, 6, HEX), random(n, 16, HEX))
    }),
    kind("join_token", |n| {
        let (hash, secret) = (random(n + 1, 64, HEX), random(n, 24, HEX));
        format!("K10{hash}::server:{secret}")
    }),
    kind("sa_token", web_token),
    kind("certificate_key", |n| random(n, 64, HEX)),
    kind("aws_id", |n| format!("AKIA{}", random(n, 16, UPPER))),
    kind("source", |n| format!("ghp_{}", random(n, 36, LETTERS))),
    kind("forge", |n| format!("glpat-{}", random(n, 20, LETTERS))),
    kind("chat", |n| format!("xoxb-{}", random(n, 30, LETTERS))),
    kind("vault", |n| format!("hvs.{}", random(n, 30, LETTERS))),
    kind("proxy", |n| {
        format!("http://svc:{}@10.0.0.80:3128", random(n, 14, LETTERS))
    }),
    kind("store", |n| {
        format!("https://s.example/b?sig={}", random(n, 30, LETTERS))
    }),
    kind("script", |n| {
        STANDARD.encode(format!("#!/bin/sh\necho {}\n", random(n, 20, LETTERS)))
    }),
    kind("wrapped", |n| {
        STANDARD.encode(format!("password: {}\n", random(n, 20, LETTERS)))
    }),
];

const fn kind(name: &'static str, make: fn(usize) -> String) -> Kind {
    Kind { name, make }
}

/// Lines of logs and journals: `@` is the secret, `%` its name.
const LINES: &[&str] = &[
    "starting with %=@ now",
    "configuration %: \"@\"",
    "flags --%=@ --v=2",
    "FLAG: --%=\"@\"",
    "argv [\"--%\",\"@\",\"--v=2\"]",
    "body={\"a\":1,\"%\":\"@\"}",
    "body=\"{\\\"a\\\":1,\\\"%\\\":\\\"@\\\"}\"",
    "Config{Name:x,%:@,Port:1}",
    "map[a:b %:@]",
    "http.Header{\"Authorization\":[]string{\"Bearer @\"}}",
    "curl -sS -H \"Authorization: Bearer @\" https://10.0.0.1:6443/",
    "Env:[%=@ PATH=/usr/bin]",
    "EnvVar{Name:X_%,Value:@,ValueFrom:nil,}",
    "KeyValue{Key:X_%,Value:@,}",
];

/// How a line of the kubelet begins.
const KLOG: &str = "I1122 07:47:00.000000      66 x.go:1] ";

/// Files: path (`#` is a number), and content.
const FILES: &[(&str, &str)] = &[
    (
        "etc/systemd/system/kubelet.service.d/#.conf",
        "# ~\n[Service]\nEnvironment=\"%=@\"\n",
    ),
    (
        "etc/systemd/system/kubelet.service.d/#.conf",
        "# ~\n[Service]\nEnvironment=\"EXTRA=--%=@ --v=2\"\n",
    ),
    (
        "etc/systemd/system/kubelet.service.d/#.conf",
        "# ~\n[Service]\nExecStart=\nExecStart=/usr/bin/kubelet \\\n  --% \\\n  @ \\\n  --v=2\n",
    ),
    ("etc/profile.d/proxy-#.sh", "# ~\nexport %='@'\n"),
    (
        "etc/kubernetes/manifests/#.yaml",
        "# ~\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - name: %\n      value: \"@\"\n",
    ),
    (
        "etc/kubernetes/manifests/#.yaml",
        "# ~\nkind: Pod\nspec: {containers: [{name: a, args: [\"--%=@\"]}]}\n",
    ),
    ("etc/rancher/k3s/#.yaml", "# ~\nnode-name: a\n%: \"@\"\n"),
    (
        "etc/cni/net.d/#.conflist",
        "{\"name\":\"~\",\"cniVersion\":\"1.0.0\",\"%\":\"@\",\"plugins\":[]}\n",
    ),
    (
        "etc/containerd/certs.d/#/hosts.toml",
        "# ~\nserver = \"https://r.example\"\n% = \"@\"\n",
    ),
    (
        "etc/containerd/certs.d/#/hosts.toml",
        "# ~\n[host.\"https://r.example\".header]\n  Authorization = [\"Bearer @\"]\n",
    ),
];

/// A secret in its place.
struct Variant {
    /// Where and how, for messages.
    place: String,
    /// Stands beside the secret, so that the test knows the place was stored.
    marker: String,
    secret: String,
    content: String,
}

fn variants(templates: &[&str], from: usize) -> Vec<Variant> {
    let mut variants = Vec::new();
    for template in templates {
        for kind in KINDS {
            let number = from + variants.len();
            let secret = (kind.make)(number * 7);
            let marker = format!("planted-{number:04}");
            variants.push(Variant {
                place: format!("{marker}: {} in {template:?}", kind.name),
                content: template
                    .replace('~', &marker)
                    .replace('%', kind.name)
                    .replace('@', &secret),
                secret: needle(&secret),
                marker,
            });
        }
    }
    variants
}

/// The part of a secret that must be gone: ids, hosts and claims may stay.
fn needle(secret: &str) -> String {
    let user = secret.strip_prefix("http://svc:");
    let tail = |mark: char| secret.rsplit(mark).next().unwrap().to_owned();
    match secret {
        _ if user.is_some() => user.unwrap().split('@').next().unwrap().to_owned(),
        _ if secret.contains("sig=") => tail('='),
        _ if secret.starts_with("K10") => tail(':'),
        _ if secret.starts_with("eyJ") || secret.find('.') == Some(6) => tail('.'),
        _ => secret.to_owned(),
    }
}

/// A node with a secret in every line and file, and in messages of its real journal.
fn node() -> (NodeFixture, Vec<Variant>) {
    let mut node = NodeFixture::case("csr-not-approved");
    let mut all = Vec::new();
    let marked: Vec<String> = LINES.iter().map(|line| format!("\"~\" {line}")).collect();
    let lines: Vec<&str> = marked.iter().map(String::as_str).collect();
    for path in ["var/log/kubelet.log", "var/log/cloud-init-output.log"] {
        let logged = variants(&lines, all.len());
        let mut log = String::new();
        for variant in &logged {
            writeln!(log, "{KLOG}{}", variant.content).unwrap();
        }
        node = node.with_file(path, log);
        all.extend(logged);
    }
    for (path, content) in FILES {
        let filed = variants(&[content], all.len());
        for variant in &filed {
            node = node.with_file(&path.replace('#', &variant.marker), &variant.content);
        }
        all.extend(filed);
    }
    let journalled = variants(&lines, all.len());
    let written = write_into_journal(&node.root().join("var/log/journal"), &journalled);
    all.extend(journalled.into_iter().take(written));
    (node, all)
}

/// Overwrites messages of the journal in place; returns how many variants found a message long enough.
fn write_into_journal(folder: &Path, variants: &[Variant]) -> usize {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|machine| std::fs::read_dir(machine.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let mut written = 0;
    for file in files {
        let mut bytes = std::fs::read(&file).unwrap();
        for (start, length) in messages(&bytes) {
            let Some(variant) = variants.get(written) else {
                break;
            };
            let message = format!("{KLOG}{}", variant.content);
            if message.len() <= length {
                let target = &mut bytes[start..start + length];
                target.fill(b' ');
                target[..message.len()].copy_from_slice(message.as_bytes());
                written += 1;
            }
        }
        std::fs::write(file, bytes).unwrap();
    }
    written
}

/// Where the kubelet's own messages stand in a journal file that compresses nothing: offset and length.
fn messages(bytes: &[u8]) -> Vec<(usize, usize)> {
    const FIELD: &[u8] = b"MESSAGE=";
    let mut found = Vec::new();
    let starts = bytes
        .windows(FIELD.len())
        .enumerate()
        .filter(|(_, window)| *window == FIELD);
    for (at, _) in starts {
        for header in [64, 72] {
            let Some(object) = at.checked_sub(header) else {
                continue;
            };
            let size = u64::from_le_bytes(bytes[object + 8..object + 16].try_into().unwrap());
            let length = usize::try_from(size)
                .unwrap_or(0)
                .saturating_sub(header + FIELD.len());
            let start = at + FIELD.len();
            let is_klog = matches!(
                bytes.get(start..start + 2),
                Some([b'E' | b'I' | b'W', b'0'..=b'9'])
            );
            if bytes[object] == 1 && is_klog && (1..100_000).contains(&length) {
                found.push((start, length));
                break;
            }
        }
    }
    found
}

#[test]
fn of_hundreds_of_planted_secrets_none_is_in_the_bundle_and_the_gate_is_silent() {
    let (node, variants) = node();
    let places = format!("{} variants", variants.len());
    for name in ["bundle.tar.gz", "bundle.zip"] {
        let bundle = node.output().join(name);
        // Exit code 4 would say that the gate had to act.
        collect(&node.root(), &bundle, &[]);
        let stored = if name.ends_with("zip") {
            unzipped(&bundle)
        } else {
            entries(&bundle)
        };
        let mut all = String::new();
        for (name, bytes) in &stored {
            writeln!(all, "{name}\n{}", text(bytes)).unwrap();
        }
        let missing: Vec<&str> = variants
            .iter()
            .filter(|variant| !all.contains(&variant.marker))
            .map(|variant| variant.place.as_str())
            .collect();
        assert!(
            missing.is_empty(),
            "not stored, so not tested: {missing:#?}"
        );
        let leaks: Vec<String> = variants
            .iter()
            .filter(|variant| all.contains(&variant.secret))
            .map(|variant| format!("{} {}", variant.place, variant.content))
            .collect();
        assert!(
            leaks.is_empty(),
            "{} of {places} in {name}: {leaks:#?}",
            leaks.len()
        );
    }
    assert!(variants.len() >= 500, "{places}");
}

#[test]
fn every_item_says_where_its_masks_stand_and_the_first_are_found_there() {
    let (node, _) = node();
    assert!(checked_places(&node, &[]) > 100);
    let (node, _) = crate::planted::node();
    assert!(checked_places(&node, &["--pseudonymize"]) > 100);
}

/// Checks every place that the records of a bundle list; returns how many records list some.
fn checked_places(node: &NodeFixture, more: &[&str]) -> usize {
    let bundle = node.output().join("places.tar.gz");
    collect(&node.root(), &bundle, more);
    let stored = entries(&bundle);
    let manifest: Value = serde_json::from_slice(&stored["manifest.json"]).unwrap();
    let records = manifest["records"].as_array().unwrap().iter();
    let records: Vec<&Value> = records
        .filter(|record| record["redactions"].is_object())
        .collect();
    for record in &records {
        let places = record["masked"].as_array();
        let places = places.unwrap_or_else(|| panic!("no places: {record}"));
        assert!((1..=20).contains(&places.len()), "{record}");
        for place in places {
            assert!(is_masked(&stored, record, place), "{place} of {record}");
        }
    }
    records.len()
}

/// Whether a placeholder of its kind stands in a place.
fn is_masked(stored: &BTreeMap<String, Vec<u8>>, record: &Value, place: &Value) -> bool {
    let path = record["path"].as_str().unwrap();
    let name = match place["part"].as_u64() {
        Some(part) => format!("{path}/{part:04}.log"),
        None => path.to_owned(),
    };
    let content = text(&stored[&name]);
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let line = content.lines().nth(number(&place["line"]) - 1).unwrap();
    let mask = format!("REDACTED({}", place["kind"].as_str().unwrap());
    match place["bytes"].as_array() {
        Some(bytes) => {
            let range = number(&bytes[0])..number(&bytes[1]);
            content
                .get(range)
                .is_some_and(|at| at.starts_with(&mask) && at.ends_with(')'))
        }
        None => line.contains(&mask),
    }
}

fn unzipped(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(bundle).unwrap()).unwrap();
    let mut entries = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        entries.insert(name, bytes);
    }
    entries
}

fn web_token(number: usize) -> String {
    let part = |text: &str| STANDARD.encode(text).trim_end_matches('=').to_owned();
    let claims = part(r#"{"iss":"oidc","sub":"node","exp":1795330000}"#);
    let signature = random(number, 43, LETTERS);
    format!("{}.{claims}.{signature}", part(r#"{"alg":"RS256"}"#))
}

const HEX: &[u8] = b"0123456789abcdef";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The same letters for the same number; the first is a letter, the second a digit.
fn random(number: usize, length: usize, alphabet: &[u8]) -> String {
    let mut state =
        0x9e37_79b9_7f4a_7c15_u64 ^ (number as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut text: Vec<u8> = (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            alphabet[usize::try_from(state % alphabet.len() as u64).unwrap()]
        })
        .collect();
    text[0] = if alphabet == UPPER { b'A' } else { b'a' };
    text[1] = b'7';
    String::from_utf8(text).unwrap()
}
