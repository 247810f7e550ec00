//! Whether a program that a configuration names exists on the node.

use crate::evidence::Evidence;
use crate::origin::Origin;
use crate::presence::{self, Presence};

/// Whether a program exists: at its path, or in a folder where services look for programs; with the proof.
pub fn exists(evidence: &Evidence, command: &str) -> Option<(bool, Origin)> {
    const FOLDERS: &[&str] = &[
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ];
    if command.contains('/') {
        return command.starts_with('/').then(|| known(evidence, command))?;
    }
    let all: Vec<_> = FOLDERS
        .iter()
        .map(|folder| known(evidence, &format!("{folder}/{command}")))
        .collect();
    let found = all.iter().flatten().find(|(exists, _)| *exists).cloned();
    // Missing only where every folder was listed; /sbin and /bin mostly are links into /usr.
    found.or_else(|| {
        let main: Option<Vec<_>> = all.into_iter().take(4).collect();
        main?.into_iter().next()
    })
}

/// Whether a path exists, with the proof; `None` when nothing tells.
pub fn known(evidence: &Evidence, path: &str) -> Option<(bool, Origin)> {
    match presence::presence(evidence, path) {
        Presence::Present(origin) => Some((true, origin)),
        Presence::Absent(origin) => Some((false, origin)),
        Presence::Unknown => None,
    }
}
