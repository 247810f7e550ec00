//! The certificate that the kubelet presents to the API server.

use crate::certificate::Certificate;
use crate::chain;
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::{Access, Material};
use crate::kubelet::credentials;
use crate::observed::FileKind;
use crate::origin::Origin;
use crate::presence;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_client_cert",
    after: &[
        "kubelet_kubeconfig",
        "kubelet_bootstrap",
        "host_distribution",
    ],
    facts: FACTS,
    derive,
};

const fn own(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "the kubelet's client certificate",
        "openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -text",
    )
}

const FACTS: &[FactDecl] = &[
    own(
        "kubelet.client_cert.path",
        Type::Text,
        "file that holds it; the kubeconfig where it is embedded",
    )
    .null_is("the kubelet uses a token or a program instead"),
    own("kubelet.client_cert.exists", Type::Bool, "the file exists"),
    own(
        "kubelet.client_cert.is_link",
        Type::Bool,
        "the file is a symbolic link, which rotation can set to a new certificate",
    ),
    own(
        "kubelet.client_cert.parses",
        Type::Bool,
        "the file holds a certificate",
    ),
    own(
        "kubelet.client_cert.not_before",
        Type::Time,
        "begin of validity",
    ),
    own(
        "kubelet.client_cert.not_after",
        Type::Time,
        "end of validity",
    ),
    own(
        "kubelet.client_cert.cn",
        Type::Text,
        "common name: the user that the API server sees",
    )
    .null_is("it has none"),
    own(
        "kubelet.client_cert.orgs",
        Type::Texts,
        "organizations: the groups that the API server sees",
    ),
    own(
        "kubelet.client_cert.issuer",
        Type::Text,
        "distinguished name of the issuer",
    ),
    own(
        "kubelet.client_cert.key_matches",
        Type::Bool,
        "its private key belongs to it",
    ),
    own(
        "kubelet.client_cert.chain",
        Type::Text,
        "verified or refuted against the cluster's CA",
    ),
    own(
        "kubelet.client_cert.chain_reason",
        Type::Text,
        "why it is not verified",
    )
    .null_is("it is verified"),
    own(
        "kubelet.client_cert.node_name",
        Type::Text,
        "common name behind system:node:",
    )
    .null_is("the common name is no node's"),
    own(
        "kubelet.client_cert.is_node_identity",
        Type::Bool,
        "common name system:node:… and organization system:nodes",
    ),
];

type Found = Vec<(&'static str, Fact)>;

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut found = Found::new();
    let used = credentials::kubeconfig(evidence);
    let access = used.and_then(|used| Some((used.access?, used.path, used.file?)));
    if let Some((access, path, file)) = access {
        from_kubeconfig(evidence, &access, path.as_deref(), &file.origin, &mut found);
    } else {
        at_usual_place(evidence, &mut found);
    }
    for (field, fact) in found {
        evidence
            .facts
            .set(&format!("kubelet.client_cert.{field}"), fact);
    }
}

fn from_kubeconfig(
    evidence: &Evidence,
    access: &Access,
    kubeconfig: Option<&str>,
    file: &Origin,
    found: &mut Found,
) {
    let Some(material) = &access.client_certificate else {
        if access.context_found {
            found.push(("path", Fact::new(Value::Null, file.clone())));
        }
        return;
    };
    if let Material::File(path) = &material.value {
        found.push(("path", Fact::text(path.as_str(), material.origin.clone())));
        let printed = credentials::certificates_at(evidence, path);
        let sent = printed.first().map(|first| &first.origin);
        found.extend(credentials::exists(evidence, path, sent).map(|exists| ("exists", exists)));
        found.extend(is_link(evidence, path).map(|is_link| ("is_link", is_link)));
    } else {
        if let Some(path) = kubeconfig {
            found.push(("path", Fact::text(path, material.origin.clone())));
        }
        found.push((
            "exists",
            Fact::new(Value::Bool(true), material.origin.clone()),
        ));
    }
    let Some(certificates) = credentials::certificates_of(evidence, material) else {
        return;
    };
    let origin = certificates
        .first()
        .map_or_else(|| place(evidence, material), |it| it.origin.clone());
    found.push((
        "parses",
        Fact::new(Value::Bool(!certificates.is_empty()), origin),
    ));
    let Some((leaf, rest)) = certificates.split_first() else {
        return;
    };
    let key = access
        .client_key
        .as_ref()
        .and_then(|key| credentials::key_spki(evidence, key));
    found.extend(credentials::key_matches(leaf, key).map(|matches| ("key_matches", matches)));
    identity_facts(leaf, found);
    chain_facts(evidence, leaf, rest, found);
}

/// Only a listing tells a link from a copy of what it leads to.
fn is_link(evidence: &Evidence, path: &str) -> Option<Fact> {
    let (entry, origin) = presence::listed(evidence, path)?;
    match entry.kind {
        FileKind::Link => Some(Fact::new(Value::Bool(true), origin)),
        FileKind::File => Some(Fact::new(Value::Bool(false), origin)),
        _ => None,
    }
}

