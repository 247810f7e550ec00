//! The container runtime: its configuration, and the folders of its sockets.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::runtime_sockets;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "runtime",
    about: "the container runtime",
    items: &[
        config("containerd", "CR4", "/etc/containerd/config.toml"),
        folder(
            "containerd-imports",
            "CR4",
            "/etc/containerd/conf.d",
            &["*.toml"],
            0,
        ),
        folder(
            "containerd-mirrors",
            "CR5",
            "/etc/containerd/certs.d",
            &["hosts.toml"],
            1,
        ),
        config("crio", "CR6", "/etc/crio/crio.conf"),
        folder("crio-drop-ins", "CR6", "/etc/crio/crio.conf.d", &["*"], 0),
        config("crictl", "CR6", "/etc/crictl.yaml"),
        config("docker", "CR7", "/etc/docker/daemon.json"),
        config("registries", "CR5", "/etc/containers/registries.conf"),
        folder(
            "registries-drop-ins",
            "CR5",
            "/etc/containers/registries.conf.d",
            &["*.conf"],
            0,
        ),
        config("policy", "CR5", "/etc/containers/policy.json"),
        config("k0s-containerd", "CR4", "/etc/k0s/containerd.toml"),
        config("talos-containerd", "CR4", "/etc/cri/containerd.toml"),
        config(
            "k3s-containerd",
            "CR4",
            "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
        ),
        config(
            "rke2-containerd",
            "CR4",
            "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
        ),
        config(
            "microk8s-containerd",
            "CR4",
            "/var/snap/microk8s/current/args/containerd.toml",
        ),
        config("docker-engine", "CR7", "/etc/default/docker"),
        config("containers-storage", "CR5", "/etc/containers/storage.conf"),
        folder("crio-lib", "CR6", "/usr/lib/crio/crio.conf.d", &["*"], 0),
        folder("docker-certs", "CR5", "/etc/docker/certs.d", &["*.crt"], 1),
        Item {
            name: "containerd-effective",
            catalog: "CR4",
            kind: "command",
            source: Source::CarefulCommand {
                argv: &["/usr/bin/containerd", "config", "dump"],
                unless: |host| {
                    let absent = host.stat("/etc/containerd/config.toml").is_err();
                    let why = "there is no configuration to complete";
                    absent.then(|| Failure::new(Outcome::NotApplicable, why))
                },
                keep: str::to_owned,
            },
            cap: 128 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "what holds after imports and defaults",
        },
        Item {
            name: "sockets",
            catalog: "CR1",
            kind: "runtime-sockets",
            source: Source::Fact {
                topic: "runtime-sockets",
                make: sockets,
            },
            cap: 16 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "the kubelet points to a socket that nobody serves, or to one of a runtime that is gone",
        },
        command("ctr-namespaces", &["/usr/bin/ctr", "namespaces", "list"]),
        command(
            "ctr-leases",
            &["/usr/bin/ctr", "--namespace", "k8s.io", "leases", "list"],
        ),
        listing("run-containerd", "CR1", "/run/containerd"),
        listing("run-crio", "CR1", "/run/crio"),
        listing("run", "CR1", "/run"),
        listing("run-k3s", "CR1", "/run/k3s/containerd"),
        listing("run-k0s", "CR1", "/run/k0s"),
        listing("run-microk8s", "CR1", "/var/snap/microk8s/common/run"),
        listing("etc-containerd", "CR4", "/etc/containerd"),
        listing("etc-crio", "CR6", "/etc/crio"),
    ],
};

const fn config(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "runtime-config",
        source: Source::File(path),
        cap: 128 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "CRI plugin disabled, cgroup driver, pause image, CNI folders, mirrors",
    }
}

const fn folder(
    name: &'static str,
    catalog: &'static str,
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
) -> Item {
    Item {
        name,
        catalog,
        kind: "runtime-config",
        source: Source::Folder { path, names, depth },
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "settings that override the main file",
    }
}

const fn listing(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "proves that a socket or file is missing",
    }
}

const fn command(name: &'static str, argv: &'static [&'static str]) -> Item {
    Item {
        name,
        catalog: "CR10",
        kind: "command",
        source: Source::Command(argv),
        cap: 64 * KIB,
        tier: Tier::T2,
        sensitivity: Sensitivity::Public,
        reason: "what keeps images from being removed",
    }
}

/// `facts/runtime-sockets.json`: the sockets that kubelets are told to use, and the usual ones. Nothing is connected.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn sockets(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let named = runtime_sockets::told(node);
    let unix = host.line("/proc/net/unix").unwrap_or_default();
    let lines: Vec<Value> = runtime_sockets::all(node)
        .into_iter()
        .filter_map(|path| {
            let told = named.contains(&path);
            socket(host, node, &unix, &path, told)
        })
        .collect();
    Ok(facts::list("sockets", &lines))
}

/// `None` where existence cannot be told.
fn socket(host: &mut Host, node: &Node, unix: &str, path: &str, told: bool) -> Option<Value> {
    let stat = match host.stat(path) {
        Ok(stat) => stat,
        Err(failure) if failure.outcome == Outcome::Absent => {
            return Some(json!({"path": path, "kubelet_uses_it": told, "exists": false}));
        }
        Err(_) => return None,
    };
    let inode = runtime_sockets::listening_inode(unix, path);
    let held = node.descriptors.iter();
    let held = held.filter(|held| inode.is_some_and(|inode| held.sockets.contains(&inode)));
    // systemd holds the sockets of services that it starts also while they run.
    let holder = held.min_by_key(|held| held.pid == 1);
    Some(json!({
        "path": path,
        "kubelet_uses_it": told,
        "exists": true,
        "kind": stat.kind,
        "mode": stat.attributes.mode,
        "uid": stat.attributes.uid,
        "gid": stat.attributes.gid,
        "link": stat.attributes.link,
        "listening": host.is_live().then_some(inode.is_some()),
        "listener": holder.map(|held| json!({"pid": held.pid, "process": held.comm})),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]
    fn the_socket_that_the_kubelet_uses_comes_first() {
        let scratch = Scratch::new();
        std::fs::create_dir_all(scratch.path().join("run")).unwrap();
        let flags = [(
            "container-runtime-endpoint".to_owned(),
            "unix:///run/x.sock".to_owned(),
        )];
        let node = Node {
            kubelets: vec![crate::node::kubelet::Kubelet {
                flags: flags.into(),
                ..Default::default()
            }],
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let fact: Value = serde_json::from_str(&sockets(&mut host, &node).unwrap()).unwrap();
        assert_eq!(
            fact["sockets"][0],
            json!({"path": "/run/x.sock", "kubelet_uses_it": true, "exists": false})
        );
    }
}
