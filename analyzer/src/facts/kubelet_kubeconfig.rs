//! The kubeconfig that the kubelet uses, the one it bootstraps with, and all others.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubeconfig::{self, Access, Material};
use crate::kubelet::credentials::{self, Used};
use crate::origin::Origin;
use crate::parse::kubeconfig::Kubeconfig;
use crate::programs;
use std::collections::BTreeMap;

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

const fn boot(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "the kubelet's bootstrap kubeconfig",
        "cat /etc/kubernetes/bootstrap-kubelet.conf (cut out the token)",
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

type Found = Vec<(String, Fact)>;

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut found = Found::new();
    for (prefix, setting, used) in [
        (
            "kubelet.kubeconfig",
            "kubeconfig",
            credentials::kubeconfig(evidence),
        ),
        (
            "kubelet.bootstrap",
            "bootstrap_kubeconfig",
            credentials::bootstrap(evidence),
        ),
    ] {
        let named = evidence.facts.get(&format!("kubelet.effective.{setting}"));
        if let Some(named) = named.filter(|named| named.value == Value::Null) {
            found.push((format!("{prefix}.path"), named.clone()));
        }
        let Some(used) = used else {
            continue;
        };
        file_facts(evidence, prefix, &used, &mut found);
        if let (Some(access), Some(file)) = (&used.access, used.file) {
            server_facts(evidence, prefix, access, file, &mut found);
            if setting == "kubeconfig" {
                credential_facts(evidence, access, file, &mut found);
            } else {
                token_facts(access, file, &mut found);
            }
        }
    }
    if !evidence.all::<Kubeconfig>().is_empty() {
        found.push(("kubeconfigs".to_owned(), list(evidence)));
    }
    for (path, fact) in found {
        evidence.facts.set(&path, fact);
    }
}

fn file_facts(evidence: &Evidence, prefix: &str, used: &Used<'_>, found: &mut Found) {
    if let Some(path) = &used.path {
        let value = Value::from(path.as_str());
        let origins = used.named_at.clone();
        found.push((format!("{prefix}.path"), Fact { value, origins }));
        let sent = used.file.map(|file| &file.origin);
        if let Some(exists) = credentials::exists(evidence, path, sent) {
            found.push((format!("{prefix}.exists"), exists));
        }
    } else if let Some(file) = used.file {
        found.push((
            format!("{prefix}.exists"),
            Fact::new(Value::Bool(true), file.origin.clone()),
        ));
    }
    if let Some(file) = used.file {
        found.push((format!("{prefix}.parses"), parses(file)));
    }
}

fn parses(file: &Sourced<Kubeconfig>) -> Fact {
    let line = file
        .value
        .content
        .as_ref()
        .err()
        .and_then(|error| error.line());
    let origin = Origin {
        line,
        ..file.origin.clone()
    };
    Fact::new(Value::Bool(file.value.content.is_ok()), origin)
}

/// A text that may be unset: null at the file as a whole.
fn optional(value: Option<&Sourced<String>>, file: &Sourced<Kubeconfig>) -> Fact {
    match value {
        Some(text) => Fact::text(text.value.as_str(), text.origin.clone()),
        None => Fact::new(Value::Null, file.origin.clone()),
    }
}

fn server_facts(
    evidence: &Evidence,
    prefix: &str,
    access: &Access,
    file: &Sourced<Kubeconfig>,
    found: &mut Found,
) {
    let mut set = |field: &str, fact: Fact| found.push((format!("{prefix}.{field}"), fact));
    set("server", optional(access.server.as_ref(), file));
    if let Some(server) = &access.server
        && let Some(parts) = kubeconfig::parse_server(&server.value)
    {
        let at = |value: Value| Fact::new(value, server.origin.clone());
        set("host", at(Value::from(parts.host)));
        set("port", at(Value::Int(i64::from(parts.port))));
        if prefix == "kubelet.kubeconfig" {
            set("scheme", at(parts.scheme.map_or(Value::Null, Value::from)));
        }
    }
    if let Some(ca) = &access.ca
        && let Some(certificates) = credentials::certificates_of(evidence, ca)
    {
        let parses = Value::Bool(!certificates.is_empty());
        set("ca_parses", Fact::new(parses, ca.origin.clone()));
        let first = certificates
            .first()
            .and_then(|first| Some((first, first.value.spki.clone()?)));
        if let Some((first, spki)) = first {
            set("ca_spki", Fact::text(spki, first.origin.clone()));
        }
    }
}