/// Where the text stands that should be a certificate.
fn place(evidence: &Evidence, material: &Sourced<Material>) -> Origin {
    match &material.value {
        Material::File(path) => credentials::pem_file(evidence, path)
            .map_or_else(|| material.origin.clone(), |file| file.origin.clone()),
        _ => material.origin.clone(),
    }
}

/// Without a kubeconfig the kubelet will write its first certificate to the usual name in its folder; where the kubeconfig was not
/// sent, a certificate there is taken for the one that it names.
fn at_usual_place(evidence: &Evidence, found: &mut Found) {
    let facts = &evidence.facts;
    let folder = facts.get("kubelet.effective.cert_dir");
    let folder_path = folder
        .and_then(Fact::as_text)
        .unwrap_or("/var/lib/kubelet/pki");
    let distribution = facts.text("host.distribution");
    let embedded = ["k3s", "rke2"]
        .into_iter()
        .find(|name| distribution == Some(name));
    let path = embedded.map_or_else(
        || {
            format!(
                "{}/kubelet-client-current.pem",
                folder_path.trim_end_matches('/')
            )
        },
        |name| format!("/var/lib/rancher/{name}/agent/client-kubelet.crt"),
    );
    let mut certificates = credentials::certificates_at(evidence, &path);
    if certificates.is_empty() {
        certificates = credentials::lone_node_certificate(evidence);
    }
    let sent = certificates.first().map(|first| first.origin.clone());
    // With a bootstrap kubeconfig the kubelet writes its kubeconfig before it has a certificate.
    let no_kubeconfig = facts.bool("kubelet.kubeconfig.exists") == Some(false)
        || facts.bool("kubelet.bootstrap.exists") == Some(true);
    let named_at = match (&sent, folder) {
        (_, Some(folder)) if no_kubeconfig => folder.origins.clone(),
        (Some(sent), _) => vec![sent.clone()],
        _ => return,
    };
    let exists = credentials::exists(evidence, &path, sent.as_ref());
    found.extend(exists.map(|exists| ("exists", exists)));
    if let Some((leaf, rest)) = certificates.split_first() {
        found.push(("parses", Fact::new(Value::Bool(true), leaf.origin.clone())));
        let key_path = embedded.map_or_else(|| path.clone(), |_| path.replace(".crt", ".key"));
        let key = credentials::key_spki_at(evidence, &key_path);
        found.extend(credentials::key_matches(leaf, key).map(|matches| ("key_matches", matches)));
        identity_facts(leaf, found);
        chain_facts(evidence, leaf, rest, found);
    }
    let value = Value::Text(path);
    found.push((
        "path",
        Fact {
            value,
            origins: named_at,
        },
    ));
}

fn identity_facts(leaf: &Sourced<Certificate>, found: &mut Found) {
    let certificate = &leaf.value;
    let at = |value: Value| Fact::new(value, leaf.origin.clone());
    let times = [
        ("not_before", certificate.not_before),
        ("not_after", certificate.not_after),
    ];
    for (field, time) in times {
        found.extend(time.map(|time| (field, at(Value::Time(time)))));
    }
    let node = certificate
        .cn
        .as_deref()
        .and_then(|cn| cn.strip_prefix("system:node:"));
    let in_group = certificate.orgs.iter().any(|org| org == "system:nodes");
    found.extend([
        (
            "cn",
            at(certificate.cn.as_deref().map_or(Value::Null, Value::from)),
        ),
        (
            "orgs",
            Fact::texts(certificate.orgs.iter().cloned(), &leaf.origin),
        ),
        ("issuer", at(Value::from(certificate.issuer.as_str()))),
        ("node_name", at(node.map_or(Value::Null, Value::from))),
        (
            "is_node_identity",
            at(Value::Bool(node.is_some() && in_group)),
        ),
    ]);
}

