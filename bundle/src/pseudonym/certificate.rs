//! Certificates: the same certificate for somebody else.
//!
//! Each is issued again: names and addresses under pseudonyms, dates, uses and flags as they were, keys exchanged for keys that are
//! made from the case key. Who had signed whom has signed whom again, so every question of the diagnosis has the same answer:
//! expired, wrong name, signed by another CA, key that does not belong to it. Nobody can use it, and no byte of the real key is left.

use super::der::{
    BIT_STRING, ED25519, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, first, raw_algorithm,
    raw_validity,
};
use super::find::expression;
use super::signers::{blocks, spki_hash, wrapped};
use super::{Pseudonyms, Swap};
use crate::hex::hex;
use crate::keys::tlv;
use crate::pem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use regex::bytes::Regex;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use std::sync::LazyLock;
use x509_parser::prelude::{FromDer as _, ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;

impl Pseudonyms {
    pub(super) fn swap_certificates(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        self.swap_blocks(text, swaps);
        for range in wrapped(text) {
            let inner = text.get(range.clone()).unwrap_or_default();
            let inner = pem::BASE64.decode(inner).unwrap_or_default();
            let mut inside = Vec::new();
            self.swap_blocks(&inner, &mut inside);
            let with = BASE64.encode(super::applied(&inner, inside)).into_bytes();
            swaps.push(Swap { range, with });
        }
        let loose = LOOSE
            .iter()
            .flat_map(|expression| expression.find_iter(text));
        swaps.extend(loose.map(|found| Swap {
            range: found.range(),
            with: b"PSEUDONYM(base64)".to_vec(),
        }));
        self.swap_hex(text, swaps);
    }

    fn swap_blocks(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        for block in blocks(text) {
            let range = block.body.clone();
            let old = text.get(range.clone()).unwrap_or_default();
            let issued = block.decode(text).and_then(|der| self.issue(&der));
            let issued = issued.map(|der| BASE64.encode(der)).unwrap_or_default();
            let with = in_shape(old, &issued);
            swaps.push(Swap { range, with });
        }
    }

    /// What facts tell of a certificate in hex gets the value that its new form has.
    pub(super) fn note_hex(&mut self, der: &[u8]) {
        let Some((_, parsed)) = X509Certificate::from_der(der).ok() else {
            return;
        };
        let mut pairs = vec![(
            hex(&Sha256::digest(der)),
            hex(&self.key.digest(&[b"certificate\0", der].concat())),
        )];
        if let Some(key) = self.public_key(&parsed) {
            pairs.push((spki_hash(&parsed), hex(&Sha256::digest(key))));
        }
        let serial = parsed.raw_serial();
        if serial.len() > SHORT_SERIAL {
            let new = hex(&self.serial(serial));
            let bare = hex(serial).trim_start_matches('0').to_owned();
            pairs.extend([(hex(serial), new.clone()), (bare, new)]);
        }
        for extension in parsed.extensions() {
            let id = match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    id.key_identifier.as_ref().map(|id| id.0)
                }
                _ => None,
            };
            pairs.extend(id.map(|id| (hex(id), hex(&self.key_id(id)))));
        }
        self.certificates.hex.extend(pairs);
    }

    fn swap_hex(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        if self.certificates.hex.is_empty() {
            return;
        }
        let found = DIGITS
            .iter()
            .flat_map(|expression| expression.find_iter(text));
        for found in found {
            let old = String::from_utf8_lossy(found.as_bytes()).into_owned();
            let bare = old.replace(':', "").to_ascii_lowercase();
            let Some(new) = self.certificates.hex.get(&bare) else {
                continue;
            };
            let new = shaped_like(&old, new);
            swaps.push(Swap {
                range: found.range(),
                with: new.into_bytes(),
            });
        }
    }

    /// The certificate for somebody else; `None` when it cannot be read.
    fn issue(&mut self, der: &[u8]) -> Option<Vec<u8>> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let checked = is_checked(&parsed);
        let algorithm = if checked {
            tlv(SEQUENCE, &tlv(OID, ED25519))
        } else {
            raw_algorithm(der)?
        };
        let version = tlv(0xa0, &tlv(INTEGER, &[2]));
        let serial = tlv(INTEGER, &self.serial(parsed.raw_serial()));
        let validity = raw_validity(der)?;
        let body = [
            version,
            serial,
            algorithm.clone(),
            self.name(parsed.issuer().as_raw()),
            validity,
            self.name(parsed.subject().as_raw()),
            self.public_key(&parsed)?,
            self.extensions(&parsed),
        ];
        let body = tlv(SEQUENCE, &body.concat());
        let signer = match self.certificates.signer(&parsed) {
            Some(hash) if checked => self.key_pair(&hash)?,
            _ => self.key_pair(&hex(parsed.issuer().as_raw()))?,
        };
        let signature = [&[0], signer.sign(&body).as_ref()].concat();
        Some(tlv(
            SEQUENCE,
            &[body, algorithm, tlv(BIT_STRING, &signature)].concat(),
        ))
    }

    /// A key that only the case key can make again.
    fn key_pair(&self, of: &str) -> Option<Ed25519KeyPair> {
        let seed = self.key.digest(format!("certificate key\0{of}").as_bytes());
        Ed25519KeyPair::from_seed_unchecked(&seed).ok()
    }

    /// `SubjectPublicKeyInfo`. Keys that no signature is checked with keep their kind, so that this stays so.
    fn public_key(&self, certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
        let hash = spki_hash(certificate);
        if !has_usual_key(certificate) {
            let (_, content, _) = first(certificate.public_key().raw)?;
            let (_, _, rest) = first(content)?;
            let kind = content.get(..content.len() - rest.len())?;
            let digest = self
                .key
                .digest(format!("certificate key\0{hash}").as_bytes());
            let bits = [&[0_u8][..], &digest].concat();
            return Some(tlv(
                SEQUENCE,
                &[kind.to_vec(), tlv(BIT_STRING, &bits)].concat(),
            ));
        }
        let pair = self.key_pair(&hash)?;
        let bits = [&[0], pair.public_key().as_ref()].concat();
        let kind = tlv(SEQUENCE, &tlv(OID, ED25519));
        Some(tlv(SEQUENCE, &[kind, tlv(BIT_STRING, &bits)].concat()))
    }

    /// Short serials are counters and stay.
    fn serial(&self, serial: &[u8]) -> Vec<u8> {
        if serial.len() <= SHORT_SERIAL {
            return serial.to_vec();
        }
        let digest = self.key.digest(&[b"serial\0", serial].concat());
        let length = serial.len().min(20);
        let mut mapped: Vec<u8> = digest.iter().copied().take(length).collect();
        if let Some(high) = mapped.first_mut() {
            *high = *high & 0x3f | 0x40;
        }
        mapped
    }

    /// A name of the directory kind with its values under pseudonyms.
    fn name(&mut self, der: &[u8]) -> Vec<u8> {
        let mut mapped = Vec::new();
        let mut rest = der;
        while let Some((tag, content, after)) = first(rest) {
            mapped.extend(match tag {
                SEQUENCE | SET => tlv(tag, &self.name(content)),
                OID => tlv(tag, content),
                _ => tlv(tag, &self.value(content)),
            });
            rest = after;
        }
        mapped
    }

    fn value(&mut self, value: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(value).into_owned();
        self.text(&text).into_bytes()
    }

    /// The extensions that the diagnosis reads; what else there is may name the customer.
    fn extensions(&mut self, certificate: &X509Certificate<'_>) -> Vec<u8> {
        let mut kept = Vec::new();
        for extension in certificate.extensions() {
            let oid = extension.oid.as_bytes();
            let value = match oid {
                [0x55, 0x1d, 15 | 19 | 37] => Some(extension.value.to_vec()),
                [0x55, 0x1d, 14] => {
                    first(extension.value).map(|(tag, id, _)| tlv(tag, &self.key_id(id)))
                }
                [0x55, 0x1d, 35] => self.authority(extension.value),
                [0x55, 0x1d, 17] => self.alternative_names(extension.value),
                _ => None,
            };
            let Some(value) = value else { continue };
            let critical = if extension.critical {
                tlv(0x01, &[0xff])
            } else {
                Vec::new()
            };
            let parts = [tlv(OID, oid), critical, tlv(OCTET_STRING, &value)];
            kept.extend(tlv(SEQUENCE, &parts.concat()));
        }
        if kept.is_empty() {
            return kept;
        }
        tlv(0xa3, &tlv(SEQUENCE, &kept))
    }

    fn key_id(&self, id: &[u8]) -> Vec<u8> {
        let digest = self.key.digest(&[b"key id\0", id].concat());
        digest.iter().copied().take(id.len().clamp(1, 20)).collect()
    }

    fn authority(&self, value: &[u8]) -> Option<Vec<u8>> {
        let (_, content, _) = first(value)?;
        let id = match first(content) {
            Some((0x80, id, _)) => tlv(0x80, &self.key_id(id)),
            _ => Vec::new(),
        };
        Some(tlv(SEQUENCE, &id))
    }

    fn alternative_names(&mut self, value: &[u8]) -> Option<Vec<u8>> {
        let (_, mut rest, _) = first(value)?;
        let mut names = Vec::new();
        while let Some((tag, content, after)) = first(rest) {
            match tag {
                0x81 | 0x82 | 0x86 => names.extend(tlv(tag, &self.value(content))),
                0x87 => names.extend(tlv(tag, &self.address(content))),
                _ => {}
            }
            rest = after;
        }
        Some(tlv(SEQUENCE, &names))
    }

    fn address(&mut self, bytes: &[u8]) -> Vec<u8> {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return self.addresses.four(four.into()).octets().to_vec();
        }
        match <[u8; 16]>::try_from(bytes) {
            Ok(six) => self.addresses.six(six.into()).octets().to_vec(),
            Err(_) => Vec::new(),
        }
    }
}

