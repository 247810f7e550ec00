//! Objects of the API as YAML or JSON: Nodes and `CertificateSigningRequest`s, alone or in lists.

use crate::claim::best;
use crate::cluster::OfNode;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::objects::{Object, holds, names_kind, objects};
use crate::observed::{AllNodes, MachineConfigState, NodeObject, NodeVersion, SigningRequest};
use crate::origin::Origin;
use crate::parse::node_description::runtime;
use crate::parse::node_table::repeat;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;

pub(super) const PARSER: Parser = Parser {
    name: "node_object",
    kind: "object of the API",
    facts: &[],
    accepts: |entry| {
        let known = matches!(
            entry.source,
            Source::Command(_) | Source::Named(_) | Source::Probe(_)
        );
        let asked = || entry.is_command(&["get", "nodes"]) || entry.is_command(&["get", "csr"]);
        let text = entry.text();
        let named = || {
            ["Node", "CertificateSigningRequest"]
                .iter()
                .any(|kind| names_kind(&text, kind))
        };
        let tells = || {
            let (holds, is_cut) = holds(&text, &|one| kind(entry, one).is_some());
            holds || is_cut
        };
        known && (named() || asked()) && tells()
    },
    parse,
};

/// What is read here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Node,
    Request,
}

/// The kind of an object that is read here. A list that was written without kinds is what the command asks for.
fn kind(entry: &Entry, object: &Object<'_>) -> Option<Kind> {
    match object.kind.as_deref() {
        Some("Node") => Some(Kind::Node),
        Some("CertificateSigningRequest") => Some(Kind::Request),
        None if object.listed && entry.is_command(&["get", "nodes"]) => Some(Kind::Node),
        None if object.listed && entry.is_command(&["get", "csr"]) => Some(Kind::Request),
        _ => None,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let found = objects(&text);
    let own = best(evidence, "bundle.node");
    let own = own.as_ref().and_then(Fact::as_text);
    let wanted = |object: &&Object<'_>| {
        let kind = kind(entry, object);
        // The node of this part is known: the others need not be read.
        kind == Some(Kind::Request)
            || kind == Some(Kind::Node) && own.is_none_or(|own| object.text.contains(own))
    };
    let is_node = |object: &&Object<'_>| kind(entry, object) == Some(Kind::Node);
    let alone = found.all.iter().filter(is_node).count() == 1;
    for object in found.all.iter().filter(wanted) {
        let Ok(root) = object
            .read()
            .map_err(|line| not_yaml(entry, line, evidence))
        else {
            continue;
        };
        let name = root.at("metadata.name").and_then(Node::text);
        if !is_node(&object) {
            request(&root, object, entry, evidence);
        } else if own.is_none_or(|own| name.is_some_and(|name| name.eq_ignore_ascii_case(own))) {
            node(&root, object, entry, evidence);
            let at = |node: &Node| entry.at(object.line(node));
            if let Some(info) = root.at("status.nodeInfo") {
                system(info, name, &at, evidence);
            }
            if let (true, Some(name)) = (evidence.is_shared, name) {
                let mut of_node = OfNode {
                    node: name.to_owned(),
                    evidence: Evidence::default(),
                };
                repeat_system(&root, &at, &mut of_node.evidence);
                evidence.push(of_node, at(&root));
            } else if alone || own.is_some() {
                repeat_system(&root, &at, evidence);
            }
        }
    }
    if let Some(line) = found.cut {
        let problem = format!("it ends within what begins on line {line}");
        evidence.gap(entry.name.as_ref(), problem, &["node", "csrs"]);
    } else if found.all.iter().any(|one| one.listed && is_node(&one)) {
        evidence.push(AllNodes, entry.whole());
    }
}

fn not_yaml(entry: &Entry, line: u64, evidence: &mut Evidence) {
    let problem = format!("line {line} is not YAML");
    evidence.gap(entry.name.as_ref(), problem, &["node", "csrs"]);
}

