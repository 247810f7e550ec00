//! Which CRI sockets exist, who listens, and what the runtimes behind them say of themselves.

use crate::cri::{self, Said};
use crate::facts;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::runtime_sockets;

pub(crate) const PROBE: Probe = Probe {
    name: "cri",
    catalog: "CR1 CR2 CR3",
    about: "asks the runtimes on the CRI sockets for version, status, cgroup driver, pods, containers and images",
    reason: "the kubelet points to a socket that nobody serves, or the runtime has no CRI, no pod network, no sandbox image",
    on_request: false,
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
        let socket = runtime_sockets::approach(context.host, context.node, &unix, path);
        if runtime_sockets::is_open(&socket) && !NOT_CRI.contains(&path.as_str()) {
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

/// Docker's own interface, which the probe `docker` asks.
const NOT_CRI: &[&str] = &["/run/docker.sock"];
