//! The kubelet's settings as they come together: files in order, then flags, each with where it comes from.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::node::kubelet::Kubelet;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use nodebundle_bundle::redact::tree::{self, yaml};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const SPEC: Spec = Spec {
    name: "settings",
    about: "the kubelet's settings, merged",
    items: &[Item {
        name: "kubelet",
        catalog: "K1 K2",
        kind: "kubelet-settings",
        source: Source::Fact {
            topic: "kubelet-settings",
            make: settings,
        },
        cap: 128 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "which value holds, and which file or flag set it",
    }],
};

/// `facts/kubelet-settings.json`: one line for each setting of each kubelet.
fn settings(host: &mut Host, node: &Node) -> Result<String, Failure> {
    if node.kubelets.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no process and no unit is a kubelet",
        ));
    }
    let mut lines = Vec::new();
    for kubelet in &node.kubelets {
        let merged = merged(host, kubelet);
        lines.extend(merged.iter().map(|(key, setting)| {
            json!({
                "kubelet": kubelet.declared_by,
                "key": key,
                "value": setting.value,
                "from": setting.from,
                "replaces": setting.replaces,
            })
        }));
    }
    Ok(facts::list("settings", &lines))
}

/// One setting.
#[derive(Debug, PartialEq)]
struct Setting {
    /// A scalar, or a list of them.
    value: Value,
    /// `<path>:<line>` or `--<flag>`.
    from: String,
    /// Where a value stood that this one replaces.
    replaces: Option<String>,
}

fn merged(host: &mut Host, kubelet: &Kubelet) -> BTreeMap<String, Setting> {
    let mut merged: BTreeMap<String, Setting> = BTreeMap::new();
    let mut set = |key: String, value: Value, from: String| {
        let value = if is_secret(&key) {
            json!("not stored")
        } else {
            value
        };
        let replaces = merged.remove(&key).map(|before| before.from);
        merged.insert(
            key,
            Setting {
                value,
                from,
                replaces,
            },
        );
    };
    for path in &kubelet.config_files {
        let Ok(taken) = host.read(path, 256 * KIB) else {
            continue;
        };
        let text = taken.text();
        for document in yaml(&text, false).documents {
            let mut found = Vec::new();
            flatten(&document, "", &text, &mut found);
            for (key, value, line) in found {
                set(key, value, format!("{path}:{line}"));
            }
        }
    }
    for (flag, value) in &kubelet.flags {
        // A switch without a value is on.
        let value = if value.is_empty() { "true" } else { value };
        set(config_key(flag), json!(value), format!("--{flag}"));
    }
    merged
}

/// Leaves with dotted keys and their lines; a list of scalars is one leaf.
fn flatten(node: &tree::Node, key: &str, text: &str, found: &mut Vec<(String, Value, usize)>) {
    let line = |scalar: &tree::Scalar| {
        let before = text.get(..scalar.range.start).unwrap_or_default();
        before.matches('\n').count() + 1
    };
    match node {
        tree::Node::Map(entries) => {
            for (name, child) in entries {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                flatten(child, &key, text, found);
            }
        }
        tree::Node::Scalar(scalar) => {
            found.push((key.to_owned(), json!(scalar.value), line(scalar)));
        }
        tree::Node::List(items) => {
            let scalars: Vec<&tree::Scalar> = items
                .iter()
                .filter_map(|item| match item {
                    tree::Node::Scalar(scalar) => Some(scalar),
                    _ => None,
                })
                .collect();
            match scalars.first() {
                Some(first) if scalars.len() == items.len() => {
                    let values: Vec<&str> =
                        scalars.iter().map(|scalar| scalar.value.as_str()).collect();
                    found.push((key.to_owned(), json!(values), line(first)));
                }
                _ => {
                    for (at, item) in items.iter().enumerate() {
                        flatten(item, &format!("{key}[{at}]"), text, found);
                    }
                }
            }
        }
        tree::Node::Alias => {}
    }
}

/// Headers for static pods may carry a credential.
fn is_secret(key: &str) -> bool {
    key.starts_with("staticPodURLHeader") || key == "manifestURLHeader"
}

