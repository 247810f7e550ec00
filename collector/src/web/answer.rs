//! What is kept of an answer of a server to anybody: its status, a few headers, and of the body what a diagnosis needs.

use super::attempt::pem;
use super::http::Reply;
use crate::clock::milliseconds;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::time::Duration;

/// One answer.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    path: &'static str,
    status: u16,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    www_authenticate: Option<String>,
    /// Version of an API server, from `/version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    git_version: Option<String>,
    /// Names of the checks that a health page calls failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_checks: Vec<String>,
    /// The CA that a supervisor of k3s or RKE2 hands out, from `/cacerts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorities: Option<Authorities>,
}

/// A CA bundle as a supervisor hands it out.
#[derive(Debug, Serialize)]
struct Authorities {
    /// SHA-256 of the bundle, hex: what a join token of the form `K10<hash>::` holds.
    sha256: String,
    certificates: Vec<String>,
}

impl Answer {
    /// Keeps what is known of this path.
    pub(crate) fn new(path: &'static str, reply: &Reply, time: Duration) -> Self {
        let good = reply.status == 200;
        Self {
            path,
            status: reply.status,
            ms: milliseconds(time),
            date: reply.headers.date.clone(),
            audit_id: reply.headers.audit_id.clone(),
            www_authenticate: reply.headers.challenge.clone(),
            git_version: (path == "/version" && good)
                .then(|| git_version(&reply.body))
                .flatten(),
            failed_checks: failed_checks(&reply.body),
            authorities: (path == "/cacerts" && good)
                .then(|| Authorities::read(&reply.body))
                .flatten(),
        }
    }
}

/// The version that an API server states.
pub(crate) fn git_version(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let version = body.get("gitVersion")?.as_str()?;
    Some(version.chars().take(MAX_WORD).collect())
}

/// Names behind `[-]` in a health page.
pub(crate) fn failed_checks(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let names = text.lines().filter_map(|line| {
        let name = line.strip_prefix("[-]")?.split_whitespace().next()?;
        Some(name.chars().take(MAX_WORD).collect())
    });
    names.take(MAX_CHECKS).collect()
}

impl Authorities {
    fn read(body: &[u8]) -> Option<Self> {
        let certificates = CertificateDer::pem_slice_iter(body).filter_map(Result::ok);
        let certificates: Vec<String> = certificates.take(MAX_CHAIN).map(|der| pem(&der)).collect();
        let sha256 = Sha256::digest(body)
            .iter()
            .fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").ok();
                hex
            });
        (!certificates.is_empty()).then_some(Self {
            sha256,
            certificates,
        })
    }
}

const MAX_WORD: usize = 100;
const MAX_CHECKS: usize = 30;
const MAX_CHAIN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_checks_are_told_by_name() {
        let page = b"[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nlivez check failed\n";
        assert_eq!(failed_checks(page), ["etcd"]);
    }

    #[test]
    fn a_ca_bundle_is_known_by_the_hash_of_its_bytes() {
        let authority = nodebundle_fixtures::api_server::Authority::new("k3s-server-ca");
        let read = Authorities::read(authority.pem.as_bytes()).unwrap();
        assert_eq!(read.sha256.len(), 64);
        assert_eq!(read.certificates.len(), 1);
        assert!(Authorities::read(b"no certificate").is_none());
    }
}
