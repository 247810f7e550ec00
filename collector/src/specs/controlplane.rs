//! A control-plane node: flags of its static pods, the order of its encryption providers, its balancer.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use nodebundle_bundle::redact::tree::{self, yaml};
use serde_json::{Map, Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "controlplane",
    about: "the control plane, where this node is part of it",
    items: &[
        fact(
            "flags",
            "E2 E6 E1",
            Source::Fact {
                topic: "control-plane",
                make: flags,
            },
            (Tier::T0, Sensitivity::Mixed),
            "node authorizer off, another CA, requests that nobody signs",
        ),
        fact(
            "encryption",
            "E4",
            Source::Fact {
                topic: "encryption",
                make: encryption,
            },
            (Tier::T1, Sensitivity::Secret),
            "an API server that cannot read its tokens; order of providers and names of keys only",
        ),
        file("haproxy", "/etc/haproxy/haproxy.cfg"),
        file("haproxy-kubernetes", "/etc/kubernetes/haproxy/haproxy.cfg"),
        file("keepalived", "/etc/keepalived/keepalived.conf"),
        file("nginx", "/etc/nginx/nginx.conf"),
        file("nginx-kubernetes", "/etc/kubernetes/nginx/nginx.conf"),
        file("nginx-local", "/etc/nginx/nginx-proxy.conf"),
        Item {
            name: "etcd",
            catalog: "E3",
            kind: "listing",
            source: Source::Listing("/var/lib/etcd/member"),
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "whether etcd has its data; names and sizes only",
        },
    ],
};

const fn fact(
    name: &'static str,
    catalog: &'static str,
    source: Source,
    (tier, sensitivity): (Tier, Sensitivity),
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "control-plane",
        source,
        cap: 64 * KIB,
        tier,
        sensitivity,
        reason,
    }
}

const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "E5 C6",
        kind: "balancer-config",
        source: Source::File(path),
        cap: 32 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "an address that nobody owns, a server that is gone",
    }
}

/// `facts/control-plane.json`: of each static pod of the control plane the flags that decide who may join.
fn flags(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut pods = Vec::new();
    for path in manifests(host, node) {
        let Ok(taken) = host.read(&path, 128 * KIB) else {
            continue;
        };
        for document in yaml(&taken.text(), false).documents {
            pods.extend(pod(&path, &document));
        }
    }
    if pods.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no static pod of a control plane",
        ));
    }
    Ok(facts::list("containers", &pods))
}

/// The kubelet loads every file that does not begin with a dot.
fn manifests(host: &mut Host, node: &Node) -> Vec<String> {
    let named = node.paths("pod-manifest-path", "staticPodPath");
    let usual = FOLDERS.iter().map(|path| (*path).to_owned());
    let mut files = Vec::new();
    for folder in unique(named.into_iter().chain(usual)) {
        if let Ok(listing) = host.list(&folder) {
            let entries = listing
                .entries
                .into_iter()
                .filter(|entry| entry.kind != "dir");
            let names = entries
                .map(|entry| entry.name)
                .filter(|name| !name.starts_with('.'));
            files.extend(names.take(30).map(|name| format!("{folder}/{name}")));
        }
    }
    unique(files.into_iter())
}

fn pod(path: &str, document: &tree::Node) -> Vec<Value> {
    let containers = document
        .child("spec")
        .and_then(|spec| spec.child("containers"));
    let Some(tree::Node::List(containers)) = containers else {
        return Vec::new();
    };
    let text = |node: &tree::Node, key: &str| {
        node.child(key)
            .and_then(tree::Node::text)
            .map(str::to_owned)
    };
    containers
        .iter()
        .filter_map(|container| {
            let name = text(container, "name")?;
            let flags = flags_of(container);
            (COMPONENTS.contains(&name.as_str()) || !flags.is_empty()).then(|| {
                json!({
                    "path": path,
                    "container": name,
                    "image": text(container, "image"),
                    "flags": flags,
                })
            })
        })
        .collect()
}

fn flags_of(container: &tree::Node) -> Map<String, Value> {
    let mut flags = Map::new();
    for key in ["command", "args"] {
        let Some(tree::Node::List(words)) = container.child(key) else {
            continue;
        };
        for word in words.iter().filter_map(tree::Node::text) {
            let pair = word
                .strip_prefix("--")
                .and_then(|flag| flag.split_once('='));
            if let Some((name, value)) = pair.filter(|(name, _)| FLAGS.contains(name)) {
                flags.insert(name.to_owned(), json!(value));
            }
        }
    }
    flags
}

/// `facts/encryption.json`: never a key, never its hash.
fn encryption(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for path in encryption_files(host, node) {
        let Ok(taken) = host.read_once(&path, 128 * KIB, Keep::Start) else {
            continue;
        };
        for document in yaml(&taken.text(), false).documents {
            lines.extend(providers(&path, &document));
        }
    }
    if lines.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "nothing on this node encrypts the API server's data",
        ));
    }
    Ok(facts::list("resources", &lines))
}

fn encryption_files(host: &mut Host, node: &Node) -> Vec<String> {
    let mut named = Vec::new();
    for path in manifests(host, node) {
        if let Ok(taken) = host.read(&path, 128 * KIB) {
            let text = taken.text();
            let values = text.split("--encryption-provider-config=").skip(1);
            named.extend(
                values
                    .filter_map(|rest| rest.split_whitespace().next())
                    .map(str::to_owned),
            );
        }
    }
    let usual = ENCRYPTION_FILES.iter().map(|path| (*path).to_owned());
    unique(
        named
            .into_iter()
            .chain(usual)
            .filter(|path| path.starts_with('/')),
    )
}