/// The configuration key that a flag stands for: `--cgroup-driver` is `cgroupDriver`.
fn config_key(flag: &str) -> String {
    if let Some((_, key)) = FLAG_KEYS.iter().find(|(name, _)| *name == flag) {
        return (*key).to_owned();
    }
    let mut key = String::new();
    let mut upper = false;
    for character in flag.chars() {
        if character == '-' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            key.extend(character.to_uppercase());
        } else {
            key.push(character);
        }
    }
    key
}

/// Flags whose key is not their name in another spelling.
const FLAG_KEYS: &[(&str, &str)] = &[
    ("anonymous-auth", "authentication.anonymous.enabled"),
    (
        "authentication-token-webhook",
        "authentication.webhook.enabled",
    ),
    ("authorization-mode", "authorization.mode"),
    ("client-ca-file", "authentication.x509.clientCAFile"),
    ("cluster-dns", "clusterDNS"),
    ("container-runtime-endpoint", "containerRuntimeEndpoint"),
    ("fail-cgroupv1", "failCgroupV1"),
    ("image-service-endpoint", "imageServiceEndpoint"),
    ("manifest-url", "staticPodURL"),
    ("manifest-url-header", "staticPodURLHeader"),
    ("pod-cidr", "podCIDR"),
    ("pod-manifest-path", "staticPodPath"),
    ("provider-id", "providerID"),
    ("read-only-port", "readOnlyPort"),
    ("register-with-taints", "registerWithTaints"),
    ("resolv-conf", "resolvConf"),
    ("rotate-server-certificates", "serverTLSBootstrap"),
    ("tls-cert-file", "tlsCertFile"),
    ("tls-private-key-file", "tlsPrivateKeyFile"),
    ("v", "logging.verbosity"),
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_drop_in_replaces_the_file_and_a_flag_replaces_both() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("etc/k");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("a.yaml"),
            "kind: KubeletConfiguration\nfailSwapOn: true\ncgroupDriver: cgroupfs\nclusterDNS:\n- 10.96.0.10\nauthentication:\n  x509:\n    clientCAFile: /ca\nstaticPodURLHeader:\n  Authorization: [hunter2]\n",
        )
        .unwrap();
        std::fs::write(folder.join("b.conf"), "failSwapOn: false\n").unwrap();
        let node = Node {
            kubelets: vec![Kubelet {
                declared_by: "kubelet.service".to_owned(),
                flags: BTreeMap::from([("cgroup-driver".to_owned(), "systemd".to_owned())]),
                config_files: vec!["/etc/k/a.yaml".to_owned(), "/etc/k/b.conf".to_owned()],
                ..Kubelet::default()
            }],
            ..Node::default()
        };
        let mut host = Host::direct(scratch.path());
        let text = settings(&mut host, &node).unwrap();
        assert!(!text.contains("hunter2"));
        let fact: Value = serde_json::from_str(&text).unwrap();
        let of = |key: &str| {
            let settings = fact["settings"].as_array().unwrap();
            settings
                .iter()
                .find(|setting| setting["key"] == key)
                .unwrap()
                .clone()
        };
        assert_eq!(of("failSwapOn")["value"], "false");
        assert_eq!(of("failSwapOn")["from"], "/etc/k/b.conf:1");
        assert_eq!(of("failSwapOn")["replaces"], "/etc/k/a.yaml:2");
        assert_eq!(of("cgroupDriver")["from"], "--cgroup-driver");
        assert_eq!(of("clusterDNS")["value"], json!(["10.96.0.10"]));
        assert_eq!(
            of("authentication.x509.clientCAFile")["from"],
            "/etc/k/a.yaml:8"
        );
    }

    #[test]
    fn a_node_without_a_kubelet_has_no_settings() {
        let scratch = Scratch::new();
        let mut host = Host::direct(scratch.path());
        let failure = settings(&mut host, &Node::default()).unwrap_err();
        assert_eq!(failure.outcome, Outcome::NotApplicable);
    }
}
