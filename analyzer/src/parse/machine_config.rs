//! What OpenShift's operator of machine configurations tells: its annotations on Node objects, and pools of machines.

use crate::cluster::OfNode;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::objects::{Object, names_kind, objects};
use crate::observed::{DegradedPool, MachineConfigState};
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;

pub(super) const PARSER: Parser = Parser {
    name: "machine_config",
    kind: "state of machine configurations",
    facts: &[],
    accepts: |entry| {
        let known = matches!(entry.source, Source::Command(_) | Source::Named(_));
        known && {
            let text = entry.text();
            text.contains(CURRENT) && names_kind(&text, "Node")
                || names_kind(&text, "MachineConfigPool")
        }
    },
    parse,
};

const CURRENT: &str = "machineconfiguration.openshift.io/currentConfig";

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for object in &objects(&text).all {
        match object.kind.as_deref() {
            Some("Node") if object.text.contains(CURRENT) => node(object, entry, evidence),
            Some("MachineConfigPool") => pool(object, entry, evidence),
            _ => {}
        }
    }
}

/// What cannot be read is told by the parser of Node objects.
fn node(object: &Object<'_>, entry: &Entry, evidence: &mut Evidence) {
    let Ok(root) = object.read() else { return };
    let Some(annotations) = root.at("metadata.annotations") else {
        return;
    };
    let noted = |key: &str| {
        let pair = annotations.pair(&format!("machineconfiguration.openshift.io/{key}"))?;
        let text = pair.value.text().filter(|text| !text.is_empty())?;
        Some(Fact::text(text, entry.at(object.line(&pair.value))))
    };
    let name = root.at("metadata.name").and_then(Node::text);
    let state = MachineConfigState {
        node: name.map(str::to_owned),
        current: noted("currentConfig"),
        desired: noted("desiredConfig"),
        state: noted("state"),
        reason: noted("reason"),
    };
    let origin = entry.at(object.line(annotations));
    if let (true, Some(name)) = (evidence.is_shared, name) {
        let mut of_node = OfNode {
            node: name.to_owned(),
            evidence: Evidence::default(),
        };
        of_node.evidence.push(state, origin.clone());
        evidence.push(of_node, origin);
    } else {
        evidence.push(state, origin);
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
    fn annotations_of_a_node_are_read_with_their_lines() {
        let text = "apiVersion: v1\nkind: Node\nmetadata:\n  name: w1\n  annotations:\n    machineconfiguration.openshift.io/currentConfig: rendered-worker-1\n    machineconfiguration.openshift.io/desiredConfig: rendered-worker-2\n    machineconfiguration.openshift.io/reason: 'unexpected on-disk state'\n    machineconfiguration.openshift.io/state: Degraded\n";
        let evidence = named(&PARSER, text);
        let [state] = evidence.all::<MachineConfigState>() else {
            panic!("one state")
        };
        let desired = state.value.desired.as_ref().unwrap();
        assert_eq!(desired.as_text(), Some("rendered-worker-2"));
        assert_eq!(desired.origins[0].line, Some(7));
        let told = |fact: &Option<Fact>| fact.as_ref().unwrap().as_text().unwrap().to_owned();
        assert_eq!(told(&state.value.state), "Degraded");
        assert_eq!(told(&state.value.reason), "unexpected on-disk state");
    }

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
