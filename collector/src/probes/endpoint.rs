//! How far the node comes on its way to the API servers that its kubeconfigs and local balancers name. Nothing of its credentials is
//! used.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::kubeconfig::{Cluster, clusters};
use crate::web::ladder::{API_PATHS, Endpoint, Goal, Ground, all};
use crate::web::names::Names;
use crate::web::proxy::Environment;
use crate::web::servers::{SUPERVISOR_PORT, named_servers};
use nodebundle_bundle::Outcome;
use std::time::{Duration, Instant};

pub(crate) const PROBE: Probe = Probe {
    name: "endpoint",
    catalog: "W4 W6 TM2 C6 D3",
    about: "resolves, connects to and greets the API servers of kubeconfigs and local balancers; anonymous GET /livez, /readyz, /version",
    reason: "a name, a route, a port, a certificate or an API server that fails; a clock that is off",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let goals = goals(context.host, context.node);
    climb_all(context, &goals, PROBE_TIME)
}

/// Looks at the goals within a time, as the kubelet would go.
pub(super) fn climb_all(
    context: &mut ProbeContext<'_>,
    goals: &[Goal],
    time: Duration,
) -> ProbeResult {
    if goals.is_empty() {
        let why = "no file names such a server";
        return Err(Failure::new(Outcome::NotApplicable, why));
    }
    let proxies = Environment::read(context.host, context.node);
    let endpoints = climb_with(context, goals, time, proxies);
    Ok(facts::list("endpoints", &endpoints))
}

/// Looks at the goals within a time, with the proxy settings of whoever would go.
pub(super) fn climb_with(
    context: &mut ProbeContext<'_>,
    goals: &[Goal],
    time: Duration,
    proxies: Environment,
) -> Vec<Endpoint> {
    let ground = Ground {
        names: Names::read(context.host),
        proxies,
        clock: context.host.clock(),
        deadline: Instant::now() + time.min(context.host.stop().left()),
    };
    all(goals, &ground, context.host.stop())
}

/// Every distinct server, those of the kubelet first.
fn goals(host: &mut Host, node: &Node) -> Vec<Goal> {
    let mut goals: Vec<Goal> = Vec::new();
    for path in &node.kubeconfigs {
        let Ok(taken) = host.read(path, 256 << 10) else {
            continue;
        };
        for cluster in clusters(&taken.text()) {
            add(&mut goals, cluster, path, API_PATHS);
        }
    }
    for (server, path) in named_servers(host) {
        if server.port != SUPERVISOR_PORT {
            add(&mut goals, Cluster::of(server), &path, API_PATHS);
        }
    }
    goals
}

/// Adds a goal, or the file to a known one.
pub(super) fn add(
    goals: &mut Vec<Goal>,
    cluster: Cluster,
    path: &str,
    paths: &'static [&'static str],
) {
    let known = goals.iter_mut().find(|goal| goal.cluster == cluster);
    if let Some(goal) = known {
        if !goal.used_by.iter().any(|known| known == path) {
            goal.used_by.push(path.to_owned());
        }
    } else if goals.len() < MAX_SERVERS {
        goals.push(Goal {
            cluster,
            used_by: vec![path.to_owned()],
            paths,
        });
    }
}

const MAX_SERVERS: usize = 8;
/// All servers together.
const PROBE_TIME: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_server_that_two_kubeconfigs_name_is_looked_at_once() {
        let scratch = Scratch::new();
        let text = |host: &str| {
            format!("clusters:\n- name: a\n  cluster:\n    server: https://{host}:6443\n")
        };
        for (name, host) in [("a", "10.0.0.1"), ("b", "10.0.0.2"), ("c", "10.0.0.1")] {
            std::fs::write(scratch.path().join(name), text(host)).unwrap();
        }
        let node = Node {
            kubeconfigs: ["/a", "/b", "/c", "/absent"].map(str::to_owned).to_vec(),
            ..Node::default()
        };
        let goals = goals(&mut Host::direct(scratch.path()), &node);
        assert_eq!(goals.len(), 2);
        assert_eq!(goals[0].used_by, ["/a", "/c"]);
        assert_eq!(goals[1].cluster.server.host, "10.0.0.2");
    }
}
