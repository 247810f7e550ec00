//! All certificates that were sent, which of them anything uses, and which are leftovers.

use crate::certificate::Certificate;
use crate::chain;
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::{Access, Material};
use crate::kubelet::credentials;
use crate::observed::Mode;
use crate::origin::Origin;
use crate::parse::kubeconfig::Kubeconfig;
use crate::parse::openssl_text::PrintedCertificate;
use crate::parse::pem_file::PemFile;
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "certificates",
    after: &[
        "kubelet_kubeconfig",
        "kubelet_bootstrap",
        "kubelet_client_cert",
        "kubelet_serving_cert",
    ],
    facts: FACTS,
    derive,
};

const fn field(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning)
}

const FACTS: &[FactDecl] = &[
    FactDecl::new("certificates", Type::Records, "certificates that were sent, as files, in kubeconfigs or as prints")
        .needs(
            "certificates",
            "for f in /var/lib/kubelet/pki/*.pem /var/lib/kubelet/pki/*.crt /etc/kubernetes/pki/*.crt; do echo \"## $f\"; openssl x509 -in $f -noout -subject -issuer -dates; done",
        ),
    field("certificates[].path", Type::Text, "file that holds it, a kubeconfig where it is embedded").null_is("only a print without a path was sent"),
    field("certificates[].index", Type::Int, "place in that file, from 0"),
    field("certificates[].role", Type::Text, "kubelet-client, kubelet-server, cluster-ca, apiserver, etcd, front-proxy or other"),
    field("certificates[].subject", Type::Text, "distinguished name of the subject"),
    field("certificates[].cn", Type::Text, "common name of the subject").null_is("it has none"),
    field("certificates[].orgs", Type::Texts, "organizations of the subject, the groups of a client"),
    field("certificates[].issuer", Type::Text, "distinguished name of the issuer"),
    field("certificates[].serial", Type::Text, "serial number, upper-case hex without leading zeros"),
    field("certificates[].not_before", Type::Time, "begin of validity"),
    field("certificates[].not_after", Type::Time, "end of validity"),
    field("certificates[].ca", Type::Bool, "it is marked as a CA"),
    field("certificates[].self_signed", Type::Bool, "subject and issuer are the same"),
    field("certificates[].sans", Type::Texts, "names and addresses that it is valid for"),
    field("certificates[].eku_client", Type::Bool, "clients may use it"),
    field("certificates[].eku_server", Type::Bool, "servers may use it"),
    field("certificates[].spki", Type::Text, "SHA-256 of its public key, hex"),
    field("certificates[].ski", Type::Text, "subject key identifier, hex"),
    field("certificates[].aki", Type::Text, "authority key identifier, hex"),
    field("certificates[].key_present", Type::Bool, "a private key stands in the same file"),
    field("certificates[].key_matches", Type::Bool, "that key belongs to it"),
    field("certificates[].used_by", Type::Texts, "the kubelet, and kubeconfigs that name or hold it"),
    field("certificates[].leftover", Type::Bool, "the kubelet had it and uses another one now"),
    field("certificates[].chain", Type::Text, "verified or refuted against the CAs of the cluster; client certificates only"),
    field("certificates[].chain_reason", Type::Text, "why it is not verified").null_is("it is verified"),
];

/// A certificate in its place.
struct Held {
    path: Option<String>,
    index: i64,
    certificate: Sourced<Certificate>,
    key_present: Option<bool>,
    key_matches: Option<bool>,
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let all = held(evidence);
    if all.is_empty() {
        return;
    }
    let users = users(evidence);
    let current = Current::of(evidence);
    let cas = credentials::client_cas(evidence);
    let items = all
        .iter()
        .map(|one| record(one, &users, &current, &cas))
        .collect();
    evidence.facts.set("certificates", Fact::list(items));
    // The collector looks at every usual place; other people send what they thought of.
    if evidence.all::<Mode>().is_empty() {
        evidence.facts.set_partial("certificates");
    }
}

fn held(evidence: &Evidence) -> Vec<Held> {
    let mut all = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    for file in evidence.all::<PemFile>() {
        paths.extend(file.value.path.as_deref());
        let key = file.value.keys.iter().find_map(|key| key.spki.as_deref());
        for (index, certificate) in (0..).zip(credentials::of_file(file)) {
            let matches = key.zip(certificate.value.spki.as_deref());
            all.push(Held {
                path: file.value.path.clone(),
                index,
                key_present: Some(!file.value.keys.is_empty()),
                key_matches: (index == 0)
                    .then_some(matches)
                    .flatten()
                    .map(|(key, own)| key == own),
                certificate,
            });
        }
    }
    for print in evidence.all::<PrintedCertificate>() {
        if print
            .value
            .path
            .as_deref()
            .is_none_or(|path| !paths.contains(&path))
        {
            all.push(Held {
                path: print.value.path.clone(),
                index: 0,
                certificate: Sourced {
                    value: print.value.certificate.clone(),
                    origin: print.origin.clone(),
                },
                key_present: None,
                key_matches: None,
            });
        }
    }
    for (file, material) in embedded(evidence) {
        let certificates = credentials::certificates_of(evidence, &material).unwrap_or_default();
        for (index, certificate) in (0..).zip(certificates) {
            all.push(Held {
                path: file.clone(),
                index,
                certificate,
                key_present: None,
                key_matches: None,
            });
        }
    }
    all
}