fn chain_facts(
    evidence: &Evidence,
    leaf: &Sourced<Certificate>,
    rest: &[Sourced<Certificate>],
    found: &mut Found,
) {
    let cas = credentials::client_cas(evidence);
    let trusted: Vec<&Certificate> = cas.iter().map(|ca| &ca.value).collect();
    let middle: Vec<&Certificate> = rest.iter().map(|one| &one.value).collect();
    let verdict = chain::verify(&leaf.value, &trusted, &middle);
    let mut origins = vec![leaf.origin.clone()];
    origins.extend(cas.iter().map(|ca| ca.origin.clone()));
    let fact = |value: Value| Fact {
        value,
        origins: origins.clone(),
    };
    if let Some(word) = verdict.word() {
        found.push(("chain", fact(Value::from(word))));
    }
    let reason = verdict.reason().map_or(Value::Null, Value::from);
    found.push(("chain_reason", fact(reason)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Absence;
    use crate::parse::kubeconfig::Kubeconfig;
    use crate::parse::openssl_text::PrintedCertificate;
    use crate::parse::pem_file::{PemFile, PemKey};
    use crate::yaml;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    const PEM: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

    struct Cluster {
        ca: Certificate,
        issuer: Issuer<'static, KeyPair>,
    }

    fn cluster() -> Cluster {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "kubernetes");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        Cluster {
            ca: Certificate::from_der(made.der()).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    fn client(cluster: &Cluster) -> Certificate {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "system:nodes");
        params
            .distinguished_name
            .push(DnType::CommonName, "system:node:worker-1");
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &cluster.issuer).unwrap();
        Certificate::from_der(made.der()).unwrap()
    }

    fn node(certificate: &Certificate, key_spki: &str, ca: &Certificate) -> Evidence {
        let mut evidence = Evidence::default();
        let file = |path: &str, certificate: &Certificate, keys: Vec<PemKey>| PemFile {
            path: Some(path.to_owned()),
            certificates: vec![(1, certificate.clone())],
            keys,
            broken: Vec::new(),
            masked: false,
        };
        let key = PemKey {
            line: 20,
            spki: Some(key_spki.to_owned()),
        };
        evidence.push(
            file(PEM, certificate, vec![key]),
            Origin::entry("client.pem"),
        );
        evidence.push(file("/ca.crt", ca, Vec::new()), Origin::entry("ca.crt"));
        let text = format!(
            "contexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {{client-certificate: {PEM}, client-key: {PEM}}}\n"
        );
        let kubeconfig = Kubeconfig {
            path: Some("/etc/kubernetes/kubelet.conf".into()),
            content: yaml::parse(&text),
        };
        evidence.push(kubeconfig, Origin::entry("kubelet.conf"));
        let at = Origin::line("config.yaml", 8);
        evidence.facts.set(
            "kubelet.effective.client_ca_file",
            Fact::text("/ca.crt", at),
        );
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn identity_key_and_chain_of_a_good_certificate() {
        let cluster = cluster();
        let certificate = client(&cluster);
        let facts = node(
            &certificate,
            certificate.spki.as_deref().unwrap(),
            &cluster.ca,
        )
        .facts;
        assert_eq!(
            facts.text("kubelet.client_cert.node_name"),
            Some("worker-1")
        );
        assert_eq!(
            facts.bool("kubelet.client_cert.is_node_identity"),
            Some(true)
        );
        assert_eq!(facts.bool("kubelet.client_cert.key_matches"), Some(true));
        assert_eq!(facts.text("kubelet.client_cert.chain"), Some("verified"));
        assert_eq!(
            facts.get("kubelet.client_cert.chain_reason").unwrap().value,
            Value::Null
        );
        assert_eq!(facts.bool("kubelet.client_cert.exists"), Some(true));
    }

    #[test]
    fn another_key_and_a_ca_made_anew_are_told() {
        let (old, new) = (cluster(), cluster());
        let certificate = client(&old);
        let facts = node(&certificate, "00", &new.ca).facts;
        assert_eq!(facts.bool("kubelet.client_cert.key_matches"), Some(false));
        assert_eq!(facts.text("kubelet.client_cert.chain"), Some("refuted"));
    }

    #[test]
    fn a_print_is_taken_for_the_certificate_where_the_kubeconfig_was_not_sent() {
        let mut evidence = Evidence::default();
        let print = PrintedCertificate {
            path: Some(PEM.into()),
            certificate: Certificate {
                cn: Some("system:node:worker-1".into()),
                not_after: chrono::DateTime::from_timestamp(1_800_000_000, 0),
                ..Certificate::default()
            },
        };
        evidence.push(print, Origin::line("openssl-certs.txt", 2));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let facts = &evidence.facts;
        assert!(facts.get("kubelet.client_cert.not_after").is_some());
        assert!(facts.get("kubelet.client_cert.chain").is_none());
        assert_eq!(facts.text("kubelet.client_cert.path"), Some(PEM));
    }

    #[test]
    fn before_the_first_certificate_its_place_is_known_and_empty() {
        let mut evidence = Evidence::default();
        let at = Origin::line("ps.txt", 2);
        for (path, fact) in [
            (
                "kubelet.kubeconfig.exists",
                Fact::new(Value::Bool(false), at.clone()),
            ),
            (
                "kubelet.effective.cert_dir",
                Fact::text("/var/lib/kubelet/pki", at),
            ),
        ] {
            evidence.facts.set(path, fact);
        }
        let absence = Absence {
            path: PEM.into(),
            below: None,
        };
        evidence.push(absence, Origin::line("manifest.json", 2));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        assert_eq!(
            evidence.facts.bool("kubelet.client_cert.exists"),
            Some(false)
        );
        assert_eq!(evidence.facts.text("kubelet.client_cert.path"), Some(PEM));
    }
}
