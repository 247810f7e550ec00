//! The kubelet's environment, and whether its requests to the API server go through a proxy.

use crate::bottlerocket;
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::credentials;
use crate::kubelet::unit;
use crate::origin::Origin;
use crate::parse::environment_file::EnvironmentFile;
use crate::processes;
use crate::proxy;
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_proxy",
    after: &["kubelet_kubeconfig", "kubelet_bootstrap", "kubelet_unit"],
    facts: FACTS,
    derive,
};

const fn environment(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "environment of the kubelet, or its unit file",
        "tr '\\0' '\\n' < /proc/$(pidof kubelet)/environ; systemctl cat kubelet",
    )
}

const FACTS: &[FactDecl] = &[
    environment(
        "kubelet.env",
        Type::Records,
        "proxy and kubelet variables of the process, else of its unit; passwords in URLs cut out",
    ),
    FactDecl::new("kubelet.env[].name", Type::Text, ""),
    FactDecl::new("kubelet.env[].value", Type::Text, ""),
    environment(
        "kubelet.proxy.url",
        Type::Text,
        "proxy for https requests, password cut out",
    )
    .null_is("none is set"),
    environment(
        "kubelet.proxy.no_proxy",
        Type::Text,
        "hosts that are asked without proxy",
    )
    .null_is("none are set"),
    environment(
        "kubelet.proxy.applies_to_api",
        Type::Bool,
        "requests to the API server of the kubeconfig go through the proxy, by Go's rules",
    ),
];

/// Variables with their places, and where the environment was read.
struct Environment {
    variables: BTreeMap<String, Sourced<String>>,
    origin: Origin,
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let environment = of_process(evidence)
        .or_else(|| of_unit(evidence))
        .or_else(|| of_bottlerocket(evidence));
    let mut found: Vec<(&str, Fact)> = Vec::new();
    if let Some(environment) = &environment {
        found.push(("kubelet.env", shown(environment)));
        found.push(("kubelet.proxy.url", variable(environment, "HTTPS_PROXY")));
        found.push(("kubelet.proxy.no_proxy", variable(environment, "NO_PROXY")));
    }
    if let Some(applies) = applies(evidence, environment.as_ref()) {
        found.push(("kubelet.proxy.applies_to_api", applies));
    }
    for (path, fact) in found {
        evidence.facts.set(path, fact);
    }
}

fn of_process(evidence: &Evidence) -> Option<Environment> {
    let running = processes::kubelet(evidence)?;
    let origin = running.environment_origin?;
    let variables = running
        .process
        .environment?
        .into_iter()
        .map(|(name, value)| {
            let origin = origin.clone();
            (name, Sourced { value, origin })
        });
    Some(Environment {
        variables: variables.collect(),
        origin: origin.clone(),
    })
}

fn of_unit(evidence: &Evidence) -> Option<Environment> {
    let unit = unit::kubelet_unit(evidence, evidence.facts.text("kubelet.unit.name"))?;
    let origin = unit.exec_starts.last()?.origin.clone();
    let (assignments, complete) = unit.variables(evidence);
    let names_proxy = assignments
        .iter()
        .any(|one| one.value.name.to_ascii_uppercase().ends_with("_PROXY"));
    // A file that was not sent may set a proxy.
    if !complete && !names_proxy {
        return None;
    }
    let variables = assignments.into_iter().map(|one| {
        let value = Sourced {
            value: one.value.value,
            origin: one.origin,
        };
        (one.value.name, value)
    });
    Some(Environment {
        variables: variables.collect(),
        origin,
    })
}

/// The file that every unit of Bottlerocket reads.
fn of_bottlerocket(evidence: &Evidence) -> Option<Environment> {
    let mut files = evidence.all::<EnvironmentFile>().iter();
    let file = files.find(|file| file.value.path.as_deref() == Some(bottlerocket::PROXY))?;
    let variables = file.value.assignments.iter().map(|one| {
        let value = Sourced {
            value: one.value.clone(),
            origin: Origin {
                line: Some(one.line),
                ..file.origin.clone()
            },
        };
        (one.name.clone(), value)
    });
    Some(Environment {
        variables: variables.collect(),
        origin: file.origin.clone(),
    })
}

impl Environment {
    fn lookup<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.variables.get(name).map(|value| value.value.as_str())
    }
}

