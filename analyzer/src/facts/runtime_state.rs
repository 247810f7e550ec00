//! The container runtime as it is: sockets, version, network, sandbox image.

use crate::claim::settle;
use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{AllImages, DockerEngine, Image, Process, RuntimeSocket};
use crate::origin::Origin;
use crate::presence::{Presence, presence};
use crate::processes;
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "runtime_state",
    after: &[
        "kubelet_settings",
        "runtime_config",
        "running",
        "node_object",
    ],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "runtime.version",
        Type::Text,
        "version of the container runtime",
    )
    .needs("version of the runtime", "containerd --version"),
    FactDecl::new(
        "runtime.cri_api",
        Type::Text,
        "version of the container runtime interface that the runtime answers: v1, v1alpha2 or none",
    )
    .needs("probe of the runtime's socket", "crictl version"),
    FactDecl::new(
        "runtime.sockets",
        Type::Texts,
        "sockets of container runtimes that exist",
    )
    .needs(
        "sockets of container runtimes",
        "ls -la /run/containerd /run/crio /run",
    ),
    FactDecl::new(
        "runtime.other_sockets",
        Type::Texts,
        "sockets that other runtimes offer while nothing of the node belongs to the kubelet's; empty where something does",
    )
    .needs(
        "sockets of container runtimes",
        "ls -la /run/containerd /run/crio /run; ps aux",
    ),
    FactDecl::new(
        "runtime.socket_exists",
        Type::Bool,
        "the socket that the kubelet is told to use exists",
    )
    .needs(
        "sockets of container runtimes",
        "ls -la /run/containerd /run/crio /run",
    ),
    FactDecl::new(
        "runtime.socket_connects",
        Type::Bool,
        "a program answers on that socket",
    )
    .needs("probe of the runtime's socket", "crictl info"),
    FactDecl::new(
        "runtime.network_ready",
        Type::Bool,
        "the runtime calls the pod network ready",
    )
    .needs("state of the runtime", "crictl info"),
    FactDecl::new(
        "runtime.network_reason",
        Type::Text,
        "why the pod network is not ready, in the runtime's words",
    )
    .needs("state of the runtime", "crictl info"),
    FactDecl::new(
        "runtime.sandbox_image_present",
        Type::Bool,
        "the image for pod sandboxes is on the node",
    )
    .needs("images of the runtime", "ctr --namespace k8s.io images ls"),
];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    settle(evidence, FACTS);
    let kind = evidence.facts.text("runtime.kind");
    if evidence.facts.get("runtime.version").is_none()
        && kind.is_none_or(|kind| kind == "containerd")
        && let Some((version, at)) = context.logs.stated.get("containerd.version")
    {
        let fact = Fact::text(version.as_str(), at.origin.clone());
        evidence.facts.set("runtime.version", fact);
    }
    if let Some(version) = docker_version(evidence) {
        evidence.facts.set("runtime.version", version);
    }
    let sockets: Vec<Fact> = SOCKETS
        .iter()
        .filter_map(|path| match existence(evidence, path) {
            Presence::Present(origin) => Some(Fact::text(*path, origin)),
            Presence::Absent(_) | Presence::Unknown => None,
        })
        .collect();
    let looked = evidence.all::<RuntimeSocket>().first().map(|piece| Origin {
        line: None,
        ..piece.origin.clone()
    });
    if !sockets.is_empty() {
        evidence.facts.set("runtime.sockets", Fact::list(sockets));
    } else if let Some(origin) = looked {
        evidence.facts.set(
            "runtime.sockets",
            Fact::new(Value::List(Vec::new()), origin),
        );
    }
    if let Some(path) = endpoint(evidence) {
        kubelets_socket(evidence, &path);
        other_sockets(evidence, context, &path);
    }
    if let Some(fact) = sandbox_image(evidence) {
        evidence.facts.set("runtime.sandbox_image_present", fact);
    }
}

/// Of Docker's engine, where the kubelet uses it; `None` where it uses another runtime.
fn docker_version(evidence: &Evidence) -> Option<Fact> {
    let kind = evidence.facts.text("runtime.kind");
    let uses_docker = kind.is_none_or(|kind| matches!(kind, "docker" | "cri-dockerd"));
    let mut said = evidence.all::<DockerEngine>().iter();
    said.find_map(|piece| match &piece.value {
        DockerEngine::Version(version) if uses_docker => {
            Some(Fact::text(version.as_str(), piece.origin.clone()))
        }
        _ => None,
    })
}

