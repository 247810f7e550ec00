//! The Node object of this node, and requests for certificates.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::node_names;
use crate::observed::{
    AllNodes, NoNode, NoSigningRequests, NodeObject, NodeVersion, SigningRequest,
};

pub(super) const DERIVED: Derived = Derived {
    name: "node_object",
    after: &[
        "bundle_state",
        "host_identity",
        "kubelet_version",
        "kubelet_settings",
    ],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    node(
        "node.exists",
        Type::Bool,
        "the API server has a Node object of this node",
    ),
    node("node.name", Type::Text, "its name"),
    node("node.ready", Type::Bool, "its Ready condition is True"),
    node("node.taints", Type::Texts, "its taints: key=value:Effect"),
    node("node.unschedulable", Type::Bool, "it is cordoned"),
    node("node.conditions", Type::Records, "its conditions"),
    FactDecl::new("node.conditions[].type", Type::Text, ""),
    FactDecl::new(
        "node.conditions[].status",
        Type::Text,
        "True, False or Unknown",
    ),
    FactDecl::new("node.conditions[].reason", Type::Text, ""),
    FactDecl::new("node.conditions[].message", Type::Text, ""),
    node(
        "node.machine_config.current",
        Type::Text,
        "machine configuration of OpenShift that the node has",
    ),
    node(
        "node.machine_config.desired",
        Type::Text,
        "machine configuration that it shall have",
    ),
    node(
        "node.machine_config.state",
        Type::Text,
        "Done, Working, Degraded or Unreconcilable",
    ),
    node(
        "node.machine_config.reason",
        Type::Text,
        "why it is degraded",
    ),
    FactDecl::new("csrs", Type::Records, "certificate signing requests")
        .needs("certificate signing requests", "kubectl get csr"),
    FactDecl::new("csrs[].name", Type::Text, ""),
    FactDecl::new("csrs[].requestor", Type::Text, "who made it"),
    FactDecl::new("csrs[].signer", Type::Text, "who shall sign it"),
    FactDecl::new(
        "csrs[].state",
        Type::Text,
        "Pending, Approved, Approved,Issued, Denied or Failed",
    ),
];

const fn node(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs("Node object", "kubectl get node NODE -o yaml")
}

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let name = node_names::of(&evidence.facts)
        .next()
        .map(str::to_lowercase);
    let objects = own(evidence, name.as_deref());
    let mut found: Vec<(&str, Fact)> = Vec::new();
    if let Some(first) = objects.first() {
        found.push((
            "node.exists",
            Fact::new(Value::Bool(true), first.origin.clone()),
        ));
        let named = objects
            .iter()
            .find_map(|piece| Some(Fact::text(piece.value.name.clone()?, piece.origin.clone())));
        found.extend(named.map(|fact| ("node.name", fact)));
        for (path, field) in FIELDS {
            found.extend(
                objects
                    .iter()
                    .find_map(|piece| field(&piece.value))
                    .map(|fact| (path, fact.clone())),
            );
        }
    } else if let Some(fact) = absent(evidence, name.as_deref()) {
        found.push(("node.exists", fact));
    }
    found.extend(version(evidence, &objects).map(|fact| ("kubelet.version", fact)));
    let requests: Vec<Fact> = evidence
        .all::<SigningRequest>()
        .iter()
        .map(request)
        .collect();
    let none = evidence.all::<NoSigningRequests>().first();
    if let (Some(piece), true) = (none, requests.is_empty()) {
        found.push((
            "csrs",
            Fact::new(Value::List(Vec::new()), piece.origin.clone()),
        ));
    }
    if !requests.is_empty() {
        found.push(("csrs", Fact::list(requests)));
    }
    for (path, fact) in found {
        evidence.facts.set(path, fact);
    }
}

type Field = fn(&NodeObject) -> Option<&Fact>;

/// Facts that stand in the object as they are.
const FIELDS: [(&str, Field); 8] = [
    ("node.ready", |node| node.ready.as_ref()),
    ("node.taints", |node| node.taints.as_ref()),
    ("node.conditions", |node| node.conditions.as_ref()),
    ("node.unschedulable", |node| node.unschedulable.as_ref()),
    ("node.machine_config.current", |node| {
        node.machine_config.current.as_ref()
    }),
    ("node.machine_config.desired", |node| {
        node.machine_config.desired.as_ref()
    }),
    ("node.machine_config.state", |node| {
        node.machine_config.state.as_ref()
    }),
    ("node.machine_config.reason", |node| {
        node.machine_config.reason.as_ref()
    }),
];