/// New base64 over the lines of the old, whatever separates them; without new base64 a placeholder.
fn in_shape(old: &[u8], base64: &str) -> Vec<u8> {
    let content: &[u8] = if base64.is_empty() {
        b"PSEUDONYM(certificate)"
    } else {
        base64.as_bytes()
    };
    let runs: Vec<Range<usize>> = RUN
        .iter()
        .flat_map(|expression| expression.find_iter(old))
        .map(|found| found.range())
        .collect();
    let count = if base64.is_empty() {
        1
    } else {
        runs.len().max(1)
    };
    let mut shaped = Vec::with_capacity(old.len());
    let (mut from, mut used) = (0, 0);
    for (at, run) in runs.iter().enumerate() {
        shaped.extend(old.get(from..run.start).unwrap_or_default());
        let until = content.len() * (at + 1).min(count) / count;
        shaped.extend(content.get(used..until).unwrap_or_default());
        (from, used) = (run.end, until);
    }
    shaped.extend(old.get(from..).unwrap_or_default());
    shaped
}

/// Hex with the colons and the case of another.
fn shaped_like(old: &str, new: &str) -> String {
    let mut shaped = String::new();
    for (at, digit) in new.chars().enumerate() {
        if old.contains(':') && at > 0 && at % 2 == 0 {
            shaped.push(':');
        }
        shaped.push(digit);
    }
    if old.contains(|digit: char| digit.is_ascii_uppercase()) {
        shaped.make_ascii_uppercase();
    }
    shaped
}