fn node(object: &Node, of: &Object<'_>, entry: &Entry, evidence: &mut Evidence) {
    let name = object
        .at("metadata.name")
        .and_then(Node::text)
        .map(str::to_owned);
    let at = |node: &Node| entry.at(of.line(node));
    let conditions: Vec<Fact> = object
        .at("status.conditions")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .map(|one| condition(one, &at(one)))
        .collect();
    let ready = conditions
        .iter()
        .find(|one| one.field("type").and_then(Fact::as_text) == Some("Ready"));
    let ready = ready.map(|one| Fact {
        value: Value::Bool(one.field("status").and_then(Fact::as_text) == Some("True")),
        origins: one.origins.clone(),
    });
    let taints: Vec<Fact> = object
        .at("spec.taints")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .map(|one| taint(one, at(one)))
        .collect();
    let cordoned = object.at("spec.unschedulable");
    let unschedulable = Fact::new(
        Value::Bool(cordoned.and_then(Node::bool) == Some(true)),
        cordoned.map_or_else(|| at(object), at),
    );
    let origin = at(object);
    evidence.push(
        NodeObject {
            name,
            ready,
            taints: Some(if taints.is_empty() {
                Fact::new(Value::List(taints), origin.clone())
            } else {
                Fact::list(taints)
            }),
            conditions: (!conditions.is_empty()).then(|| Fact::list(conditions)),
            unschedulable: Some(unschedulable),
            addresses: addresses(object),
            machine_config: machine_config(object, &at),
        },
        origin,
    );
}

fn condition(one: &Node, origin: &Origin) -> Fact {
    let fields = ["type", "status", "reason", "message"].map(|key| {
        let text = one.get(key).and_then(Node::scalar);
        (key, text.map(Value::Text))
    });
    Fact::record(fields, origin)
}

fn taint(one: &Node, origin: Origin) -> Fact {
    let text = |key: &str| one.get(key).and_then(Node::scalar).unwrap_or_default();
    let value = text("value");
    let value = if value.is_empty() {
        value
    } else {
        format!("={value}")
    };
    Fact::text(format!("{}{value}:{}", text("key"), text("effect")), origin)
}

fn addresses(object: &Node) -> Vec<String> {
    let addresses = object.at("status.addresses").map(Node::items);
    let addresses = addresses.unwrap_or_default().iter();
    addresses
        .filter_map(|one| one.get("address").and_then(Node::text))
        .map(str::to_owned)
        .collect()
}

fn machine_config(object: &Node, at: &dyn Fn(&Node) -> Origin) -> MachineConfigState {
    let annotations = object.at("metadata.annotations");
    MachineConfigState::of(|key| {
        let pair = annotations?.pair(&format!("{MACHINE_CONFIG}{key}"))?;
        let text = pair.value.text().filter(|text| !text.is_empty())?;
        Some(Fact::text(text, at(&pair.value)))
    })
}

/// What names of annotations of OpenShift's operator of machine configurations begin with.
pub(super) const MACHINE_CONFIG: &str = "machineconfiguration.openshift.io/";

fn system(info: &Node, name: Option<&str>, at: &dyn Fn(&Node) -> Origin, evidence: &mut Evidence) {
    let version = info.get("kubeletVersion");
    if let (Some(node), Some(given)) = (name, version)
        && let Some(Ok(version)) = given.text().map(str::parse)
    {
        let node = node.to_owned();
        evidence.push(NodeVersion { node, version }, at(given));
    }
}

/// What the only node of an entry says of the machine; of several nobody knows yet which is this one.
fn repeat_system(object: &Node, at: &dyn Fn(&Node) -> Origin, evidence: &mut Evidence) {
    let info = object.at("status.nodeInfo").map(Node::pairs);
    for pair in info.unwrap_or_default() {
        let value = pair.value.text().unwrap_or_default();
        let origin = at(&pair.value);
        match pair.key.as_str() {
            "machineID" => repeat(evidence, "host.machine_id", value, origin),
            "kernelVersion" => repeat(evidence, "host.kernel", value, origin),
            "osImage" => repeat(evidence, "host.os", value, origin),
            "containerRuntimeVersion" => runtime(evidence, value, &origin),
            _ => {}
        }
    }
}

