//! A certificate in words.

use crate::facts::hex;
use chrono::DateTime;
use nodebundle_bundle::keys::certificate_spki;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::net::{Ipv4Addr, Ipv6Addr};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

/// One certificate and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    path: String,
    index: usize,
    der: Vec<u8>,
    /// Distinguished name of whose it is.
    pub(crate) subject: String,
    /// Distinguished name of who signed it.
    pub(crate) issuer: String,
    /// SHA-256 of its public key, hex.
    pub(crate) spki: String,
    /// Whether it may sign others, or is old enough not to say.
    pub(crate) is_authority: bool,
}

/// The certificates of a PEM text, in order; other blocks and broken ones are passed over.
pub(crate) fn known(path: &str, text: &[u8]) -> Vec<Certificate> {
    let blocks = Pem::iter_from_buffer(text).filter_map(Result::ok);
    let certificates = blocks.filter(|block| block.label.ends_with("CERTIFICATE"));
    let found = certificates.enumerate().filter_map(|(index, block)| {
        let (_, parsed) = X509Certificate::from_der(&block.contents).ok()?;
        let constraints = parsed.basic_constraints().ok().flatten();
        let self_signed = parsed.subject() == parsed.issuer();
        Some(Certificate {
            path: path.to_owned(),
            index,
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            spki: certificate_spki(&block.contents)?,
            is_authority: constraints.map_or(self_signed, |constraints| constraints.value.ca),
            der: block.contents.clone(),
        })
    });
    found.collect()
}

impl Certificate {
    /// `<path>#<index>`
    pub(crate) fn place(&self) -> String {
        format!("{}#{}", self.path, self.index)
    }

    /// Whether the other's key made its signature.
    pub(crate) fn is_signed_by(&self, authority: &Self) -> bool {
        let (Some(own), Some(other)) = (self.parsed(), authority.parsed()) else {
            return false;
        };
        own.verify_signature(Some(other.public_key())).is_ok()
    }

    /// What a table of certificates needs.
    pub(crate) fn short(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("path".into(), json!(self.path));
        if let Some(parsed) = self.parsed() {
            names(&parsed, &mut fields);
            let end = parsed.validity().not_after.timestamp();
            fields.insert("not_after".into(), json!(time(end)));
        }
        fields.insert("issuer".into(), json!(self.issuer));
        fields.insert("spki".into(), json!(self.spki));
        Value::Object(fields)
    }

    /// Everything that decides whether somebody accepts it. `now` is the node's time in seconds.
    pub(crate) fn describe(&self, now: Option<i64>) -> Value {
        let mut fields = Map::new();
        fields.insert("path".into(), json!(self.path));
        fields.insert("index".into(), json!(self.index));
        fields.insert("subject".into(), json!(self.subject));
        fields.insert("issuer".into(), json!(self.issuer));
        let Some(parsed) = self.parsed() else {
            return Value::Object(fields);
        };
        names(&parsed, &mut fields);
        fields.insert("serial".into(), json!(parsed.raw_serial_as_string()));
        let (start, end) = (
            parsed.validity().not_before.timestamp(),
            parsed.validity().not_after.timestamp(),
        );
        fields.insert("not_before".into(), json!(time(start)));
        fields.insert("not_after".into(), json!(time(end)));
        if let Some(now) = now {
            fields.insert("days_left".into(), json!((end - now).div_euclid(86_400)));
        }
        fields.insert("ca".into(), json!(self.is_authority));
        extensions(&parsed, &mut fields);
        fields.insert("key".into(), json!(key(&parsed)));
        let algorithm = parsed.signature_algorithm.algorithm.to_id_string();
        fields.insert("signature".into(), json!(signature_name(&algorithm)));
        fields.insert("sha256".into(), json!(hex(&Sha256::digest(&self.der))));
        fields.insert("spki".into(), json!(self.spki));
        Value::Object(fields)
    }

    fn parsed(&self) -> Option<X509Certificate<'_>> {
        Some(X509Certificate::from_der(&self.der).ok()?.1)
    }
}

fn names(parsed: &X509Certificate<'_>, fields: &mut Map<String, Value>) {
    let mut common = parsed.subject().iter_common_name();
    let common = common.next().and_then(|name| name.as_str().ok());
    fields.insert("cn".into(), json!(common));
    let organizations = parsed.subject().iter_organization();
    let organizations: Vec<&str> = organizations
        .filter_map(|name| name.as_str().ok())
        .collect();
    if !organizations.is_empty() {
        fields.insert("orgs".into(), json!(organizations));
    }
}

fn extensions(parsed: &X509Certificate<'_>, fields: &mut Map<String, Value>) {
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                let names: Vec<String> = names.general_names.iter().filter_map(name).collect();
                fields.insert("sans".into(), json!(names));
            }
            ParsedExtension::BasicConstraints(constraints) => {
                if let Some(length) = constraints.path_len_constraint {
                    fields.insert("path_length".into(), json!(length));
                }
            }
            ParsedExtension::KeyUsage(usage) => {
                fields.insert("key_usage".into(), json!(usage.to_string()));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let wanted = [
                    (usage.client_auth, "client"),
                    (usage.server_auth, "server"),
                    (usage.any, "any"),
                ];
                let found: Vec<&str> = wanted
                    .iter()
                    .filter(|(has, _)| *has)
                    .map(|(_, word)| *word)
                    .collect();
                fields.insert("extended_key_usage".into(), json!(found));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                fields.insert("ski".into(), json!(hex(id.0)));
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                if let Some(id) = &id.key_identifier {
                    fields.insert("aki".into(), json!(hex(id.0)));
                }
            }
            _ => {}
        }
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string()),
            16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn key(parsed: &X509Certificate<'_>) -> String {
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA-{}", key.key_size()),
        Ok(PublicKey::EC(key)) => format!("EC-{}", key.key_size()),
        _ => parsed.public_key().algorithm.algorithm.to_id_string(),
    }
}

fn signature_name(oid: &str) -> &str {
    match oid {
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" => "SHA1-RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.10045.4.1" => "SHA1-ECDSA",
        "1.2.840.10045.4.3.2" => "SHA256-ECDSA",
        "1.2.840.10045.4.3.3" => "SHA384-ECDSA",
        "1.2.840.10045.4.3.4" => "SHA512-ECDSA",
        "1.3.101.112" => "Ed25519",
        other => other,
    }
}

fn time(seconds: i64) -> Option<String> {
    DateTime::from_timestamp(seconds, 0).map(crate::clock::rfc3339)
}