/// Objects of this node: by name, or the only one that was shown.
fn own(evidence: &Evidence, name: Option<&str>) -> Vec<Sourced<NodeObject>> {
    let all = evidence.all::<NodeObject>();
    let mut names: Vec<&str> = all
        .iter()
        .filter_map(|piece| piece.value.name.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    all.iter()
        .filter(|piece| match (&piece.value.name, name) {
            (Some(own), Some(name)) => own.eq_ignore_ascii_case(name),
            (Some(_), None) => names.len() == 1,
            (None, _) => names.len() <= 1,
        })
        .cloned()
        .collect()
}

fn absent(evidence: &Evidence, name: Option<&str>) -> Option<Fact> {
    let told = evidence
        .all::<NoNode>()
        .iter()
        .find(|piece| match (&piece.value.0, name) {
            (Some(missing), Some(name)) => missing.eq_ignore_ascii_case(name),
            _ => true,
        });
    let unlisted = || {
        name.and_then(|_| {
            evidence
                .all::<AllNodes>()
                .first()
                .map(|piece| piece.origin.clone())
        })
    };
    let origin = told.map(|piece| piece.origin.clone()).or_else(unlisted)?;
    Some(Fact::new(Value::Bool(false), origin))
}

/// The version in the Node object, where the kubelet itself told none.
fn version(evidence: &Evidence, objects: &[Sourced<NodeObject>]) -> Option<Fact> {
    if evidence.facts.get("kubelet.version").is_some() {
        return None;
    }
    let known = evidence.all::<NodeVersion>().iter().find(|piece| {
        objects
            .iter()
            .any(|object| object.value.name.as_deref() == Some(&piece.value.node))
    })?;
    Some(Fact::new(
        Value::Version(known.value.version),
        known.origin.clone(),
    ))
}

fn request(piece: &Sourced<SigningRequest>) -> Fact {
    let request = &piece.value;
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    Fact::record(
        [
            ("name", Some(Value::from(request.name.as_str()))),
            ("requestor", text(&request.requestor)),
            ("signer", text(&request.signer)),
            ("state", Some(Value::from(request.state.as_str()))),
        ],
        &piece.origin,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::MachineConfigState;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    fn shown(names: &[&str], own: Option<&str>) -> Evidence {
        let mut evidence = Evidence::default();
        if let Some(own) = own {
            evidence
                .facts
                .set("host.name", Fact::text(own, Origin::entry("hostname.txt")));
        }
        for name in names {
            let origin = Origin::line("nodes.txt", 2);
            let node = NodeObject {
                name: Some((*name).to_owned()),
                ready: Some(Fact::new(Value::Bool(true), origin.clone())),
                ..NodeObject::default()
            };
            evidence.push(node, origin);
        }
        evidence.push(AllNodes, Origin::entry("nodes.txt"));
        run(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn the_node_is_found_by_its_name() {
        let evidence = shown(&["w-1", "w-2"], Some("W-2"));
        assert_eq!(evidence.facts.text("node.name"), Some("w-2"));
        assert_eq!(evidence.facts.bool("node.ready"), Some(true));
    }

    #[test]
    fn only_what_is_noted_of_this_node_counts() {
        let told = |states: &[(&str, &str)]| {
            let mut evidence = Evidence::default();
            let name = Fact::text("w1", Origin::entry("hostname"));
            evidence.facts.set("host.name", name);
            for (node, state) in states {
                let origin = Origin::line("nodes.yaml", 4);
                let node = NodeObject {
                    name: Some((*node).to_owned()),
                    machine_config: MachineConfigState {
                        state: Some(Fact::text(*state, origin.clone())),
                        ..MachineConfigState::default()
                    },
                    ..NodeObject::default()
                };
                evidence.push(node, origin);
            }
            run(&mut evidence, &[&DERIVED]);
            let state = evidence.facts.text("node.machine_config.state");
            state.map(str::to_owned)
        };
        let both = told(&[("w2", "Working"), ("W1", "Degraded")]);
        assert_eq!(both, Some("Degraded".into()));
        assert_eq!(told(&[("w2", "Degraded")]), None);
    }

    #[test]
    fn a_list_without_the_node_says_that_it_is_missing_only_when_its_name_is_known() {
        assert_eq!(
            shown(&["w-1"], Some("w-9")).facts.bool("node.exists"),
            Some(false)
        );
        assert!(
            shown(&["w-1", "w-2"], None)
                .facts
                .get("node.exists")
                .is_none()
        );
        assert_eq!(shown(&["w-1"], None).facts.text("node.name"), Some("w-1"));
    }
}
