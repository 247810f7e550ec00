//! What joining needs: pinned CAs, join tokens by their form, user data by its size, the machine's identity.

use crate::certificate::known;
use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::{Node, scan, unique};
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, has_ending};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const SPEC: Spec = Spec {
    name: "tokens",
    about: "pinned CAs, join tokens by their form, the machine's identity",
    items: &[
        fact(
            "pins",
            "B3",
            made("pinned-cas", pins),
            Sensitivity::Public,
            "a CA that was exchanged after its hash was written down",
        ),
        fact(
            "join-tokens",
            "B6 B1",
            made("join-tokens", tokens),
            Sensitivity::Secret,
            "a token of another cluster, cut short, or with a line break",
        ),
        fact(
            "user-data",
            "B7",
            made("user-data", user_data),
            Sensitivity::Secret,
            "user data that never came; its existence, size class and time only",
        ),
        fact(
            "identity",
            "B8",
            made("identity", identity),
            Sensitivity::Identifying,
            "machines cloned with one identity",
        ),
        file("cloud-init-status", "/run/cloud-init/status.json"),
        file("cloud-init-result", "/run/cloud-init/result.json"),
        file("cloud-init-data-source", "/run/cloud-init/ds-identify.log"),
    ],
};

const fn made(
    topic: &'static str,
    make: fn(&mut Host, &Node) -> Result<String, Failure>,
) -> Source {
    Source::Fact { topic, make }
}

const fn fact(
    name: &'static str,
    catalog: &'static str,
    source: Source,
    sensitivity: Sensitivity,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "join-facts",
        source,
        cap: 32 * KIB,
        tier: Tier::T0,
        sensitivity,
        reason,
    }
}

const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "B7 L6",
        kind: "cloud-init",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "which stage of the first start failed",
    }
}

/// `facts/pinned-cas.json`: every CA hash that a join was told, and whether a CA of this node has it.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn pins(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut authorities: Vec<(String, String)> = Vec::new();
    for path in node
        .pem_files
        .iter()
        .filter(|path| !has_ending(path, "key"))
    {
        if let Ok(taken) = host.read(path, 256 * KIB) {
            let found = known(path, &taken.bytes).into_iter();
            let found = found.filter(|one| one.is_authority);
            authorities.extend(found.map(|one| (one.spki.clone(), one.place())));
        }
    }
    let mut lines = Vec::new();
    for path in PINNED_IN {
        let Ok(taken) = host.read_once(path, 256 * KIB, Keep::Tail) else {
            continue;
        };
        for (line, hash) in hashes(&taken.text()) {
            let same = authorities.iter().filter(|(spki, _)| *spki == hash);
            let same: Vec<&str> = same.map(|(_, place)| place.as_str()).collect();
            lines.push(json!({"path": path, "line": line, "hash": format!("sha256:{hash}"), "same_as": same}));
        }
    }
    Ok(facts::list("pins", &lines))
}

/// Line numbers and hex of `sha256:<64 hex>`.
fn hashes(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for after in line.split("sha256:").skip(1) {
            let hex: String = after.chars().take_while(char::is_ascii_hexdigit).collect();
            if hex.len() == 64 && !line.contains("@sha256:") {
                found.push((number + 1, hex.to_ascii_lowercase()));
            }
        }
    }
    found.dedup();
    found
}

