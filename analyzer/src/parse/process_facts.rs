//! `facts/processes.json` of our own bundle.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{AllProcesses, Process};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "process_facts",
    kind: "list of processes",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "processes"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(
                entry.name.as_ref(),
                problem,
                &["host.processes", "kubelet.running"],
            );
        }
    };
    for (line, item) in document.items("processes") {
        let Some(process) = process(item) else {
            continue;
        };
        if process.pid == 1 {
            evidence.push(AllProcesses, entry.whole());
        }
        evidence.push(
            process,
            Origin {
                line,
                ..entry.whole()
            },
        );
    }
}

fn process(item: &Value) -> Option<Process> {
    let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let argv = item.get("argv").and_then(Value::as_array).map(|items| {
        items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    });
    Some(Process {
        pid: item.get("pid")?.as_i64()?,
        name: text("comm"),
        argv,
        unit: text("unit"),
        environment: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn arguments_are_those_the_collector_took() {
        let text = "{\"processes\":[\n{\"pid\":1,\"comm\":\"systemd\"},\n{\"pid\":66,\"comm\":\"kubelet\",\"unit\":\"kubelet.service\",\"argv\":[\"/usr/bin/kubelet\",\"--v=2\"]}\n]}";
        let entry = Entry {
            name: Arc::from("facts/processes.json"),
            source: Source::Facts("processes".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        let list = evidence.all::<Process>();
        assert_eq!(list[0].value.argv, None);
        assert_eq!(list[1].value.argv.as_ref().unwrap().len(), 2);
        assert_eq!(list[1].origin.line, Some(3));
        assert_eq!(evidence.all::<AllProcesses>().len(), 1);
    }
}
