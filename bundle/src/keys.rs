//! Private keys and certificates reduced to what may be told: algorithm, encryption, and the hash of the *public* key.
//!
//! Two files belong together when their SPKI hashes are equal; that answers "does this key match this certificate"
//! without either leaving the node.

use crate::hex::hex;
use crate::pem;
use sha2::{Digest as _, Sha256};

/// What may be told about a private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// `RSA-2048`, `EC-P256`, `EC-P384`, `EC-P521`, `EC-P224`, `EC-secp256k1`, `Ed25519`, `Ed448`, `X25519`, `DSA`, `OpenSSH`, `PGP`;
    /// `unknown` for a key that is encrypted or cannot be read.
    pub algorithm: String,
    /// Whether a passphrase protects it.
    pub encrypted: bool,
    /// SHA-256 of the DER of its `SubjectPublicKeyInfo`, lower-case hex. `None` where the key does not tell its public half:
    /// encrypted, unreadable, or a kind that TLS does not use.
    pub spki: Option<String>,
}

/// Facts of every private key in the text, in order; the index in the result is the `index` of `facts/keys.json`.
///
/// The text may be a PEM file, or any text with PEM in it. Blocks of other kinds are skipped and not counted.
pub fn private_keys(text: &[u8]) -> Vec<KeyFacts> {
    pem::blocks(text)
        .iter()
        .filter(|block| block.is_private())
        .map(|block| block_facts(block, text))
        .collect()
}

/// SHA-256 of the `SubjectPublicKeyInfo` of a DER certificate, lower-case hex; `None` when it is not a certificate.
pub fn certificate_spki(der: &[u8]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Some(hash(certificate.tbs_certificate.subject_pki.raw))
}

/// The bytes of a private key's DER that its certificate publishes too: an RSA modulus, an EC point.
pub(crate) fn public_half(der: &[u8]) -> Option<&[u8]> {
    let (_, rest) = Der(der).enter(SEQUENCE)?.0.enter(INTEGER)?;
    if let Some((_, rest)) = rest.enter(SEQUENCE) {
        return public_half(rest.enter(OCTET_STRING)?.0.0);
    }
    if let Some((modulus, _)) = rest.enter(INTEGER) {
        return Some(modulus.0);
    }
    let (_, rest) = rest.enter(OCTET_STRING)?;
    let rest = rest.enter(CONTEXT_0).map_or(rest, |(_, after)| after);
    Some(rest.enter(CONTEXT_1)?.0.0)
}

pub(crate) fn block_facts(block: &pem::Block, text: &[u8]) -> KeyFacts {
    if block.label.starts_with("PGP") {
        return named("PGP", false);
    }
    if block.label.starts_with("OPENSSH") {
        let der = block.decode(text).unwrap_or_default();
        let open = memchr::memmem::find(&der, b"\0\0\0\x04none").is_some();
        return named("OpenSSH", !open);
    }
    if block.says_encrypted(text) {
        return named("unknown", true);
    }
    let public = block
        .decode(text)
        .and_then(|der| public_key(&block.label, &der));
    public.unwrap_or_else(|| named("unknown", false))
}

fn public_key(label: &str, der: &[u8]) -> Option<KeyFacts> {
    let sequence = Der(der).enter(SEQUENCE)?.0;
    match label {
        "RSA PRIVATE KEY" => rsa(sequence),
        "EC PRIVATE KEY" => ec(sequence, None),
        "DSA PRIVATE KEY" => Some(named("DSA", false)),
        _ => pkcs8(sequence),
    }
}

fn pkcs8(sequence: Der<'_>) -> Option<KeyFacts> {
    let (_, rest) = sequence.enter(INTEGER)?;
    let (algorithm, rest) = rest.enter(SEQUENCE)?;
    let (oid, parameters) = algorithm.enter(OID)?;
    let (key, _) = rest.enter(OCTET_STRING)?;
    match oid.0 {
        OID_RSA => rsa(key.enter(SEQUENCE)?.0),
        OID_EC => {
            let curve = parameters.enter(OID).map(|(curve, _)| curve.0);
            ec(key.enter(SEQUENCE)?.0, curve)
        }
        OID_ED25519 => Some(ed25519(key.enter(OCTET_STRING)?.0.0)),
        OID_ED448 => Some(named("Ed448", false)),
        OID_X25519 => Some(named("X25519", false)),
        OID_DSA => Some(named("DSA", false)),
        _ => None,
    }
}

/// `RSAPrivateKey` begins with version, modulus and public exponent.
fn rsa(sequence: Der<'_>) -> Option<KeyFacts> {
    let (_, rest) = sequence.enter(INTEGER)?;
    let (modulus, rest) = rest.enter(INTEGER)?;
    let (exponent, _) = rest.enter(INTEGER)?;
    let public = tlv(
        SEQUENCE,
        &[tlv(INTEGER, modulus.0), tlv(INTEGER, exponent.0)].concat(),
    );
    let algorithm = [tlv(OID, OID_RSA), vec![NULL, 0]].concat();
    Some(KeyFacts {
        algorithm: format!("RSA-{}", bits(modulus.0)),
        encrypted: false,
        spki: Some(spki(&algorithm, &public)),
    })
}

