//! The kubeconfig that the kubelet asks for its first certificate with.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::{self, Access};
use crate::kubelet::credentials;
use crate::kubelet::kubeconfig_facts::{self, Found};
use crate::parse::kubeconfig::Kubeconfig;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_bootstrap",
    after: &["kubelet_settings"],
    facts: FACTS,
    derive,
};

const fn boot(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "the kubelet's bootstrap kubeconfig",
        "cat /etc/kubernetes/bootstrap-kubelet.conf (cut out the token)",
    )
}

const FACTS: &[FactDecl] = &[
    boot("kubelet.bootstrap.path", Type::Text, "its path")
        .null_is("the kubelet is started without --bootstrap-kubeconfig"),
    boot("kubelet.bootstrap.exists", Type::Bool, "the file exists"),
    boot("kubelet.bootstrap.parses", Type::Bool, "the file is YAML"),
    boot(
        "kubelet.bootstrap.server",
        Type::Text,
        "URL of the API server",
    )
    .null_is("its context names no server"),
    boot("kubelet.bootstrap.host", Type::Text, "host of that URL"),
    boot(
        "kubelet.bootstrap.port",
        Type::Int,
        "port of that URL, 443 when not given",
    ),
    boot(
        "kubelet.bootstrap.token_id",
        Type::Text,
        "id of the bootstrap token, the part before the dot",
    )
    .null_is("it holds no token of that form"),
    boot(
        "kubelet.bootstrap.token_format_ok",
        Type::Bool,
        "the token has the form of a bootstrap token; a JWT counts",
    ),
    boot(
        "kubelet.bootstrap.ca_spki",
        Type::Text,
        "SHA-256 of the CA's public key, hex",
    ),
    boot(
        "kubelet.bootstrap.ca_parses",
        Type::Bool,
        "the CA is a certificate",
    ),
    boot("kubelet.bootstrap.scheme", Type::Text, "scheme of that URL").null_is("the URL has none"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut found = Found::new();
    let named = evidence.facts.get("kubelet.effective.bootstrap_kubeconfig");
    if let Some(named) = named.filter(|named| named.value == Value::Null) {
        found.push(("path", named.clone()));
    }
    if let Some(used) = credentials::bootstrap(evidence) {
        kubeconfig_facts::file_facts(evidence, &used, &mut found);
        if let (Some(access), Some(file)) = (&used.access, used.file) {
            kubeconfig_facts::server_facts(evidence, access, file, &mut found);
            token_facts(access, file, &mut found);
        }
    }
    for (field, fact) in found {
        evidence
            .facts
            .set(&format!("kubelet.bootstrap.{field}"), fact);
    }
}

fn token_facts(access: &Access, file: &Sourced<Kubeconfig>, found: &mut Found) {
    let Some(token) = &access.token else {
        let none = Fact::new(Value::Null, file.origin.clone());
        found.push(("token_id", none));
        return;
    };
    let (id, ok) = kubeconfig::bootstrap_token(&token.value);
    // OpenShift and others bootstrap with the token of a service account.
    let is_jwt = token.value.starts_with("eyJ") || token.value.contains("jwt");
    if let Some(id) = id {
        found.push(("token_id", Fact::text(id, token.origin.clone())));
    }
    if let Some(ok) = ok.map(|ok| ok || is_jwt) {
        let fact = Fact::new(Value::Bool(ok), token.origin.clone());
        found.push(("token_format_ok", fact));
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
    fn the_token_is_told_by_its_id_and_form() {
        let config = kubeconfig_of("{token: abcdef.REDACTED(bootstrap-token)}");
        let facts = derived(&[("/b", &config)], &[]).facts;
        assert_eq!(facts.text("kubelet.bootstrap.token_id"), Some("abcdef"));
        assert_eq!(facts.bool("kubelet.bootstrap.token_format_ok"), Some(true));
        assert_eq!(facts.text("kubelet.bootstrap.host"), Some("10.0.0.1"));
    }

    #[test]
    fn a_missing_file_is_known_to_be_missing() {
        let facts = derived(&[], &["/b", PATH]).facts;
        assert_eq!(facts.bool("kubelet.bootstrap.exists"), Some(false));
        assert!(facts.get("kubelet.bootstrap.parses").is_none());
    }
}
