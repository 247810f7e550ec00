//! What processes hold open: how much, how many inotify instances, which sockets.

use super::processes::Process;
use crate::host::Host;

/// Open descriptors of one process.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Descriptors {
    /// The process.
    pub(crate) pid: u32,
    /// Its name.
    pub(crate) comm: String,
    /// Who runs it.
    pub(crate) uid: Option<u32>,
    /// How many descriptors it has; of very many only those of the first names are in the other fields.
    pub(crate) count: u64,
    /// How many of them are inotify instances.
    pub(crate) inotify: u64,
    /// Inodes of its sockets.
    pub(crate) sockets: Vec<u64>,
}

/// Of every process whose descriptors can be seen: without root only one's own.
pub(crate) fn find(host: &mut Host, processes: &[Process]) -> Vec<Descriptors> {
    let all = processes.iter();
    all.filter_map(|process| of(host, process)).collect()
}

fn of(host: &mut Host, process: &Process) -> Option<Descriptors> {
    let listing = host.list(&format!("/proc/{}/fd", process.pid)).ok()?;
    let mut found = Descriptors {
        pid: process.pid,
        comm: process.comm.clone(),
        uid: listing.entries.first().map(|entry| entry.uid),
        count: listing.entries.len() as u64,
        ..Descriptors::default()
    };
    for link in listing
        .entries
        .iter()
        .filter_map(|entry| entry.link.as_deref())
    {
        if link == "anon_inode:inotify" {
            found.inotify += 1;
        }
        let socket = link
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'));
        found
            .sockets
            .extend(socket.and_then(|inode| inode.parse::<u64>().ok()));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::symlink;

    #[test]
    fn sockets_and_inotify_instances_are_told_apart() {
        let scratch = Scratch::new();
        let fd = scratch.path().join("proc/7/fd");
        std::fs::create_dir_all(&fd).unwrap();
        symlink("socket:[4242]", fd.join("3")).unwrap();
        symlink("anon_inode:inotify", fd.join("4")).unwrap();
        symlink("/dev/null", fd.join("0")).unwrap();
        let process = Process {
            pid: 7,
            comm: "kubelet".to_owned(),
            ..Process::default()
        };
        let mut host = Host::direct(scratch.path());
        let found = find(&mut host, &[process]);
        assert_eq!((found[0].count, found[0].inotify), (3, 1));
        assert_eq!(found[0].sockets, [4242]);
    }
}