/// Path of the socket in `unix:///run/containerd/containerd.sock`.
fn endpoint(evidence: &Evidence) -> Option<String> {
    let endpoint = [
        "runtime.endpoint",
        "kubelet.effective.container_runtime_endpoint",
    ]
    .iter()
    .find_map(|path| evidence.facts.text(path))?;
    let path = endpoint.strip_prefix("unix://").unwrap_or(endpoint);
    path.starts_with('/').then(|| path.to_owned())
}

fn kubelets_socket(evidence: &mut Evidence, path: &str) {
    match existence(evidence, path) {
        Presence::Present(origin) => evidence.facts.set(
            "runtime.socket_exists",
            Fact::new(Value::Bool(true), origin),
        ),
        Presence::Absent(origin) => evidence.facts.set(
            "runtime.socket_exists",
            Fact::new(Value::Bool(false), origin),
        ),
        Presence::Unknown => {}
    }
    let connects = probed(evidence, path).and_then(|(socket, origin)| {
        let answers = match socket.connect.as_deref()? {
            "ok" => true,
            "refused" | "timeout" => false,
            _ => return None,
        };
        Some(Fact::new(Value::Bool(answers), origin))
    });
    if let Some(fact) = connects {
        evidence.facts.set("runtime.socket_connects", fact);
    }
}

/// A runtime beside the kubelet's counts only while the kubelet's own has no process, no unit and no socket.
fn other_sockets(evidence: &mut Evidence, context: &Context<'_>, own: &str) {
    let own = real(own);
    let mut others: BTreeMap<String, Fact> = BTreeMap::new();
    let listed = evidence.facts.get("runtime.sockets").map(Fact::items);
    for fact in listed.unwrap_or_default() {
        others.extend(fact.as_text().map(|path| (real(path), fact.clone())));
    }
    for running in processes::running(evidence) {
        if let Some(path) = served(&running.process) {
            let fact = Fact::text(path.as_str(), running.origin.clone());
            others.entry(real(&path)).or_insert(fact);
        }
    }
    if others.is_empty() && evidence.facts.get("runtime.sockets").is_none() {
        return;
    }
    if others.contains_key(&own) || has_unit(evidence, context, &own) {
        others.clear();
    }
    let list = Fact::list(others.into_values().collect());
    evidence.facts.set("runtime.other_sockets", list);
}

/// The socket that a running runtime serves, by its command line or by its default.
fn served(process: &Process) -> Option<String> {
    let argv = process.argv.as_deref().unwrap_or_default();
    let value = |names: [&str; 2]| {
        let mut words = argv.iter().skip(1);
        words
            .find_map(|word| {
                let (name, value) = word.split_once('=').unzip();
                (name.is_some_and(|name| names.contains(&name))).then_some(value?)
            })
            .or_else(|| {
                let at = argv
                    .iter()
                    .position(|word| names.contains(&word.as_str()))?;
                argv.get(at + 1).map(String::as_str)
            })
    };
    match processes::program(process)? {
        "containerd" => match (value(["-a", "--address"]), value(["-c", "--config"])) {
            (Some(address), _) => Some(address.to_owned()),
            (None, None | Some("/etc/containerd/config.toml")) => {
                Some("/run/containerd/containerd.sock".to_owned())
            }
            (None, Some(_)) => None,
        },
        "crio" => Some("/run/crio/crio.sock".to_owned()),
        "cri-dockerd" => Some("/run/cri-dockerd.sock".to_owned()),
        _ => None,
    }
}

/// Whether the node has a unit of the runtime that would serve a socket, or its program, or a log of it.
fn has_unit(evidence: &Evidence, context: &Context<'_>, socket: &str) -> bool {
    let (unit, program) = match socket.rsplit('/').next() {
        Some("containerd.sock") => ("containerd.service", "containerd"),
        Some("crio.sock") => ("crio.service", "crio"),
        Some("cri-dockerd.sock") => ("cri-docker.service", "cri-dockerd"),
        _ => return false,
    };
    let is_there = |path: String| presence(evidence, &path).known() == Some(true);
    if context.logs.spans.contains_key(program)
        || ["/usr/bin", "/usr/local/bin"]
            .iter()
            .any(|folder| is_there(format!("{folder}/{program}")))
        || ["/usr/lib", "/lib", "/etc"]
            .iter()
            .any(|folder| is_there(format!("{folder}/systemd/system/{unit}")))
    {
        return true;
    }
    let units = evidence.facts.get("units").map(Fact::items);
    let text =
        |one: &Fact, field: &str| one.field(field).and_then(Fact::as_text).map(str::to_owned);
    units.unwrap_or_default().iter().any(|one| {
        text(one, "name").as_deref() == Some(unit)
            && text(one, "load_state").as_deref() != Some("not-found")
    })
}

fn real(path: &str) -> String {
    path.strip_prefix("/var/run/")
        .map_or_else(|| path.to_owned(), |rest| format!("/run/{rest}"))
}