/// `ECPrivateKey`: version, private value, `[0]` curve, `[1]` public point. The curve may stand outside, in PKCS#8.
fn ec(sequence: Der<'_>, outer: Option<&[u8]>) -> Option<KeyFacts> {
    let (_, rest) = sequence.enter(INTEGER)?;
    let (_, mut rest) = rest.enter(OCTET_STRING)?;
    let mut curve = outer;
    if let Some((parameters, after)) = rest.enter(CONTEXT_0) {
        curve = curve.or_else(|| parameters.enter(OID).map(|(oid, _)| oid.0));
        rest = after;
    }
    let curve = curve?;
    let point = rest
        .enter(CONTEXT_1)
        .and_then(|(public, _)| public.enter(BIT_STRING))
        .and_then(|(bits, _)| bits.0.split_first());
    let algorithm = [tlv(OID, OID_EC), tlv(OID, curve)].concat();
    Some(KeyFacts {
        algorithm: format!("EC-{}", curve_name(curve)),
        encrypted: false,
        spki: point.map(|(_, point)| spki(&algorithm, point)),
    })
}

fn ed25519(seed: &[u8]) -> KeyFacts {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok();
    KeyFacts {
        algorithm: "Ed25519".to_owned(),
        encrypted: false,
        spki: pair.map(|pair| spki(&tlv(OID, OID_ED25519), pair.public_key().as_ref())),
    }
}

fn named(algorithm: &str, encrypted: bool) -> KeyFacts {
    KeyFacts {
        algorithm: algorithm.to_owned(),
        encrypted,
        spki: None,
    }
}

fn spki(algorithm: &[u8], public: &[u8]) -> String {
    let unused_bits: &[u8] = &[0];
    let key = tlv(BIT_STRING, &[unused_bits, public].concat());
    hash(&tlv(SEQUENCE, &[tlv(SEQUENCE, algorithm), key].concat()))
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn bits(integer: &[u8]) -> usize {
    let leading = integer.iter().take_while(|byte| **byte == 0).count();
    let Some(first) = integer.get(leading) else {
        return 0;
    };
    (integer.len() - leading) * 8 - first.leading_zeros() as usize
}

fn curve_name(oid: &[u8]) -> &'static str {
    match oid {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => "P256",
        [0x2b, 0x81, 4, 0, 0x22] => "P384",
        [0x2b, 0x81, 4, 0, 0x23] => "P521",
        [0x2b, 0x81, 4, 0, 0x21] => "P224",
        [0x2b, 0x81, 4, 0, 0x0a] => "secp256k1",
        _ => "other",
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const OID_DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
const OID_X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const OID_ED448: &[u8] = &[0x2b, 0x65, 0x71];

/// A row of DER values, read from the front.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl Der<'_> {
    /// The content of the first value, if it has this tag, and what follows it.
    fn enter(self, tag: u8) -> Option<(Self, Self)> {
        let (found, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
                let length = bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        (*found == tag).then_some((Self(content), Self(after)))
    }
}

/// One DER value. Lengths above 65 535 do not occur in public keys and are not written.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    match length {
        0..=0x7f => der.push(low),
        0x80..=0xff => der.extend([0x81, low]),
        _ => der.extend([0x82, high, low]),
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
    use std::process::Command;

    #[test]
    fn a_key_and_the_certificate_made_with_it_have_one_spki() {
        for (algorithm, name) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, "EC-P256"),
            (&rcgen::PKCS_ECDSA_P384_SHA384, "EC-P384"),
            (&rcgen::PKCS_ED25519, "Ed25519"),
        ] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(vec!["node".to_owned()])
                .unwrap()
                .self_signed(&key)
                .unwrap();
            let facts = private_keys(key.serialize_pem().as_bytes());
            assert_eq!(facts.len(), 1);
            assert_eq!(facts[0].algorithm, name);
            assert_eq!(facts[0].spki, certificate_spki(certificate.der()));
            assert_eq!(facts[0].spki, Some(hash(&key.subject_public_key_info())));
        }
    }

    #[test]
    fn every_form_that_openssl_writes_is_read() {
        for (arguments, name) in [
            ("genrsa -traditional 2048", "RSA-2048"),
            (
                "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024",
                "RSA-1024",
            ),
            ("ecparam -genkey -noout -name prime256v1", "EC-P256"),
            ("ecparam -genkey -name secp521r1", "EC-P521"),
            ("genpkey -algorithm ed25519", "Ed25519"),
        ] {
            let Some(key) = openssl(arguments, b"") else {
                return;
            };
            let facts = private_keys(&key);
            assert_eq!(facts[0].algorithm, name, "{arguments}");
            let public = openssl("pkey -pubout -outform DER", &key).unwrap();
            assert_eq!(facts[0].spki, Some(hash(&public)), "{arguments}");
        }
    }

    #[test]
    fn an_encrypted_key_is_told_as_such_and_nothing_more() {
        let Some(key) = openssl("genrsa -traditional 1024", b"") else {
            return;
        };
        for arguments in [
            "pkey -aes128 -passout pass:changeme",
            "rsa -traditional -aes128 -passout pass:changeme",
        ] {
            let encrypted = openssl(arguments, &key).unwrap();
            assert_eq!(private_keys(&encrypted), vec![named("unknown", true)]);
        }
    }

    #[test]
    fn a_damaged_key_is_counted_and_its_certificate_is_not() {
        let text = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\
            -----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIODQ\n-----END EC PRIVATE KEY-----\n";
        assert_eq!(private_keys(text), vec![named("unknown", false)]);
        assert_eq!(certificate_spki(b"\x30\x82\xff\xff"), None);
    }

    fn openssl(arguments: &str, input: &[u8]) -> Option<Vec<u8>> {
        use std::io::Write as _;
        use std::process::Stdio;
        let mut child = Command::new("openssl")
            .args(arguments.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(input).ok()?;
        let output = child.wait_with_output().ok()?;
        output.status.success().then_some(output.stdout)
    }
}
