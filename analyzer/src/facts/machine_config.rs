//! Pools of machines of OpenShift to which their configuration could not be applied.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::DegradedPool;

pub(super) const DERIVED: Derived = Derived {
    name: "machine_config",
    after: &[],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "machine_config.degraded_pools",
        Type::Records,
        "pools of machines of OpenShift that are degraded",
    )
    .needs("pools of machines", "oc get machineconfigpool -o yaml"),
    FactDecl::new("machine_config.degraded_pools[].name", Type::Text, ""),
    FactDecl::new("machine_config.degraded_pools[].message", Type::Text, "why"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
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
    if !pools.is_empty() {
        let pools = Fact::list(pools);
        evidence.facts.set("machine_config.degraded_pools", pools);
    }
}
