//! Output of `kubectl get nodes`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::{AllNodes, NoNode, NodeObject};
use crate::origin::Origin;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "node_table",
    kind: "table of nodes",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["kubectl", "oc", "k3s"]) && {
            let head = entry.head();
            head.lines()
                .any(|line| header(line) || not_found(line).is_some() || row(line).is_some())
                || entry.is_command(&["get", "nodes"]) && head.contains("No resources found")
        }
    },
    parse,
};

fn header(line: &str) -> bool {
    line.split_whitespace().take(2).eq(["NAME", "STATUS"]) && line.contains("VERSION")
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut whole = false;
    for (line, content) in numbered(&text) {
        let origin = entry.at(line);
        if let Some(name) = not_found(content) {
            evidence.push(NoNode(Some(name.to_owned())), origin);
        } else if content.starts_with("No resources found") {
            evidence.push(NoNode(None), origin);
        } else if header(content) {
            whole = true;
        } else if let Some((node, version)) = row(content) {
            let object = object(node, content, &origin);
            evidence.push(object, origin.clone());
            if let Ok(version) = version.parse() {
                evidence.push(
                    crate::observed::NodeVersion {
                        node: node.to_owned(),
                        version,
                    },
                    origin,
                );
            }
        }
    }
    if whole && entry.is_command(&["get", "nodes"]) {
        evidence.push(AllNodes, entry.whole());
    }
}

/// `Error from server (NotFound): nodes "worker-1" not found`
fn not_found(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("(NotFound): nodes \"")?;
    rest.split('"').next()
}

/// Name and version of a row; the status stands second, the version is the first word that looks like one.
fn row(line: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, status, ..] = words.as_slice() else {
        return None;
    };
    let known = status
        .split(',')
        .all(|part| ["Ready", "NotReady", "SchedulingDisabled", "Unknown"].contains(&part));
    let version = words.iter().find(|word| {
        let digits = word.strip_prefix('v').unwrap_or_default();
        digits.starts_with(|first: char| first.is_ascii_digit()) && digits.contains('.')
    })?;
    known.then_some((*name, *version))
}

fn object(name: &str, line: &str, origin: &Origin) -> NodeObject {
    let status = line.split_whitespace().nth(1).unwrap_or_default();
    let has = |word: &str| {
        Some(Fact::new(
            Value::Bool(status.split(',').any(|part| part == word)),
            origin.clone(),
        ))
    };
    NodeObject {
        name: Some(name.to_owned()),
        ready: has("Ready"),
        unschedulable: has("SchedulingDisabled"),
        ..NodeObject::default()
    }
}

/// Notes what a Node object repeats of the node itself.
pub(crate) fn repeat(evidence: &mut Evidence, path: &'static str, value: &str, origin: Origin) {
    if !value.is_empty() && value != "<unknown>" && value != "<none>" {
        claim(evidence, path, Witness::Hearsay, value, origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, named};

    #[test]
    fn each_row_is_a_node() {
        let evidence = command(
            &PARSER,
            "kubectl get nodes",
            "NAME   STATUS                        ROLES    AGE   VERSION\ncp-1   Ready                         control-plane   2d    v1.29.3\nw-1    NotReady,SchedulingDisabled   <none>   2d    v1.29.3\n",
        );
        let nodes = evidence.all::<NodeObject>();
        assert_eq!(nodes.len(), 2);
        assert_eq!(
            nodes[1].value.ready.as_ref().unwrap().as_bool(),
            Some(false)
        );
        assert_eq!(
            nodes[1].value.unschedulable.as_ref().unwrap().as_bool(),
            Some(true)
        );
        assert_eq!(evidence.all::<AllNodes>().len(), 1);
    }

    #[test]
    fn an_answer_without_the_node_is_an_answer() {
        let evidence = named(
            &PARSER,
            "Error from server (NotFound): nodes \"w-1\" not found\n",
        );
        assert_eq!(evidence.all::<NoNode>()[0].value.0.as_deref(), Some("w-1"));
        let row = named(
            &PARSER,
            "ip-10-0-71-28.ec2.internal    Ready                      2h        v1.5.6+coreos.0\n",
        );
        assert_eq!(row.all::<NodeObject>().len(), 1);
        assert!(row.all::<AllNodes>().is_empty());
    }
}
