//! Which unit, which kubeconfig, which certificate is the kubelet's own.

use super::Sight;
use super::seen::word;
use crate::node::{absolute, scan, unique};
use crate::spec::matches;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use nodebundle_bundle::Outcome;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use x509_parser::extensions::{KeyIdentifier, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Units that run a kubelet, the plain one first.
const UNITS: &[&str] = &[
    "kubelet.service",
    "snap.kubelet.daemon.service",
    "snap.k8s.kubelet.service",
    "snap.microk8s.daemon-kubelite.service",
    "k3s.service",
    "k3s-agent.service",
    "rke2-server.service",
    "rke2-agent.service",
    "k0sworker.service",
    "k0scontroller.service",
    "microshift.service",
    "edgecore.service",
];

/// The state of the unit that runs the kubelet, as the running systemd tells it; the one that is loaded before others.
pub(super) fn unit_state<'s>(sight: &Sight<'s>) -> Option<&'s Value> {
    let states = sight.seen.list("units");
    let known = |name: &&str| states.iter().find(|state| matches(name, word(state, "Id")));
    let mut units = UNITS.iter().filter_map(known);
    let first = units.next()?;
    let loaded = |state: &&Value| word(state, "LoadState") != "not-found";
    Some(
        std::iter::once(first)
            .chain(units)
            .find(loaded)
            .unwrap_or(first),
    )
}

/// The file-side of the unit that runs the kubelet; `None` when no such unit has a file.
pub(super) fn unit_file<'s>(sight: &Sight<'s>) -> Option<&'s crate::node::units::Unit> {
    let units = &sight.node.units;
    let of_name = |name: &&str| units.iter().find(|unit| unit.name == **name);
    let mut files = UNITS.iter().filter_map(of_name);
    files.find(|unit| unit.fragment.is_some() || unit.masked)
}

/// Whether some process is a kubelet or embeds one.
pub(super) fn runs(sight: &Sight<'_>) -> bool {
    let programs = ["kubelet", "hyperkube", "kubelite", "microshift"];
    sight.node.processes.iter().any(|process| {
        programs.contains(&process.comm.as_str())
            || process.comm.starts_with("k3s")
            || process.comm.starts_with("rke2")
            || process.comm == "k0s"
    })
}

/// The kubelet's kubeconfig: as its flag says, else the first usual one that exists.
pub(super) fn kubeconfig(sight: &mut Sight<'_>) -> Option<String> {
    if let Some(path) = sight.node.flag("kubeconfig").into_iter().next() {
        return path.starts_with('/').then_some(path);
    }
    let mut usual = sight.node.usual_kubeconfigs().into_iter();
    usual.find(|path| {
        let own = path.contains("kubelet") && !path.contains("bootstrap");
        own && sight.host.stat(path).is_ok()
    })
}

/// A client certificate and where it stands.
pub(super) struct Client {
    pub(super) from: String,
    pub(super) not_before: DateTime<Utc>,
    pub(super) not_after: DateTime<Utc>,
    /// Who signed it.
    pub(super) issuer: Signer,
}

/// A signer's name and the id of its key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signer {
    pub(super) name: String,
    pub(super) key_id: Option<Vec<u8>>,
}

/// The client certificate of the kubelet's kubeconfig; `None` unless it names exactly one that can be read.
pub(super) fn client(sight: &mut Sight<'_>) -> Option<Client> {
    let kubeconfig = kubeconfig(sight)?;
    let text = sight.host.read(&kubeconfig, MAX_FILE).ok()?.text();
    let keys = ["client-certificate", "client-certificate-data"];
    let found = unique(
        scan::values(&text, &keys)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}")),
    );
    let [only] = found.as_slice() else {
        return None;
    };
    let (key, value) = only.split_once('=')?;
    let (from, pem) = if key == "client-certificate" {
        let path = absolute(value, &kubeconfig);
        let taken = sight.host.read(&path, MAX_FILE).ok()?;
        (path, taken.bytes)
    } else {
        (kubeconfig, STANDARD.decode(value).ok()?)
    };
    let der = CertificateDer::from_pem_slice(&pem).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let time = |time: x509_parser::time::ASN1Time| DateTime::from_timestamp(time.timestamp(), 0);
    Some(Client {
        from,
        not_before: time(certificate.validity.not_before)?,
        not_after: time(certificate.validity.not_after)?,
        issuer: Signer {
            name: certificate.issuer().to_string(),
            key_id: extension(&certificate, |extension| match extension {
                ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref(),
                _ => None,
            }),
        },
    })
}

fn extension<'c>(
    certificate: &'c X509Certificate<'c>,
    id: fn(&'c ParsedExtension<'c>) -> Option<&'c KeyIdentifier<'c>>,
) -> Option<Vec<u8>> {
    let mut all = certificate.extensions().iter();
    let id = all.find_map(|extension| id(extension.parsed_extension()))?;
    Some(id.0.to_vec())
}

/// What stands in the kubelet's kubeconfig as its CA.
pub(super) enum Authority {
    /// The one certificate, DER.
    Certificate(Vec<u8>),
    /// Data that is there and holds no certificate; where.
    Unreadable(String),
}

/// SHA-256 of the public key of the CA that the kubelet's kubeconfig trusts, lower-case hex.
pub(super) fn ca(sight: &mut Sight<'_>) -> Option<String> {
    match authority(sight)? {
        Authority::Certificate(der) => nodebundle_bundle::keys::certificate_spki(&der),
        Authority::Unreadable(_) => None,
    }
}

/// The CA of the kubelet's kubeconfig; `None` where there is not exactly one, or its file cannot be read.
pub(super) fn authority(sight: &mut Sight<'_>) -> Option<Authority> {
    let kubeconfig = kubeconfig(sight)?;
    let text = sight.host.read(&kubeconfig, MAX_FILE).ok()?.text();
    let keys = ["certificate-authority", "certificate-authority-data"];
    let found = scan::values(&text, &keys);
    let [(key, value)] = found.as_slice() else {
        return None;
    };
    let pem = if key == "certificate-authority" {
        let path = absolute(value, &kubeconfig);
        sight.host.read(&path, MAX_FILE).ok()?.bytes
    } else {
        STANDARD.decode(value).unwrap_or_default()
    };
    let mut certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    let Some(first) = certificates.next() else {
        return Some(Authority::Unreadable(kubeconfig));
    };
    let only = certificates.next().is_none();
    only.then(|| Authority::Certificate(first.to_vec()))
}

/// Name and key id of a CA.
pub(super) fn signer(der: &[u8]) -> Option<Signer> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(Signer {
        name: certificate.subject().to_string(),
        key_id: extension(&certificate, |extension| match extension {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id),
            _ => None,
        }),
    })
}

/// Whether it is proven that nothing stands at a path.
pub(super) fn is_absent(sight: &mut Sight<'_>, path: &str) -> bool {
    let stat = sight.host.stat(path);
    stat.is_err_and(|failure| failure.outcome == Outcome::Absent)
}

/// Kubeconfigs and certificates are small.
const MAX_FILE: u64 = 256 << 10;
