//! Did one of these CAs sign this certificate? Three answers: yes, no, could not be checked.
//!
//! Names and key identifiers decide before signatures. The signature checker knows less than Go, which the kubelet and the API
//! server are made of, so what it cannot judge is never called a bad signature.

use crate::certificate::Certificate;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Signed by one of the CAs, directly or through intermediates that were sent along.
    Verified,
    /// Signed by none of them; the reason in words.
    Refuted(String),
    /// Not known; the reason in words.
    Unchecked(String),
}

impl Verdict {
    /// `verified` or `refuted`; `None` when it is not known, so that a condition on it is unknown too.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Self::Verified => Some("verified"),
            Self::Refuted(_) => Some("refuted"),
            Self::Unchecked(_) => None,
        }
    }

    /// Why; `None` for a verified chain.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Verified => None,
            Self::Refuted(reason) | Self::Unchecked(reason) => Some(reason),
        }
    }
}

/// Whether `leaf` was signed by one of `cas`, `intermediates` helping. Dates are not looked at.
pub fn verify(leaf: &Certificate, cas: &[&Certificate], intermediates: &[&Certificate]) -> Verdict {
    if cas.is_empty() {
        return Verdict::Unchecked("no CA certificate is in the bundle".to_owned());
    }
    climb(leaf, cas, intermediates, MAX_DEPTH)
}

fn climb(
    leaf: &Certificate,
    cas: &[&Certificate],
    intermediates: &[&Certificate],
    depth: u8,
) -> Verdict {
    if cas.iter().any(|ca| ca.der.is_some() && ca.der == leaf.der) {
        return Verdict::Verified;
    }
    let direct = signed_by_any(leaf, cas);
    if direct == Verdict::Verified || depth == 0 {
        return direct;
    }
    let through = intermediates
        .iter()
        .filter(|middle| middle.der != leaf.der && signed_by(leaf, middle) == Verdict::Verified)
        .map(|middle| climb(middle, cas, intermediates, depth - 1))
        .find(|verdict| *verdict == Verdict::Verified);
    through.unwrap_or(direct)
}

