//! Paths that flags, kubelet configurations, kubeconfigs and units name: followed once, and recorded whether they lead anywhere.

use super::{Node, absolute, scan};
use crate::host::Host;

/// A path that something on the node names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// What names it: a file, a unit, `process 66`.
    pub(crate) from: String,
    /// By which flag, key or setting.
    pub(crate) key: String,
    /// Where it leads.
    pub(crate) path: String,
}

/// Every path that is followed, in the order of who names it.
pub(crate) fn find(host: &mut Host, node: &Node) -> Vec<Reference> {
    let mut found = Vec::new();
    for kubelet in &node.kubelets {
        for flag in FLAGS {
            if let Some(value) = kubelet.flags.get(*flag) {
                push(
                    &mut found,
                    &kubelet.declared_by,
                    &format!("--{flag}"),
                    value,
                );
            }
        }
        for named in &kubelet.config {
            push(&mut found, &named.file, &named.key, &named.value);
        }
    }
    for path in &node.kubeconfigs {
        let Ok(taken) = host.read(path, 256 << 10) else {
            continue;
        };
        for (key, value) in scan::values(&taken.text(), KUBECONFIG_KEYS) {
            let followed = key != "command" || value.contains('/');
            if followed {
                push(&mut found, path, &key, &absolute(&value, path));
            }
        }
    }
    for unit in &node.units {
        for (path, _) in &unit.environment_files {
            push(&mut found, &unit.name, "EnvironmentFile", path);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Absolute paths and Unix sockets only: a bare name or a URL leads to no file.
fn push(found: &mut Vec<Reference>, from: &str, key: &str, value: &str) {
    let path = value.strip_prefix("unix://").unwrap_or(value);
    if path.starts_with('/') {
        found.push(Reference {
            from: from.to_owned(),
            key: key.to_owned(),
            path: path.to_owned(),
        });
    }
}

const FLAGS: &[&str] = &[
    "bootstrap-kubeconfig",
    "cert-dir",
    "client-ca-file",
    "config",
    "config-dir",
    "container-runtime-endpoint",
    "image-credential-provider-bin-dir",
    "image-credential-provider-config",
    "kubeconfig",
    "pod-manifest-path",
    "resolv-conf",
    "root-dir",
    "tls-cert-file",
    "tls-private-key-file",
];

const KUBECONFIG_KEYS: &[&str] = &[
    "certificate-authority",
    "client-certificate",
    "client-key",
    "tokenFile",
    "command",
];
