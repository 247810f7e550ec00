//! Which kubeconfig, certificates and keys the kubelet uses, and what was sent of them.

use crate::certificate::Certificate;
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, Value};
use crate::kubeconfig::{self, Access, Material};
use crate::origin::Origin;
use crate::parse::key_facts::KeyFact;
use crate::parse::kubeconfig::Kubeconfig;
use crate::parse::openssl_text::PrintedCertificate;
use crate::parse::pem_file::PemFile;
use crate::presence::{self, Presence};

/// A kubeconfig that the kubelet is set to use.
#[derive(Debug, Clone)]
pub struct Used<'a> {
    /// Its path; `None` where only the text was sent.
    pub path: Option<String>,
    /// What names the path.
    pub named_at: Vec<Origin>,
    /// The file, when it was sent.
    pub file: Option<&'a Sourced<Kubeconfig>>,
    /// What a client makes of it; `None` when it was not sent or is not YAML.
    pub access: Option<Access>,
}

/// Places of the kubelet's kubeconfig, for bundles that do not tell its flags.
const USUAL: &[&str] = &[
    "/etc/kubernetes/kubelet.conf",
    "/var/lib/kubelet/kubeconfig",
    "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
    "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    "/var/snap/microk8s/current/credentials/kubelet.config",
    "/var/lib/k0s/kubelet.conf",
    "/var/lib/microshift/resources/kubelet/kubeconfig",
    "/etc/kubernetes/kubeconfig-kubelet",
];

const USUAL_BOOTSTRAP: &[&str] = &[
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/var/lib/kubelet/bootstrap-kubeconfig",
];

/// The kubelet's kubeconfig; `None` when it uses none or nothing tells which.
pub fn kubeconfig(evidence: &Evidence) -> Option<Used<'_>> {
    let named = evidence.facts.get("kubelet.effective.kubeconfig");
    used(evidence, named, USUAL).or_else(|| {
        let only_text = evidence
            .all::<Kubeconfig>()
            .iter()
            .find(|file| file.value.path.is_none())?;
        (named.is_none()).then(|| with_file(None, Vec::new(), Some(only_text)))
    })
}

/// The bootstrap kubeconfig; `None` when it is set to use none or nothing tells which.
pub fn bootstrap(evidence: &Evidence) -> Option<Used<'_>> {
    let named = evidence.facts.get("kubelet.effective.bootstrap_kubeconfig");
    used(evidence, named, USUAL_BOOTSTRAP)
}

fn used<'a>(evidence: &'a Evidence, named: Option<&Fact>, usual: &[&str]) -> Option<Used<'a>> {
    let files = evidence.all::<Kubeconfig>();
    let at = |path: &str| {
        let file = files
            .iter()
            .find(|file| file.value.path.as_deref() == Some(path));
        file.map(|file| with_file(Some(path.to_owned()), vec![file.origin.clone()], Some(file)))
    };
    let Some(named) = named else {
        let folder = super::embedded_in(evidence);
        let mut own = usual
            .iter()
            .filter(|path| folder.is_none_or(|folder| path.starts_with(folder)));
        return own.find_map(|path| at(path));
    };
    let path = presence::normal(named.as_text()?);
    let file = files
        .iter()
        .find(|file| file.value.path.as_deref() == Some(&path));
    Some(with_file(Some(path), named.origins.clone(), file))
}

fn with_file(
    path: Option<String>,
    named_at: Vec<Origin>,
    file: Option<&Sourced<Kubeconfig>>,
) -> Used<'_> {
    Used {
        path,
        named_at,
        access: file.and_then(Access::of),
        file,
    }
}

/// Whether a path exists; what was sent exists.
pub fn exists(evidence: &Evidence, path: &str, sent: Option<&Origin>) -> Option<Fact> {
    if let Some(origin) = sent {
        return Some(Fact::new(Value::Bool(true), origin.clone()));
    }
    match presence::presence(evidence, path) {
        Presence::Present(origin) => Some(Fact::new(Value::Bool(true), origin)),
        Presence::Absent(origin) => Some(Fact::new(Value::Bool(false), origin)),
        Presence::Unknown => None,
    }
}

/// The PEM file at a path; the file that it links to when only that was sent.
pub fn pem_file<'a>(evidence: &'a Evidence, path: &str) -> Option<&'a Sourced<PemFile>> {
    let files = evidence.all::<PemFile>();
    let at = |path: &str| {
        files
            .iter()
            .find(|file| file.value.path.as_deref() == Some(path))
    };
    at(path).or_else(|| at(&link_target(evidence, path)?))
}

/// Where a link leads, when it was listed as one.
pub fn link_target(evidence: &Evidence, path: &str) -> Option<String> {
    let (entry, _) = presence::listed(evidence, path)?;
    let target = entry.link.as_deref()?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(if target.starts_with('/') {
        presence::normal(target)
    } else {
        presence::normal(&format!("{folder}/{target}"))
    })
}

/// The certificates at a path, from the file or from a print of it.
pub fn certificates_at(evidence: &Evidence, path: &str) -> Vec<Sourced<Certificate>> {
    if let Some(file) = pem_file(evidence, path).filter(|file| !file.value.masked) {
        return of_file(file);
    }
    let target = link_target(evidence, path);
    evidence
        .all::<PrintedCertificate>()
        .iter()
        .filter(|print| {
            let printed = print.value.path.as_deref();
            printed == Some(path) || (printed.is_some() && printed == target.as_deref())
        })
        .map(|print| Sourced {
            value: print.value.certificate.clone(),
            origin: print.origin.clone(),
        })
        .collect()
}

