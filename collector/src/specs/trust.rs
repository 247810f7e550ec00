//! Who trusts whom: certificates in words, kubeconfigs side by side, which CA signed what, the system's trust store.

use crate::certificate::{Certificate, known};
use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::{Node, absolute};
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nodebundle_bundle::Outcome;
use nodebundle_bundle::redact::tree::{self, yaml};
use serde_json::{Map, Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "trust",
    about: "certificates in words, and who trusts whom",
    items: &[
        fact(
            "certificates",
            "PK1 PK2 PK3 E7",
            Source::Fact {
                topic: "certificates",
                make: certificates,
            },
            Tier::T0,
            "expired, for another name or group, rotation that stopped",
        ),
        fact(
            "kubeconfigs",
            "C5",
            Source::Fact {
                topic: "kubeconfigs",
                make: kubeconfigs,
            },
            Tier::T0,
            "two generations of CA, an endpoint that only one of them has",
        ),
        fact(
            "chains",
            "PK6",
            Source::Fact {
                topic: "chains",
                make: chains,
            },
            Tier::T0,
            "which side is wrong when a certificate is not accepted",
        ),
        fact(
            "store",
            "PK8",
            Source::Fact {
                topic: "trust-store",
                make: store,
            },
            Tier::T1,
            "a company CA that reads TLS, a bundle that is damaged",
        ),
        file("fips", "/proc/sys/crypto/fips_enabled"),
        file("crypto-policy", "/etc/crypto-policies/state/current"),
        file("crypto-policy-config", "/etc/crypto-policies/config"),
        Item {
            name: "anchors",
            catalog: "PK8",
            kind: "listing",
            source: Source::Listing("/etc/pki/ca-trust/source/anchors"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "a company CA that reads TLS",
        },
    ],
};

const fn fact(
    name: &'static str,
    catalog: &'static str,
    source: Source,
    tier: Tier,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "trust",
        source,
        cap: 256 * KIB,
        tier,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}

const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "PK9",
        kind: "crypto-policy",
        source: Source::File(path),
        cap: 4 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "old versions of TLS that are refused",
    }
}

/// `facts/certificates.json`
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn certificates(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let now = node_time(host, node);
    let found = all(host, node);
    let lines: Vec<Value> = found
        .iter()
        .take(MAX_CERTIFICATES)
        .map(|certificate| certificate.describe(now))
        .collect();
    Ok(facts::list("certificates", &lines))
}

/// Seconds since 1970 on the node, for the days that are left.
fn node_time(host: &Host, node: &Node) -> Option<i64> {
    if host.is_live() {
        return Some(host.clock().now().timestamp());
    }
    let newest = node.newest_record?;
    Some(crate::clock::from_microseconds(newest).timestamp())
}

/// Certificates in files, then those inside kubeconfigs.
fn all(host: &mut Host, node: &Node) -> Vec<Certificate> {
    let mut found = Vec::new();
    for path in &node.pem_files {
        if let Ok(taken) = host.read(path, 256 * KIB) {
            found.extend(known(path, &taken.bytes));
        }
    }
    for path in &node.kubeconfigs {
        if let Some(root) = document(host, path) {
            for (list, part, key) in [
                ("clusters", "cluster", "certificate-authority-data"),
                ("users", "user", "client-certificate-data"),
            ] {
                for entry in items(&root, list) {
                    let data = entry.child(part).and_then(|part| decoded(part, key));
                    found.extend(data.map(|pem| known(path, &pem)).unwrap_or_default());
                }
            }
        }
    }
    found
}

fn document(host: &mut Host, path: &str) -> Option<tree::Node> {
    let taken = host.read(path, 256 * KIB).ok()?;
    yaml(&taken.text(), false).documents.into_iter().next()
}

fn items<'a>(root: &'a tree::Node, list: &str) -> &'a [tree::Node] {
    match root.child(list) {
        Some(tree::Node::List(items)) => items,
        _ => &[],
    }
}

fn text<'a>(node: &'a tree::Node, key: &str) -> Option<&'a str> {
    let text = node.child(key).and_then(tree::Node::text);
    text.filter(|text| !text.is_empty())
}

fn decoded(part: &tree::Node, key: &str) -> Option<Vec<u8>> {
    let data: String = text(part, key)?.split_whitespace().collect();
    STANDARD.decode(data).ok()
}

/// `facts/kubeconfigs.json`: one line for each context that is current, else for each cluster.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn kubeconfigs(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for path in &node.kubeconfigs {
        if let Some(root) = document(host, path) {
            lines.push(kubeconfig(host, path, &root));
        }
    }
    Ok(facts::list("kubeconfigs", &lines))
}

