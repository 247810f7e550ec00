//! CRI-O's configuration: `/etc/crio/crio.conf` and its drop-ins.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::toml::{self, TomlError};
use crate::tree::Node;

/// Reads CRI-O's configuration.
pub const PARSER: Parser = Parser {
    name: "crio_config",
    kind: "CRI-O configuration",
    facts: &[],
    accepts,
    parse,
};

/// A configuration file of CRI-O, readable or not. Files are read in the order of their names; later ones win.
#[derive(Debug, Clone, PartialEq)]
pub struct CrioConfig {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// Its content, or where it stops being TOML.
    pub content: Result<Node, TomlError>,
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => {
            path == "/etc/crio/crio.conf" || path.starts_with("/etc/crio/crio.conf.d/")
        }
        Source::Command(command) => command.starts_with("crio config"),
        Source::Named(_) => entry
            .text()
            .lines()
            .any(|line| matches!(line.trim(), "[crio]" | "[crio.runtime]" | "[crio.network]")),
        _ => false,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let content = toml::parse(&entry.text());
    if let Err(error) = content {
        let facts = ["runtime.cgroup_driver"];
        evidence.gap(entry.name.to_string(), error.to_string(), &facts);
    }
    let config = CrioConfig {
        path: entry.path().map(str::to_owned),
        content,
    };
    evidence.push(config, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_in_is_read_and_a_broken_one_is_a_gap() {
        let mut evidence = Evidence::default();
        for text in ["[crio.runtime]\ncgroup_manager = \"cgroupfs\"\n", "[crio\n"] {
            let entry = Entry {
                name: "x".into(),
                source: Source::File("/etc/crio/crio.conf.d/10-x.conf".into()),
                bytes: text.as_bytes().to_vec(),
            };
            assert!(accepts(&entry));
            parse(&entry, &mut evidence);
        }
        let first = &evidence.all::<CrioConfig>()[0].value.content;
        let manager = first.as_ref().unwrap().at("crio.runtime.cgroup_manager");
        assert_eq!(manager.and_then(Node::text), Some("cgroupfs"));
        assert_eq!(evidence.gaps[0].problem, "line 1 is not TOML");
    }
}
