//! Certificates of the node: where they stand, whom they name, and who signed whom.

use super::find::expression;
use super::words;
use crate::hex::hex;
use crate::pem;
use base64::Engine as _;
use regex::bytes::Regex;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate, X509Name};

/// Certificates that were seen, to find who signed whom.
#[derive(Default)]
pub(super) struct Certificates {
    /// Subject, DER → certificates.
    by_subject: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    seen: BTreeSet<[u8; 32]>,
    /// What facts tell in hex, as it was → as it is in the new certificate.
    pub(super) hex: BTreeMap<String, String>,
}

/// Names in a certificate.
#[derive(Default)]
pub(super) struct Found {
    pub(super) hosts: Vec<String>,
    pub(super) organizations: Vec<String>,
}

impl Certificates {
    /// Names of a certificate that was not seen before.
    pub(super) fn learn(&mut self, der: &[u8]) -> Option<Found> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        if !self.seen.insert(Sha256::digest(der).into()) {
            return None;
        }
        let subject = parsed.subject().as_raw().to_vec();
        self.by_subject
            .entry(subject)
            .or_default()
            .push(der.to_vec());
        let mut found = Found::default();
        for name in [parsed.subject(), parsed.issuer()] {
            names_in(name, &mut found);
        }
        for extension in parsed.extensions() {
            if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
                found
                    .hosts
                    .extend(names.general_names.iter().filter_map(|name| match name {
                        GeneralName::DNSName(host) => Some((*host).to_owned()),
                        _ => None,
                    }));
            }
        }
        Some(found)
    }

    /// Hash of the public key that signed it; `None` when no certificate of its issuer did.
    pub(super) fn signer(&self, leaf: &X509Certificate<'_>) -> Option<String> {
        let issuers = self.by_subject.get(leaf.issuer().as_raw())?;
        issuers.iter().find_map(|der| {
            let (_, issuer) = X509Certificate::from_der(der).ok()?;
            leaf.verify_signature(Some(issuer.public_key())).ok()?;
            Some(spki_hash(&issuer))
        })
    }
}

fn names_in(name: &X509Name<'_>, found: &mut Found) {
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        value.as_str().map(str::to_owned).unwrap_or_default()
    };
    for value in name.iter_common_name().map(text) {
        if let Some(node) = value.strip_prefix("system:node:") {
            found.hosts.push(node.to_owned());
        } else if value.contains('.') && !value.contains([':', ' ']) {
            found.hosts.push(value);
        }
    }
    let organizations = name
        .iter_organization()
        .chain(name.iter_organizational_unit());
    found
        .organizations
        .extend(organizations.map(text).filter(|value| is_customers(value)));
}

/// An organization that is no group of Kubernetes and no product.
fn is_customers(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_product = words::SYSTEM.iter().any(|word| lower.starts_with(word));
    lower.len() > 3 && !lower.contains(':') && !is_product
}

/// DER of every certificate in the text, PEM or base64 of PEM.
pub(super) fn all_in(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = blocks(text)
        .filter_map(|block| block.decode(text))
        .collect();
    for range in wrapped(text) {
        let inner = pem::BASE64.decode(text.get(range).unwrap_or_default());
        let inner = inner.unwrap_or_default();
        found.extend(blocks(&inner).filter_map(|block| block.decode(&inner)));
    }
    found
}

pub(super) fn blocks(text: &[u8]) -> impl Iterator<Item = pem::Block> + use<> {
    let certificates = pem::blocks(text).into_iter();
    certificates.filter(|block| block.label.ends_with("CERTIFICATE"))
}

/// Words that are base64 of PEM, as in kubeconfigs.
pub(super) fn wrapped(text: &[u8]) -> Vec<Range<usize>> {
    let found = WRAPPED
        .iter()
        .flat_map(|expression| expression.find_iter(text));
    found.map(|found| found.range()).collect()
}

/// SHA-256 of the public key with its algorithm, hex.
pub(super) fn spki_hash(certificate: &X509Certificate<'_>) -> String {
    hex(&Sha256::digest(certificate.public_key().raw))
}

static WRAPPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)LS0tLS1CRUdJTiB[A-Za-z0-9+/]{40,}={0,2}"));