/// `facts/join-tokens.json`: of each token the form, never a character of it.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn tokens(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let authorities = authority_hashes(host);
    let mut lines = Vec::new();
    for path in token_files(host, node) {
        let mut fields = Map::new();
        fields.insert("path".into(), json!(path));
        match host.read_once(&path, 64 * KIB, Keep::Start) {
            Ok(taken) => {
                fields.insert("exists".into(), json!(true));
                fields.insert("mode".into(), json!(taken.info.attributes.mode));
                fields.insert("uid".into(), json!(taken.info.attributes.uid));
                let time = crate::clock::rfc3339(taken.info.attributes.mtime);
                fields.insert("mtime".into(), json!(time));
                form(&taken.text(), &authorities, &mut fields);
            }
            Err(failure) if failure.outcome == Outcome::Absent => continue,
            Err(failure) => {
                fields.insert("unreadable".into(), json!(failure.outcome.as_str()));
            }
        }
        lines.push(Value::Object(fields));
    }
    for (path, key, value) in named_tokens(host) {
        let mut fields = Map::new();
        fields.insert("path".into(), json!(path));
        fields.insert("key".into(), json!(key));
        form(&value, &authorities, &mut fields);
        lines.push(Value::Object(fields));
    }
    Ok(facts::list("tokens", &lines))
}

fn form(text: &str, authorities: &[String], fields: &mut Map<String, Value>) {
    let token = text.trim();
    fields.insert("form".into(), json!(form_word(token)));
    fields.insert("size_class".into(), json!(size_class(text.len() as u64)));
    fields.insert("ends_in_line_break".into(), json!(text.ends_with('\n')));
    let inner = token.chars().any(char::is_whitespace);
    fields.insert("has_spaces_inside".into(), json!(inner));
    let pinned = token
        .strip_prefix("K10")
        .and_then(|rest| rest.split_once("::"));
    if let Some((hash, _)) = pinned.filter(|_| !authorities.is_empty()) {
        let same = authorities.iter().any(|authority| authority == hash);
        fields.insert("ca_hash".into(), json!(if same { "same" } else { "other" }));
    }
}

fn form_word(token: &str) -> &'static str {
    let is_bootstrap = token.split_once('.').is_some_and(|(id, secret)| {
        let plain = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        };
        id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret)
    });
    match token {
        "" => "empty",
        _ if token.starts_with("K10") && token.contains("::") => "full, with the hash of a CA",
        _ if token.starts_with("H4sI") => "k0s, a packed kubeconfig",
        _ if token.starts_with("eyJ") => "signed (JWT)",
        _ if is_bootstrap => "bootstrap token",
        _ => "short, without the hash of a CA",
    }
}

/// A size in classes, because a length tells something of a secret.
fn size_class(bytes: u64) -> &'static str {
    match bytes {
        0 => "empty",
        1..64 => "below 64",
        64..1024 => "64 to 1023",
        1024..16_384 => "1 KiB to 16 KiB",
        _ => "16 KiB or more",
    }
}

/// SHA-256 of each server CA as its server hands it out.
fn authority_hashes(host: &mut Host) -> Vec<String> {
    let files = SERVER_CAS
        .iter()
        .filter_map(|path| host.read(path, 64 * KIB).ok());
    files
        .map(|taken| facts::hex(&Sha256::digest(&taken.bytes)))
        .collect()
}

fn token_files(host: &mut Host, node: &Node) -> Vec<String> {
    let mut paths: Vec<String> = TOKEN_FILES.iter().map(|path| (*path).to_owned()).collect();
    if let Ok(listing) = host.list("/etc/k0s") {
        let names = listing.entries.into_iter().map(|entry| entry.name);
        let tokens = names.filter(|name| name.contains("token"));
        paths.extend(tokens.map(|name| format!("/etc/k0s/{name}")));
    }
    let of_processes = node
        .processes
        .iter()
        .filter_map(|process| process.argv.clone());
    let of_units = node.units.iter().flat_map(|unit| unit.exec_start.clone());
    let of_units = of_units.map(|line| crate::node::unit_file::words(&line));
    for argv in of_processes.chain(of_units) {
        let following = argv.iter().skip(1).map(Some).chain([None]);
        for (word, next) in argv.iter().zip(following) {
            let given = word.strip_prefix("--token-file=").map(str::to_owned);
            let next = next.filter(|_| word == "--token-file").cloned();
            paths.extend(given.or(next));
        }
    }
    unique(paths.into_iter().filter(|path| path.starts_with('/')))
}

