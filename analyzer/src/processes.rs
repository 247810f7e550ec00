//! The node's processes, put together from what different entries tell of each.

use crate::evidence::Evidence;
use crate::observed::{AllProcesses, Process};
use crate::origin::Origin;
use std::collections::BTreeMap;

/// One process and the entries that told of it, the one with the arguments first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The process.
    pub process: Process,
    /// Where its arguments were read, else where it was seen first.
    pub origin: Origin,
    /// Where its environment was read.
    pub environment_origin: Option<Origin>,
}

/// All processes, by process id.
pub fn running(evidence: &Evidence) -> Vec<Running> {
    let mut by_pid: BTreeMap<i64, Running> = BTreeMap::new();
    for piece in evidence.all::<Process>() {
        if let Some(known) = by_pid.get_mut(&piece.value.pid) {
            merge(known, &piece.value, &piece.origin);
            continue;
        }
        let environment = piece.value.environment.is_some();
        by_pid.insert(
            piece.value.pid,
            Running {
                process: piece.value.clone(),
                origin: piece.origin.clone(),
                environment_origin: environment.then(|| piece.origin.clone()),
            },
        );
    }
    by_pid.into_values().collect()
}

/// The kubelet, or the program that embeds it; `None` when no process of it was seen.
pub fn kubelet(evidence: &Evidence) -> Option<Running> {
    let all = running(evidence);
    let own = all
        .iter()
        .find(|one| program(&one.process) == Some("kubelet"));
    own.or_else(|| all.iter().find(|one| embeds_kubelet(&one.process)))
        .cloned()
}

/// A container runtime: `containerd`, `crio`, `dockerd`, `cri-dockerd`; with the name of its program.
pub fn runtime(evidence: &Evidence) -> Option<(Running, &'static str)> {
    running(evidence).into_iter().find_map(|one| {
        let name = program(&one.process)?;
        let known = RUNTIMES.iter().find(|known| **known == name)?;
        Some((one, *known))
    })
}

/// Where all processes were listed, so that a missing one does not run.
pub fn all_listed(evidence: &Evidence) -> Option<Origin> {
    evidence
        .all::<AllProcesses>()
        .first()
        .map(|piece| piece.origin.clone())
}

/// Name of the program, without folder.
pub fn program(process: &Process) -> Option<&str> {
    let first = process.argv.as_ref().and_then(|argv| argv.first());
    let path = first.map(String::as_str).or(process.name.as_deref())?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let second = process
        .argv
        .as_ref()
        .and_then(|argv| argv.get(1))
        .map_or("", String::as_str);
    Some(if name == "hyperkube" && second == "kubelet" {
        "kubelet"
    } else {
        name
    })
}

fn embeds_kubelet(process: &Process) -> bool {
    let name = process.name.as_deref().unwrap_or_default();
    let argv = process.argv.as_deref().unwrap_or_default();
    match program(process) {
        Some("kubelite" | "microshift") => true,
        Some("k3s") => argv
            .get(1)
            .is_none_or(|word| word == "server" || word == "agent"),
        _ => ["kubelite", "k3s-server", "k3s-agent"].contains(&name),
    }
}

fn merge(known: &mut Running, more: &Process, origin: &Origin) {
    let process = &mut known.process;
    if process.argv.is_none() && more.argv.is_some() {
        process.argv.clone_from(&more.argv);
        known.origin = origin.clone();
    }
    if process.environment.is_none() && more.environment.is_some() {
        process.environment.clone_from(&more.environment);
        known.environment_origin = Some(origin.clone());
    }
    if process.name.is_none() {
        process.name.clone_from(&more.name);
    }
    if process.unit.is_none() {
        process.unit.clone_from(&more.unit);
    }
}

const RUNTIMES: &[&str] = &["containerd", "crio", "cri-dockerd", "dockerd"];

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i64, argv: &[&str]) -> Process {
        Process {
            pid,
            argv: Some(argv.iter().map(|&word| word.to_owned()).collect()),
            ..Process::default()
        }
    }

    fn with(processes: Vec<Process>) -> Evidence {
        let mut evidence = Evidence::default();
        for one in processes {
            evidence.push(one, Origin::entry("ps.txt"));
        }
        evidence
    }

    #[test]
    fn the_kubelet_is_found_alone_and_embedded() {
        let grep = process(9, &["grep", "kubelet"]);
        assert!(kubelet(&with(vec![grep.clone()])).is_none());
        let own = with(vec![grep, process(5, &["/usr/bin/kubelet", "--v=2"])]);
        assert_eq!(kubelet(&own).unwrap().process.pid, 5);
        let k3s = with(vec![process(7, &["/usr/local/bin/k3s", "agent"])]);
        assert_eq!(kubelet(&k3s).unwrap().process.pid, 7);
        let hyperkube = with(vec![process(8, &["/hyperkube", "kubelet"])]);
        assert_eq!(kubelet(&hyperkube).unwrap().process.pid, 8);
    }

    #[test]
    fn parts_of_one_process_are_put_together() {
        let mut evidence = Evidence::default();
        let name = Process {
            pid: 5,
            name: Some("kubelet".into()),
            ..Process::default()
        };
        evidence.push(name, Origin::entry("proc/5/comm"));
        evidence.push(
            process(5, &["/usr/bin/kubelet"]),
            Origin::entry("proc/5/cmdline"),
        );
        let all = running(&evidence);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].process.name.as_deref(), Some("kubelet"));
        assert_eq!(&*all[0].origin.entry, "proc/5/cmdline");
    }
}
