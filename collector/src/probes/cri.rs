//! Which CRI sockets exist, who listens, and what the runtimes behind them say of themselves.

use crate::cri::{self, Said};
use crate::facts;
use crate::host::Host;
use crate::node::Node;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::runtime_sockets;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};

pub(crate) const PROBE: Probe = Probe {
    name: "cri",
    catalog: "CR1 CR2 CR3",
    about: "asks the runtimes on the CRI sockets for version, status, cgroup driver, pods, containers and images",
    reason: "the kubelet points to a socket that nobody serves, or the runtime has no CRI, no pod network, no sandbox image",
    run: probe,
};

#[allow(
    clippy::unnecessary_wraps,
    reason = "every probe is run by one signature"
)]
fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let paths = runtime_sockets::all(context.node);
    let unix = context.host.line("/proc/net/unix").unwrap_or_default();
    let mut said = Said::default();
    let mut sockets = Vec::new();
    for path in &paths {
        let socket = socket(context.host, context.node, &unix, path);
        if socket.get("connect").and_then(Value::as_str) == Some("ok")
            && !NOT_CRI.contains(&path.as_str())
        {
            cri::ask(context.host, path, &mut said);
        }
        sockets.push(socket);
    }
    Ok(facts::document(
        &[],
        &[
            ("sockets", &sockets),
            ("runtimes", &said.runtimes),
            ("conditions", &said.conditions),
            ("settings", &said.settings),
            ("sandboxes", &said.sandboxes),
            ("containers", &said.containers),
            ("images", &said.images),
            ("filesystems", &said.filesystems),
            ("unanswered", &said.unanswered),
        ],
    ))
}

fn socket(host: &mut Host, node: &Node, unix: &str, path: &str) -> Value {
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
    let inode = runtime_sockets::listening_inode(unix, path);
    let listener = inode.and_then(|inode| holder(host, node, inode));
    if let Some(pid) = listener {
        fields.insert("listener_pid".into(), json!(pid));
    }
    let (connect, reason) = match refusal(exists, inode.is_some(), listener) {
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

/// Why a socket is not connected: a bare connect would start a service that systemd listens for.
fn refusal(exists: Option<bool>, listened: bool, listener: Option<u32>) -> Option<&'static str> {
    match (exists, listened, listener) {
        (Some(true), _, Some(1)) => Some("socket-activated"),
        (Some(true), true, None) => Some("its listener is unknown and could be systemd"),
        (Some(true), ..) => None,
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

/// The process that holds the listening socket; PID 1 first, because it is asked before anything is connected.
fn holder(host: &mut Host, node: &Node, inode: u64) -> Option<u32> {
    let wanted = format!("socket:[{inode}]");
    let pids = std::iter::once(1).chain(node.processes.iter().map(|process| process.pid));
    for pid in pids {
        if let Ok(listing) = host.list(&format!("/proc/{pid}/fd"))
            && listing
                .entries
                .iter()
                .any(|entry| entry.link.as_deref() == Some(wanted.as_str()))
        {
            return Some(pid);
        }
    }
    None
}

/// Docker's own interface, which is not asked.
const NOT_CRI: &[&str] = &["/run/docker.sock"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_systemd_listens_on_is_not_connected() {
        assert_eq!(refusal(Some(true), true, Some(1)), Some("socket-activated"));
        assert!(refusal(Some(true), true, None).is_some());
        assert_eq!(refusal(Some(true), true, Some(67)), None);
        assert!(refusal(Some(false), false, None).is_some());
    }
}
