//! Sockets of container runtimes: where they are, and which of them somebody listens on.

use crate::host::Host;
use crate::node::{Node, unique};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};

/// Sockets that kubelets are told to use.
pub(crate) fn told(node: &Node) -> Vec<String> {
    let flags = node.flag("container-runtime-endpoint").into_iter();
    flags
        .chain(node.config("containerRuntimeEndpoint"))
        .map(|endpoint| {
            let path = endpoint.strip_prefix("unix://").unwrap_or(&endpoint);
            path.to_owned()
        })
        .filter(|path| path.starts_with('/'))
        .collect()
}

/// Sockets that kubelets are told to use, then the usual ones; each once.
pub(crate) fn all(node: &Node) -> Vec<String> {
    let usual = USUAL.iter().map(|path| (*path).to_owned());
    unique(told(node).into_iter().chain(usual))
}

/// Inode of the socket that accepts connections at the path, in the text of `/proc/net/unix`.
pub(crate) fn listening_inode(unix: &str, path: &str) -> Option<u64> {
    unix.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let accepts = *fields.get(3)? == "00010000";
        let same = plain(fields.get(7)?) == plain(path);
        let inode = fields.get(6)?.parse().ok()?;
        (accepts && same).then_some(inode)
    })
}

/// What is at a path, who listens, and whether somebody answers; only what starts nothing is connected.
pub(crate) fn approach(host: &mut Host, node: &Node, unix: &str, path: &str) -> Value {
    let mut fields = Map::new();
    fields.insert("path".into(), json!(path));
    let exists = match host.stat(path) {
        Ok(stat) => Some(stat.kind == "socket"),
        Err(failure) if failure.outcome == Outcome::Absent => Some(false),
        Err(_) => None,
    };
    if let Some(exists) = exists {
        fields.insert("exists".into(), json!(exists));
    }
    let inode = listening_inode(unix, path);
    let holders = inode.map_or_else(Holders::default, |inode| Holders::of(host, node, inode));
    if let Some(pid) = holders.program.or(holders.systemd.then_some(1)) {
        fields.insert("listener_pid".into(), json!(pid));
    }
    if holders.systemd && holders.program.is_some() {
        fields.insert("also_held_by_systemd".into(), json!(true));
    }
    let (connect, reason) = match refusal(exists, inode.is_some(), holders) {
        Some(why) => ("skipped".to_owned(), Some(why.to_owned())),
        None => match host.connect(path) {
            Ok(word) => (word, None),
            Err(failure) => (word_of(failure.outcome).to_owned(), failure.reason),
        },
    };
    fields.insert("connect".into(), json!(connect));
    if let Some(reason) = reason {
        fields.insert("reason".into(), json!(reason));
    }
    Value::Object(fields)
}

/// Whether a program took the connection to a socket that was approached.
pub(crate) fn is_open(approached: &Value) -> bool {
    approached.get("connect").and_then(Value::as_str) == Some("ok")
}

/// Who holds a listening socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Holders {
    /// systemd does; alone, it starts a service for whoever connects.
    systemd: bool,
    /// A running program that accepts connections; `None` where there is none, or it hides its descriptors.
    program: Option<u32>,
}

impl Holders {
    /// Asks again, for what held the socket when the processes were listed may have ended since.
    fn of(host: &mut Host, node: &Node, inode: u64) -> Self {
        let known = node.descriptors.iter();
        let known = known.filter(|held| held.sockets.contains(&inode));
        let mut programs = known.map(|held| held.pid).filter(|pid| *pid != 1);
        Self {
            systemd: holds(host, 1, inode),
            program: programs.find(|pid| holds(host, *pid, inode)),
        }
    }
}

fn holds(host: &mut Host, pid: u32, inode: u64) -> bool {
    let wanted = format!("socket:[{inode}]");
    let listing = host.list(&format!("/proc/{pid}/fd"));
    listing.is_ok_and(|listing| {
        let mut entries = listing.entries.iter();
        entries.any(|entry| entry.link.as_deref() == Some(wanted.as_str()))
    })
}