/// Whether its signature is of a kind that the analyzer checks.
fn is_checked(certificate: &X509Certificate<'_>) -> bool {
    let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
    CHECKED.contains(&algorithm.as_str())
}

/// Whether signatures by its key are checked.
fn has_usual_key(certificate: &X509Certificate<'_>) -> bool {
    let key = certificate.public_key();
    match key.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => {
            matches!(key.parsed(), Ok(PublicKey::RSA(rsa)) if (2048..=8192).contains(&rsa.key_size()))
        }
        "1.2.840.10045.2.1" => {
            matches!(key.parsed(), Ok(PublicKey::EC(point)) if point.key_size() <= 384)
        }
        oid => oid == "1.3.101.112",
    }
}

/// A serial of so many bytes is a counter and tells nothing.
const SHORT_SERIAL: usize = 4;
const CHECKED: [&str; 7] = [
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.2.840.10045.4.3.4",
    "1.3.101.112",
];

/// DER or a line of PEM by itself, as when a certificate is logged line by line.
static LOOSE: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)\bMI[I-K][A-Za-z0-9+/]{57,}={0,2}"));
static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)\b(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){4,31}|[0-9A-Fa-f]{9,64})\b")
});
static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)(?:[A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/]+={1,2}|[A-Za-z0-9+/=]{2,})")
});