/// Tokens that configuration and environment files hold: file, key, value.
fn named_tokens(host: &mut Host) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for path in TOKEN_HOLDERS {
        let Ok(taken) = host.read(path, 64 * KIB) else {
            continue;
        };
        let text = taken.text();
        let of_yaml = scan::values(&text, &["token", "agent-token"]);
        let of_env = crate::node::unit_file::environment(&text);
        let of_env = of_env.into_iter().filter(|(name, _)| {
            matches!(
                name.as_str(),
                "K3S_TOKEN" | "RKE2_TOKEN" | "K3S_AGENT_TOKEN"
            )
        });
        for (key, value) in of_yaml.into_iter().chain(of_env) {
            found.push(((*path).to_owned(), key, value));
        }
    }
    found
}

/// `facts/user-data.json`
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn user_data(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for path in USER_DATA {
        match host.stat(path) {
            Ok(stat) => lines.push(json!({
                "path": path,
                "exists": true,
                "size_class": size_class(stat.size),
                "mtime": crate::clock::rfc3339(stat.attributes.mtime),
            })),
            Err(failure) if failure.outcome == Outcome::Absent => {
                lines.push(json!({"path": path, "exists": false}));
            }
            Err(_) => {}
        }
    }
    Ok(facts::list("files", &lines))
}

/// `facts/identity.json`
fn identity(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut fields = Map::new();
    for (key, path) in [
        ("machine_id", "/etc/machine-id"),
        ("dbus_machine_id", "/var/lib/dbus/machine-id"),
        ("product_uuid", "/sys/class/dmi/id/product_uuid"),
        ("product_serial", "/sys/class/dmi/id/product_serial"),
        ("kind_product_name", "/kind/product_name"),
    ] {
        if let Some(value) = host.line(path).filter(|value| !value.is_empty()) {
            fields.insert(key.into(), json!(value));
        }
    }
    if let Some(name) = &node.hostname {
        fields.insert("hostname".into(), json!(name));
    }
    let addresses = hardware_addresses(host);
    if !addresses.is_empty() {
        fields.insert("hardware_addresses".into(), json!(addresses));
    }
    if fields.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no identity in this tree",
        ));
    }
    Ok(facts::object(&fields))
}

