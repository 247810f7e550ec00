//! Events of the API as JSON or YAML: those of Node objects and those that a kubelet told.

use crate::claim::best;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::objects::{Object, holds, names_kind, objects};
use crate::observed::NodeEvent;
use crate::parser::Parser;
use crate::source::Source;
use crate::times;
use crate::tree::Node;

pub(super) const PARSER: Parser = Parser {
    name: "node_events",
    kind: "events of the API",
    facts: &[],
    accepts: |entry| {
        let known = matches!(entry.source, Source::Command(_) | Source::Named(_));
        let text = entry.text();
        let named = || names_kind(&text, "Event") || entry.is_command(&["get", "events"]);
        known && named() && holds(&text, &|one| is_event(entry, one)).0
    },
    parse,
};

/// A list that was written without kinds is what the command asks for.
fn is_event(entry: &Entry, object: &Object<'_>) -> bool {
    match object.kind.as_deref() {
        Some(kind) => kind == "Event",
        None => object.listed && entry.is_command(&["get", "events"]),
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let found = objects(&text);
    let own = best(evidence, "bundle.node");
    let own = own.as_ref().and_then(Fact::as_text);
    let wanted = |object: &&Object<'_>| {
        is_event(entry, object) && own.is_none_or(|own| object.text.contains(own))
    };
    for object in found.all.iter().filter(wanted) {
        match object.read() {
            Ok(root) => {
                let told = event(&root, object).filter(|(event, _)| {
                    own.is_none_or(|own| event.node.eq_ignore_ascii_case(own))
                });
                if let Some((event, line)) = told {
                    evidence.push(event, entry.at(line));
                }
            }
            Err(line) => {
                let problem = format!("line {line} is not YAML");
                evidence.gap(entry.name.as_ref(), problem, &[]);
            }
        }
    }
    if let Some(line) = found.cut {
        let problem = format!("it ends within what begins on line {line}");
        evidence.gap(entry.name.as_ref(), problem, &[]);
    }
}

/// The event, and the line that tells most of it; `None` for one that is of no node.
fn event(root: &Node, object: &Object<'_>) -> Option<(NodeEvent, u64)> {
    let text = |paths: &[&str]| {
        let found = paths.iter().find_map(|path| root.at(path)?.scalar());
        found.filter(|text| !text.is_empty())
    };
    let kind = text(&["involvedObject.kind", "regarding.kind"])?;
    let name = text(&["involvedObject.name", "regarding.name"])?;
    let component = text(&[
        "source.component",
        "deprecatedSource.component",
        "reportingComponent",
        "reportingController",
    ]);
    let host = text(&["source.host", "deprecatedSource.host"]);
    let host = host.or_else(|| {
        text(&["reportingInstance"]).filter(|_| component.as_deref() == Some("kubelet"))
    });
    let node = if kind == "Node" { name.clone() } else { host? };
    let message = root.get("message").or_else(|| root.get("note"));
    let time = [
        "series.lastObservedTime",
        "lastTimestamp",
        "deprecatedLastTimestamp",
        "eventTime",
        "firstTimestamp",
        "metadata.creationTimestamp",
    ];
    let count = ["series.count", "count", "deprecatedCount"];
    let count = count.iter().find_map(|path| root.at(path)?.int());
    let line = message.map_or(object.before + 1, |message| object.line(message));
    let event = NodeEvent {
        node,
        kind,
        object: name,
        warning: text(&["type"]).as_deref() == Some("Warning"),
        reason: text(&["reason"]).unwrap_or_default(),
        message: message.and_then(Node::scalar).unwrap_or_default(),
        component: component.unwrap_or_default(),
        time: time
            .iter()
            .find_map(|path| times::printed(&root.at(path)?.scalar()?)),
        count: count
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(1),
        line: quoted(object, line),
    };
    Some((event, line))
}

/// A line of the object as it stands there; nothing where the object has no lines.
fn quoted(object: &Object<'_>, line: u64) -> String {
    let number = line.saturating_sub(object.before + 1);
    let several = object.text.trim_end().contains('\n');
    let line = usize::try_from(number)
        .ok()
        .and_then(|number| object.text.lines().nth(number));
    line.filter(|_| several).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, named};

    const LIST: &str = r#"{
  "apiVersion": "v1",
  "items": [
    {
      "count": 12,
      "involvedObject": {"kind": "Node", "name": "w1"},
      "kind": "Event",
      "lastTimestamp": "2026-11-22T07:48:02Z",
      "message": "System OOM encountered, victim process: java, pid: 4812",
      "reason": "SystemOOM",
      "source": {"component": "kubelet", "host": "w1"},
      "type": "Warning"
    },
    {"kind": "Event", "involvedObject": {"kind": "Pod", "name": "p"}, "reason": "Scheduled",
     "source": {"component": "default-scheduler"}}
  ],
  "kind": "List"
}
"#;

    #[test]
    fn events_of_nodes_are_read_with_the_line_of_their_message() {
        let evidence = named(&PARSER, LIST);
        let [event] = evidence.all::<NodeEvent>() else {
            panic!("{:?}", evidence.all::<NodeEvent>())
        };
        assert_eq!(event.origin.line, Some(9));
        assert!(event.value.line.starts_with("      \"message\": \"System"));
        assert_eq!((event.value.count, event.value.warning), (12, true));
        assert_eq!(
            event.value.time.unwrap().to_rfc3339(),
            "2026-11-22T07:48:02+00:00"
        );
    }

    #[test]
    fn the_newer_form_and_yaml_are_read() {
        let text = "apiVersion: v1\nitems:\n- eventTime: \"2026-11-22T07:48:02.123456Z\"\n  note: Error\n  regarding:\n    kind: Pod\n    name: p\n  reason: FailedCreatePodSandBox\n  reportingController: kubelet\n  reportingInstance: w1\n  series:\n    count: 3\nmetadata: {}\n";
        let evidence = command(&PARSER, "kubectl get events", text);
        let event = &evidence.all::<NodeEvent>()[0];
        assert_eq!((event.value.node.as_str(), event.value.count), ("w1", 3));
        assert_eq!(event.origin.line, Some(4));
    }
}
