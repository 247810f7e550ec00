//! The kubeconfig that the kubelet uses.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::{Access, Material};
use crate::kubelet::credentials;
use crate::kubelet::kubeconfig_facts::{self, Found, optional};
use crate::origin::Origin;
use crate::parse::kubeconfig::Kubeconfig;
use crate::programs;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_kubeconfig",
    after: &["kubelet_settings"],
    facts: FACTS,
    derive,
};

const fn own(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "the kubelet's kubeconfig",
        "cat /etc/kubernetes/kubelet.conf (cut out keys and tokens)",
    )
}

const FACTS: &[FactDecl] = &[
    own("kubelet.kubeconfig.path", Type::Text, "its path")
        .null_is("the kubelet is started without --kubeconfig"),
    own("kubelet.kubeconfig.exists", Type::Bool, "the file exists"),
    own("kubelet.kubeconfig.parses", Type::Bool, "the file is YAML"),
    own(
        "kubelet.kubeconfig.server",
        Type::Text,
        "URL of the API server",
    )
    .null_is("its context names no server"),
    own(
        "kubelet.kubeconfig.scheme",
        Type::Text,
        "scheme of that URL",
    )
    .null_is("the URL has none"),
    own("kubelet.kubeconfig.host", Type::Text, "host of that URL"),
    own(
        "kubelet.kubeconfig.port",
        Type::Int,
        "port of that URL, 443 when not given",
    ),
    own(
        "kubelet.kubeconfig.current_context",
        Type::Text,
        "name of the current context",
    )
    .null_is("it names none"),
    own(
        "kubelet.kubeconfig.context_found",
        Type::Bool,
        "there is a context of that name",
    ),
    own(
        "kubelet.kubeconfig.ca_kind",
        Type::Text,
        "data, file or none: where the CA is",
    ),
    own(
        "kubelet.kubeconfig.ca_parses",
        Type::Bool,
        "the CA is a certificate",
    ),
    own(
        "kubelet.kubeconfig.ca_file_exists",
        Type::Bool,
        "the file that certificate-authority names exists",
    ),
    own(
        "kubelet.kubeconfig.ca_spki",
        Type::Text,
        "SHA-256 of the CA's public key, hex",
    ),
    own(
        "kubelet.kubeconfig.client_cert_path",
        Type::Text,
        "file of the client certificate",
    )
    .null_is("no file is named"),
    own(
        "kubelet.kubeconfig.client_cert_exists",
        Type::Bool,
        "that file exists",
    ),
    own(
        "kubelet.kubeconfig.client_key_exists",
        Type::Bool,
        "the file of the client key exists",
    ),
    own(
        "kubelet.kubeconfig.client_cert_embedded",
        Type::Bool,
        "the client certificate is in the kubeconfig itself",
    ),
    own(
        "kubelet.kubeconfig.exec_command",
        Type::Text,
        "program that yields the credential",
    )
    .null_is("none is used"),
    own(
        "kubelet.kubeconfig.exec_exists",
        Type::Bool,
        "that program exists, in the path where it has no folder",
    ),
    own(
        "kubelet.kubeconfig.user",
        Type::Text,
        "name of the user entry",
    )
    .null_is("its context names none"),
    own(
        "kubelet.kubeconfig.insecure",
        Type::Bool,
        "the server's certificate is not verified",
    ),
    own(
        "kubelet.kubeconfig.has_token",
        Type::Bool,
        "a token, or a file with one, is the credential",
    ),
    own(
        "kubelet.kubeconfig.missing_paths",
        Type::Texts,
        "files that it names and the node lacks",
    ),
    own(
        "kubelet.kubeconfig.problem",
        Type::Text,
        "first thing that keeps a client from using it",
    )
    .null_is("nothing does"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut found = Found::new();
    let named = evidence.facts.get("kubelet.effective.kubeconfig");
    if let Some(named) = named.filter(|named| named.value == Value::Null) {
        found.push(("path", named.clone()));
    }
    if let Some(used) = credentials::kubeconfig(evidence) {
        kubeconfig_facts::file_facts(evidence, &used, &mut found);
        if let (Some(access), Some(file)) = (&used.access, used.file) {
            kubeconfig_facts::server_facts(evidence, access, file, &mut found);
            credential_facts(evidence, access, file, &mut found);
        }
    }
    for (field, fact) in found {
        evidence
            .facts
            .set(&format!("kubelet.kubeconfig.{field}"), fact);
    }
}

fn credential_facts(
    evidence: &Evidence,
    access: &Access,
    file: &Sourced<Kubeconfig>,
    found: &mut Found,
) {
    let mut set = |field: &'static str, fact: Fact| found.push((field, fact));
    let whole = |value: Value| Fact::new(value, file.origin.clone());
    set(
        "current_context",
        optional(access.current_context.as_ref(), file),
    );
    set("context_found", whole(Value::Bool(access.context_found)));
    set("user", optional(access.user.as_ref(), file));
    set("exec_command", optional(access.exec_command.as_ref(), file));
    set("problem", optional(access.problem.as_ref(), file));
    let insecure = access.insecure.as_ref();
    set(
        "insecure",
        insecure.map_or_else(
            || whole(Value::Bool(false)),
            |insecure| Fact::new(Value::Bool(insecure.value), insecure.origin.clone()),
        ),
    );
    let token = access.token.as_ref().or(access.token_file.as_ref());
    set(
        "has_token",
        token.map_or_else(
            || whole(Value::Bool(false)),
            |token| Fact::new(Value::Bool(true), token.origin.clone()),
        ),
    );
    material_facts(access, file, &mut set);
    path_facts(evidence, access, file, &mut set);
}

/// Where certificate and CA are.
fn material_facts(
    access: &Access,
    file: &Sourced<Kubeconfig>,
    set: &mut dyn FnMut(&'static str, Fact),
) {
    let whole = |value: Value| Fact::new(value, file.origin.clone());
    let certificate = access.client_certificate.as_ref();
    let named = certificate.and_then(file_name);
    set(
        "client_cert_path",
        named.as_ref().map_or_else(
            || whole(Value::Null),
            |(path, origin)| Fact::text(*path, (*origin).clone()),
        ),
    );
    let embedded = certificate.is_some() && named.is_none();
    set(
        "client_cert_embedded",
        Fact::new(
            Value::Bool(embedded),
            certificate.map_or_else(|| file.origin.clone(), |it| it.origin.clone()),
        ),
    );
    let kind = match &access.ca {
        None => "none",
        Some(ca) if file_name(ca).is_some() => "file",
        Some(_) => "data",
    };
    set(
        "ca_kind",
        access.ca.as_ref().map_or_else(
            || whole(Value::from(kind)),
            |ca| Fact::text(kind, ca.origin.clone()),
        ),
    );
}

fn path_facts(
    evidence: &Evidence,
    access: &Access,
    file: &Sourced<Kubeconfig>,
    set: &mut dyn FnMut(&'static str, Fact),
) {
    let mut named: Vec<(&str, &Origin)> = Vec::new();
    for (field, material) in [
        ("ca_file_exists", &access.ca),
        ("client_cert_exists", &access.client_certificate),
        ("client_key_exists", &access.client_key),
    ] {
        if let Some((path, named_at)) = material.as_ref().and_then(file_name) {
            named.push((path, named_at));
            if let Some(exists) = credentials::exists(evidence, path, None) {
                set(field, exists);
            }
        }
    }
    let token = access.token_file.as_ref();
    named.extend(token.map(|token| (token.value.as_str(), &token.origin)));
    named.dedup_by(|a, b| a.0 == b.0);
    if let Some(missing) = missing(evidence, &named, &file.origin) {
        set("missing_paths", missing);
    }
    if let Some(command) = &access.exec_command
        && let Some((exists, proof)) = programs::exists(evidence, &command.value)
    {
        set(
            "exec_exists",
            Fact {
                value: Value::Bool(exists),
                origins: vec![command.origin.clone(), proof],
            },
        );
    }
}

/// The paths that are provably missing; unknown when none is and the input does not tell of all.
fn missing(evidence: &Evidence, named: &[(&str, &Origin)], file: &Origin) -> Option<Fact> {
    let mut missing = Vec::new();
    let mut all_known = true;
    for (path, named_at) in named {
        match programs::known(evidence, path) {
            Some((false, proof)) if !credentials::is_awaited(evidence, path) => {
                missing.push(Fact {
                    value: Value::from(*path),
                    origins: vec![(*named_at).clone(), proof],
                });
            }
            Some(_) => {}
            None => all_known = false,
        }
    }
    (all_known || !missing.is_empty()).then(|| Fact::list_at(missing, file))
}

fn file_name(material: &Sourced<Material>) -> Option<(&str, &Origin)> {
    match &material.value {
        Material::File(path) => Some((path, &material.origin)),
        _ => None,
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
    fn the_used_kubeconfig_is_taken_apart() {
        let config = kubeconfig_of("{client-certificate: /p/a.pem, client-key: /p/a.pem}");
        let facts = derived(&[(PATH, &config)], &["/p/a.pem", "/b"]).facts;
        assert_eq!(facts.text("kubelet.kubeconfig.host"), Some("10.0.0.1"));
        assert_eq!(facts.int("kubelet.kubeconfig.port"), Some(443));
        assert_eq!(facts.bool("kubelet.kubeconfig.ca_parses"), Some(false));
        assert_eq!(
            facts.bool("kubelet.kubeconfig.client_cert_exists"),
            Some(false)
        );
        let missing = facts.get("kubelet.kubeconfig.missing_paths").unwrap();
        assert_eq!(missing.items().len(), 1);
        assert_eq!(missing.items()[0].origins.len(), 2);
        let problem = facts.text("kubelet.kubeconfig.problem").unwrap();
        assert!(problem.contains("holds no certificate"));
    }

    #[test]
    fn a_program_without_folder_is_missing_only_where_all_folders_were_listed() {
        let config = kubeconfig_of("{exec: {command: get-token}}");
        let exists = |absent: &[&str]| {
            derived(&[(PATH, &config)], absent)
                .facts
                .bool("kubelet.kubeconfig.exec_exists")
        };
        assert_eq!(exists(&["/usr/bin/get-token"]), None);
        let all = [
            "/usr/local/sbin/get-token",
            "/usr/local/bin/get-token",
            "/usr/sbin/get-token",
            "/usr/bin/get-token",
        ];
        assert_eq!(exists(&all), Some(false));
    }
}