fn shown(environment: &Environment) -> Fact {
    let wanted = |name: &str| {
        let upper = name.to_ascii_uppercase();
        upper.ends_with("_PROXY") || upper.starts_with("KUBELET_") || upper.starts_with("NODEADM_")
    };
    let items = environment
        .variables
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| {
            let fields = [
                ("name", Some(Value::from(name.as_str()))),
                ("value", Some(Value::from(without_password(&value.value)))),
            ];
            Fact::record(fields, &value.origin)
        });
    Fact::list_at(items.collect(), &environment.origin)
}

fn variable(environment: &Environment, name: &str) -> Fact {
    let lower = name.to_ascii_lowercase();
    let set = [name, lower.as_str()].into_iter().find_map(|name| {
        let value = environment.variables.get(name)?;
        (!value.value.is_empty()).then_some(value)
    });
    match set {
        Some(value) => Fact::text(without_password(&value.value), value.origin.clone()),
        None => Fact::new(Value::Null, environment.origin.clone()),
    }
}

fn applies(evidence: &Evidence, environment: Option<&Environment>) -> Option<Fact> {
    let facts = &evidence.facts;
    let at = ["kubelet.kubeconfig", "kubelet.bootstrap"]
        .into_iter()
        .find(|prefix| facts.text(&format!("{prefix}.host")).is_some())?;
    let host = facts.get(&format!("{at}.host"))?;
    let port = u16::try_from(facts.int(&format!("{at}.port"))?).ok()?;
    let access = match at {
        "kubelet.kubeconfig" => credentials::kubeconfig(evidence),
        _ => credentials::bootstrap(evidence),
    };
    if let Some(own) = access.and_then(|used| used.access?.proxy_url) {
        return Some(Fact::new(Value::Bool(true), own.origin));
    }
    let environment = environment?;
    let lookup = |name: &str| environment.lookup(name);
    let through = proxy::https_proxy(&lookup, host.as_text()?, port).is_some();
    let mut origins = variable(environment, "HTTPS_PROXY").origins;
    origins.extend(host.origins.iter().cloned());
    Some(Fact {
        value: Value::Bool(through),
        origins,
    })
}

/// A URL without the name and password in it; any other text as it is.
fn without_password(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{host}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Process;

    fn derived(variables: &[(&str, &str)]) -> Evidence {
        let mut evidence = Evidence::default();
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let process = Process {
            pid: 7,
            argv: Some(vec!["/usr/bin/kubelet".into()]),
            environment: Some(environment),
            ..Process::default()
        };
        evidence.push(process, Origin::line("proc/7/environ", 1));
        let at = Origin::line("kubelet.conf", 6);
        evidence.facts.set(
            "kubelet.kubeconfig.host",
            Fact::text("10.0.0.1", at.clone()),
        );
        evidence
            .facts
            .set("kubelet.kubeconfig.port", Fact::new(Value::Int(6443), at));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn the_proxy_of_bottlerocket_is_the_kubelets() {
        let mut evidence = Evidence::default();
        let assignment = |name: &str, value: &str, line| crate::systemd::Assignment {
            name: name.to_owned(),
            value: value.to_owned(),
            line,
        };
        let file = EnvironmentFile {
            path: Some(bottlerocket::PROXY.to_owned()),
            assignments: vec![
                assignment("HTTPS_PROXY", "http://u:p@proxy:3128", 5),
                assignment("NO_PROXY", "localhost", 6),
            ],
        };
        evidence.push(file, Origin::entry("settings.json"));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let url = evidence.facts.get("kubelet.proxy.url").unwrap();
        assert!(!url.as_text().unwrap().contains("u:p"));
        assert_eq!(url.origins[0].line, Some(5));
        assert_eq!(
            evidence.facts.text("kubelet.proxy.no_proxy"),
            Some("localhost")
        );
    }

    #[test]
    fn a_proxy_applies_unless_no_proxy_covers_the_server() {
        let proxied = derived(&[("HTTPS_PROXY", "http://user:secret@p:3128")]).facts;
        assert_eq!(proxied.bool("kubelet.proxy.applies_to_api"), Some(true));
        assert_eq!(proxied.text("kubelet.proxy.url"), Some("http://p:3128"));
        assert!(!format!("{proxied:?}").contains("secret"));
        let covered =
            derived(&[("https_proxy", "http://p:3128"), ("NO_PROXY", "10.0.0.0/8")]).facts;
        assert_eq!(covered.bool("kubelet.proxy.applies_to_api"), Some(false));
        let none = derived(&[]).facts;
        assert_eq!(none.bool("kubelet.proxy.applies_to_api"), Some(false));
        assert_eq!(none.get("kubelet.proxy.url").unwrap().value, Value::Null);
    }
}
