//! The kubelet's program and its checkpoints.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::Kubelet;
use crate::origin::Origin;
use crate::parse::checkpoint::{Checkpoint, Manager};
use crate::parse::program_file::ProgramFile;
use crate::presence;
use crate::programs;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_files",
    after: &["kubelet_flags"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new("kubelet.binary.path", Type::Text, "program of the kubelet").needs(
        "command line of the kubelet or its unit file",
        "systemctl cat kubelet",
    ),
    FactDecl::new("kubelet.binary.exists", Type::Bool, "that program exists")
        .needs("listing of its folder", "ls -la $(command -v kubelet)"),
    FactDecl::new(
        "kubelet.binary.executable",
        Type::Bool,
        "that program may be executed",
    )
    .needs("listing of its folder", "ls -la $(command -v kubelet)"),
    FactDecl::new(
        "kubelet.binary.is_elf",
        Type::Bool,
        "that program begins like one for Linux",
    )
    .needs(
        "the first bytes of the program",
        "head -c 4 $(command -v kubelet) | od -c",
    ),
    FactDecl::new(
        "kubelet.cpu_manager_state.policy",
        Type::Text,
        "policy in the checkpoint of the CPU manager",
    )
    .null_is("the checkpoint cannot be read")
    .needs(
        "/var/lib/kubelet/cpu_manager_state",
        "cat /var/lib/kubelet/cpu_manager_state",
    ),
    FactDecl::new(
        "kubelet.cpu_manager_state.parses",
        Type::Bool,
        "the checkpoint of the CPU manager can be read: JSON, and its checksum fits",
    )
    .needs(
        "/var/lib/kubelet/cpu_manager_state",
        "cat /var/lib/kubelet/cpu_manager_state",
    ),
    FactDecl::new(
        "kubelet.memory_manager_state.policy",
        Type::Text,
        "policy in the checkpoint of the memory manager",
    )
    .null_is("the checkpoint cannot be read")
    .needs(
        "/var/lib/kubelet/memory_manager_state",
        "cat /var/lib/kubelet/memory_manager_state",
    ),
];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let program = Kubelet::of(evidence, context)
        .line
        .and_then(|line| line.program);
    if let Some((path, origin)) = program.filter(|(path, _)| path.starts_with('/')) {
        for (field, fact) in binary(evidence, &path, &origin) {
            evidence.facts.set(&format!("kubelet.binary.{field}"), fact);
        }
    }
    let mut found = Vec::new();
    for checkpoint in evidence.all::<Checkpoint>() {
        let at = |value: Value| Fact::new(value, checkpoint.origin.clone());
        let policy = checkpoint
            .value
            .policy
            .as_deref()
            .map_or(Value::Null, Value::from);
        match checkpoint.value.manager {
            Manager::Cpu => {
                found.push(("kubelet.cpu_manager_state.policy", at(policy)));
                let parses = checkpoint
                    .value
                    .parses
                    .map(|parses| at(Value::Bool(parses)));
                found.extend(parses.map(|fact| ("kubelet.cpu_manager_state.parses", fact)));
            }
            Manager::Memory => found.push(("kubelet.memory_manager_state.policy", at(policy))),
        }
    }
    for (path, fact) in found {
        evidence.facts.set(path, fact);
    }
}

fn binary(evidence: &Evidence, path: &str, named: &Origin) -> Vec<(&'static str, Fact)> {
    let mut found = vec![("path", Fact::text(path, named.clone()))];
    if let Some((exists, proof)) = programs::known(evidence, path) {
        found.push((
            "exists",
            Fact {
                value: Value::Bool(exists),
                origins: vec![named.clone(), proof],
            },
        ));
    }
    let listed = presence::listed(evidence, path);
    let executable = listed.and_then(|(entry, origin)| {
        let mode = u32::from_str_radix(entry.mode.as_deref()?, 8).ok()?;
        // The permissions of a link say nothing.
        entry
            .link
            .is_none()
            .then(|| Fact::new(Value::Bool(mode & 0o111 != 0), origin))
    });
    found.extend(executable.map(|fact| ("executable", fact)));
    let stored = evidence
        .all::<ProgramFile>()
        .iter()
        .find(|file| file.value.path == path);
    found.extend(stored.map(|file| {
        (
            "is_elf",
            Fact::new(Value::Bool(file.value.is_elf), file.origin.clone()),
        )
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::{FileKind, Listed, Listing, Process};

    #[test]
    fn a_program_that_may_not_be_executed_is_told() {
        let mut evidence = Evidence::default();
        let process = Process {
            pid: 7,
            argv: Some(vec!["/usr/bin/kubelet".into()]),
            ..Process::default()
        };
        evidence.push(process, Origin::line("ps.txt", 3));
        let listing = Listing {
            path: "/usr/bin".into(),
            complete: true,
            entries: vec![Listed {
                name: "kubelet".into(),
                kind: FileKind::File,
                mode: Some("0644".into()),
                size: Some(3),
                link: None,
                line: Some(4),
            }],
        };
        evidence.push(listing, Origin::entry("listings/usr/bin.json"));
        let state = Checkpoint {
            manager: Manager::Cpu,
            parses: Some(false),
            policy: None,
        };
        evidence.push(state, Origin::line("cpu_manager_state", 1));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        let facts = &evidence.facts;
        assert_eq!(facts.bool("kubelet.binary.exists"), Some(true));
        assert_eq!(facts.bool("kubelet.binary.executable"), Some(false));
        assert!(facts.get("kubelet.binary.is_elf").is_none());
        assert_eq!(facts.bool("kubelet.cpu_manager_state.parses"), Some(false));
    }
}
