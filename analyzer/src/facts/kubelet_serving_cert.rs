//! The certificate that the kubelet serves its own API with.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::credentials;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_serving_cert",
    after: &["kubelet_settings"],
    facts: FACTS,
    derive,
};

const fn own(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "the kubelet's serving certificate",
        "openssl x509 -in /var/lib/kubelet/pki/kubelet.crt -noout -text",
    )
}

const FACTS: &[FactDecl] = &[
    own(
        "kubelet.serving_cert.path",
        Type::Text,
        "its file: tlsCertFile, the one that the cluster issues, or the one that the kubelet makes itself",
    ),
    own("kubelet.serving_cert.exists", Type::Bool, "the file exists"),
    own(
        "kubelet.serving_cert.not_after",
        Type::Time,
        "end of validity",
    ),
    own(
        "kubelet.serving_cert.self_signed",
        Type::Bool,
        "the kubelet made it itself",
    ),
    own(
        "kubelet.serving_cert.key_matches",
        Type::Bool,
        "its private key belongs to it",
    ),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let Some((path, key_path)) = paths(evidence) else {
        return;
    };
    let Some(file) = path.as_text().map(str::to_owned) else {
        return;
    };
    let mut found = vec![("path", path)];
    let certificates = credentials::certificates_at(evidence, &file);
    let leaf = certificates.first();
    let sent = leaf.map(|leaf| &leaf.origin);
    found.extend(credentials::exists(evidence, &file, sent).map(|exists| ("exists", exists)));
    if let Some(leaf) = leaf {
        let at = |value: Value| Fact::new(value, leaf.origin.clone());
        found.extend(
            leaf.value
                .not_after
                .map(|time| ("not_after", at(Value::Time(time)))),
        );
        let own = leaf.value.self_signed() || is_own_issuer(&leaf.value.issuer);
        found.push(("self_signed", at(Value::Bool(own))));
        let key = credentials::key_spki_at(evidence, &key_path);
        found.extend(credentials::key_matches(leaf, key).map(|matches| ("key_matches", matches)));
    }
    for (field, fact) in found {
        evidence
            .facts
            .set(&format!("kubelet.serving_cert.{field}"), fact);
    }
}

/// Its file and that of its key; `None` when the settings that decide them are not known.
fn paths(evidence: &Evidence) -> Option<(Fact, String)> {
    let facts = &evidence.facts;
    let configured = facts.get("kubelet.effective.tls_cert_file")?;
    if configured.as_text().is_some() {
        let key = facts.text("kubelet.effective.tls_private_key_file")?;
        return Some((configured.clone(), key.to_owned()));
    }
    let from_cluster = facts.get("kubelet.effective.server_tls_bootstrap")?;
    let folder = facts
        .text("kubelet.effective.cert_dir")
        .unwrap_or("/var/lib/kubelet/pki");
    let folder = folder.trim_end_matches('/');
    let (name, key) = if from_cluster.as_bool()? {
        ("kubelet-server-current.pem", "kubelet-server-current.pem")
    } else {
        ("kubelet.crt", "kubelet.key")
    };
    let path = Fact {
        value: Value::Text(format!("{folder}/{name}")),
        origins: from_cluster.origins.clone(),
    };
    Some((path, format!("{folder}/{key}")))
}

/// The kubelet signs with a CA of the moment that it calls `<node>-ca@<seconds>`.
fn is_own_issuer(issuer: &str) -> bool {
    issuer.rsplit_once("-ca@").is_some_and(|(_, seconds)| {
        !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Certificate;
    use crate::origin::Origin;
    use crate::parse::openssl_text::PrintedCertificate;

    fn derived(bootstrap: bool) -> Evidence {
        let mut evidence = Evidence::default();
        let at = Origin::line("config.yaml", 3);
        for (name, value) in [
            ("tls_cert_file", Value::Null),
            ("server_tls_bootstrap", Value::Bool(bootstrap)),
        ] {
            let fact = Fact::new(value, at.clone());
            evidence
                .facts
                .set(&format!("kubelet.effective.{name}"), fact);
        }
        let print = PrintedCertificate {
            path: Some("/var/lib/kubelet/pki/kubelet.crt".into()),
            certificate: Certificate {
                issuer: "CN=worker-1-ca@1795333636".into(),
                subject: "CN=worker-1@1795333636".into(),
                ..Certificate::default()
            },
        };
        evidence.push(print, Origin::line("openssl-certs.txt", 20));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn the_one_that_the_kubelet_makes_is_called_self_signed() {
        let facts = derived(false).facts;
        assert_eq!(facts.bool("kubelet.serving_cert.exists"), Some(true));
        assert_eq!(facts.bool("kubelet.serving_cert.self_signed"), Some(true));
    }

    #[test]
    fn with_bootstrap_another_file_is_meant() {
        let facts = derived(true).facts;
        let path = facts.text("kubelet.serving_cert.path").unwrap();
        assert!(path.ends_with("/kubelet-server-current.pem"));
        assert!(facts.get("kubelet.serving_cert.exists").is_none());
    }
}
