//! crictl's configuration: which socket a person on the node would ask.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// Reads crictl's configuration.
pub const PARSER: Parser = Parser {
    name: "crictl_config",
    kind: "crictl configuration",
    facts: &[],
    accepts,
    parse,
};

/// The endpoint in `crictl.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrictlConfig {
    /// `unix:///run/containerd/containerd.sock`; `None` when it names none.
    pub runtime_endpoint: Option<String>,
}

fn accepts(entry: &Entry) -> bool {
    matches!(&entry.source, Source::File(path) if path.ends_with("/crictl.yaml"))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    match yaml::parse(&entry.text()) {
        Ok(document) => {
            let endpoint = document.root.get("runtime-endpoint");
            let origin = endpoint.map_or_else(|| entry.whole(), |node| entry.at(node.line));
            let config = CrictlConfig {
                runtime_endpoint: endpoint.and_then(Node::text).map(str::to_owned),
            };
            evidence.push(config, origin);
        }
        Err(error) => evidence.gap(entry.name.to_string(), error.to_string(), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_has_its_line() {
        let entry = Entry {
            name: "crictl.yaml".into(),
            source: Source::File("/etc/crictl.yaml".into()),
            bytes: b"timeout: 2\nruntime-endpoint: unix:///run/x.sock\n".to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let piece = &evidence.all::<CrictlConfig>()[0];
        assert_eq!(
            piece.value.runtime_endpoint.as_deref(),
            Some("unix:///run/x.sock")
        );
        assert_eq!(piece.origin.line, Some(2));
    }
}
