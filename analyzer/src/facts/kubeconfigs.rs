//! All kubeconfig files that were sent.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::Access;
use crate::kubelet::credentials;
use crate::kubelet::kubeconfig_facts::{self, Found, optional};
use crate::parse::kubeconfig::Kubeconfig;
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "kubeconfigs",
    after: &["kubelet_settings"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "kubeconfigs",
        Type::Records,
        "kubeconfig files that were sent",
    )
    .needs("kubeconfig files", "ls -la /etc/kubernetes"),
    FactDecl::new("kubeconfigs[].path", Type::Text, "path on the node")
        .null_is("only the text was sent"),
    FactDecl::new(
        "kubeconfigs[].role",
        Type::Text,
        "kubelet, bootstrap, admin, controller-manager, scheduler, cni, kube-proxy or other",
    ),
    FactDecl::new("kubeconfigs[].used", Type::Bool, "the kubelet uses it"),
    FactDecl::new("kubeconfigs[].server", Type::Text, "URL of the API server"),
    FactDecl::new("kubeconfigs[].host", Type::Text, "host of that URL"),
    FactDecl::new("kubeconfigs[].port", Type::Int, "port of that URL"),
    FactDecl::new("kubeconfigs[].parses", Type::Bool, "the file is YAML"),
    FactDecl::new(
        "kubeconfigs[].ca_spki",
        Type::Text,
        "SHA-256 of the CA's public key, hex",
    ),
    FactDecl::new("kubeconfigs[].user", Type::Text, "name of the user entry"),
    FactDecl::new(
        "kubeconfigs[].problem",
        Type::Text,
        "first thing that keeps a client from using it",
    )
    .null_is("nothing does"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    if !evidence.all::<Kubeconfig>().is_empty() {
        let list = list(evidence);
        evidence.facts.set("kubeconfigs", list);
    }
}

fn list(evidence: &Evidence) -> Fact {
    let own = credentials::kubeconfig(evidence).and_then(|used| used.path);
    let bootstrap = credentials::bootstrap(evidence).and_then(|used| used.path);
    let items = evidence.all::<Kubeconfig>().iter().map(|file| {
        let path = file.value.path.as_deref();
        let is_own = path.is_some() && path == own.as_deref();
        let is_bootstrap = path.is_some() && path == bootstrap.as_deref();
        let role = match path {
            _ if is_own => "kubelet",
            _ if is_bootstrap => "bootstrap",
            Some(path) => role_of(path),
            None => "other",
        };
        let whole = |value: Value| Fact::new(value, file.origin.clone());
        let mut record = BTreeMap::from([
            (
                "path".to_owned(),
                whole(path.map_or(Value::Null, Value::from)),
            ),
            ("role".to_owned(), whole(Value::from(role))),
            (
                "used".to_owned(),
                whole(Value::Bool(is_own || is_bootstrap)),
            ),
            ("parses".to_owned(), kubeconfig_facts::parses(file)),
        ]);
        if let Some(access) = Access::of(file) {
            let mut found = Found::new();
            kubeconfig_facts::server_facts(evidence, &access, file, &mut found);
            found.push(("user", optional(access.user.as_ref(), file)));
            found.push(("problem", optional(access.problem.as_ref(), file)));
            found.retain(|(field, _)| !matches!(*field, "ca_parses" | "scheme"));
            record.extend(
                found
                    .into_iter()
                    .map(|(field, fact)| (field.to_owned(), fact)),
            );
        }
        whole(Value::Record(record))
    });
    Fact::list(items.collect())
}

fn role_of(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name {
        "admin.conf" | "super-admin.conf" => "admin",
        "controller-manager.conf" => "controller-manager",
        "scheduler.conf" => "scheduler",
        _ if path.contains("/cni/") => "cni",
        _ if path.contains("kube-proxy") || path.contains("kubeproxy") => "kube-proxy",
        _ if name.contains("bootstrap") => "bootstrap",
        _ if name.contains("kubelet") => "kubelet",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kubeconfig_of, with_kubeconfigs};

    const PATH: &str = "/etc/kubernetes/kubelet.conf";

    fn derived(files: &[(&str, &str)], absent: &[&str]) -> Evidence {
        with_kubeconfigs(&DERIVED, files, absent)
    }

    #[test]
    fn each_file_has_a_role_and_says_whether_it_is_used() {
        let config = kubeconfig_of("{token: abcdef.REDACTED(bootstrap-token)}");
        let facts = derived(
            &[("/b", &config), ("/etc/kubernetes/admin.conf", &config)],
            &[PATH],
        )
        .facts;
        let list = facts.get("kubeconfigs").unwrap().items();
        let text = |at: usize, field: &str| list[at].field(field).unwrap().value.to_string();
        assert_eq!(
            (text(0, "role"), text(0, "used")),
            ("bootstrap".into(), "true".into())
        );
        assert_eq!(
            (text(1, "role"), text(1, "used")),
            ("admin".into(), "false".into())
        );
        assert_eq!(text(1, "host"), "10.0.0.1");
    }
}