fn kubeconfig(host: &mut Host, path: &str, root: &tree::Node) -> Value {
    let mut fields = Map::new();
    fields.insert("path".into(), json!(path));
    let current = text(root, "current-context");
    fields.insert("context".into(), json!(current));
    let by_name = |list: &str, name: Option<&str>| {
        let mut entries = items(root, list).iter();
        entries.find(|entry| text(entry, "name") == name).cloned()
    };
    let context = by_name("contexts", current);
    fields.insert("context_found".into(), json!(context.is_some()));
    let of_context = |key: &str| {
        let context = context.as_ref().and_then(|entry| entry.child("context"));
        context
            .and_then(|context| text(context, key))
            .map(str::to_owned)
    };
    let cluster = by_name("clusters", of_context("cluster").as_deref());
    let user = by_name("users", of_context("user").as_deref());
    if let Some(cluster) = cluster.as_ref().and_then(|entry| entry.child("cluster")) {
        fields.insert("server".into(), json!(text(cluster, "server")));
        let (from, certificates) = material(host, path, cluster, "certificate-authority");
        fields.insert("ca_from".into(), json!(from));
        let keys: Vec<&str> = certificates.iter().map(|ca| ca.spki.as_str()).collect();
        fields.insert("ca_spki".into(), json!(keys));
    }
    if let Some(user) = user.as_ref().and_then(|entry| entry.child("user")) {
        fields.insert("user_has".into(), json!(user_has(user)));
        let (from, certificates) = material(host, path, user, "client-certificate");
        fields.insert("client_from".into(), json!(from));
        if let Some(client) = certificates.first() {
            fields.insert("client".into(), client.short());
        }
    }
    Value::Object(fields)
}

/// Where a certificate is and what it is: in the kubeconfig itself, or in a file that it names.
fn material(
    host: &mut Host,
    path: &str,
    part: &tree::Node,
    key: &str,
) -> (Option<String>, Vec<Certificate>) {
    let data_key = format!("{key}-data");
    if text(part, &data_key).is_some() {
        let pem = decoded(part, &data_key).unwrap_or_default();
        return (Some(data_key), known(path, &pem));
    }
    let Some(file) = text(part, key).map(|file| absolute(file, path)) else {
        return (None, Vec::new());
    };
    let taken = host.read(&file, 256 * KIB);
    let certificates = taken
        .map(|taken| known(&file, &taken.bytes))
        .unwrap_or_default();
    (Some(file), certificates)
}

/// What a user proves itself with; names of kinds only.
fn user_has(user: &tree::Node) -> Vec<&'static str> {
    let kinds = [
        ("client-certificate", "certificate"),
        ("client-certificate-data", "certificate"),
        ("token", "token"),
        ("tokenFile", "token file"),
        ("exec", "program"),
        ("auth-provider", "provider"),
        ("password", "password"),
    ];
    let mut found: Vec<&str> = kinds
        .iter()
        .filter(|(key, _)| user.child(key).is_some())
        .map(|(_, kind)| *kind)
        .collect();
    found.dedup();
    found
}

/// `facts/chains.json`: for each certificate that is no CA, which CAs of the node signed it, and which only have its issuer's name.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn chains(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let found = all(host, node);
    let (authorities, leaves): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.is_authority);
    let lines: Vec<Value> = leaves
        .iter()
        .take(MAX_CERTIFICATES)
        .map(|leaf| chain(leaf, &authorities))
        .collect();
    Ok(facts::list("chains", &lines))
}

fn chain(leaf: &Certificate, authorities: &[&Certificate]) -> Value {
    let namesakes = authorities
        .iter()
        .filter(|authority| authority.subject == leaf.issuer);
    let (signers, others): (Vec<&Certificate>, Vec<&Certificate>) = namesakes
        .copied()
        .take(20)
        .partition(|authority| leaf.is_signed_by(authority));
    let places = |certificates: Vec<&Certificate>| -> Vec<String> {
        certificates.iter().map(|one| one.place()).collect()
    };
    json!({
        "certificate": leaf.place(),
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "signed_by": places(signers),
        "same_name_other_key": places(others),
    })
}

