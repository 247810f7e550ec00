//! Output of `kubectl describe node`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::{NodeObject, NodeVersion};
use crate::origin::Origin;
use crate::parse::node_table::repeat;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "node_description",
    kind: "output of kubectl describe node",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["kubectl", "oc", "k3s"]) && {
            let text = entry.text();
            text.contains("Conditions:") && text.contains("Taints:")
                || text
                    .lines()
                    .any(|line| condition(line, &entry.whole()).is_some())
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut open = Open::default();
    for (line, content) in numbered(&text) {
        let origin = entry.at(line);
        if content.starts_with("Name:") {
            open.close(entry, evidence);
        }
        open.line(content, &origin, evidence);
    }
    open.close(entry, evidence);
}

#[derive(Default)]
struct Open {
    node: NodeObject,
    conditions: Vec<Fact>,
    taints: Option<Vec<Fact>>,
    section: String,
}

impl Open {
    fn line(&mut self, content: &str, origin: &Origin, evidence: &mut Evidence) {
        if let Some(fact) = condition(content, origin) {
            self.conditions.push(fact);
            return;
        }
        if !content.starts_with([' ', '\t'])
            && let Some((key, value)) = content.split_once(':')
        {
            key.clone_into(&mut self.section);
            return self.field(key, value.trim(), origin);
        }
        if self.section == "Taints" {
            self.taint(content.trim(), origin);
        }
        if self.section == "System Info"
            && let Some((key, value)) = content.trim().split_once(':')
        {
            self.system(key, value.trim(), origin, evidence);
        }
    }

    fn field(&mut self, key: &str, value: &str, origin: &Origin) {
        match key {
            "Name" => self.node.name = Some(value.to_owned()),
            "Taints" => {
                self.taints = Some(Vec::new());
                self.taint(value, origin);
            }
            "Unschedulable" => {
                self.node.unschedulable =
                    Some(Fact::new(Value::Bool(value == "true"), origin.clone()));
            }
            _ => {}
        }
    }

    fn taint(&mut self, text: &str, origin: &Origin) {
        if let Some(taints) = &mut self.taints
            && text.contains(':')
        {
            taints.push(Fact::text(text, origin.clone()));
        }
    }

