//! `facts/kernel-modules.json`: modules that Kubernetes needs, and whether the running kernel has them.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "kernel_module_facts",
    kind: "facts on kernel modules",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "kernel-modules"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(entry.name.as_ref(), problem, &["host.kernel_modules"]);
        }
    };
    let modules = document.items("modules").filter_map(|(line, item)| {
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        let name = item.get("name").and_then(Json::as_str)?;
        let told = |key: &str| item.get(key).and_then(Json::as_bool).map(Value::Bool);
        let fields = [
            ("name", Some(Value::from(name))),
            ("loaded", told("loaded")),
            ("built_in", told("built_in")),
            ("available", told("available")),
        ];
        Some(Fact::record(fields, &origin))
    });
    let modules = Fact::list_at(modules.collect(), &entry.whole());
    claim(
        evidence,
        "host.kernel_modules",
        Witness::Kernel,
        modules.value,
        entry.whole(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, facts};

    #[test]
    fn what_the_collector_could_not_see_stays_unknown() {
        let text = "{\n \"modules\": [\n  {\"name\":\"overlay\",\"loaded\":false,\"built_in\":null,\"available\":true}\n ]\n}";
        let modules = claimed(
            &facts(&PARSER, "kernel-modules", text),
            "host.kernel_modules",
        );
        let overlay = &modules.items()[0];
        assert_eq!(overlay.field("loaded").and_then(Fact::as_bool), Some(false));
        assert!(overlay.field("built_in").is_none());
        assert_eq!(overlay.origins[0].line, Some(3));
    }
}