/// `facts/trust-store.json`
fn store(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let mut bundles = Vec::new();
    for path in BUNDLES {
        let Ok(taken) = host.read_once(path, 2 * MIB, Keep::Start) else {
            continue;
        };
        let count = taken.text().matches("-----BEGIN").count();
        let sha256 = host
            .digest(path, 2 * MIB)
            .ok()
            .and_then(|digest| digest.sha256);
        bundles.push(json!({
            "path": path,
            "certificates": count,
            "bytes": taken.info.size,
            "sha256": sha256,
            "mtime": crate::clock::rfc3339(taken.info.attributes.mtime),
        }));
    }
    let mut anchors = Vec::new();
    for folder in ANCHORS {
        let Ok(listing) = host.list(folder) else {
            continue;
        };
        let files = listing
            .entries
            .into_iter()
            .filter(|entry| entry.kind != "dir");
        for entry in files.take(50) {
            let path = format!("{folder}/{}", entry.name);
            let Ok(taken) = host.read(&path, 64 * KIB) else {
                continue;
            };
            anchors.extend(known(&path, &taken.bytes).iter().map(Certificate::short));
        }
    }
    if bundles.is_empty() && anchors.is_empty() {
        return Err(Failure::new(
            Outcome::Absent,
            "none of the usual bundles exists",
        ));
    }
    Ok(facts::document(
        &[],
        &[("bundles", &bundles), ("anchors", &anchors)],
    ))
}

const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
];

const ANCHORS: &[&str] = &[
    "/etc/pki/ca-trust/source/anchors",
    "/usr/local/share/ca-certificates",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];

/// A node has some dozens; a folder of thousands is somebody's archive.
const MAX_CERTIFICATES: usize = 200;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use nodebundle_fixtures::api_server::Authority;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_client_certificate_of_the_old_ca_is_told_from_one_of_the_new() {
        let scratch = Scratch::new();
        let pki = scratch.path().join("etc/kubernetes/pki");
        std::fs::create_dir_all(&pki).unwrap();
        let (old, new) = (Authority::new("kubernetes"), Authority::new("kubernetes"));
        std::fs::write(pki.join("ca.crt"), &new.pem).unwrap();
        std::fs::write(pki.join("client.crt"), old.client("system:node:w1").pem).unwrap();
        let data = STANDARD.encode(&old.pem);
        let kubeconfig = format!(
            "clusters:\n- name: c\n  cluster:\n    server: https://10.0.0.1:6443\n    certificate-authority-data: {data}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user:\n    client-certificate: pki/client.crt\n"
        );
        std::fs::write(
            scratch.path().join("etc/kubernetes/kubelet.conf"),
            kubeconfig,
        )
        .unwrap();
        let node = Node {
            pem_files: vec![
                "/etc/kubernetes/pki/ca.crt".to_owned(),
                "/etc/kubernetes/pki/client.crt".to_owned(),
            ],
            kubeconfigs: vec!["/etc/kubernetes/kubelet.conf".to_owned()],
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let chain = &parsed(&chains(&mut host, &node).unwrap())["chains"][0];
        assert_eq!(
            chain["signed_by"],
            json!(["/etc/kubernetes/kubelet.conf#0"])
        );
        assert_eq!(
            chain["same_name_other_key"],
            json!(["/etc/kubernetes/pki/ca.crt#0"])
        );
        let line = &parsed(&kubeconfigs(&mut host, &node).unwrap())["kubeconfigs"][0];
        assert_eq!(line["server"], "https://10.0.0.1:6443");
        assert_eq!(line["ca_from"], "certificate-authority-data");
        assert_eq!(line["client_from"], "/etc/kubernetes/pki/client.crt");
        assert_eq!(line["client"]["cn"], "system:node:w1");
        assert_eq!(line["user_has"], json!(["certificate"]));
        let found = parsed(&certificates(&mut host, &node).unwrap());
        assert_eq!(found["certificates"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_store_is_a_number_and_a_hash_and_anchors_have_names() {
        let scratch = Scratch::new();
        let anchors = scratch.path().join("usr/local/share/ca-certificates");
        std::fs::create_dir_all(&anchors).unwrap();
        std::fs::create_dir_all(scratch.path().join("etc/ssl/certs")).unwrap();
        let ca = Authority::new("Inspection CA").pem;
        std::fs::write(
            scratch.path().join("etc/ssl/certs/ca-certificates.crt"),
            ca.repeat(2),
        )
        .unwrap();
        std::fs::write(anchors.join("company.crt"), ca).unwrap();
        let mut host = Host::direct(scratch.path());
        let fact = parsed(&store(&mut host, &Node::default()).unwrap());
        assert_eq!(fact["bundles"][0]["certificates"], 2);
        assert_eq!(fact["anchors"][0]["cn"], "Inspection CA");
    }
}