    fn system(&mut self, key: &str, value: &str, origin: &Origin, evidence: &mut Evidence) {
        match key {
            "Machine ID" => repeat(evidence, "host.machine_id", value, origin.clone()),
            "Kernel Version" => repeat(evidence, "host.kernel", value, origin.clone()),
            "OS Image" => repeat(evidence, "host.os", value, origin.clone()),
            "Container Runtime Version" => runtime(evidence, value, origin),
            "Kubelet Version" => {
                if let (Some(node), Ok(version)) = (self.node.name.clone(), value.parse()) {
                    evidence.push(NodeVersion { node, version }, origin.clone());
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, entry: &Entry, evidence: &mut Evidence) {
        let open = std::mem::take(self);
        if open.node.name.is_none() && open.conditions.is_empty() {
            return;
        }
        let ready = open
            .conditions
            .iter()
            .find(|one| one.field("type").and_then(Fact::as_text) == Some("Ready"));
        let ready = ready.map(|one| Fact {
            value: Value::Bool(one.field("status").and_then(Fact::as_text) == Some("True")),
            origins: one.origins.clone(),
        });
        let node = NodeObject {
            ready,
            taints: open.taints.map(|taints| {
                if taints.is_empty() {
                    Fact::new(Value::List(taints), entry.whole())
                } else {
                    Fact::list(taints)
                }
            }),
            conditions: (!open.conditions.is_empty()).then(|| Fact::list(open.conditions)),
            ..open.node
        };
        evidence.push(node, entry.whole());
    }
}

/// `containerd://1.6.20`
pub(crate) fn runtime(evidence: &mut Evidence, value: &str, origin: &Origin) {
    if let Some((kind, version)) = value.split_once("://") {
        let kind = if kind == "cri-o" { "crio" } else { kind };
        repeat(evidence, "runtime.kind", kind, origin.clone());
        repeat(evidence, "runtime.version", version, origin.clone());
    }
}

/// `  Ready   False   Wed, 29 Mar 2017 15:54:04 +0000   Wed, …   KubeletNotReady   message`
fn condition(line: &str, origin: &Origin) -> Option<Fact> {
    let mut words = line.split_whitespace();
    let kind = words.next().filter(|kind| CONDITIONS.contains(kind))?;
    let status = words
        .next()
        .filter(|status| ["True", "False", "Unknown"].contains(status))?;
    let rest: Vec<&str> = words.collect();
    // Two times of six words each stand between; `<unknown>` is one word.
    let reason = rest.iter().position(|word| {
        word.len() > 3
            && word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !is_zone(word)
    });
    let text = |text: &str| Some(Value::from(text));
    let reason_word = reason
        .and_then(|at| rest.get(at))
        .copied()
        .unwrap_or_default();
    let message = reason
        .and_then(|at| rest.get(at + 1..))
        .unwrap_or_default()
        .join(" ");
    Some(Fact::record(
        [
            ("type", text(kind)),
            ("status", text(status)),
            ("reason", text(reason_word)),
            ("message", text(&message)),
        ],
        origin,
    ))
}

/// Zones are upper case: `CEST`.
fn is_zone(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_uppercase())
}

const CONDITIONS: &[&str] = &[
    "Ready",
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "OutOfDisk",
    "NetworkUnavailable",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    const TEXT: &str = "\
Name:               w-1
Taints:             node.kubernetes.io/not-ready:NoExecute
                    node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule
Unschedulable:      false
Conditions:
  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason                       Message
  ----             ------  -----------------                 ------------------                ------                       -------
  MemoryPressure   False   Sun, 22 Nov 2026 07:48:02 +0000   Sun, 22 Nov 2026 07:40:00 +0000   KubeletHasSufficientMemory   kubelet has sufficient memory available
  Ready            False   Sun, 22 Nov 2026 07:48:02 +0000   Sun, 22 Nov 2026 07:40:00 +0000   KubeletNotReady              cni plugin not initialized
System Info:
  Machine ID:                 547a60a042ba611e6192cb4fde2d9fd9
  Kubelet Version:            v1.29.3
  Container Runtime Version:  containerd://1.6.20
";

    #[test]
    fn a_description_is_read() {
        let evidence = named(&PARSER, TEXT);
        let node = &evidence.all::<NodeObject>()[0].value;
        assert_eq!(node.ready.as_ref().unwrap().as_bool(), Some(false));
        assert_eq!(node.ready.as_ref().unwrap().origins[0].line, Some(9));
        assert_eq!(node.taints.as_ref().unwrap().items().len(), 2);
        let ready = &node.conditions.as_ref().unwrap().items()[1];
        assert_eq!(
            ready.field("reason").unwrap().as_text(),
            Some("KubeletNotReady")
        );
        assert_eq!(
            ready.field("message").unwrap().as_text(),
            Some("cni plugin not initialized")
        );
        assert_eq!(
            crate::testing::claimed_text(&evidence, "runtime.kind"),
            "containerd"
        );
    }

    #[test]
    fn one_pasted_condition_is_enough() {
        let evidence = named(
            &PARSER,
            "  DiskPressure \tTrue \tTue, 18 Oct 2016 02:09:49 -0400 \tTue, 18 Oct 2016 02:05:38 -0400 \tKubeletHasDiskPressure \tkubelet has disk pressure\n",
        );
        let node = &evidence.all::<NodeObject>()[0].value;
        assert!(node.ready.is_none());
        assert_eq!(
            node.conditions.as_ref().unwrap().items()[0]
                .field("status")
                .unwrap()
                .as_text(),
            Some("True")
        );
    }
}