/// Of links with a device behind them.
fn hardware_addresses(host: &mut Host) -> Vec<String> {
    let Ok(listing) = host.list("/sys/class/net") else {
        return Vec::new();
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    let mut addresses = Vec::new();
    for name in names {
        if host.stat(&format!("/sys/class/net/{name}/device")).is_ok() {
            addresses.extend(host.line(&format!("/sys/class/net/{name}/address")));
        }
    }
    addresses
}

const PINNED_IN: &[&str] = &[
    "/etc/kubernetes/kubeadm-config.yaml",
    "/etc/kubernetes/kubeadm.yaml",
    "/etc/kubernetes/kubeadm-client.conf",
    "/kind/kubeadm.conf",
    "/var/tmp/minikube/kubeadm.yaml",
    "/opt/replicated/kubeadm.conf",
    "/run/kubeadm/kubeadm-join-config.yaml",
    "/run/kubeadm/kubeadm.yaml",
    "/tmp/kubeadm-join-config.yaml",
    "/var/log/cloud-init-output.log",
];

const TOKEN_FILES: &[&str] = &[
    "/var/lib/rancher/k3s/server/token",
    "/var/lib/rancher/k3s/server/node-token",
    "/var/lib/rancher/k3s/server/agent-token",
    "/var/lib/rancher/rke2/server/token",
    "/var/lib/rancher/rke2/server/node-token",
    "/var/lib/rancher/rke2/server/agent-token",
    "/var/lib/rancher/k3s/agent/token",
    "/etc/rancher/node/password",
];

const TOKEN_HOLDERS: &[&str] = &[
    "/etc/rancher/k3s/config.yaml",
    "/etc/rancher/rke2/config.yaml",
    "/etc/rancher/rke2/config.yaml.d/50-rancher.yaml",
    "/etc/systemd/system/k3s.service.env",
    "/etc/systemd/system/k3s-agent.service.env",
    "/etc/default/k3s",
    "/etc/default/k3s-agent",
    "/etc/default/rke2-agent",
    "/etc/default/rke2-server",
    "/etc/sysconfig/rke2-agent",
    "/etc/sysconfig/rke2-server",
];

const SERVER_CAS: &[&str] = &[
    "/var/lib/rancher/k3s/agent/server-ca.crt",
    "/var/lib/rancher/k3s/server/tls/server-ca.crt",
    "/var/lib/rancher/rke2/agent/server-ca.crt",
    "/var/lib/rancher/rke2/server/tls/server-ca.crt",
];

const USER_DATA: &[&str] = &[
    "/var/lib/cloud/instance/user-data.txt",
    "/var/lib/cloud/instance/vendor-data.txt",
    "/var/lib/cloud/seed/nocloud/user-data",
    "/var/lib/waagent/CustomData",
    "/var/lib/waagent/ovf-env.xml",
    "/oem/99_custom.yaml",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::tree;
    use nodebundle_fixtures::api_server::Authority;

    #[test]
    fn a_pinned_ca_is_compared_with_those_of_the_node() {
        let ca = Authority::new("kubernetes").pem;
        let spki = known("x", ca.as_bytes())[0].spki.clone();
        let other = "0".repeat(64);
        let config =
            format!("caCertHashes:\n- sha256:{spki}\n- sha256:{other}\nimage: a@sha256:{other}\n");
        let (_scratch, mut host) = tree(&[
            ("etc/kubernetes/pki/ca.crt", &ca),
            ("kind/kubeadm.conf", &config),
        ]);
        let node = Node {
            pem_files: vec!["/etc/kubernetes/pki/ca.crt".to_owned()],
            ..Node::default()
        };
        let fact: Value = serde_json::from_str(&pins(&mut host, &node).unwrap()).unwrap();
        let found = fact["pins"].as_array().unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0]["same_as"], json!(["/etc/kubernetes/pki/ca.crt#0"]));
        assert_eq!(found[1]["same_as"], json!([]));
    }

    #[test]
    fn of_a_token_only_its_form_is_told() {
        let ca = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
        let hash = facts::hex(&Sha256::digest(ca.as_bytes()));
        let token = format!("K10{hash}::server:0123456789abcdef\n");
        let (_scratch, mut host) = tree(&[
            ("var/lib/rancher/k3s/server/token", &token),
            ("var/lib/rancher/k3s/server/tls/server-ca.crt", ca),
            (
                "etc/rancher/k3s/config.yaml",
                "token: abcdef.0123456789abcdef\n",
            ),
        ]);
        let text = tokens(&mut host, &Node::default()).unwrap();
        assert!(!text.contains("0123456789abcdef"));
        assert!(!text.contains(&hash));
        let fact: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(fact["tokens"][0]["ca_hash"], "same");
        assert_eq!(fact["tokens"][0]["ends_in_line_break"], true);
        assert_eq!(fact["tokens"][1]["form"], "bootstrap token");
        assert_eq!(fact["tokens"][1]["key"], "token");
    }

    #[test]
    fn user_data_is_a_size_class_and_no_more() {
        let (_scratch, mut host) = tree(&[(
            "var/lib/cloud/instance/user-data.txt",
            "password: hunter2\n",
        )]);
        let text = user_data(&mut host, &Node::default()).unwrap();
        assert!(!text.contains("hunter2"));
        assert!(text.contains("below 64"));
    }

    #[test]
    fn the_identity_is_what_clones_share() {
        let (_scratch, mut host) = tree(&[("etc/machine-id", "0123\n")]);
        let fact: Value =
            serde_json::from_str(&identity(&mut host, &Node::default()).unwrap()).unwrap();
        assert_eq!(fact["machine_id"], "0123");
        let (_scratch, mut host) = tree(&[]);
        assert!(identity(&mut host, &Node::default()).is_err());
    }
}