/// Certificates that kubeconfigs hold themselves.
fn embedded(evidence: &Evidence) -> Vec<(Option<String>, Sourced<Material>)> {
    let mut found = Vec::new();
    for file in evidence.all::<Kubeconfig>() {
        let Some(access) = Access::of(file) else {
            continue;
        };
        for material in [access.ca, access.client_certificate].into_iter().flatten() {
            if matches!(material.value, Material::Data(_)) {
                found.push((file.value.path.clone(), material));
            }
        }
    }
    found
}

/// Who uses the certificates at each path.
fn users(evidence: &Evidence) -> BTreeMap<String, Vec<String>> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |path: Option<&str>, user: &str| {
        if let Some(path) = path {
            let target = credentials::link_target(evidence, path);
            for place in std::iter::once(path.to_owned()).chain(target) {
                let known = users.entry(place).or_default();
                if !known.iter().any(|one| one == user) {
                    known.push(user.to_owned());
                }
            }
        }
    };
    let facts = &evidence.facts;
    for path in [
        "kubelet.client_cert.path",
        "kubelet.serving_cert.path",
        "kubelet.effective.client_ca_file",
    ] {
        add(facts.text(path), "kubelet");
    }
    let own = facts.text("kubelet.kubeconfig.path");
    for file in evidence.all::<Kubeconfig>() {
        let Some(path) = file.value.path.as_deref() else {
            continue;
        };
        add(Some(path), path);
        let Some(access) = Access::of(file) else {
            continue;
        };
        for material in [access.ca, access.client_certificate].into_iter().flatten() {
            if let Material::File(named) = &material.value {
                add(Some(named), path);
                if own == Some(path) {
                    add(Some(named), "kubelet");
                }
            }
        }
    }
    users
}

/// Serial number and issuer of what the kubelet uses now.
struct Current {
    client: Option<(String, String)>,
    serving: Option<(String, String)>,
}

impl Current {
    fn of(evidence: &Evidence) -> Self {
        let identity = |path: &str| {
            let path = evidence.facts.text(path)?;
            let first = credentials::certificates_at(evidence, path)
                .into_iter()
                .next()?;
            Some((first.value.serial?, first.value.issuer))
        };
        let embedded = || {
            let access = credentials::kubeconfig(evidence)?.access?;
            let material = access.client_certificate?;
            let first = credentials::certificates_of(evidence, &material)?
                .into_iter()
                .next()?;
            Some((first.value.serial?, first.value.issuer))
        };
        Self {
            client: embedded().or_else(|| identity("kubelet.client_cert.path")),
            serving: identity("kubelet.serving_cert.path"),
        }
    }

    /// Whether the kubelet uses this certificate; `None` when it is not known which one it uses.
    fn uses(&self, role: &str, certificate: &Certificate) -> Option<bool> {
        let current = match role {
            "kubelet-client" => self.client.as_ref()?,
            "kubelet-server" => self.serving.as_ref()?,
            _ => return None,
        };
        let serial = certificate.serial.as_ref()?;
        Some(current.0 == *serial && current.1 == certificate.issuer)
    }
}

fn record(
    one: &Held,
    users: &BTreeMap<String, Vec<String>>,
    current: &Current,
    cas: &[Sourced<Certificate>],
) -> Fact {
    let certificate = &one.certificate.value;
    let origin = &one.certificate.origin;
    let role = role(one);
    let mut used_by = one
        .path
        .as_ref()
        .and_then(|path| users.get(path))
        .cloned()
        .unwrap_or_default();
    let uses = current.uses(role, certificate);
    if uses == Some(true) && !used_by.iter().any(|user| user == "kubelet") {
        used_by.insert(0, "kubelet".to_owned());
    }
    let leftover = match uses {
        Some(uses) if used_by.is_empty() || uses => Some(!uses),
        _ if !used_by.is_empty() => Some(false),
        _ => None,
    };
    let mut fields = certificate_fields(certificate, origin);
    fields.extend([
        (
            "path",
            Some(one.path.as_deref().map_or(Value::Null, Value::from)),
        ),
        ("index", Some(Value::Int(one.index))),
        ("role", Some(Value::from(role))),
        ("key_present", one.key_present.map(Value::Bool)),
        ("key_matches", one.key_matches.map(Value::Bool)),
        ("used_by", Some(Fact::texts(used_by, origin).value)),
        ("leftover", leftover.map(Value::Bool)),
    ]);
    if role == "kubelet-client" {
        let cas: Vec<&Certificate> = cas.iter().map(|ca| &ca.value).collect();
        let verdict = chain::verify(certificate, &cas, &[]);
        let reason = verdict.reason().map_or(Value::Null, Value::from);
        fields.extend([
            ("chain", verdict.word().map(Value::from)),
            ("chain_reason", Some(reason)),
        ]);
    }
    Fact::record(fields, origin)
}

