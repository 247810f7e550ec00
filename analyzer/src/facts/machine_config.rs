//! How OpenShift's operator of machine configurations stands with this node.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::node_names;
use crate::observed::{DegradedPool, MachineConfigState};

pub(super) const DERIVED: Derived = Derived {
    name: "machine_config",
    after: &["host_identity", "kubelet_settings", "node_object"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    noted(
        "node.machine_config.current",
        "machine configuration that the node has",
    ),
    noted(
        "node.machine_config.desired",
        "machine configuration that it shall have",
    ),
    noted(
        "node.machine_config.state",
        "Done, Working, Degraded or Unreconcilable",
    ),
    noted("node.machine_config.reason", "why it is degraded"),
    FactDecl::new(
        "machine_config.degraded_pools",
        Type::Records,
        "pools of machines of OpenShift that are degraded",
    )
    .needs("pools of machines", "oc get machineconfigpool -o yaml"),
    FactDecl::new("machine_config.degraded_pools[].name", Type::Text, ""),
    FactDecl::new("machine_config.degraded_pools[].message", Type::Text, "why"),
];

const fn noted(path: &'static str, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, Type::Text, meaning).needs("Node object", "kubectl get node NODE -o yaml")
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let own = node_names::of(&evidence.facts).next();
    let all = evidence.all::<MachineConfigState>();
    let is_own = |state: &MachineConfigState| match (&state.node, own) {
        (Some(node), Some(own)) => node.eq_ignore_ascii_case(own),
        _ => all.len() == 1,
    };
    let state = all.iter().find(|piece| is_own(&piece.value));
    let state = state.map(|piece| piece.value.clone()).unwrap_or_default();
    let pools: Vec<Fact> = evidence
        .all::<DegradedPool>()
        .iter()
        .map(|piece| {
            let fields = [
                ("name", &piece.value.name),
                ("message", &piece.value.message),
            ];
            let fields = fields.map(|(key, text)| (key, Some(Value::Text(text.clone()))));
            Fact::record(fields, &piece.origin)
        })
        .collect();
    // What was wrong before stays noted.
    let degraded = state.state.as_ref().and_then(Fact::as_text) != Some("Done");
    for (path, fact) in [
        ("node.machine_config.current", state.current),
        ("node.machine_config.desired", state.desired),
        ("node.machine_config.state", state.state),
        (
            "node.machine_config.reason",
            state.reason.filter(|_| degraded),
        ),
    ] {
        if let Some(fact) = fact {
            evidence.facts.set(path, fact);
        }
    }
    if !pools.is_empty() {
        let pools = Fact::list(pools);
        evidence.facts.set("machine_config.degraded_pools", pools);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    fn state(node: &str, state: &str) -> MachineConfigState {
        let text = |text: &str| Some(Fact::text(text, Origin::line("nodes.yaml", 4)));
        MachineConfigState {
            node: Some(node.to_owned()),
            state: text(state),
            reason: text("drain failed"),
            ..MachineConfigState::default()
        }
    }

    fn told(states: Vec<MachineConfigState>) -> (Option<String>, Option<String>) {
        let mut evidence = Evidence::default();
        let name = Fact::text("w1", Origin::entry("hostname"));
        evidence.facts.set("host.name", name);
        for one in states {
            evidence.push(one, Origin::line("nodes.yaml", 4));
        }
        run(&mut evidence, &[&DERIVED]);
        let text = |path: &str| evidence.facts.text(path).map(str::to_owned);
        (
            text("node.machine_config.state"),
            text("node.machine_config.reason"),
        )
    }

    #[test]
    fn only_what_is_noted_of_this_node_counts() {
        let both = told(vec![state("w2", "Working"), state("W1", "Degraded")]);
        assert_eq!(both, (Some("Degraded".into()), Some("drain failed".into())));
        assert_eq!(told(vec![state("w2", "Degraded")]), (None, None));
    }

    #[test]
    fn a_reason_that_is_over_is_none() {
        assert_eq!(told(vec![state("w1", "Done")]), (Some("Done".into()), None));
    }
}