/// The only certificate of a node that was printed without a path; empty when there are several.
pub fn lone_node_certificate(evidence: &Evidence) -> Vec<Sourced<Certificate>> {
    let mut lone = evidence.all::<PrintedCertificate>().iter().filter(|print| {
        let cn = print.value.certificate.cn.as_deref().unwrap_or_default();
        print.value.path.is_none() && cn.starts_with("system:node:")
    });
    match (lone.next(), lone.next()) {
        (Some(only), None) => vec![Sourced {
            value: only.value.certificate.clone(),
            origin: only.origin.clone(),
        }],
        _ => Vec::new(),
    }
}

/// The certificates of a PEM file.
pub fn of_file(file: &Sourced<PemFile>) -> Vec<Sourced<Certificate>> {
    file.value
        .certificates
        .iter()
        .map(|(line, certificate)| Sourced {
            value: certificate.clone(),
            origin: Origin::line(file.origin.entry.clone(), *line),
        })
        .collect()
}

/// The certificates that a part of a kubeconfig holds or names; `None` when that is not known.
pub fn certificates_of(
    evidence: &Evidence,
    material: &Sourced<Material>,
) -> Option<Vec<Sourced<Certificate>>> {
    match &material.value {
        Material::Data(bytes) => Some(
            kubeconfig::certificates(bytes)
                .into_iter()
                .map(|value| Sourced {
                    value,
                    origin: material.origin.clone(),
                })
                .collect(),
        ),
        Material::Garbled => Some(Vec::new()),
        Material::Masked(_) => None,
        Material::File(path) => {
            let found = certificates_at(evidence, path);
            let whole = pem_file(evidence, path).is_some_and(|file| !file.value.masked);
            let read = !found.is_empty() || whole;
            read.then_some(found)
        }
    }
}

/// Fingerprint of the public half of a key, and where it was read; `None` when not known.
pub fn key_spki(evidence: &Evidence, material: &Sourced<Material>) -> Option<(String, Origin)> {
    match &material.value {
        Material::Masked(key) => Some((key.spki.clone()?, material.origin.clone())),
        Material::Data(bytes) => {
            let key = nodebundle_bundle::keys::private_keys(bytes)
                .into_iter()
                .next()?;
            Some((key.spki?, material.origin.clone()))
        }
        Material::Garbled => None,
        Material::File(path) => key_spki_at(evidence, path),
    }
}

/// Fingerprint of the public half of the key in a file.
pub fn key_spki_at(evidence: &Evidence, path: &str) -> Option<(String, Origin)> {
    let from_file = pem_file(evidence, path).and_then(|file| {
        let key = file.value.keys.iter().find(|key| key.spki.is_some())?;
        let origin = Origin::line(file.origin.entry.clone(), key.line);
        Some((key.spki.clone()?, origin))
    });
    from_file.or_else(|| {
        let target = link_target(evidence, path);
        evidence.all::<KeyFact>().iter().find_map(|key| {
            let at = Some(key.value.path.as_str());
            let here = at == Some(path) || at == target.as_deref();
            here.then(|| Some((key.value.spki.clone()?, key.origin.clone())))?
        })
    })
}

/// Whether a certificate belongs to a key; unknown when either fingerprint is.
pub fn key_matches(
    certificate: &Sourced<Certificate>,
    key: Option<(String, Origin)>,
) -> Option<Fact> {
    let (key, key_origin) = key?;
    let own = certificate.value.spki.as_ref()?;
    Some(Fact {
        value: Value::Bool(*own == key),
        origins: vec![certificate.origin.clone(), key_origin],
    })
}

/// Whether a path is where the kubelet itself will put a certificate that it is still waiting for: its bootstrap kubeconfig exists.
pub fn is_awaited(evidence: &Evidence, path: &str) -> bool {
    path.ends_with("/kubelet-client-current.pem")
        && bootstrap(evidence).is_some_and(|used| {
            let sent = used.file.map(|file| &file.origin);
            let exists = used.path.and_then(|path| exists(evidence, &path, sent));
            exists.is_some_and(|fact| fact.value == Value::Bool(true))
        })
}

/// CAs that client certificates are judged by: those that the kubelet trusts for clients, which are the cluster's own, else those of
/// its kubeconfig.
pub fn client_cas(evidence: &Evidence) -> Vec<Sourced<Certificate>> {
    let facts = &evidence.facts;
    let mut cas = Vec::new();
    if let Some(path) = facts.text("kubelet.effective.client_ca_file") {
        cas.extend(certificates_at(evidence, path));
    }
    // Where servers and clients have different CAs, the one in the kubeconfig says nothing of clients.
    let two_cas = facts
        .text("host.distribution")
        .is_some_and(|name| !matches!(name, "kubeadm" | "generic" | "microk8s" | "k0s"));
    if cas.is_empty() && !two_cas {
        let used = kubeconfig(evidence).and_then(|used| used.access?.ca);
        cas.extend(
            used.and_then(|ca| certificates_of(evidence, &ca))
                .unwrap_or_default(),
        );
    }
    cas
}