fn request(object: &Node, of: &Object<'_>, entry: &Entry, evidence: &mut Evidence) {
    let text = |path: &str| object.at(path).and_then(Node::text).map(str::to_owned);
    let Some(name) = text("metadata.name") else {
        return;
    };
    let kinds: Vec<&str> = object
        .at("status.conditions")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|condition| condition.get("type").and_then(Node::text))
        .collect();
    let state = SigningRequest::state_of(&kinds, text("status.certificate").is_some());
    let request = SigningRequest {
        name,
        requestor: text("spec.username"),
        signer: text("spec.signerName"),
        state,
    };
    evidence.push(request, entry.at(of.line(object)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    #[test]
    fn a_node_in_a_list_is_read() {
        let evidence = named(
            &PARSER,
            "apiVersion: v1\nkind: List\nitems:\n- kind: Node\n  metadata:\n    name: w-1\n  spec:\n    taints:\n    - key: a/b\n      effect: NoSchedule\n  status:\n    conditions:\n    - type: Ready\n      status: \"False\"\n      reason: KubeletNotReady\n    nodeInfo:\n      kubeletVersion: v1.29.3\n",
        );
        let node = &evidence.all::<NodeObject>()[0].value;
        assert_eq!(node.ready.as_ref().unwrap().as_bool(), Some(false));
        assert_eq!(
            node.taints.as_ref().unwrap().items()[0].as_text(),
            Some("a/b:NoSchedule")
        );
        assert_eq!(node.unschedulable.as_ref().unwrap().as_bool(), Some(false));
        assert_eq!(evidence.all::<NodeVersion>().len(), 1);
        assert_eq!(evidence.all::<AllNodes>().len(), 1);
    }

    #[test]
    fn annotations_of_a_node_are_read_with_their_lines() {
        let text = "apiVersion: v1\nkind: Node\nmetadata:\n  name: w1\n  annotations:\n    machineconfiguration.openshift.io/currentConfig: rendered-worker-1\n    machineconfiguration.openshift.io/desiredConfig: rendered-worker-2\n    machineconfiguration.openshift.io/reason: 'unexpected on-disk state'\n    machineconfiguration.openshift.io/state: Degraded\n";
        let state = |text: &str| {
            let evidence = named(&PARSER, text);
            let [node] = evidence.all::<NodeObject>() else {
                panic!("one node")
            };
            node.value.machine_config.clone()
        };
        let degraded = state(text);
        let desired = degraded.desired.as_ref().unwrap();
        assert_eq!(desired.as_text(), Some("rendered-worker-2"));
        assert_eq!(desired.origins[0].line, Some(7));
        let told = |fact: &Option<Fact>| fact.as_ref().unwrap().as_text().unwrap().to_owned();
        assert_eq!(told(&degraded.state), "Degraded");
        assert_eq!(told(&degraded.reason), "unexpected on-disk state");
        let well = state(&text.replace("state: Degraded", "state: Done"));
        assert_eq!(told(&well.state), "Done");
        assert_eq!(well.reason, None);
    }

    #[test]
    fn a_request_without_conditions_is_pending() {
        let evidence = named(
            &PARSER,
            "{\"items\": [{\"kind\": \"CertificateSigningRequest\", \"metadata\": {\"name\": \"csr-1\"}, \"spec\": {\"username\": \"system:bootstrap:abcdef\", \"signerName\": \"kubernetes.io/kube-apiserver-client-kubelet\"}, \"status\": {}}]}",
        );
        let request = &evidence.all::<SigningRequest>()[0].value;
        assert_eq!(
            (request.state.as_str(), request.requestor.as_deref()),
            ("Pending", Some("system:bootstrap:abcdef"))
        );
    }

    #[test]
    fn a_cut_object_is_a_gap() {
        let evidence = named(&PARSER, "{\"kind\": \"Node\", \"metadata\": {\n");
        assert_eq!(evidence.gaps.len(), 1);
    }
}
