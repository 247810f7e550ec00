//! Whether the node's own name resolves on the node, and which name server says what of it.

use crate::facts;
use crate::host::wire::Failure;
use crate::node::unique;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::identity::node_name;
use crate::web::names::Names;
use nodebundle_bundle::Outcome;
use serde_json::json;
use std::time::{Duration, Instant};

pub(crate) const PROBE: Probe = Probe {
    name: "names",
    catalog: "D3",
    about: "looks up the node's own name as the kubelet would, and with each name server",
    reason: "a node that cannot resolve its own name does not register under an address",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let own = context.node.hostname.clone().into_iter();
    let own = unique(own.chain(node_name(context.node)));
    if own.is_empty() {
        return Err(Failure::new(Outcome::Skipped, "the node's name is unknown"));
    }
    let names = Names::read(context.host);
    let deadline = Instant::now() + PROBE_TIME.min(context.host.stop().left());
    let lookups: Vec<serde_json::Value> = own
        .iter()
        .map(|name| json!({"name": name, "answer": names.resolve(name, deadline)}))
        .collect();
    Ok(facts::list("lookups", &lookups))
}

const PROBE_TIME: Duration = Duration::from_secs(8);