fn certificate_fields<'a>(
    certificate: &Certificate,
    origin: &Origin,
) -> Vec<(&'a str, Option<Value>)> {
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let list = |texts: &[String]| Some(Fact::texts(texts.iter().cloned(), origin).value);
    let cn = certificate.cn.as_deref().map_or(Value::Null, Value::from);
    vec![
        ("subject", Some(Value::from(certificate.subject.as_str()))),
        ("cn", Some(cn)),
        ("orgs", list(&certificate.orgs)),
        ("issuer", Some(Value::from(certificate.issuer.as_str()))),
        ("serial", text(&certificate.serial)),
        ("not_before", certificate.not_before.map(Value::Time)),
        ("not_after", certificate.not_after.map(Value::Time)),
        ("ca", certificate.ca.map(Value::Bool)),
        ("self_signed", Some(Value::Bool(certificate.self_signed()))),
        ("sans", list(&certificate.sans)),
        ("eku_client", certificate.eku_client.map(Value::Bool)),
        ("eku_server", certificate.eku_server.map(Value::Bool)),
        ("spki", text(&certificate.spki)),
        ("ski", text(&certificate.ski)),
        ("aki", text(&certificate.aki)),
    ]
}

/// What a certificate is for, from its subject before its place.
fn role(one: &Held) -> &'static str {
    let certificate = &one.certificate.value;
    let path = one.path.as_deref().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let cn = certificate.cn.as_deref().unwrap_or_default();
    let is_node = cn.starts_with("system:node:");
    if path.contains("/etcd/") {
        return "etcd";
    }
    if name.starts_with("front-proxy") || cn.starts_with("front-proxy") {
        return "front-proxy";
    }
    if name.starts_with("kubelet-server") || name == "kubelet.crt" || name == "serving-kubelet.crt"
    {
        return "kubelet-server";
    }
    if is_node && certificate.eku_client == Some(false) {
        return "kubelet-server";
    }
    if is_node || name.starts_with("kubelet-client") || name.starts_with("client-kubelet") {
        return "kubelet-client";
    }
    let is_ca = certificate.ca.unwrap_or_else(|| {
        certificate.self_signed()
            && certificate.eku_client.is_none()
            && certificate.eku_server.is_none()
    });
    if is_ca && certificate.self_signed() {
        return "cluster-ca";
    }
    if name.starts_with("apiserver") || cn == "kube-apiserver" {
        return "apiserver";
    }
    "other"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(path: &str, cn: &str, serial: &str) -> (PrintedCertificate, Origin) {
        let certificate = Certificate {
            subject: format!("CN={cn}"),
            issuer: "CN=kubernetes".into(),
            cn: Some(cn.into()),
            serial: Some(serial.into()),
            ..Certificate::default()
        };
        let print = PrintedCertificate {
            path: Some(path.into()),
            certificate,
        };
        (print, Origin::line("openssl-certs.txt", 2))
    }

    #[test]
    fn what_the_kubelet_does_not_use_any_more_is_a_leftover() {
        let mut evidence = Evidence::default();
        let current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
        for (path, serial) in [
            (current, "B2"),
            ("/var/lib/kubelet/pki/kubelet-client-2026.pem", "B2"),
            ("/var/lib/kubelet/pki/kubelet-client-2025.pem", "A1"),
        ] {
            let (print, origin) = print(path, "system:node:w", serial);
            evidence.push(print, origin);
        }
        let (ca, origin) = print("/etc/kubernetes/pki/ca.crt", "kubernetes", "1");
        evidence.push(ca, origin);
        let path = Fact::text(current, Origin::line("kubelet.conf", 9));
        evidence.facts.set("kubelet.client_cert.path", path);
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let list = evidence.facts.get("certificates").unwrap().items();
        let leftover: Vec<_> = list
            .iter()
            .map(|one| one.field("leftover").and_then(Fact::as_bool))
            .collect();
        assert_eq!(leftover, [Some(false), Some(false), Some(true), None]);
        let roles: Vec<_> = list
            .iter()
            .filter_map(|one| one.field("role")?.as_text())
            .collect();
        assert_eq!(
            roles,
            [
                "kubelet-client",
                "kubelet-client",
                "kubelet-client",
                "cluster-ca"
            ]
        );
        assert_eq!(
            list[1].field("used_by").unwrap().items()[0].as_text(),
            Some("kubelet")
        );
    }

    #[test]
    fn without_knowing_which_one_is_used_nothing_is_called_a_leftover() {
        let mut evidence = Evidence::default();
        let (print, origin) = print("/x/kubelet-client-2025.pem", "system:node:w", "A1");
        evidence.push(print, origin);
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let list = evidence.facts.get("certificates").unwrap().items();
        assert!(list[0].field("leftover").is_none());
    }
}
