//! `probes/node.json` of our own bundle: what the API server answered to the node's own credential.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::json::Document;
use crate::observed::{MachineConfigState, NoNode, NodeObject, NodeVersion, SigningRequest};
use crate::origin::Origin;
use crate::parse::node_object::MACHINE_CONFIG;
use crate::parser::Parser;
use crate::source::Source;
use crate::times;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "node_probe",
    kind: "answers of the API server",
    facts: FACTS,
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "node"),
    parse,
};

const fn asked(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "questions to the API server with the node's credential",
        "kubectl --kubeconfig /etc/kubernetes/kubelet.conf auth whoami",
    )
}

const FACTS: &[FactDecl] = &[
    asked(
        "api.kubeconfig",
        Type::Text,
        "kubeconfig whose credential was used to ask",
    ),
    asked(
        "api.bootstrap",
        Type::Bool,
        "it is the one that the kubelet bootstraps with",
    ),
    asked(
        "api.user",
        Type::Text,
        "user that the API server takes the credential for",
    ),
    asked("api.groups", Type::Texts, "groups of that user"),
    asked(
        "api.status",
        Type::Int,
        "HTTP status of the request for this node's own Node object",
    ),
    asked(
        "api.reason",
        Type::Text,
        "reason that the API server gives with a status other than 200",
    ),
    asked(
        "api.denied",
        Type::Texts,
        "what the user may not do of what a kubelet must: verb resource, as in `create nodes`",
    ),
    asked(
        "api.cluster_settings",
        Type::Records,
        "settings in kubelet-config and kubeadm-config of the cluster",
    ),
    FactDecl::new("api.cluster_settings[].name", Type::Text, "key"),
    FactDecl::new("api.cluster_settings[].value", Type::Text, ""),
    asked("node.uid", Type::Text, "uid of the Node object"),
    asked(
        "node.system_uuid",
        Type::Text,
        "system UUID of the machine that registered",
    ),
    asked(
        "node.machine_id",
        Type::Text,
        "machine id of the machine that registered",
    ),
    asked(
        "node.lease_renewed",
        Type::Time,
        "time at which the node's lease was renewed last",
    ),
    asked(
        "node.csi_drivers",
        Type::Texts,
        "drivers in the CSINode object",
    ),
    asked(
        "node.pods",
        Type::Records,
        "pods of network and storage on this node",
    ),
    FactDecl::new("node.pods[].namespace", Type::Text, ""),
    FactDecl::new("node.pods[].name", Type::Text, ""),
    FactDecl::new(
        "node.pods[].ready",
        Type::Text,
        "ready containers of all: 0/1",
    ),
    FactDecl::new(
        "node.pods[].status",
        Type::Text,
        "Running, Pending, CrashLoopBackOff, …",
    ),
];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(entry.name.as_ref(), problem, &["api", "node", "csrs"]);
        }
    };
    let at = |key: &str| {
        let line = Document::key_line(&text, key);
        line.map_or_else(|| entry.whole(), |line| entry.at(line))
    };
    let head = |key: &str| document.value.get(key);
    if let Some(path) = head("kubeconfig").and_then(Json::as_str) {
        evidence
            .facts
            .set("api.kubeconfig", Fact::text(path, at("kubeconfig")));
    }
    if let Some(bootstrap) = head("bootstrap").and_then(Json::as_bool) {
        let fact = Fact::new(Value::Bool(bootstrap), at("bootstrap"));
        evidence.facts.set("api.bootstrap", fact);
    }
    let name = head("node_name").and_then(Json::as_str);
    let mut answers = Answers {
        name,
        denied: Vec::new(),
        reviewed: None,
        settings: Vec::new(),
        evidence,
    };
    for (line, request) in document.items("requests") {
        let origin = Origin {
            line,
            ..entry.whole()
        };
        answers.read(request, &origin);
    }
    answers.finish();
}

/// What all answers together tell.
struct Answers<'a> {
    name: Option<&'a str>,
    denied: Vec<Fact>,
    reviewed: Option<Origin>,
    settings: Vec<Fact>,
    evidence: &'a mut Evidence,
}