/// One line for each group of resources: what encrypts them, in the order in which it is tried.
fn providers(path: &str, document: &tree::Node) -> Vec<Value> {
    let kind = document.child("kind").and_then(tree::Node::text);
    let Some(tree::Node::List(groups)) = document.child("resources") else {
        return Vec::new();
    };
    if kind != Some("EncryptionConfiguration") && kind != Some("EncryptionConfig") {
        return Vec::new();
    }
    groups
        .iter()
        .map(|group| {
            let resources = match group.child("resources") {
                Some(tree::Node::List(names)) => {
                    names.iter().filter_map(tree::Node::text).collect()
                }
                _ => Vec::new(),
            };
            let order = match group.child("providers") {
                Some(tree::Node::List(providers)) => {
                    providers.iter().filter_map(provider).collect()
                }
                _ => Vec::new(),
            };
            json!({"path": path, "resources": resources, "providers": order})
        })
        .collect()
}

fn provider(provider: &tree::Node) -> Option<Value> {
    let tree::Node::Map(entries) = provider else {
        return None;
    };
    let (name, body) = entries.first()?;
    let keys = match body.child("keys") {
        Some(tree::Node::List(keys)) => keys
            .iter()
            .filter_map(|key| key.child("name")?.text())
            .collect(),
        _ => Vec::new(),
    };
    Some(json!({"provider": name, "keys": keys}))
}

const FOLDERS: &[&str] = &[
    "/etc/kubernetes/manifests",
    "/var/lib/rancher/rke2/agent/pod-manifests",
];

const COMPONENTS: &[&str] = &[
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-vip",
    "haproxy",
];

const FLAGS: &[&str] = &[
    "advertise-address",
    "admission-control-config-file",
    "allocate-node-cidrs",
    "authorization-config",
    "authorization-mode",
    "bind-address",
    "client-ca-file",
    "cloud-provider",
    "cluster-cidr",
    "cluster-signing-cert-file",
    "cluster-signing-duration",
    "cluster-signing-key-file",
    "controllers",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "enable-bootstrap-token-auth",
    "encryption-provider-config",
    "etcd-cafile",
    "etcd-certfile",
    "etcd-servers",
    "feature-gates",
    "initial-cluster",
    "initial-cluster-state",
    "kubelet-certificate-authority",
    "kubelet-client-certificate",
    "leader-elect",
    "listen-client-urls",
    "requestheader-client-ca-file",
    "root-ca-file",
    "runtime-config",
    "secure-port",
    "service-account-issuer",
    "service-account-key-file",
    "service-cluster-ip-range",
    "tls-cert-file",
    "trusted-ca-file",
    "use-service-account-credentials",
];

const ENCRYPTION_FILES: &[&str] = &[
    "/etc/kubernetes/encryption-config.yaml",
    "/etc/kubernetes/enc/enc.yaml",
    "/etc/kubernetes/pki/encryption-config.yaml",
    "/var/lib/rancher/k3s/server/cred/encryption-config.json",
    "/var/lib/rancher/rke2/server/cred/encryption-config.json",
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    const API_SERVER: &str = "kind: Pod\nspec:\n  containers:\n  - name: kube-apiserver\n    image: registry/kube-apiserver:v1.30.0\n    command:\n    - kube-apiserver\n    - --authorization-mode=Node,RBAC\n    - --encryption-provider-config=/etc/enc/e.yaml\n    - --etcd-password=hunter2\n";
    const ENCRYPTION: &str = "kind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys:\n      - name: key1\n        secret: aHVudGVyMg==\n  - identity: {}\n";

    fn tree() -> (Scratch, Host) {
        let scratch = Scratch::new();
        for (path, text) in [
            ("etc/kubernetes/manifests/kube-apiserver.yaml", API_SERVER),
            ("etc/enc/e.yaml", ENCRYPTION),
        ] {
            let path = scratch.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let host = Host::direct(scratch.path());
        (scratch, host)
    }

    #[test]
    fn deciding_flags_are_told_and_passwords_are_not() {
        let (_scratch, mut host) = tree();
        let text = flags(&mut host, &Node::default()).unwrap();
        assert!(!text.contains("hunter2"));
        let fact: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            fact["containers"][0]["flags"]["authorization-mode"],
            "Node,RBAC"
        );
    }

    #[test]
    fn providers_keep_their_order_and_keys_only_their_names() {
        let (_scratch, mut host) = tree();
        let text = encryption(&mut host, &Node::default()).unwrap();
        assert!(!text.contains("aHVudGVyMg"));
        let fact: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            fact["resources"][0]["providers"],
            json!([{"provider": "aescbc", "keys": ["key1"]}, {"provider": "identity", "keys": []}])
        );
    }

    #[test]
    fn a_worker_has_no_control_plane() {
        let scratch = Scratch::new();
        let mut host = Host::direct(scratch.path());
        let failure = flags(&mut host, &Node::default()).unwrap_err();
        assert_eq!(failure.outcome, Outcome::NotApplicable);
        assert!(encryption(&mut host, &Node::default()).is_err());
    }
}
