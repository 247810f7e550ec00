//! Who the node is, from facts and what its kubelet states.

use super::Case;
use super::applies::kubelet_version;
use crate::fact::Value;
use crate::node_names;
use crate::report::{Answer, Node, Rung, RungState};
use crate::rule::Stage;

pub(super) fn node(case: &Case<'_>, rungs: &[Rung]) -> Node {
    let text = |path: &str| match case.evidence.facts.get(path).map(|fact| &fact.value) {
        Some(Value::Null) | None => None,
        Some(value) => Some(value.to_string()),
    };
    let stated = |name: &str| case.logs.stated.get(name).map(|(value, _)| value.clone());
    let runtime = match (text("runtime.kind"), text("runtime.version")) {
        (Some(kind), Some(version)) => Some(format!("{kind} {version}")),
        (kind, _) => kind,
    };
    Node {
        name: node_names::of_node(&case.evidence.facts)
            .next()
            .map(str::to_owned)
            .or_else(|| stated("node"))
            .or_else(|| text("host.name")),
        cluster: text("kubelet.kubeconfig.ca_spki").or_else(|| text("kubelet.bootstrap.ca_spki")),
        distribution: text("host.distribution"),
        kubelet_version: kubelet_version(case).map(|version| version.to_string()),
        runtime,
        os: text("host.os"),
        collected_at: case.collected_at,
        registered: registered(case, rungs),
        ready: ready(case, rungs),
    }
}

/// Whether the Node object exists and is this machine.
pub(super) fn registered(case: &Case<'_>, rungs: &[Rung]) -> Answer {
    answer(case, "node.exists", rungs, Stage::Registered)
}

/// The Node object says it best; else the rung does.
fn answer(case: &Case<'_>, path: &str, rungs: &[Rung], stage: Stage) -> Answer {
    match case.evidence.facts.get(path).map(|fact| &fact.value) {
        Some(Value::Bool(true)) => Answer::Yes,
        Some(Value::Bool(false)) => Answer::No,
        _ => match rungs
            .iter()
            .find(|rung| rung.stage == stage)
            .map(|rung| rung.state)
        {
            Some(RungState::Ok | RungState::Degraded) => Answer::Yes,
            Some(RungState::Failed) => Answer::No,
            _ => Answer::Unknown,
        },
    }
}

/// The Node object says it best. Without it a node on which a rung failed is not Ready, whatever its kubelet said before.
fn ready(case: &Case<'_>, rungs: &[Rung]) -> Answer {
    let told = case.evidence.facts.get("node.ready").is_some();
    if !told && rungs.iter().any(|rung| rung.state == RungState::Failed) {
        return Answer::No;
    }
    answer(case, "node.ready", rungs, Stage::Ready)
}
