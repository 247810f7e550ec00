//! The container runtime as it is: sockets, version, network, sandbox image.

use crate::claim::settle;
use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{AllImages, DockerEngine, Image, RuntimeSocket};
use crate::origin::Origin;
use crate::presence::{Presence, presence};

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

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    settle(evidence, FACTS);
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

/// What the probe saw, else what listings and the manifest prove.
fn existence(evidence: &Evidence, path: &str) -> Presence {
    match probed(evidence, path) {
        Some((socket, origin)) if socket.exists => Presence::Present(origin),
        Some((_, origin)) => Presence::Absent(origin),
        None => presence(evidence, path),
    }
}

fn probed<'a>(evidence: &'a Evidence, path: &str) -> Option<(&'a RuntimeSocket, Origin)> {
    let real = |path: &str| {
        path.strip_prefix("/var/run/")
            .map_or_else(|| path.to_owned(), |rest| format!("/run/{rest}"))
    };
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