/// What the probe saw, else what listings and the manifest prove.
fn existence(evidence: &Evidence, path: &str) -> Presence {
    match probed(evidence, path) {
        Some((socket, origin)) if socket.exists => Presence::Present(origin),
        Some((_, origin)) => Presence::Absent(origin),
        None => presence(evidence, path),
    }
}

fn probed<'a>(evidence: &'a Evidence, path: &str) -> Option<(&'a RuntimeSocket, Origin)> {
    evidence
        .all::<RuntimeSocket>()
        .iter()
        .find(|piece| real(&piece.value.path) == real(path))
        .map(|piece| (&piece.value, piece.origin.clone()))
}

fn sandbox_image(evidence: &Evidence) -> Option<Fact> {
    let wanted = evidence.facts.get("runtime.sandbox_image")?;
    let name = wanted.as_text()?;
    let image = evidence
        .all::<Image>()
        .iter()
        .find(|piece| piece.value.0 == name);
    let (present, origin) = match image {
        Some(piece) => (true, piece.origin.clone()),
        None => (false, evidence.all::<AllImages>().first()?.origin.clone()),
    };
    let mut fact = Fact::new(Value::Bool(present), origin);
    fact.origins.extend(wanted.origins.clone());
    Some(fact)
}

const SOCKETS: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::derive as run;

    fn at() -> Origin {
        Origin::line("probes/cri.json", 2)
    }

    #[test]
    fn the_kubelets_socket_is_compared_with_those_that_exist() {
        let mut evidence = Evidence::default();
        evidence.facts.set(
            "kubelet.effective.container_runtime_endpoint",
            Fact::text("unix:///var/run/crio/crio.sock", at()),
        );
        for (path, exists) in [
            ("/run/containerd/containerd.sock", true),
            ("/run/crio/crio.sock", false),
        ] {
            let connect = exists.then(|| "ok".to_owned());
            evidence.push(
                RuntimeSocket {
                    path: path.into(),
                    exists,
                    connect,
                },
                at(),
            );
        }
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool("runtime.socket_exists"), Some(false));
        let sockets = evidence.facts.get("runtime.sockets").unwrap();
        assert_eq!(
            sockets.items()[0].as_text(),
            Some("/run/containerd/containerd.sock")
        );
        assert!(evidence.facts.get("runtime.socket_connects").is_none());
    }

    #[test]
    fn another_runtime_counts_only_while_the_node_has_nothing_of_the_kubelets_own() {
        let others = |argv: &str, unit: Option<&str>| {
            let mut evidence = Evidence::default();
            evidence.facts.set(
                "runtime.endpoint",
                Fact::text("unix:///var/run/crio/crio.sock", at()),
            );
            let process = Process {
                pid: 7,
                argv: Some(argv.split(' ').map(str::to_owned).collect()),
                ..Process::default()
            };
            evidence.push(process, at());
            if let Some(name) = unit {
                let unit = Fact::record([("name", Some(Value::from(name)))], &at());
                evidence.facts.set("units", Fact::list(vec![unit]));
            }
            run(&mut evidence, &[&DERIVED]);
            let found = evidence.facts.get("runtime.other_sockets");
            found.map(|list| {
                let texts = list.items().iter().filter_map(Fact::as_text);
                texts.map(str::to_owned).collect::<Vec<_>>()
            })
        };
        let containerd = Some(vec!["/run/containerd/containerd.sock".to_owned()]);
        assert_eq!(others("/usr/bin/containerd", None), containerd);
        let moved = Some(vec!["/run/other.sock".to_owned()]);
        assert_eq!(
            others("/usr/bin/containerd --address=/run/other.sock", None),
            moved
        );
        assert_eq!(
            others("/usr/bin/containerd", Some("crio.service")),
            Some(vec![])
        );
        assert_eq!(others("/usr/bin/crio", None), Some(vec![]));
        assert_eq!(others("containerd -c /var/run/docker/x.toml", None), None);
    }

    #[test]
    fn a_sandbox_image_is_missing_only_from_a_list() {
        let mut evidence = Evidence::default();
        evidence.facts.set(
            "runtime.sandbox_image",
            Fact::text("registry.k8s.io/pause:3.9", at()),
        );
        run(&mut evidence, &[&DERIVED]);
        assert!(
            evidence
                .facts
                .get("runtime.sandbox_image_present")
                .is_none()
        );
        evidence.push(Image("registry.k8s.io/pause:3.8".into()), at());
        evidence.push(AllImages, at());
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(
            evidence.facts.bool("runtime.sandbox_image_present"),
            Some(false)
        );
    }
}
