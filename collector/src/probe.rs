//! What a probe is. Each file in `probes/` declares one: an active question to the node or to its API server.

use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;

/// An active question. Only on a running host, never with `--no-probes`.
#[derive(Debug)]
pub(crate) struct Probe {
    /// File name in `probes/`, without ending; the result is `probes/<name>.json`.
    pub(crate) name: &'static str,
    /// Numbers in the catalog of what a node can tell, spaces between.
    pub(crate) catalog: &'static str,
    /// What it asks, in a few words.
    pub(crate) about: &'static str,
    /// What the answer can prove.
    pub(crate) reason: &'static str,
    /// Only with `--with probe/<name>`.
    pub(crate) on_request: bool,
    /// Asks. The text is the JSON to store.
    pub(crate) run: fn(&mut ProbeContext<'_>) -> ProbeResult,
}

/// What a probe may use.
#[derive(Debug)]
pub(crate) struct ProbeContext<'a> {
    /// The door to the node; also says when to stop.
    pub(crate) host: &'a mut Host,
    /// What is known of the node.
    pub(crate) node: &'a Node,
    /// Whether the node's credential may be used (`--no-api` was not given).
    pub(crate) may_use_credential: bool,
}

/// JSON to store, or why there is none.
pub(crate) type ProbeResult = Result<String, Failure>;
