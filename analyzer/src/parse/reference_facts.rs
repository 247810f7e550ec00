//! `facts/references.json` of our own bundle: paths that configurations name, and whether they exist.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::{Document, text};
use crate::observed::{Absence, Exists};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "reference_facts",
    kind: "paths that configurations name",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "references"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["paths"]),
    };
    for (line, item) in document.items("references") {
        let exists = item.get("exists").and_then(Value::as_bool);
        let (Some(path), Some(exists)) = (text(item, "path"), exists) else {
            continue;
        };
        let path = path.to_owned();
        let origin = Origin {
            line,
            ..entry.whole()
        };
        if exists {
            evidence.push(Exists { path, link: None }, origin);
        } else {
            evidence.push(Absence { path, below: None }, origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use crate::testing::facts;

    #[test]
    fn a_named_path_exists_or_not_or_nobody_knows() {
        let evidence = facts(
            &PARSER,
            "references",
            r#"{"references": [{"from":"/a","key":"k","path":"/b","exists":true,"kind":"file"},
                {"from":"/a","key":"k","path":"/c","exists":false},
                {"from":"/a","key":"k","path":"/d"}]}"#,
        );
        let known = |path| presence(&evidence, path).known();
        assert_eq!(
            (known("/b"), known("/c"), known("/d")),
            (Some(true), Some(false), None)
        );
    }
}
