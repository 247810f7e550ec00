//! What a kubeconfig says of itself and its server, as facts.

use super::credentials::{self, Used};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, Value};
use crate::kubeconfig::{self, Access};
use crate::origin::Origin;
use crate::parse::kubeconfig::Kubeconfig;

/// Facts by the name of their field.
pub type Found = Vec<(&'static str, Fact)>;

/// Whether the file exists and can be read.
pub fn file_facts(evidence: &Evidence, used: &Used<'_>, found: &mut Found) {
    if let Some(path) = &used.path {
        let value = Value::from(path.as_str());
        let origins = used.named_at.clone();
        found.push(("path", Fact { value, origins }));
        let sent = used.file.map(|file| &file.origin);
        if let Some(exists) = credentials::exists(evidence, path, sent) {
            found.push(("exists", exists));
        }
    } else if let Some(file) = used.file {
        found.push(("exists", Fact::new(Value::Bool(true), file.origin.clone())));
    }
    if let Some(file) = used.file {
        found.push(("parses", parses(file)));
    }
}

/// Whether the file is YAML, at the line where it stops being so.
pub fn parses(file: &Sourced<Kubeconfig>) -> Fact {
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
pub fn optional(value: Option<&Sourced<String>>, file: &Sourced<Kubeconfig>) -> Fact {
    match value {
        Some(text) => Fact::text(text.value.as_str(), text.origin.clone()),
        None => Fact::new(Value::Null, file.origin.clone()),
    }
}

/// The server and the CA: `server`, `scheme`, `host`, `port`, `ca_parses`, `ca_spki`.
pub fn server_facts(
    evidence: &Evidence,
    access: &Access,
    file: &Sourced<Kubeconfig>,
    found: &mut Found,
) {
    let mut set = |field: &'static str, fact: Fact| found.push((field, fact));
    set("server", optional(access.server.as_ref(), file));
    if let Some(server) = &access.server
        && let Some(parts) = kubeconfig::parse_server(&server.value)
    {
        let at = |value: Value| Fact::new(value, server.origin.clone());
        set("host", at(Value::from(parts.host)));
        set("port", at(Value::Int(i64::from(parts.port))));
        set("scheme", at(parts.scheme.map_or(Value::Null, Value::from)));
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
