//! `analysis.json` of replicatedhq/troubleshoot: what its analyzers found wrong, in the words of their author. Each counts as one line of a log
//! of which no program is known.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::observed::NodeEvent;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

pub(super) const PARSER: Parser = Parser {
    name: "troubleshoot_analysis",
    kind: "findings of troubleshoot",
    facts: &[],
    accepts: |entry| {
        let named = matches!(&entry.source, Source::Named(name) if is_judgement(name));
        named && entry.head().contains("\"insight\"")
    },
    parse,
};

/// Whether an entry of this name holds what somebody's analyzer thought of the node, and nothing that the node said.
pub(crate) fn is_judgement(name: &str) -> bool {
    name.ends_with("analysis.json")
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match yaml::parse_json(&entry.text()) {
        Ok(document) => document.root,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &[]),
    };
    for result in document.items() {
        let severity = result.get("severity").and_then(Node::text);
        if !matches!(severity, Some("error" | "warn")) {
            continue;
        }
        if let Some((event, line)) = event(result) {
            evidence.push(event, entry.at(line));
        }
    }
}

/// A result as an event, and its line; `None` where its author gave it no words, or it is about something else than a node.
fn event(result: &Node) -> Option<(NodeEvent, u64)> {
    let insight = result.get("insight")?;
    let text = |key: &str| insight.get(key).and_then(Node::text).unwrap_or_default();
    let (title, detail) = (text("primary"), text("detail"));
    if title.is_empty() && detail.is_empty() {
        return None;
    }
    let about = |key: &str| {
        let text = result.under(&["involvedObject", key]).and_then(Node::text);
        text.filter(|text| !text.is_empty())
    };
    let node = match (about("kind"), about("name")) {
        (Some("Node"), Some(name)) => name,
        (Some(_), _) => return None,
        _ => "",
    };
    let line = insight
        .get("detail")
        .map_or(insight.line, |detail| detail.line);
    let event = NodeEvent {
        node: node.to_owned(),
        kind: "Node".to_owned(),
        object: node.to_owned(),
        warning: true,
        reason: title.to_owned(),
        message: detail.to_owned(),
        component: String::new(),
        time: None,
        count: 1,
        line: format!("{title}: {detail}"),
    };
    Some((event, line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn read(text: &str) -> Vec<(String, String)> {
        let entry = Entry {
            name: Arc::from("analysis.json"),
            source: Source::Named("analysis.json".into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!((PARSER.accepts)(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let events = evidence.all::<NodeEvent>().iter();
        events
            .map(|event| (event.value.node.clone(), event.value.line.clone()))
            .collect()
    }

    #[test]
    fn what_failed_is_told_in_its_authors_words_and_what_passed_is_not() {
        let text = r#"[
 {"name": "a", "severity": "debug", "insight": {"primary": "CPU", "detail": "enough"}},
 {"name": "b", "severity": "error", "insight": {"primary": "Swap", "detail": "swap is on"}},
 {"name": "c", "severity": "warn", "insight": {"primary": "Node", "detail": "not ready"}, "involvedObject": {"kind": "Node", "name": "w1"}},
 {"name": "d", "severity": "error", "insight": {"primary": "Pod", "detail": "x"}, "involvedObject": {"kind": "Pod", "name": "p"}}
]"#;
        let told = |node: &str, line: &str| (node.to_owned(), line.to_owned());
        assert_eq!(
            read(text),
            [told("", "Swap: swap is on"), told("w1", "Node: not ready")]
        );
    }
}