impl Answers<'_> {
    fn read(&mut self, request: &Json, origin: &Origin) {
        let question = request.get("question").and_then(Json::as_str);
        let status = request.get("status").and_then(Json::as_i64);
        let answer = request.get("answer").unwrap_or(&Json::Null);
        match question.unwrap_or_default() {
            "self" => {
                self.text("api.user", answer.get("username"), origin);
                self.texts("api.groups", answer.get("groups"), origin);
            }
            "node" => self.node(request, status, origin),
            "lease" => {
                let renewed = answer.get("renewTime").and_then(Json::as_str);
                if let Some(time) = renewed.and_then(times::printed) {
                    self.set(
                        "node.lease_renewed",
                        Fact::new(Value::Time(time), origin.clone()),
                    );
                }
            }
            "access" => self.review(request, origin),
            "csinode" => self.texts("node.csi_drivers", answer.get("drivers"), origin),
            "csrs" => self.requests(answer, origin),
            "kubelet-config" | "kubeadm-config" => self.settings(answer, origin),
            "pods" => self.pods(answer, origin),
            _ => {}
        }
    }

    fn set(&mut self, path: &str, fact: Fact) {
        self.evidence.facts.set(path, fact);
    }

    fn text(&mut self, path: &str, value: Option<&Json>, origin: &Origin) {
        if let Some(text) = value.and_then(Json::as_str) {
            self.set(path, Fact::text(text, origin.clone()));
        }
    }

    fn texts(&mut self, path: &str, value: Option<&Json>, origin: &Origin) {
        if let Some(items) = value.and_then(Json::as_array) {
            let items = items.iter().filter_map(Json::as_str);
            self.set(path, Fact::texts(items, origin));
        }
    }

    fn node(&mut self, request: &Json, status: Option<i64>, origin: &Origin) {
        let Some(status) = status else {
            return;
        };
        self.set("api.status", Fact::new(Value::Int(status), origin.clone()));
        self.text("api.reason", request.get("reason"), origin);
        if status == 404 {
            let name = self.name.map(str::to_owned);
            self.evidence.push(NoNode(name), origin.clone());
        }
        let Some(node) = request.get("answer") else {
            return;
        };
        self.text("node.uid", node.get("uid"), origin);
        self.text(
            "node.system_uuid",
            node.pointer("/nodeInfo/systemUUID"),
            origin,
        );
        self.text(
            "node.machine_id",
            node.pointer("/nodeInfo/machineID"),
            origin,
        );
        let version = node
            .pointer("/nodeInfo/kubeletVersion")
            .and_then(Json::as_str);
        let version = version.and_then(|version| version.parse().ok());
        if let (Some(name), Some(version)) = (self.name, version) {
            let node = name.to_owned();
            self.evidence
                .push(NodeVersion { node, version }, origin.clone());
        }
        self.evidence.push(object(node, origin), origin.clone());
    }

    fn review(&mut self, request: &Json, origin: &Origin) {
        let Some(allowed) = request.pointer("/answer/allowed").and_then(Json::as_bool) else {
            return;
        };
        self.reviewed.get_or_insert_with(|| origin.clone());
        let attribute = |key: &str| request.get("attributes")?.get(key)?.as_str();
        let (Some(verb), Some(resource)) = (attribute("verb"), attribute("resource")) else {
            return;
        };
        let part = attribute("subresource").map(|part| format!("/{part}"));
        let part = part.unwrap_or_default();
        if !allowed {
            let denied = format!("{verb} {resource}{part}");
            self.denied.push(Fact::text(denied, origin.clone()));
        }
    }

    fn requests(&mut self, answer: &Json, origin: &Origin) {
        let requests = answer.get("requests").and_then(Json::as_array);
        for request in requests.into_iter().flatten() {
            let text = |key: &str| request.get(key).and_then(Json::as_str).map(str::to_owned);
            let Some(name) = text("name") else {
                continue;
            };
            let kinds = request.get("conditions").and_then(Json::as_array);
            let kinds: Vec<&str> = kinds
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let issued = request.get("issued").and_then(Json::as_bool) == Some(true);
            let request = SigningRequest {
                name,
                requestor: text("username"),
                signer: text("signer"),
                state: SigningRequest::state_of(&kinds, issued),
            };
            self.evidence.push(request, origin.clone());
        }
    }

    fn settings(&mut self, answer: &Json, origin: &Origin) {
        let settings = answer.get("settings").and_then(Json::as_object);
        for (name, value) in settings.into_iter().flatten() {
            let fields = [
                ("name", Some(Value::from(name.as_str()))),
                ("value", value.as_str().map(Value::from)),
            ];
            self.settings.push(Fact::record(fields, origin));
        }
    }

    fn pods(&mut self, answer: &Json, origin: &Origin) {
        let Some(pods) = answer.get("pods").and_then(Json::as_array) else {
            return;
        };
        let pods = pods.iter().map(|pod| {
            let fields = ["namespace", "name", "ready", "status"];
            let fields =
                fields.map(|key| (key, pod.get(key).and_then(Json::as_str).map(Value::from)));
            Fact::record(fields, origin)
        });
        let pods = Fact::list_at(pods.collect(), origin);
        self.set("node.pods", pods);
    }

    fn finish(mut self) {
        if let Some(origin) = self.reviewed.take() {
            let denied = Fact::list_at(std::mem::take(&mut self.denied), &origin);
            self.set("api.denied", denied);
        }
        if !self.settings.is_empty() {
            let settings = Fact::list(std::mem::take(&mut self.settings));
            self.set("api.cluster_settings", settings);
        }
    }
}

