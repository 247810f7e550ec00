//! Pools of machines of OpenShift, which tell when a machine configuration could not be applied.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::objects::{Object, names_kind, objects};
use crate::observed::DegradedPool;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;

pub(super) const PARSER: Parser = Parser {
    name: "machine_config",
    kind: "pools of machines",
    facts: &[],
    accepts: |entry| {
        matches!(entry.source, Source::Command(_) | Source::Named(_))
            && names_kind(&entry.text(), KIND)
    },
    parse,
};

const KIND: &str = "MachineConfigPool";

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let all = objects(&text).all;
    for object in all.iter().filter(|one| one.kind.as_deref() == Some(KIND)) {
        pool(object, entry, evidence);
    }
}

fn pool(object: &Object<'_>, entry: &Entry, evidence: &mut Evidence) {
    let Ok(root) = object.read() else { return };
    let name = root.at("metadata.name").and_then(Node::text);
    let conditions = root.at("status.conditions").map(Node::items);
    for condition in conditions.unwrap_or_default() {
        let text = |key: &str| condition.get(key).and_then(Node::text).unwrap_or_default();
        let degraded = ["NodeDegraded", "RenderDegraded"].contains(&text("type"))
            && condition.get("status").and_then(Node::scalar).as_deref() == Some("True");
        if let (true, Some(name)) = (degraded, name) {
            let pool = DegradedPool {
                name: name.to_owned(),
                message: text("message").to_owned(),
            };
            evidence.push(pool, entry.at(object.line(condition)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    #[test]
    fn a_degraded_pool_is_told_and_a_healthy_one_is_not() {
        let pool = |status: &str| {
            format!(
                "{{\"kind\": \"MachineConfigPool\", \"metadata\": {{\"name\": \"worker\"}}, \"status\": {{\"conditions\": [{{\"type\": \"NodeDegraded\", \"status\": \"{status}\", \"message\": \"Node w1 is reporting: x\"}}]}}}}"
            )
        };
        assert_eq!(named(&PARSER, &pool("True")).all::<DegradedPool>().len(), 1);
        assert!(
            named(&PARSER, &pool("False"))
                .all::<DegradedPool>()
                .is_empty()
        );
    }
}
