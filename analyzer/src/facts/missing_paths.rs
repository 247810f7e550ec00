//! Paths that a configuration names and the node lacks.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::{Access, Material};
use crate::kubelet::credentials;
use crate::origin::Origin;
use crate::programs;

pub(super) const DERIVED: Derived = Derived {
    name: "missing_paths",
    after: &[
        "kubelet_kubeconfig",
        "kubelet_bootstrap",
        "kubelet_config",
        "kubelet_unit",
        "kubelet_files",
    ],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "paths.missing",
        Type::Records,
        "paths that a configuration of the kubelet names and the node provably lacks",
    )
    .needs(
        "listings of the folders that the configuration names",
        "ls -laR /etc/kubernetes /var/lib/kubelet",
    ),
    FactDecl::new("paths.missing[].path", Type::Text, "the path"),
    FactDecl::new(
        "paths.missing[].named_by",
        Type::Text,
        "entry that names it",
    ),
    FactDecl::new(
        "paths.missing[].role",
        Type::Text,
        "what it is for: the fact or key that holds it",
    ),
    FactDecl::new(
        "paths.missing[].opened_at_start",
        Type::Bool,
        "the kubelet opens it when it starts, and stops without it",
    ),
];

/// Facts that hold a path, and whether the kubelet stops at once when the path is missing.
const NAMED: &[(&str, &str, bool)] = &[
    ("kubelet.config.path", "configuration", true),
    ("kubelet.binary.path", "program", true),
    ("kubelet.effective.client_ca_file", "client CA", true),
    (
        "kubelet.effective.tls_cert_file",
        "serving certificate",
        true,
    ),
    (
        "kubelet.effective.tls_private_key_file",
        "key of the serving certificate",
        true,
    ),
    (
        "kubelet.effective.image_credential_provider_config",
        "credential providers",
        true,
    ),
    (
        "kubelet.effective.resolv_conf",
        "resolver configuration for pods",
        false,
    ),
    ("kubelet.effective.static_pod_path", "static pods", false),
];

struct Named {
    path: String,
    role: String,
    at_start: bool,
    origin: Origin,
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let named = named(evidence);
    if named.is_empty() {
        return;
    }
    let known: Vec<_> = named
        .iter()
        .map(|one| programs::known(evidence, &one.path))
        .collect();
    let all_known = known.iter().all(Option::is_some);
    let items = named.iter().zip(known).filter_map(|(one, known)| {
        let (_, proof) = known.filter(|(exists, _)| !exists)?;
        let fields = [
            ("path", Some(Value::from(one.path.as_str()))),
            ("named_by", Some(Value::from(&*one.origin.entry))),
            ("role", Some(Value::from(one.role.as_str()))),
            ("opened_at_start", Some(Value::Bool(one.at_start))),
        ];
        let mut fact = Fact::record(fields, &one.origin);
        fact.origins.push(proof);
        Some(fact)
    });
    let items: Vec<Fact> = items.collect();
    let read = named.first().map(|one| one.origin.clone());
    // "None is missing" holds only where the input tells of all of them.
    if let Some(read) = read.filter(|_| all_known || !items.is_empty()) {
        evidence
            .facts
            .set("paths.missing", Fact::list_at(items, &read));
    }
}

fn named(evidence: &Evidence) -> Vec<Named> {
    let facts = &evidence.facts;
    let mut all: Vec<Named> = NAMED
        .iter()
        .filter_map(|(fact, role, at_start)| {
            let fact = facts.get(fact)?;
            let path = fact.as_text()?;
            path.starts_with('/').then(|| Named {
                path: path.to_owned(),
                role: (*role).to_owned(),
                at_start: *at_start,
                origin: fact
                    .origins
                    .first()
                    .cloned()
                    .unwrap_or_else(|| Origin::entry("")),
            })
        })
        .collect();
    let required = facts.get("kubelet.unit.missing_environment_files");
    for file in required.map_or(&[][..], Fact::items) {
        if let (Some(path), Some(origin)) = (file.as_text(), file.origins.first()) {
            all.push(Named {
                path: path.to_owned(),
                role: "environment file".to_owned(),
                at_start: true,
                origin: origin.clone(),
            });
        }
    }
    let used = [
        credentials::kubeconfig(evidence),
        credentials::bootstrap(evidence),
    ];
    for access in used.into_iter().flatten().filter_map(|used| used.access) {
        all.extend(of_kubeconfig(&access));
    }
    for one in &mut all {
        one.at_start &= !credentials::is_awaited(evidence, &one.path);
    }
    // A certificate and its key often are one file.
    let mut paths: Vec<String> = Vec::new();
    all.retain(|one| {
        let new = !paths.contains(&one.path);
        paths.push(one.path.clone());
        new
    });
    all
}

fn of_kubeconfig(access: &Access) -> Vec<Named> {
    let materials = [
        ("certificate-authority", &access.ca),
        ("client-certificate", &access.client_certificate),
        ("client-key", &access.client_key),
    ];
    let files = materials.into_iter().filter_map(|(role, material)| {
        let material = material.as_ref()?;
        let Material::File(path) = &material.value else {
            return None;
        };
        Some((role, path.clone(), material.origin.clone()))
    });
    let token = access.token_file.as_ref();
    let token = token.map(|token| ("tokenFile", token.value.clone(), token.origin.clone()));
    let exec = access
        .exec_command
        .as_ref()
        .filter(|exec| exec.value.starts_with('/'));
    let exec = exec.map(|exec| ("exec", exec.value.clone(), exec.origin.clone()));
    files
        .chain(token)
        .chain(exec)
        .map(|(role, path, origin)| Named {
            path,
            role: role.to_owned(),
            at_start: true,
            origin,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Absence;

    #[test]
    fn only_what_is_provably_missing_is_listed_with_both_places() {
        let mut evidence = Evidence::default();
        let at = |line| Origin::line("config.yaml", line);
        for (fact, path, line) in [
            ("client_ca_file", "/etc/kubernetes/pki/ca.crt", 8),
            ("resolv_conf", "/run/x/resolv.conf", 20),
            ("static_pod_path", "/etc/kubernetes/manifests", 21),
        ] {
            let path_fact = Fact::text(path, at(line));
            evidence
                .facts
                .set(&format!("kubelet.effective.{fact}"), path_fact);
        }
        for path in ["/etc/kubernetes/pki/ca.crt", "/run/x/resolv.conf"] {
            let absence = Absence {
                path: path.into(),
                below: None,
            };
            evidence.push(absence, Origin::line("manifest.json", 5));
        }
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let missing = evidence.facts.get("paths.missing").unwrap().items();
        let paths: Vec<_> = missing
            .iter()
            .filter_map(|one| one.field("path")?.as_text())
            .collect();
        assert_eq!(paths, ["/etc/kubernetes/pki/ca.crt", "/run/x/resolv.conf"]);
        let at_start: Vec<_> = missing
            .iter()
            .filter_map(|one| one.field("opened_at_start")?.as_bool())
            .collect();
        assert_eq!(at_start, [true, false]);
        assert_eq!(missing[0].origins.len(), 2);
    }

    #[test]
    fn nothing_is_claimed_where_the_input_does_not_tell_of_the_paths() {
        let mut evidence = Evidence::default();
        let path = Fact::text("/etc/kubernetes/pki/ca.crt", Origin::line("config.yaml", 8));
        evidence.facts.set("kubelet.effective.client_ca_file", path);
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("paths.missing").is_none());
    }
}