fn signed_by_any(leaf: &Certificate, cas: &[&Certificate]) -> Verdict {
    let mut answer: Option<Verdict> = None;
    for ca in cas.iter().filter(|ca| ca.subject == leaf.issuer) {
        let verdict = signed_by(leaf, ca);
        match (&verdict, &answer) {
            (Verdict::Verified, _) => return verdict,
            (Verdict::Unchecked(_), _) | (_, None) => answer = Some(verdict),
            _ => {}
        }
    }
    answer.unwrap_or_else(|| {
        let mut names: Vec<&str> = cas.iter().map(|ca| ca.subject.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let names = names.join("; ");
        Verdict::Refuted(format!("issued by {}, trusted is {names}", leaf.issuer))
    })
}

/// Whether `ca`, whose name fits, signed `leaf`.
fn signed_by(leaf: &Certificate, ca: &Certificate) -> Verdict {
    if leaf.issuer != ca.subject {
        return Verdict::Refuted(format!("issued by {}", leaf.issuer));
    }
    let ids_differ = matches!((&leaf.aki, &ca.ski), (Some(wanted), Some(has)) if wanted != has);
    let verdict = signature(leaf, ca);
    match verdict {
        Verdict::Unchecked(_) if ids_differ => Verdict::Refuted(another_key(&ca.subject)),
        Verdict::Refuted(_) => Verdict::Refuted(another_key(&ca.subject)),
        other => other,
    }
}

fn another_key(name: &str) -> String {
    format!("signed by another key of the same name ({name})")
}

fn signature(leaf: &Certificate, ca: &Certificate) -> Verdict {
    let unchecked = |reason: &str| Verdict::Unchecked(reason.to_owned());
    let (Some(leaf), Some(ca)) = (leaf.der.as_deref(), ca.der.as_deref()) else {
        return unchecked("only a print of the certificate is in the bundle");
    };
    let (Ok((_, leaf)), Ok((_, ca))) = (
        X509Certificate::from_der(leaf),
        X509Certificate::from_der(ca),
    ) else {
        return unchecked("the certificate cannot be read");
    };
    let algorithm = leaf.signature_algorithm.algorithm.to_id_string();
    let Some(signed_with) = key_type_of_signature(&algorithm) else {
        return unchecked("its signature algorithm cannot be checked here");
    };
    let has = match key_type(&ca) {
        Ok(has) => has,
        Err(reason) => return unchecked(reason),
    };
    if signed_with != has {
        return Verdict::Refuted("another type of key".to_owned());
    }
    match leaf.verify_signature(Some(ca.public_key())) {
        Ok(()) => Verdict::Verified,
        Err(x509_parser::error::X509Error::SignatureVerificationError) => {
            Verdict::Refuted("another key".to_owned())
        }
        Err(_) => unchecked("its signature cannot be checked here"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyType {
    Rsa,
    Ec,
    Ed25519,
}

/// The type of key that makes a signature of this algorithm; `None` for those that are not checked, SHA-1 among them: the checker
/// accepts it and Go does not.
fn key_type_of_signature(oid: &str) -> Option<KeyType> {
    match oid {
        "1.2.840.113549.1.1.11" | "1.2.840.113549.1.1.12" | "1.2.840.113549.1.1.13" => {
            Some(KeyType::Rsa)
        }
        "1.2.840.10045.4.3.2" | "1.2.840.10045.4.3.3" | "1.2.840.10045.4.3.4" => Some(KeyType::Ec),
        "1.3.101.112" => Some(KeyType::Ed25519),
        _ => None,
    }
}

/// The type of a CA's key, or why signatures by it are not checked here.
fn key_type(ca: &X509Certificate<'_>) -> Result<KeyType, &'static str> {
    let key = ca.public_key();
    match key.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => match key.parsed() {
            Ok(PublicKey::RSA(rsa)) if (2048..=8192).contains(&rsa.key_size()) => Ok(KeyType::Rsa),
            Ok(PublicKey::RSA(_)) => Err("the CA has an RSA key of an unusual size"),
            _ => Err("the key of the CA cannot be read"),
        },
        "1.2.840.10045.2.1" => match key.parsed() {
            Ok(PublicKey::EC(point)) if point.key_size() <= 384 => Ok(KeyType::Ec),
            _ => Err("the CA has a P-521 key"),
        },
        "1.3.101.112" => Ok(KeyType::Ed25519),
        "1.2.840.113549.1.1.10" => Err("the CA has an RSASSA-PSS key"),
        _ => Err("the CA has a key of an unknown type"),
    }
}

const MAX_DEPTH: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P384_SHA384,
    };

    struct Ca {
        certificate: Certificate,
        issuer: Issuer<'static, KeyPair>,
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    fn ca(name: &str) -> Ca {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        Ca {
            certificate: Certificate::from_der(made.der()).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    fn leaf(ca: &Ca) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut params = params("system:node:worker-1");
        params.use_authority_key_identifier_extension = true;
        let made = params.signed_by(&key, &ca.issuer).unwrap();
        Certificate::from_der(made.der()).unwrap()
    }

    #[test]
    fn the_signing_ca_verifies() {
        let ca = ca("kubernetes");
        assert_eq!(
            verify(&leaf(&ca), &[&ca.certificate], &[]),
            Verdict::Verified
        );
    }

    #[test]
    fn a_ca_made_anew_under_the_same_name_is_told_from_the_old_one() {
        let (old, new) = (ca("kubernetes"), ca("kubernetes"));
        let verdict = verify(&leaf(&old), &[&new.certificate], &[]);
        assert_eq!(verdict.word(), Some("refuted"));
        assert!(verdict.reason().unwrap().contains("another key"));
        let both = [&new.certificate, &old.certificate];
        assert_eq!(verify(&leaf(&old), &both, &[]), Verdict::Verified);
    }

    #[test]
    fn another_name_is_refuted_with_both_names() {
        let (mine, other) = (ca("mine"), ca("other"));
        let verdict = verify(&leaf(&mine), &[&other.certificate], &[]);
        assert_eq!(
            verdict,
            Verdict::Refuted("issued by CN=mine, trusted is CN=other".into())
        );
    }

    #[test]
    fn another_type_of_key_is_refuted_and_not_merely_unsupported() {
        let rsa_like = ca("kubernetes");
        let mut params = params("kubernetes");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let ed = params.self_signed(&key).unwrap();
        let ed = Certificate::from_der(ed.der()).unwrap();
        assert_eq!(
            verify(&leaf(&rsa_like), &[&ed], &[]).word(),
            Some("refuted")
        );
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let other_curve = params.self_signed(&key).unwrap();
        let other_curve = Certificate::from_der(other_curve.der()).unwrap();
        assert_ne!(
            verify(&leaf(&rsa_like), &[&other_curve], &[]).word(),
            Some("verified")
        );
    }

    #[test]
    fn without_a_ca_or_its_bytes_nothing_is_claimed() {
        let ca = ca("kubernetes");
        let leaf = leaf(&ca);
        assert_eq!(verify(&leaf, &[], &[]).word(), None);
        let print = Certificate {
            der: None,
            ..ca.certificate
        };
        assert_eq!(verify(&leaf, &[&print], &[]).word(), None);
        let other_print = Certificate {
            ski: Some("00".into()),
            ..print
        };
        assert_eq!(verify(&leaf, &[&other_print], &[]).word(), Some("refuted"));
    }

    #[test]
    fn what_the_checker_judges_differently_from_go_is_left_open() {
        for (case, pem) in [
            (
                "ec-p521",
                include_str!("../../fixtures/snippets/x509/ec-p521.pem"),
            ),
            (
                "rsa-1024",
                include_str!("../../fixtures/snippets/x509/rsa-1024.pem"),
            ),
            (
                "rsa-pss",
                include_str!("../../fixtures/snippets/x509/rsa-pss.pem"),
            ),
            (
                "sha1",
                include_str!("../../fixtures/snippets/x509/sha1.pem"),
            ),
        ] {
            let both: Vec<Certificate> = crate::pem::blocks(pem)
                .iter()
                .filter_map(|block| Certificate::from_der(block.certificate()?))
                .collect();
            assert_eq!(both.len(), 2, "{case}");
            assert_eq!(verify(&both[0], &[&both[1]], &[]).word(), None, "{case}");
            let other = ca("kubernetes");
            let against_another = verify(&both[0], &[&other.certificate], &[]);
            assert_eq!(against_another.word(), Some("refuted"), "{case}");
        }
    }

    #[test]
    fn an_intermediate_that_was_sent_along_helps() {
        let root = ca("root");
        let mut params = params("middle");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &root.issuer).unwrap();
        let middle = Ca {
            certificate: Certificate::from_der(made.der()).unwrap(),
            issuer: Issuer::new(params, key),
        };
        let leaf = leaf(&middle);
        assert_eq!(
            verify(&leaf, &[&root.certificate], &[]).word(),
            Some("refuted")
        );
        assert_eq!(
            verify(&leaf, &[&root.certificate], &[&middle.certificate]),
            Verdict::Verified
        );
    }
}
