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
    /// Whether the kubelet can read it: JSON with a policy, and the checksum fits. `None` when the checksum was not checked.
    pub parses: Option<bool>,
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
    let root = yaml::parse(&entry.text())
        .ok()
        .map(|document| document.root);
    let policy = root
        .as_ref()
        .and_then(|root| root.get("policyName").and_then(Node::scalar));
    let parses = match (&policy, &root) {
        (Some(policy), Some(root)) if manager == Manager::Cpu => checksum_fits(policy, root),
        (Some(_), _) => None,
        (None, _) => Some(false),
    };
    let checkpoint = Checkpoint {
        manager,
        parses,
        policy,
    };
    evidence.push(checkpoint, entry.at(1));
}

/// Whether the checksum of a CPU manager's checkpoint without assignments fits; `None` for one with assignments, which is not checked.
///
/// The kubelet hashes the text that Go's dumper makes of the structure; that of the first version has another type of entries.
fn checksum_fits(policy: &str, root: &Node) -> Option<bool> {
    let empty = root
        .get("entries")
        .is_none_or(|entries| entries.pairs().is_empty());
    let stored = root.get("checksum").and_then(Node::int)?;
    let set = root
        .get("defaultCpuSet")
        .map_or_else(String::new, |set| set.scalar().unwrap_or_default());
    let fits = ["map[string]map[string]string", "map[string]string"]
        .iter()
        .any(|entries| {
            let dump = format!(
                "(*state.CPUManagerCheckpoint){{PolicyName:(string){policy} DefaultCPUSet:(string){set} Entries:({entries})map[] Checksum:(checksum.Checksum)0}}"
            );
            i64::from(fnv1a(dump.as_bytes())) == stored
        });
    empty.then_some(fits)
}

fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_and_a_torn_or_edited_file_is_told() {
        let mut evidence = Evidence::default();
        for text in [
            "{\"policyName\":\"none\",\"defaultCpuSet\":\"\",\"checksum\":1353318690}",
            "{\"policyName\":\"static\",\"defaultCpuSet\":\"\",\"checksum\":1353318690}",
            "{\"policyName\":",
            "{\"policyName\":\"static\",\"defaultCpuSet\":\"0\",\"entries\":{\"a\":{\"b\":\"1\"}},\"checksum\":1}",
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
        assert_eq!(all[1].value.policy.as_deref(), Some("static"));
        let parses: Vec<_> = all.iter().map(|one| one.value.parses).collect();
        assert_eq!(parses, [Some(true), Some(false), Some(false), None]);
    }
}
