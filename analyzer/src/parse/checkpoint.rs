//! Checkpoints of the kubelet's resource managers: with which policy they were written.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// Reads `cpu_manager_state` and `memory_manager_state`.
pub const PARSER: Parser = Parser {
    name: "checkpoint",
    kind: "checkpoint of the kubelet",
    facts: &[],
    accepts,
    parse,
};

/// A checkpoint of one manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose it is.
    pub manager: Manager,
    /// Whether it is JSON with a policy.
    pub parses: bool,
    /// Policy under which it was written; `None` when it cannot be read.
    pub policy: Option<String>,
}

/// A manager that keeps a checkpoint with a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// `cpu_manager_state`.
    Cpu,
    /// `memory_manager_state`.
    Memory,
}

fn manager(path: &str) -> Option<Manager> {
    match path.rsplit('/').next()? {
        "cpu_manager_state" => Some(Manager::Cpu),
        "memory_manager_state" => Some(Manager::Memory),
        _ => None,
    }
}

fn accepts(entry: &Entry) -> bool {
    entry.path().is_some_and(|path| manager(path).is_some())
        || matches!(&entry.source, Source::Named(name) if manager(name).is_some())
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let Some(manager) = manager(entry.path().unwrap_or(&entry.name)) else {
        return;
    };
    let policy = yaml::parse(&entry.text())
        .ok()
        .and_then(|document| document.root.get("policyName").and_then(Node::scalar));
    let checkpoint = Checkpoint {
        manager,
        parses: policy.is_some(),
        policy,
    };
    evidence.push(checkpoint, entry.at(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_and_a_torn_file_is_told() {
        let mut evidence = Evidence::default();
        for text in [
            "{\"policyName\":\"static\",\"checksum\":1}",
            "{\"policyName\":",
        ] {
            let entry = Entry {
                name: "x".into(),
                source: Source::File("/var/lib/kubelet/cpu_manager_state".into()),
                bytes: text.as_bytes().to_vec(),
            };
            assert!(accepts(&entry));
            parse(&entry, &mut evidence);
        }
        let all = evidence.all::<Checkpoint>();
        assert_eq!(all[0].value.policy.as_deref(), Some("static"));
        assert!(!all[1].value.parses);
    }
}
