//! Ports beside the API server that a node needs: konnectivity, the machine configuration server of OpenShift, registry mirrors.
//! A connection and a TLS greeting each; nothing is asked.

use super::endpoint::{add, climb_with};
use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::node::scan;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::kubeconfig::{Cluster, clusters};
use crate::web::ladder::Goal;
use crate::web::mirrors::mirrors;
use crate::web::proxy::Environment;
use crate::web::url::ServerUrl;
use nodebundle_bundle::Outcome;
use serde_json::Value;
use std::time::Duration;

pub(crate) const PROBE: Probe = Probe {
    name: "helpers",
    catalog: "W5",
    about: "connects to and greets konnectivity servers, OpenShift's machine configuration server and registry mirrors that files name; asks nothing",
    reason: "a helper port that is closed, a mirror that cannot be reached or speaks no TLS",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let servers = servers(context.host, context.node);
    let mut registries = Vec::new();
    for (server, path) in mirrors(context.host, context.node) {
        add(&mut registries, Cluster::of(server), &path, NOTHING);
    }
    if servers.is_empty() && registries.is_empty() {
        let why = "no file names such a server";
        return Err(Failure::new(Outcome::NotApplicable, why));
    }
    let kubelet = Environment::read(context.host, context.node);
    let servers = climb_with(context, &servers, TIME, kubelet);
    let runtime = Environment::of_runtime(context.host, context.node);
    let registries = climb_with(context, &registries, TIME, runtime);
    let lines = |endpoints: &[_]| -> Vec<Value> {
        let lines = endpoints.iter().map(serde_json::to_value);
        lines.filter_map(Result::ok).collect()
    };
    let (servers, registries) = (lines(&servers), lines(&registries));
    let lists = [("servers", &*servers), ("registries", &*registries)];
    Ok(facts::document(&[], &lists))
}

fn servers(host: &mut Host, node: &Node) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (server, named_by) in konnectivity(host, node) {
        add(&mut goals, Cluster::of(server), &named_by, NOTHING);
    }
    if is(node, "openshift") {
        for (host, path) in api_hosts(host, node) {
            if let Some(server) = at(&host, MACHINE_CONFIG_PORT) {
                add(&mut goals, Cluster::of(server), &path, NOTHING);
            }
        }
    }
    goals
}

/// Where running agents were told to go; on k0s, the port of its configuration on every API server.
fn konnectivity(host: &mut Host, node: &Node) -> Vec<(ServerUrl, String)> {
    let agents = node.processes.iter();
    let agents = agents.filter(|process| process.comm == "proxy-agent");
    let mut found: Vec<(ServerUrl, String)> = agents
        .filter_map(|agent| {
            let words = agent.argv.as_ref()?;
            let flag = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
            let place = flag("--proxy-server-host=")?;
            let port = flag("--proxy-server-port=").and_then(|port| port.parse().ok());
            let server = at(place, port.unwrap_or(KONNECTIVITY_PORT))?;
            Some((server, format!("process {}", agent.pid)))
        })
        .collect();
    if is(node, "k0s") {
        let text = host.read(K0S, 64 << 10).map(|taken| taken.text());
        let port = scan::values(&text.unwrap_or_default(), &["agentPort"]);
        let port = port.first().and_then(|(_, port)| port.parse().ok());
        for (host, path) in api_hosts(host, node) {
            let server = at(&host, port.unwrap_or(KONNECTIVITY_PORT));
            found.extend(server.map(|server| (server, path)));
        }
    }
    found
}

fn is(node: &Node, profile: &str) -> bool {
    let mut found = node.profiles.iter();
    found.any(|found| found.profile.spec.name == profile)
}

/// Hosts of the API servers that kubeconfigs name, other than this machine itself.
fn api_hosts(host: &mut Host, node: &Node) -> Vec<(String, String)> {
    let mut hosts: Vec<(String, String)> = Vec::new();
    for path in &node.kubeconfigs {
        let Ok(taken) = host.read(path, 256 << 10) else {
            continue;
        };
        for cluster in clusters(&taken.text()) {
            let server = cluster.server;
            let is_local = server.host == "localhost"
                || server
                    .literal()
                    .is_some_and(|address| address.is_loopback());
            if !is_local && !hosts.iter().any(|(known, _)| *known == server.host) {
                hosts.push((server.host, path.clone()));
            }
        }
    }
    hosts
}

fn at(host: &str, port: u16) -> Option<ServerUrl> {
    let host = host.trim_matches(['[', ']']);
    if host.contains(':') {
        return ServerUrl::parse(&format!("https://[{host}]:{port}"));
    }
    ServerUrl::parse(&format!("https://{host}:{port}"))
}

/// Nothing is asked: a machine configuration holds secrets.
const NOTHING: &[&str] = &[];
const K0S: &str = "/etc/k0s/k0s.yaml";
/// Port for konnectivity agents.
const KONNECTIVITY_PORT: u16 = 8132;
/// Port from which machines of OpenShift get their configuration.
const MACHINE_CONFIG_PORT: u16 = 22623;
/// For the servers, and again for the registries.
const TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::detect::Detected;
    use crate::node::processes::Process;
    use crate::scratch::Scratch;

    fn goals(profile: &str, argv: &[&str]) -> Vec<String> {
        let scratch = Scratch::new();
        let kubeconfig = "clusters:\n- name: a\n  cluster:\n    server: https://api-int.lab:6443\n\
            - name: b\n  cluster:\n    server: https://127.0.0.1:7443\n";
        std::fs::write(scratch.path().join("kubeconfig"), kubeconfig).unwrap();
        std::fs::create_dir_all(scratch.path().join("etc/k0s")).unwrap();
        let k0s = "spec:\n  konnectivity:\n    agentPort: 9132\n";
        std::fs::write(scratch.path().join("etc/k0s/k0s.yaml"), k0s).unwrap();
        let profile = crate::profile::named(profile).unwrap();
        let agent = Process {
            comm: "proxy-agent".to_owned(),
            argv: Some(argv.iter().map(|word| (*word).to_owned()).collect()),
            ..Process::default()
        };
        let node = Node {
            kubeconfigs: vec!["/kubeconfig".to_owned()],
            processes: vec![agent],
            profiles: vec![Detected {
                profile,
                because: Vec::new(),
                running: None,
            }],
            ..Node::default()
        };
        let goals = servers(&mut Host::direct(scratch.path()), &node);
        let goals = goals.into_iter().map(|goal| goal.cluster.server.text);
        goals.collect()
    }

    #[test]
    fn helper_ports_are_those_that_the_node_names() {
        assert_eq!(goals("openshift", &[]), ["https://api-int.lab:22623"]);
        assert_eq!(goals("k0s", &[]), ["https://api-int.lab:9132"]);
        let agent = ["/proxy-agent", "--proxy-server-host=10.0.0.1"];
        assert_eq!(goals("kubeadm", &agent), ["https://10.0.0.1:8132"]);
        assert!(goals("kubeadm", &[]).is_empty());
    }
}