fn object(node: &Json, origin: &Origin) -> NodeObject {
    let list = |key: &str| node.get(key).and_then(Json::as_array);
    let field =
        |one: &Json, key: &'static str| one.get(key).and_then(Json::as_str).map(str::to_owned);
    let conditions = list("conditions").into_iter().flatten().map(|one| {
        let fields = ["type", "status", "reason", "message"];
        Fact::record(
            fields.map(|key| (key, field(one, key).map(Value::Text))),
            origin,
        )
    });
    let conditions: Vec<Fact> = conditions.collect();
    let ready = conditions
        .iter()
        .find(|one| one.field("type").and_then(Fact::as_text) == Some("Ready"))
        .and_then(|one| one.field("status").and_then(Fact::as_text));
    let ready = ready.map(|status| Fact::new(Value::Bool(status == "True"), origin.clone()));
    let taints = list("taints").into_iter().flatten().map(|one| {
        let text = |key| field(one, key).unwrap_or_default();
        let value = field(one, "value").filter(|value| !value.is_empty());
        let value = value.map(|value| format!("={value}")).unwrap_or_default();
        format!("{}{value}:{}", text("key"), text("effect"))
    });
    let cordoned = node.get("unschedulable").and_then(Json::as_bool);
    NodeObject {
        name: field(node, "name"),
        ready,
        taints: Some(Fact::texts(taints, origin)),
        conditions: (!conditions.is_empty()).then(|| Fact::list(conditions)),
        unschedulable: Some(Fact::new(
            Value::Bool(cordoned == Some(true)),
            origin.clone(),
        )),
        machine_config: MachineConfigState::of(|key| {
            let text = node
                .get("annotations")?
                .get(format!("{MACHINE_CONFIG}{key}"))?;
            let text = text.as_str().filter(|text| !text.is_empty())?;
            Some(Fact::text(text, origin.clone()))
        }),
        ..NodeObject::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::probe;

    const ANSWERS: &str = r#"{
 "bootstrap": false,
 "kubeconfig": "/etc/kubernetes/kubelet.conf",
 "node_name": "worker-1",
 "requests": [
  {"question":"self","status":201,"answer":{"username":"system:node:worker-1","groups":["system:nodes"]}},
  {"question":"node","status":200,"answer":{"name":"worker-1","uid":"u","taints":[{"key":"a","effect":"NoSchedule"}],"conditions":[{"type":"Ready","status":"False","reason":"KubeletNotReady"}],"nodeInfo":{"systemUUID":"s","kubeletVersion":"v1.33.1"},"annotations":{"machineconfiguration.openshift.io/desiredConfig":"rendered-worker-2"}}},
  {"question":"lease","status":200,"answer":{"renewTime":"2026-01-01T00:00:00.000000Z"}},
  {"question":"access","status":201,"attributes":{"verb":"create","resource":"nodes"},"answer":{"allowed":true}},
  {"question":"access","status":201,"attributes":{"verb":"patch","resource":"nodes","subresource":"status"},"answer":{"allowed":false}},
  {"question":"csrs","status":200,"answer":{"requests":[{"name":"csr-1","conditions":[],"issued":false}]}},
  {"question":"kubelet-config","status":200,"answer":{"settings":{"cgroupDriver":"systemd"}}},
  {"question":"pods","status":200,"answer":{"pods":[{"namespace":"kube-system","name":"calico-node-x","ready":"0/1","status":"CrashLoopBackOff"}]}}
 ]
}"#;

    #[test]
    fn every_answer_becomes_facts_with_its_line() {
        let evidence = probe(&PARSER, "node", ANSWERS);
        let facts = &evidence.facts;
        assert_eq!(facts.text("api.user"), Some("system:node:worker-1"));
        assert_eq!(facts.int("api.status"), Some(200));
        let denied = facts.get("api.denied").unwrap();
        assert_eq!(denied.items()[0].as_text(), Some("patch nodes/status"));
        assert_eq!(denied.origins[0].line, Some(10));
        assert!(matches!(
            facts.get("node.lease_renewed").unwrap().value,
            Value::Time(_)
        ));
        let pods = facts.get("node.pods").unwrap().items();
        assert_eq!(
            pods[0].field("status").unwrap().as_text(),
            Some("CrashLoopBackOff")
        );
        let node = &evidence.all::<NodeObject>()[0];
        assert_eq!(node.value.ready.as_ref().unwrap().as_bool(), Some(false));
        assert_eq!(node.origin.line, Some(7));
        let desired = node.value.machine_config.desired.as_ref();
        assert_eq!(desired.unwrap().as_text(), Some("rendered-worker-2"));
        assert_eq!(evidence.all::<SigningRequest>()[0].value.state, "Pending");
    }

    #[test]
    fn a_node_that_the_server_does_not_have_is_absent_and_a_refusal_is_not() {
        let text = |status: u16| {
            format!(
                "{{\"node_name\":\"w\",\"requests\": [\n{{\"question\":\"node\",\"status\":{status},\"reason\":\"X\"}}]}}"
            )
        };
        let absent = probe(&PARSER, "node", &text(404));
        assert_eq!(
            absent.all::<NoNode>()[0].value,
            NoNode(Some("w".to_owned()))
        );
        for status in [401, 403] {
            let refused = probe(&PARSER, "node", &text(status));
            assert!(refused.all::<NoNode>().is_empty());
            assert_eq!(refused.facts.int("api.status"), Some(i64::from(status)));
            assert_eq!(refused.facts.text("api.reason"), Some("X"));
        }
    }
}