/// Why a socket is not connected: a bare connect would start a service that only systemd listens for.
fn refusal(exists: Option<bool>, listened: bool, holders: Holders) -> Option<&'static str> {
    match (exists, holders) {
        (
            Some(true),
            Holders {
                program: None,
                systemd: true,
            },
        ) => Some("socket-activated"),
        (Some(true), Holders { program: None, .. }) if listened => {
            Some("its listener is unknown and could be systemd")
        }
        (Some(true), _) => None,
        _ => Some("there is no socket"),
    }
}

fn word_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Denied => "denied",
        Outcome::Timeout => "timeout",
        _ => "refused",
    }
}

/// `/var/run` is a link to `/run`.
fn plain(path: &str) -> &str {
    path.strip_prefix("/var")
        .filter(|rest| rest.starts_with("/run/"))
        .unwrap_or(path)
}

/// Where runtimes listen.
const USUAL: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/docker.sock",
    "/run/dockershim.sock",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::descriptors::Descriptors;
    use crate::scratch::Scratch;

    #[test]
    fn a_listening_socket_is_told_from_a_connected_one() {
        let unix = "Num RefCount Protocol Flags Type St Inode Path\n\
            0: 00000003 00000000 00000000 0001 03 11 /run/containerd/containerd.sock\n\
            0: 00000002 00000000 00010000 0001 01 12 /run/containerd/containerd.sock\n";
        assert_eq!(
            listening_inode(unix, "/run/containerd/containerd.sock"),
            Some(12)
        );
        assert_eq!(
            listening_inode(unix, "/var/run/containerd/containerd.sock"),
            Some(12)
        );
        assert_eq!(listening_inode(unix, "/run/crio/crio.sock"), None);
    }

    #[test]
    fn only_a_socket_that_nobody_but_systemd_holds_is_socket_activated() {
        let held = |systemd, program| Holders { systemd, program };
        let there = |holders| refusal(Some(true), true, holders);
        assert_eq!(there(held(true, None)), Some("socket-activated"));
        assert!(there(held(false, None)).is_some());
        assert_eq!(there(held(false, Some(67))), None);
        assert_eq!(there(held(true, Some(67))), None);
        assert!(refusal(Some(false), false, held(false, None)).is_some());
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]
    fn a_program_that_let_go_of_its_socket_no_longer_holds_it() {
        let scratch = Scratch::new();
        let link = |pid: u32, inode: u64| {
            let folder = scratch.path().join(format!("proc/{pid}/fd"));
            std::fs::create_dir_all(&folder).unwrap();
            std::os::unix::fs::symlink(format!("socket:[{inode}]"), folder.join("3")).unwrap();
        };
        link(1, 777);
        link(67, 12);
        let held = |pid| Descriptors {
            pid,
            sockets: vec![777],
            ..Descriptors::default()
        };
        let node = Node {
            descriptors: vec![held(1), held(67)],
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let alone = Holders {
            systemd: true,
            program: None,
        };
        assert_eq!(Holders::of(&mut host, &node, 777), alone);
        std::fs::remove_dir_all(scratch.path().join("proc/67")).unwrap();
        link(67, 777);
        assert_eq!(Holders::of(&mut host, &node, 777).program, Some(67));
    }

    #[test]
    fn only_a_socket_that_accepts_has_a_listener() {
        let unix = "Num RefCount Protocol Flags Type St Inode Path\n\
            0: 00000002 00000000 00010000 0001 01 777 /run/containerd/containerd.sock\n\
            0: 00000003 00000000 00000000 0001 03 778 /run/crio/crio.sock\n";
        assert_eq!(
            listening_inode(unix, "/run/containerd/containerd.sock"),
            Some(777)
        );
        assert_eq!(listening_inode(unix, "/run/crio/crio.sock"), None);
    }
}
