//! Pools of machines of OpenShift to which their configuration could not be applied, and what a node is to get.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{DegradedPool, RenderedConfig};
use crate::rendered;
use std::collections::{BTreeMap, BTreeSet};

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
    rendered_config(
        "machine_config.kernel_arguments",
        Type::Texts,
        "arguments of the kernel in the configuration that the node has",
    ),
    rendered_config(
        "machine_config.changes",
        Type::Texts,
        "what the configuration that the node shall have changes: paths, and what else",
    ),
    rendered_config(
        "machine_config.unknown",
        Type::Text,
        "configuration that the node has or shall have, and that is not among those of its pool",
    ),
];

const fn rendered_config(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "rendered machine configurations",
        "oc get machineconfig -o yaml",
    )
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    if let Some(pools) = degraded(evidence) {
        evidence.facts.set("machine_config.degraded_pools", pools);
    }
    for (path, fact) in of_node(evidence) {
        evidence.facts.set(path, fact);
    }
}

fn degraded(evidence: &Evidence) -> Option<Fact> {
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
    (!pools.is_empty()).then(|| Fact::list(pools))
}

fn of_node(evidence: &Evidence) -> Vec<(&'static str, Fact)> {
    let all = evidence.all::<RenderedConfig>();
    let Some(state) = rendered::state(evidence) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut of = |noted: &Option<Fact>| {
        let noted = noted.as_ref()?;
        let name = noted.as_text()?;
        let config = rendered::of_name(all, name);
        // Those of another pool alone tell nothing.
        let of_pool = all.iter().any(|one| pool(&one.value.name) == pool(name));
        if config.is_none() && of_pool {
            found.push(("machine_config.unknown", noted.clone()));
        }
        config
    };
    let (current, desired) = (of(&state.current), of(&state.desired));
    if let Some(config) = current {
        let arguments = config.value.kernel_arguments.iter();
        let arguments = Fact::texts(arguments.map(String::as_str), &config.origin);
        found.push(("machine_config.kernel_arguments", arguments));
    }
    if let (Some(current), Some(desired)) = (current, desired) {
        let changes = changes(&current.value, &desired.value);
        let changes = Fact::texts(changes.iter().map(String::as_str), &desired.origin);
        found.push(("machine_config.changes", changes));
    }
    found
}

/// `rendered-worker-0a1b` → `rendered-worker`
fn pool(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(pool, _)| pool)
}

fn changes(current: &RenderedConfig, desired: &RenderedConfig) -> Vec<String> {
    let files = |config: &RenderedConfig| -> BTreeMap<String, Vec<u8>> {
        let files = config.files.iter();
        files
            .filter_map(|file| Some((file.path()?.to_owned(), file.bytes.clone())))
            .collect()
    };
    let (before, after) = (files(current), files(desired));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    let others = [
        (
            "arguments of the kernel",
            current.kernel_arguments != desired.kernel_arguments,
        ),
        (
            "image of the operating system",
            current.os_image != desired.os_image,
        ),
    ];
    let others = others.into_iter().filter(|(_, differs)| *differs);
    changed
        .cloned()
        .chain(others.map(|(name, _)| name.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use crate::observed::{MachineConfigState, NodeObject};
    use crate::origin::Origin;
    use crate::source::Source;
    use crate::testing::derive as run;

    fn config(name: &str, text: &str) -> RenderedConfig {
        let file = Entry {
            name: "mc.yaml!/etc/kubernetes/kubelet.conf".into(),
            source: Source::file("/etc/kubernetes/kubelet.conf"),
            bytes: text.as_bytes().to_vec(),
        };
        RenderedConfig {
            name: name.to_owned(),
            files: [file].into(),
            kernel_arguments: [text.to_owned()].into(),
            os_image: None,
        }
    }

    fn told(current: &str, desired: &str) -> Evidence {
        let mut evidence = Evidence::default();
        let origin = Origin::line("nodes.yaml", 4);
        let noted = |name: &str| Some(Fact::text(name, origin.clone()));
        let node = NodeObject {
            name: Some("w1".to_owned()),
            machine_config: MachineConfigState {
                current: noted(current),
                desired: noted(desired),
                ..MachineConfigState::default()
            },
            ..NodeObject::default()
        };
        evidence.push(node, origin.clone());
        for (name, text) in [("rendered-worker-1", "a"), ("rendered-worker-2", "b")] {
            evidence.push(config(name, text), origin.clone());
        }
        run(&mut evidence, &[&DERIVED]);
        evidence
    }

    fn texts(evidence: &Evidence, path: &str) -> Vec<String> {
        let items = evidence.facts.get(path).unwrap().items();
        items
            .iter()
            .map(|one| one.as_text().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn what_the_desired_configuration_changes_is_told() {
        let evidence = told("rendered-worker-1", "rendered-worker-2");
        assert_eq!(
            texts(&evidence, "machine_config.changes"),
            ["/etc/kubernetes/kubelet.conf", "arguments of the kernel"]
        );
        assert_eq!(texts(&evidence, "machine_config.kernel_arguments"), ["a"]);
        assert!(evidence.facts.get("machine_config.unknown").is_none());
        let same = told("rendered-worker-1", "rendered-worker-1");
        assert!(texts(&same, "machine_config.changes").is_empty());
    }

    #[test]
    fn a_configuration_that_nobody_has_is_told_where_others_of_its_pool_are_given() {
        let unknown = |desired| {
            let evidence = told("rendered-worker-1", desired);
            evidence
                .facts
                .text("machine_config.unknown")
                .map(str::to_owned)
        };
        assert_eq!(
            unknown("rendered-worker-9"),
            Some("rendered-worker-9".into())
        );
        assert_eq!(unknown("rendered-infra-9"), None);
    }
}
