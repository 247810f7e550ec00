//! Where nodes of k3s and RKE2 join: whether the supervisor answers, and whether the CA that it hands out is the one that the join
//! token was made for. Nothing of the token is sent or stored.

use super::endpoint::{add, climb_all};
use crate::host::Host;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::kubeconfig::Cluster;
use crate::web::ladder::{Goal, SUPERVISOR_PATHS};
use crate::web::servers::{named_servers, token_hash};
use std::time::Duration;

pub(crate) const PROBE: Probe = Probe {
    name: "supervisor",
    catalog: "W5",
    about: "greets the servers that k3s and RKE2 join through; anonymous GET /cacerts and /ping",
    reason: "a join port that is closed; a token that was made for another CA",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let goals = goals(context.host);
    let text = climb_all(context, &goals, PROBE_TIME)?;
    let token = token_hash(context.host)
        .map(|(hash, path)| serde_json::json!({"path": path, "ca_hash": hash}));
    let head = format!("{{\n \"token\": {},\n", token.unwrap_or_default());
    Ok(text.replacen("{\n", &head, 1))
}

fn goals(host: &mut Host) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (server, path) in named_servers(host) {
        add(&mut goals, Cluster::of(server), &path, SUPERVISOR_PATHS);
    }
    goals
}

/// All servers together.
const PROBE_TIME: Duration = Duration::from_secs(10);
