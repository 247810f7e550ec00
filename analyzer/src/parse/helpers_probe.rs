//! `probes/helpers.json` of our own bundle: ports beside the API server that a node needs.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::json::{Document, text};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "helpers_probe",
    kind: "probe of helper ports",
    facts: FACTS,
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "helpers"),
    parse,
};

const RESULT: &str =
    "ok, else how far it came: `dns nxdomain`, `tcp refused`, `tls eof`; the best of all addresses";

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "helpers.servers",
        Type::Records,
        "servers of konnectivity and of machine configurations that files or processes name",
    )
    .needs("probe of helper ports", "curl -kv https://SERVER:PORT"),
    FactDecl::new("helpers.servers[].address", Type::Text, "host:port"),
    FactDecl::new("helpers.servers[].result", Type::Text, RESULT),
    FactDecl::new(
        "helpers.registries",
        Type::Records,
        "registries and mirrors that the runtime is told to use",
    )
    .needs("probe of helper ports", "curl -v https://REGISTRY/v2/"),
    FactDecl::new("helpers.registries[].address", Type::Text, "host:port"),
    FactDecl::new("helpers.registries[].result", Type::Text, RESULT),
];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["helpers"]),
    };
    for (list, path) in [
        ("servers", "helpers.servers"),
        ("registries", "helpers.registries"),
    ] {
        let items = document.items(list).filter_map(|(line, endpoint)| {
            let host = text(endpoint, "host")?;
            let port = endpoint.get("port").and_then(Json::as_u64)?;
            let origin = Origin {
                line,
                ..entry.whole()
            };
            let fields = [
                ("address", Some(Value::Text(format!("{host}:{port}")))),
                ("result", Some(Value::Text(result(endpoint)?))),
            ];
            Some(Fact::record(fields, &origin))
        });
        let found = Fact::list_at(items.collect(), &entry.whole());
        evidence.facts.set(path, found);
    }
}

/// `None` when nothing was tried. A port that answers without TLS is open, which is all that is asked of it.
fn result(endpoint: &Json) -> Option<String> {
    let tried = endpoint.get("addresses").and_then(Json::as_array);
    let tried = tried.map_or(&[][..], Vec::as_slice);
    let one = |address: &Json| match (text(address, "tcp"), text(address, "tls")) {
        (_, Some("ok" | "alert" | "not-tls")) | (Some("connected"), None) => Some("ok".to_owned()),
        (Some("connected"), Some(word)) => Some(format!("tls {word}")),
        (Some(word), _) => Some(format!("tcp {word}")),
        (None, _) => None,
    };
    let mut results: Vec<String> = tried.iter().filter_map(one).collect();
    results.sort_by_key(|result| match result.as_str() {
        "ok" => 0,
        result if result.starts_with("tls") => 1,
        _ => 2,
    });
    results.into_iter().next().or_else(|| {
        let word = text(endpoint.get("resolve")?, "result")?;
        (!matches!(word, "ok" | "literal")).then(|| format!("dns {word}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::probe;

    #[test]
    fn the_best_of_all_addresses_counts_and_a_name_may_be_all_that_failed() {
        let evidence = probe(
            &PARSER,
            "helpers",
            r#"{"servers": [{"host":"k.example","port":8132,"addresses":[{"tcp":"refused"},{"tcp":"connected","tls":"alert"}]}],
                "registries": [{"host":"m.example","port":443,"resolve":{"result":"nxdomain"},"addresses":[]},
                {"host":"n.example","port":5000,"addresses":[{"tcp":"timeout"}]}]}"#,
        );
        let results = |path: &str| {
            let fact = evidence.facts.get(path).unwrap();
            let field = |item: &Fact| item.field("result").unwrap().value.to_string();
            fact.items().iter().map(field).collect::<Vec<_>>()
        };
        assert_eq!(results("helpers.servers"), ["ok"]);
        assert_eq!(
            results("helpers.registries"),
            ["dns nxdomain", "tcp timeout"]
        );
    }
}
