//! `probes/names.json` of our own bundle: look-ups of the node's own name.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;

pub(super) const PARSER: Parser = Parser {
    name: "names_probe",
    kind: "look-up of the node's name",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "names"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(entry.name.as_ref(), problem, &["host.name_resolves"]);
        }
    };
    for (line, lookup) in document.items("lookups") {
        let result = lookup.pointer("/answer/result");
        // Services that only the C library has may know a name that the probe does not find.
        if result.and_then(serde_json::Value::as_str) == Some("ok") {
            let origin = Origin {
                line,
                ..entry.whole()
            };
            claim(
                evidence,
                "host.name_resolves",
                Witness::Program,
                true,
                origin,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::best;
    use crate::testing::{claimed, probe};

    #[test]
    fn a_name_that_was_found_resolves_and_another_proves_nothing() {
        let text = |result: &str| {
            format!(
                "{{\"lookups\": [\n{{\"name\":\"w\",\"answer\":{{\"result\":\"{result}\"}}}}]}}"
            )
        };
        let found = probe(&PARSER, "names", &text("ok"));
        assert_eq!(claimed(&found, "host.name_resolves").as_bool(), Some(true));
        let missed = probe(&PARSER, "names", &text("nxdomain"));
        assert!(best(&missed, "host.name_resolves").is_none());
    }
}
