//! One certificate, read from its bytes or from what `openssl x509` printed of it.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Subject in certificate order: `O=system:nodes, CN=system:node:worker-1`.
    pub subject: String,
    /// Issuer in the same form.
    pub issuer: String,
    /// Common name of the subject.
    pub cn: Option<String>,
    /// Organizations of the subject, which Kubernetes takes as groups.
    pub orgs: Vec<String>,
    /// Serial number, upper-case hex without leading zeros.
    pub serial: Option<String>,
    /// Begin of validity.
    pub not_before: Option<DateTime<Utc>>,
    /// End of validity.
    pub not_after: Option<DateTime<Utc>>,
    /// Whether it is marked as a CA; `None` where the print does not say.
    pub ca: Option<bool>,
    /// Names and addresses that it is valid for, without type.
    pub sans: Vec<String>,
    /// Whether it may be used by clients; `None` where the print does not say. A certificate without the extension may.
    pub eku_client: Option<bool>,
    /// Whether it may be used by servers; `None` where the print does not say.
    pub eku_server: Option<bool>,
    /// SHA-256 of its `SubjectPublicKeyInfo`, hex; `None` for prints.
    pub spki: Option<String>,
    /// Subject key identifier, hex.
    pub ski: Option<String>,
    /// Authority key identifier, hex.
    pub aki: Option<String>,
    /// Its bytes; `None` for prints.
    pub der: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads a certificate; `None` when the bytes are none.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let mut certificate = Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            cn: first_text(parsed.subject().iter_common_name()),
            orgs: texts(parsed.subject().iter_organization()),
            serial: Some(trimmed_serial(&hex(parsed.raw_serial()))),
            not_before: DateTime::from_timestamp(parsed.validity().not_before.timestamp(), 0),
            not_after: DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0),
            ca: Some(parsed.is_ca()),
            eku_client: Some(true),
            eku_server: Some(true),
            spki: Some(sha256_hex(parsed.public_key().raw)),
            der: Some(der.to_vec()),
            ..Self::default()
        };
        for extension in parsed.extensions() {
            certificate.take_extension(extension.parsed_extension());
        }
        Some(certificate)
    }

    fn take_extension(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.sans = names
                    .general_names
                    .iter()
                    .filter_map(general_name)
                    .collect();
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.eku_client = Some(usage.client_auth || usage.any);
                self.eku_server = Some(usage.server_auth || usage.any);
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.ski = Some(hex(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.aki = id.key_identifier.as_ref().map(|id| hex(id.0));
            }
            _ => {}
        }
    }

    /// Whether subject and issuer are the same and nothing says that another key signed it.
    pub fn self_signed(&self) -> bool {
        let same_key = match (&self.aki, &self.ski) {
            (Some(authority), Some(own)) => authority == own,
            _ => true,
        };
        self.subject == self.issuer && same_key
    }
}

fn first_text<'a>(
    mut attributes: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>,
) -> Option<String> {
    attributes.find_map(|attribute| attribute.as_str().ok().map(str::to_owned))
}

fn texts<'a>(
    attributes: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>,
) -> Vec<String> {
    attributes
        .filter_map(|attribute| attribute.as_str().ok().map(str::to_owned))
        .collect()
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::URI(text) | GeneralName::RFC822Name(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(sixteen).to_string())
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A serial number in the form that `openssl` prints, without leading zeros.
pub fn trimmed_serial(hex: &str) -> String {
    let digits: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() {
        "0".to_owned()
    } else {
        trimmed.to_ascii_uppercase()
    }
}

/// A distinguished name as `openssl` prints it, in any of its forms, in the form used here.
pub fn distinguished_name(printed: &str) -> String {
    let printed = printed.trim();
    let parts: Vec<&str> = match printed.strip_prefix('/') {
        Some(slashed) => slashed.split('/').collect(),
        None => printed.split(',').collect(),
    };
    let mut name = String::new();
    for part in parts {
        if let Some((kind, value)) = part.split_once('=') {
            if !name.is_empty() {
                name.push_str(", ");
            }
            name.push_str(kind.trim());
            name.push('=');
            name.push_str(value.trim());
        } else {
            // A comma inside a value.
            name.push(',');
            name.push_str(part);
        }
    }
    name
}

/// The values of one attribute of a name in the form used here: `O` of `O=a, O=b, CN=c`.
pub fn attributes<'a>(name: &'a str, kind: &'a str) -> impl Iterator<Item = &'a str> {
    name.split(", ").filter_map(move |part| {
        let (found, value) = part.split_once('=')?;
        (found == kind).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printed_form_of_a_name_is_the_same_name() {
        for printed in [
            "O = system:nodes, CN = system:node:worker-1",
            "O=system:nodes, CN=system:node:worker-1",
            "/O=system:nodes/CN=system:node:worker-1",
            "O=system:nodes,CN=system:node:worker-1",
        ] {
            assert_eq!(
                distinguished_name(printed),
                "O=system:nodes, CN=system:node:worker-1",
                "{printed}"
            );
        }
        let orgs: Vec<_> = attributes("O=a, O=b, CN=c", "O").collect();
        assert_eq!(orgs, ["a", "b"]);
    }

    #[test]
    fn serials_compare_whatever_their_zeros() {
        assert_eq!(trimmed_serial("00e1c4"), "E1C4");
        assert_eq!(trimmed_serial("0E:1C"), "E1C");
        assert_eq!(trimmed_serial("00"), "0");
    }

    #[test]
    fn bytes_that_are_no_certificate_are_none() {
        assert!(Certificate::from_der(b"").is_none());
        assert!(Certificate::from_der(&[0x30, 0x82, 0xff, 0xff]).is_none());
    }
}
