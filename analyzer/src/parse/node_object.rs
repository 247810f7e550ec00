//! Objects of the API as YAML or JSON: Nodes and `CertificateSigningRequest`s, alone or in lists.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::{AllNodes, NodeObject, NodeVersion, SigningRequest};
use crate::origin::Origin;
use crate::parse::node_description::runtime;
use crate::parse::node_table::repeat;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

pub(super) const PARSER: Parser = Parser {
    name: "node_object",
    kind: "object of the API",
    facts: &[],
    accepts: |entry| {
        matches!(
            entry.source,
            Source::Command(_) | Source::Named(_) | Source::Probe(_)
        ) && {
            let text = entry.text();
            [
                "Node",
                "NodeList",
                "CertificateSigningRequest",
                "CertificateSigningRequestList",
            ]
            .iter()
            .any(|kind| {
                text.contains(&format!("kind: {kind}\n"))
                    || text.contains(&format!("\"kind\": \"{kind}\""))
                    || text.contains(&format!("\"kind\":\"{kind}\""))
            })
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match yaml::parse(&entry.text()) {
        Ok(document) => document,
        Err(error) => {
            let problem = error.line().map_or_else(
                || "it is not YAML".to_owned(),
                |line| format!("line {line} is not YAML"),
            );
            return evidence.gap(entry.name.as_ref(), problem, &["node", "csrs"]);
        }
    };
    let items = document.root.get("items");
    let mut nodes = 0_u32;
    for object in items.map_or(std::slice::from_ref(&document.root), Node::items) {
        match object.get("kind").and_then(Node::text) {
            Some("Node") => {
                nodes += 1;
                node(object, entry, evidence);
            }
            Some("CertificateSigningRequest") => request(object, entry, evidence),
            _ => {}
        }
    }
    if items.is_some() && nodes > 0 {
        evidence.push(AllNodes, entry.whole());
    }
}

fn node(object: &Node, entry: &Entry, evidence: &mut Evidence) {
    let name = object
        .at("metadata.name")
        .and_then(Node::text)
        .map(str::to_owned);
    let at = |node: &Node| entry.at(node.line);
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
    if let Some(info) = object.at("status.nodeInfo") {
        system(info, name.as_deref(), entry, evidence);
    }
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

fn system(info: &Node, name: Option<&str>, entry: &Entry, evidence: &mut Evidence) {
    for pair in info.pairs() {
        let value = pair.value.text().unwrap_or_default();
        let origin = entry.at(pair.line);
        match pair.key.as_str() {
            "machineID" => repeat(evidence, "host.machine_id", value, origin),
            "kernelVersion" => repeat(evidence, "host.kernel", value, origin),
            "osImage" => repeat(evidence, "host.os", value, origin),
            "containerRuntimeVersion" => runtime(evidence, value, &origin),
            "kubeletVersion" => {
                if let (Some(node), Ok(version)) = (name, value.parse()) {
                    evidence.push(
                        NodeVersion {
                            node: node.to_owned(),
                            version,
                        },
                        origin,
                    );
                }
            }
            _ => {}
        }
    }
}

fn request(object: &Node, entry: &Entry, evidence: &mut Evidence) {
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
    evidence.push(request, entry.at(object.line));
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
