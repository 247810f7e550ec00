//! `facts/credentials.json` of our own bundle: files with tokens and passwords, of which nothing is stored but their form.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::json::{Document, text};
use crate::observed::Exists;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;

pub(super) const PARSER: Parser = Parser {
    name: "credential_facts",
    kind: "files with tokens",
    facts: FACTS,
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "credentials"),
    parse,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.credentials",
        Type::Records,
        "files with tokens and passwords that programs of the node read",
    )
    .needs("files with tokens", "ls -l of the token files"),
    FactDecl::new("host.credentials[].path", Type::Text, "where it is"),
    FactDecl::new(
        "host.credentials[].form",
        Type::Text,
        "empty, k10 (of k3s and RKE2, with the hash of the CA), short (without), bootstrap or gzip (of k0s)",
    )
    .null_is("no form that is known"),
];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host"]),
    };
    let mut all = Vec::new();
    for (line, item) in document.items("credentials") {
        let Some(path) = text(item, "path") else {
            continue;
        };
        let origin = Origin {
            line,
            ..entry.whole()
        };
        let form = if text(item, "size") == Some("empty") {
            Some("empty")
        } else {
            text(item, "form")
        };
        let fields = [
            ("path", Some(Value::from(path))),
            ("form", Some(form.map_or(Value::Null, Value::from))),
        ];
        all.push(Fact::record(fields, &origin));
        let path = path.to_owned();
        evidence.push(Exists { path, link: None }, origin);
    }
    let list = Fact::list_at(all, &entry.whole());
    evidence.facts.set("host.credentials", list);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use crate::testing::facts;

    #[test]
    fn the_form_of_a_token_and_that_its_file_exists_are_read() {
        let evidence = facts(
            &PARSER,
            "credentials",
            r#"{"credentials": [{"path":"/t/token","size":"empty"},{"path":"/t/other","size":"under 1 KiB","form":"k10"}]}"#,
        );
        let fact = evidence.facts.get("host.credentials").unwrap();
        let form = |at: usize| fact.items()[at].field("form").unwrap().as_text();
        assert_eq!((form(0), form(1)), (Some("empty"), Some("k10")));
        assert_eq!(presence(&evidence, "/t/token").known(), Some(true));
    }
}
