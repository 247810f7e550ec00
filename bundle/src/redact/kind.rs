//! What the content of a file is, as far as masking cares.

use crate::redact::document;
use crate::redact::tree::{self, Node};

/// The syntax and meaning of a file's content. It decides how secrets are found; unknown content is [`ContentKind::Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentKind {
    /// A kubeconfig, in YAML or JSON.
    Kubeconfig,
    /// Registry credentials: Docker's `config.json`, a pull secret, `auth.json`. Never stored, only learned from.
    RegistryAuth,
    /// A cloud provider's configuration (`azure.json`, `cloud.conf`). Never stored, only learned from.
    CloudConfig,
    /// A file that holds one token and nothing else. Never stored, only learned from.
    Token,
    /// A network configuration of CNI, in JSON.
    CniConfig,
    /// Any YAML.
    Yaml,
    /// Any JSON.
    Json,
    /// TOML: containerd, CRI-O, k3s registries.
    Toml,
    /// `NAME=value` lines, as systemd's `EnvironmentFile=` reads, and `/proc/PID/environ` (NUL between entries).
    Env,
    /// A systemd unit or drop-in.
    Unit,
    /// A command line: words, or `/proc/PID/cmdline` (NUL between arguments).
    Argv,
    /// INI.
    Ini,
    /// PEM blocks.
    Pem,
    /// Anything else that is text: listings, command output, logs held whole.
    Text,
}

impl ContentKind {
    /// Judges by content first, and by the path on the node where content leaves it open.
    pub fn detect(node_path: &str, bytes: &[u8]) -> Self {
        let name = node_path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let text = String::from_utf8_lossy(bytes);
        let trimmed = text.trim_start_matches('\u{feff}').trim_start();
        if trimmed.starts_with("-----BEGIN ") {
            return Self::Pem;
        }
        if node_path.starts_with("/proc/") && name == "environ" {
            return Self::Env;
        }
        if node_path.starts_with("/proc/") && name == "cmdline" {
            return Self::Argv;
        }
        match ending {
            "toml" => return Self::Toml,
            "service" | "socket" | "timer" | "mount" | "target" | "slice" | "path" => {
                return Self::Unit;
            }
            "conf" if node_path.contains(".service.d/") => return Self::Unit,
            "env" => return Self::Env,
            _ => {}
        }
        structured(trimmed, ending).unwrap_or_else(|| by_lines(trimmed, ending))
    }
}

/// The kind of YAML or JSON; `None` when the text is neither, or only by accident.
fn structured(text: &str, ending: &str) -> Option<ContentKind> {
    let json = text.starts_with(['{', '[']) && !text.starts_with("[[");
    let tree = tree::yaml(text, json);
    let root = tree.documents.first()?;
    let Node::Map(entries) = root else {
        return (json && tree.broken_at.is_none()).then_some(ContentKind::Json);
    };
    let has = |name: &str| root.child(name).is_some();
    let kubeconfig = has("clusters") && (has("users") || has("contexts"));
    if kubeconfig || (document::kind(root) == "Config" && (has("clusters") || has("users"))) {
        return Some(ContentKind::Kubeconfig);
    }
    if has("auths") {
        return Some(ContentKind::RegistryAuth);
    }
    if has("aadClientSecret") || (has("private_key_id") && has("client_email")) {
        return Some(ContentKind::CloudConfig);
    }
    if has("cniVersion") {
        return Some(ContentKind::CniConfig);
    }
    if json {
        return Some(ContentKind::Json);
    }
    let yaml = matches!(ending, "yaml" | "yml") || has("apiVersion") || has("kind");
    (yaml || (tree.broken_at.is_none() && !entries.is_empty())).then_some(ContentKind::Yaml)
}

fn by_lines(text: &str, ending: &str) -> ContentKind {
    if matches!(ending, "yaml" | "yml") {
        return ContentKind::Yaml;
    }
    if ending == "json" {
        return ContentKind::Json;
    }
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    let Some(first) = lines.next() else {
        return ContentKind::Text;
    };
    if first.starts_with('[') && first.ends_with(']') {
        let unit = ["[Unit]", "[Service]", "[Install]", "[Socket]", "[Timer]"];
        return if unit.contains(&first) {
            ContentKind::Unit
        } else {
            ContentKind::Ini
        };
    }
    let is_assignment = |line: &str| {
        line.trim_start_matches("export ")
            .split_once('=')
            .is_some_and(|(name, _)| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            })
    };
    if is_assignment(first) && lines.all(is_assignment) {
        return ContentKind::Env;
    }
    ContentKind::Text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_before_the_name() {
        let kubeconfig = b"apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n";
        let kubelet = b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
        let path = "/etc/kubernetes/kubelet.conf";
        assert_eq!(
            ContentKind::detect(path, kubeconfig),
            ContentKind::Kubeconfig
        );
        assert_eq!(ContentKind::detect(path, kubelet), ContentKind::Yaml);
        let auths = br#"{"auths":{"registry.example":{"auth":"dTpw"}}}"#;
        let path = "/var/lib/kubelet/config.json";
        assert_eq!(ContentKind::detect(path, auths), ContentKind::RegistryAuth);
    }

    #[test]
    fn every_common_file_of_a_node_has_its_kind() {
        for (path, content, kind) in [
            (
                "/etc/containerd/config.toml",
                "version = 2\n",
                ContentKind::Toml,
            ),
            (
                "/lib/systemd/system/kubelet.service",
                "[Unit]\n",
                ContentKind::Unit,
            ),
            (
                "/etc/systemd/system/kubelet.service.d/10.conf",
                "[Service]\n",
                ContentKind::Unit,
            ),
            (
                "/etc/default/kubelet",
                "KUBELET_EXTRA_ARGS=--v=2\n",
                ContentKind::Env,
            ),
            (
                "/etc/cni/net.d/10.conflist",
                "{\"cniVersion\":\"1.0.0\"}",
                ContentKind::CniConfig,
            ),
            (
                "/etc/kubernetes/manifests/x.yaml",
                "a: b\n",
                ContentKind::Yaml,
            ),
            (
                "/var/lib/kubelet/pki/kubelet.key",
                "-----BEGIN X-----",
                ContentKind::Pem,
            ),
            ("/etc/hosts", "127.0.0.1 localhost\n", ContentKind::Text),
            ("/etc/x.ini", "[main]\na=b\n", ContentKind::Ini),
            (
                "/etc/kubernetes/broken.yaml",
                "a: b: c\n\t-",
                ContentKind::Yaml,
            ),
        ] {
            assert_eq!(
                ContentKind::detect(path, content.as_bytes()),
                kind,
                "{path}"
            );
        }
    }
}