fn credential_facts(
    evidence: &Evidence,
    access: &Access,
    file: &Sourced<Kubeconfig>,
    found: &mut Found,
) {
    let mut set =
        |field: &str, fact: Fact| found.push((format!("kubelet.kubeconfig.{field}"), fact));
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
    path_facts(evidence, access, file, &mut set);
}

fn path_facts(
    evidence: &Evidence,
    access: &Access,
    file: &Sourced<Kubeconfig>,
    set: &mut dyn FnMut(&str, Fact),
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
                })
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

fn token_facts(access: &Access, file: &Sourced<Kubeconfig>, found: &mut Found) {
    let Some(token) = &access.token else {
        let none = Fact::new(Value::Null, file.origin.clone());
        found.push(("kubelet.bootstrap.token_id".to_owned(), none));
        return;
    };
    let (id, ok) = kubeconfig::bootstrap_token(&token.value);
    // OpenShift and others bootstrap with the token of a service account.
    let is_jwt = token.value.starts_with("eyJ") || token.value.contains("jwt");
    if let Some(id) = id {
        found.push((
            "kubelet.bootstrap.token_id".to_owned(),
            Fact::text(id, token.origin.clone()),
        ));
    }
    if let Some(ok) = ok.map(|ok| ok || is_jwt) {
        let fact = Fact::new(Value::Bool(ok), token.origin.clone());
        found.push(("kubelet.bootstrap.token_format_ok".to_owned(), fact));
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
            ("parses".to_owned(), parses(file)),
        ]);
        if let Some(access) = Access::of(file) {
            let mut found = Found::new();
            server_facts(evidence, "", &access, file, &mut found);
            found.push((".user".to_owned(), optional(access.user.as_ref(), file)));
            found.push((
                ".problem".to_owned(),
                optional(access.problem.as_ref(), file),
            ));
            for (field, fact) in found {
                if field != ".ca_parses" {
                    record.insert(field.trim_start_matches('.').to_owned(), fact);
                }
            }
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
    use crate::logs::LogDigest;
    use crate::observed::Absence;
    use crate::yaml;

    const PATH: &str = "/etc/kubernetes/kubelet.conf";

    fn derived(files: &[(&str, &str)], absent: &[&str]) -> Evidence {
        let mut evidence = Evidence::default();
        for (setting, path) in [("kubeconfig", PATH), ("bootstrap_kubeconfig", "/b")] {
            let fact = Fact::text(path, Origin::line("ps.txt", 2));
            evidence
                .facts
                .set(&format!("kubelet.effective.{setting}"), fact);
        }
        for (path, text) in files {
            let file = Kubeconfig {
                path: Some((*path).to_owned()),
                content: yaml::parse(text),
            };
            evidence.push(file, Origin::entry(*path));
        }
        for path in absent {
            let absence = Absence {
                path: (*path).to_owned(),
                below: None,
            };
            evidence.push(absence, Origin::line("manifest.json", 9));
        }
        let logs = LogDigest::default();
        derive(
            &mut evidence,
            &Context {
                logs: &logs,
                now: None,
            },
        );
        evidence
    }

    fn text(user: &str) -> String {
        format!(
            "clusters:\n- name: c\n  cluster:\n    certificate-authority-data: aGVsbG8=\n    server: https://10.0.0.1\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {user}\n"
        )
    }

    #[test]
    fn the_used_kubeconfig_is_taken_apart() {
        let config = text("{client-certificate: /p/a.pem, client-key: /p/a.pem}");
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
        assert_eq!(facts.bool("kubelet.bootstrap.exists"), Some(false));
        let problem = facts.text("kubelet.kubeconfig.problem").unwrap();
        assert!(problem.contains("holds no certificate"));
    }

    #[test]
    fn a_missing_kubeconfig_and_a_bootstrap_token() {
        let config = text("{token: abcdef.REDACTED(bootstrap-token)}");
        let facts = derived(&[("/b", &config)], &[PATH]).facts;
        assert_eq!(facts.bool("kubelet.kubeconfig.exists"), Some(false));
        assert!(facts.get("kubelet.kubeconfig.parses").is_none());
        assert_eq!(facts.text("kubelet.bootstrap.token_id"), Some("abcdef"));
        assert_eq!(facts.bool("kubelet.bootstrap.token_format_ok"), Some(true));
        let list = facts.get("kubeconfigs").unwrap();
        assert_eq!(
            list.items()[0].field("role").unwrap().as_text(),
            Some("bootstrap")
        );
        assert_eq!(list.items()[0].field("used").unwrap().as_bool(), Some(true));
    }

    #[test]
    fn a_program_without_folder_is_missing_only_where_all_folders_were_listed() {
        let config = text("{exec: {command: get-token}}");
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
