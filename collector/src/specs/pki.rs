//! Certificates, and what may be told about private keys.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, has_ending};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nodebundle_bundle::keys::private_keys;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(crate) const SPEC: Spec = Spec {
    name: "pki",
    about: "certificates and key facts",
    items: &[
        Item {
            name: "certificates",
            catalog: "PK1 PK2 PK3",
            kind: "certificate",
            source: Source::Named {
                what: "certificates in the certificate folders and those that configurations name",
                paths: certificates,
                accepts: is_pem,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "expiry, wrong name or organisation, wrong CA, rotation stopped, truncated file",
        },
        Item {
            name: "keys",
            catalog: "PK4 PK5",
            kind: "key-facts",
            source: Source::Fact {
                topic: "keys",
                make: keys,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Secret,
            reason: "which certificate a key belongs to, its mode and owner; never the key",
        },
        Item {
            name: "folders",
            catalog: "PK1 PK7",
            kind: "listing",
            source: Source::NamedListing {
                what: "certificate folders",
                paths: |node| node.pki_folders.clone(),
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "dated files show when rotation stopped; leftovers of an interrupted bootstrap",
        },
        Item {
            name: "extra-anchors",
            catalog: "PK8",
            kind: "listing",
            source: Source::Listing("/usr/local/share/ca-certificates"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "a company CA that intercepts TLS",
        },
    ],
};

fn certificates(node: &Node) -> Vec<String> {
    let files = node.pem_files.iter().filter(|path| !is_key_file(path));
    unique(files.cloned())
}

fn is_key_file(path: &str) -> bool {
    has_ending(path, "key") || path.ends_with("-key.pem")
}

/// PEM, or too broken to tell: a truncated certificate is evidence.
fn is_pem(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.trim().is_empty() || text.contains("-----BEGIN ")
}

/// One line of `facts/keys.json`.
#[derive(Debug, Serialize)]
struct Key {
    path: String,
    index: usize,
    mode: String,
    uid: u32,
    algorithm: String,
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    spki: Option<String>,
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn keys(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut keys = Vec::new();
    for path in &node.pem_files {
        let Ok(taken) = host.read(path, 256 * KIB) else {
            continue;
        };
        for (index, key) in private_keys(&taken.bytes).into_iter().enumerate() {
            keys.push(Key {
                path: path.clone(),
                index,
                mode: taken.info.attributes.mode.clone(),
                uid: taken.info.attributes.uid,
                algorithm: key.algorithm,
                encrypted: key.encrypted,
                spki: key.spki,
            });
        }
    }
    for path in node.pem_files.iter().filter(|path| has_ending(path, "pub")) {
        if let Ok(taken) = host.read(path, 64 * KIB)
            && let Some(spki) = public_key_hash(&taken.text())
        {
            let attributes = taken.info.attributes;
            keys.push(Key {
                path: path.clone(),
                index: 0,
                mode: attributes.mode,
                uid: attributes.uid,
                algorithm: "public key".to_owned(),
                encrypted: false,
                spki: Some(spki),
            });
        }
    }
    Ok(facts::list("keys", &keys))
}

/// SHA-256 of a `PUBLIC KEY` block, which is nothing but the key's `SubjectPublicKeyInfo`.
fn public_key_hash(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (body, _) = rest.split_once("-----END")?;
    let base64: String = body.split_whitespace().collect();
    let der = STANDARD.decode(base64).ok()?;
    Some(facts::hex(&Sha256::digest(der)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_has_the_hash_of_its_content() {
        let text = "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----\n";
        let hash = public_key_hash(text).unwrap();
        assert!(hash.starts_with("ba7816bf8f01cfea"));
        assert_eq!(public_key_hash("no key"), None);
    }
}
