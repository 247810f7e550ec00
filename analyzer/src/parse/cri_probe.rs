//! `probes/cri.json` of our own bundle: sockets of container runtimes.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::RuntimeSocket;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "cri_probe",
    kind: "probe of container runtimes",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "cri"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["runtime"]),
    };
    for (line, item) in document.items("sockets") {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        let exists = item.get("exists").and_then(Value::as_bool);
        if let (Some(path), Some(exists)) = (text("path"), exists) {
            let socket = RuntimeSocket {
                path,
                exists,
                connect: text("connect"),
            };
            evidence.push(
                socket,
                Origin {
                    line,
                    ..entry.whole()
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn sockets_are_read() {
        let entry = Entry {
            name: Arc::from("probes/cri.json"),
            source: Source::Probe("cri".into()),
            bytes: b"{\"sockets\":[\n{\"path\":\"/run/containerd/containerd.sock\",\"exists\":true,\"connect\":\"refused\"}\n]}".to_vec(),
        };
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        let socket = &evidence.all::<RuntimeSocket>()[0];
        assert_eq!(
            (socket.value.connect.as_deref(), socket.origin.line),
            (Some("refused"), Some(2))
        );
    }
}
