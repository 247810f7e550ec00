//! What is never stored, by path and by content, whoever asks for it.

use crate::spec::{has_ending, matches};
use nodebundle_bundle::redact::ContentKind;

/// Why a path is never stored; `None` when it may be.
pub(crate) fn by_path(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if ends_in(name, &["key"]) || name.ends_with("-key.pem") {
        return Some(KEY);
    }
    let is_credential = NAMES.iter().any(|pattern| matches(pattern, name))
        || PATHS.contains(&path)
        || FOLDERS.iter().any(|folder| path.contains(folder));
    if is_credential && !EXEMPT.contains(&path) {
        return Some("never collected: its content is a credential");
    }
    if ends_in(
        name,
        &["db", "wal", "snap", "dump", "dmp", "pcap", "pcapng", "cap"],
    ) {
        return Some("never collected: a database, a memory image or captured packets");
    }
    if is_memory(path, name) {
        return Some("never collected: memory of the machine or of a program");
    }
    is_of_others(path, name).then_some("never collected: it belongs to applications or to people")
}

/// Why a path is stored only after its content was cut down.
pub(crate) fn unless_rewritten(path: &str) -> Option<&'static str> {
    let environment = path.starts_with("/proc/") && path.ends_with("/environ");
    environment.then_some("never collected whole: the environment of a program")
}

/// Why content is never stored, of any name.
pub(crate) fn by_content(kind: ContentKind, bytes: &[u8]) -> Option<&'static str> {
    match kind {
        ContentKind::RegistryAuth => return Some("registry credentials are never stored"),
        ContentKind::CloudConfig => return Some("cloud credentials are never stored"),
        ContentKind::Token => return Some("a token is never stored"),
        _ => {}
    }
    if is_capture(bytes) {
        return Some("captured packets are never stored");
    }
    if is_core_dump(bytes) {
        return Some("a memory image is never stored");
    }
    let text = String::from_utf8_lossy(bytes);
    if kind == ContentKind::Pem && is_key_only(&text) {
        return Some(KEY);
    }
    if is_shadow(&text) {
        return Some("password hashes are never stored");
    }
    if is_object(&text, &["EncryptionConfiguration", "EncryptionConfig"]) {
        return Some("encryption keys are never stored; see facts/encryption.json");
    }
    if is_object(&text, &["Secret", "SecretList"]) {
        return Some("Secrets of the cluster are never stored");
    }
    if is_audit_log(&text) {
        return Some("audit logs of the API server are never stored");
    }
    is_machine_setup(&text)
        .then_some("the setup of a machine is never stored: it holds its secrets")
}

fn ends_in(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| has_ending(name, ending))
}

fn is_memory(path: &str, name: &str) -> bool {
    let of_process = path.starts_with("/proc/")
        && matches!(
            name,
            "mem" | "maps" | "smaps" | "kcore" | "kallsyms" | "auxv"
        );
    let dumped = name
        .strip_prefix("core.")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    of_process || dumped || matches!(name, "swapfile" | "swap.img")
}

/// Application logs and file systems, histories, logs of who signed in.
fn is_of_others(path: &str, name: &str) -> bool {
    let log_of_pod = path.starts_with("/var/log/pods/") || path.starts_with("/var/log/containers/");
    let of_system = SYSTEM_NAMESPACES.iter().any(|namespace| {
        path.starts_with(&format!("/var/log/pods/{namespace}"))
            || path.contains(&format!("_{namespace}_"))
    });
    log_of_pod && !of_system
        || name.ends_with("_history")
        || OTHERS.iter().any(|pattern| path.contains(pattern))
}

fn is_key_only(text: &str) -> bool {
    text.contains("PRIVATE KEY-----") && !text.contains("-----BEGIN CERTIFICATE")
}

/// `root:$6$…:19000:0:99999:7:::`
fn is_shadow(text: &str) -> bool {
    text.lines().any(|line| {
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or_default();
        let hash = fields.next().unwrap_or_default();
        let hashed = ["$1$", "$2", "$5$", "$6$", "$7$", "$y$", "$gy$"];
        !name.is_empty()
            && hashed.iter().any(|start| hash.starts_with(start))
            && fields.count() >= 2
    })
}

/// Whether the text is, or as YAML holds, a Kubernetes object of one of these kinds. A log that quotes one is none.
fn is_object(text: &str, kinds: &[&str]) -> bool {
    if text.trim_start().starts_with('{') {
        let parsed = serde_json::from_str::<serde_json::Value>(text).ok();
        let kind = parsed
            .as_ref()
            .and_then(|parsed| parsed.get("kind")?.as_str());
        return kind.is_some_and(|kind| kinds.contains(&kind));
    }
    let named = |line: &str| {
        line.trim_end()
            .strip_prefix("kind:")
            .map(str::trim)
            .map(str::to_owned)
    };
    let mut found = text.lines().filter_map(named);
    let is_wanted = found.any(|kind| kinds.contains(&kind.trim_matches(['"', '\''])));
    is_wanted && text.lines().any(|line| line.starts_with("apiVersion:"))
}

/// One JSON event a line.
fn is_audit_log(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let parsed = serde_json::from_str::<serde_json::Value>(first).ok();
    let version = parsed
        .as_ref()
        .and_then(|parsed| parsed.get("apiVersion")?.as_str());
    version.is_some_and(|version| version.starts_with("audit.k8s.io/"))
}

/// User data for a first start, Ignition, a machine configuration.
fn is_machine_setup(text: &str) -> bool {
    let start = text.trim_start();
    let cloud_config = start.starts_with("#cloud-config") || start.starts_with("#cloud-boothook");
    let parts = start.starts_with("Content-Type: multipart/mixed")
        || start.starts_with("## template: jinja");
    let compact: String = start
        .chars()
        .take(200)
        .filter(|c| !c.is_whitespace())
        .collect();
    let ignition = compact.contains("\"ignition\":{");
    let talos = text.lines().any(|line| line == "machine:")
        && text.lines().any(|line| line == "cluster:")
        && text.contains("version: v1alpha1");
    cloud_config || parts || ignition || talos
}

fn is_capture(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 5] = [
        b"\xd4\xc3\xb2\xa1",
        b"\xa1\xb2\xc3\xd4",
        b"\x4d\x3c\xb2\xa1",
        b"\xa1\xb2\x3c\x4d",
        b"\x0a\x0d\x0d\x0a",
    ];
    starts.iter().any(|start| bytes.starts_with(start))
}

/// An ELF file of type 4.
fn is_core_dump(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF") && matches!(bytes.get(16..18), Some([4, 0] | [0, 4]))
}

const KEY: &str = "a private key is never stored; see facts/keys.json";

/// File names, with `*` for anything.
const NAMES: &[&str] = &[
    "shadow",
    "gshadow",
    "shadow-",
    "gshadow-",
    "opasswd",
    "authorized_keys",
    "authorized_keys2",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "ssh_host_*",
    "*.keytab",
    "*.jks",
    "*.p12",
    "*.pfx",
    "token",
    "node-token",
    "agent-token",
    "known_tokens.csv",
    "basic_auth.csv",
    "cluster-tokens.txt",
    "callback-token*",
    "*-tokens.txt",
    "k0stoken*",
    "encryption-config.yaml",
    "encryption-config.json",
    "htpasswd",
    ".htpasswd",
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".dockerconfigjson",
    ".dockercfg",
    "auth.json",
    "openshift-pull-secret",
    "kube-env*",
    "ManagedIdentity-*",
    "ovf-env.xml",
    "CustomData",
    "user-data",
    "user-data.txt*",
    "vendor-data.txt*",
    "*.ign",
    "*.settings",
    "truststore*",
];

const PATHS: &[&str] = &[
    "/etc/kubernetes/azure.json",
    "/etc/kubernetes/sp.txt",
    "/etc/mcs-machine-config-content.json",
    "/etc/rancher/node/password",
    "/root/.docker/config.json",
    "/var/lib/kubelet/config.json",
];

const FOLDERS: &[&str] = &[
    "/volumes/kubernetes.io~secret/",
    "/volumes/kubernetes.io~projected/",
    "/volumes/kubernetes.io~csi/",
    "/var/lib/etcd/",
    "/server/db/",
    "/.ssh/",
    "/etc/ssh/ssh_host_",
    "/.aws/",
    "/.azure/",
    "/.config/gcloud/",
    "/.kube/cache/",
    "/etc/rancher/node/",
    "/etc/rancher/agent/",
    "/var/lib/rancher/agent/",
    "/server/cred/",
    "/etc/machine-config-daemon/",
    "/system/state/",
    "/system/secrets/",
    "/k8sd/state/",
    "/var/lib/cloud/instances/",
    "/var/lib/cloud/seed/",
    "/resources/kubeadmin/",
];

/// Settings that stand among what is never stored.
const EXEMPT: &[&str] = &[
    "/etc/machine-config-daemon/node-annotations.json",
    "/var/lib/rancher/rke2/server/db/etcd/config",
    "/var/lib/rancher/k3s/server/db/etcd/config",
];

const OTHERS: &[&str] = &[
    "/var/log/auth.log",
    "/var/log/secure",
    "/var/log/btmp",
    "/var/log/kubernetes/audit",
    "/var/log/kube-apiserver/audit",
    "/server/logs/audit",
    "/var/lib/systemd/coredump/",
    "/var/crash/",
    "/volumes/kubernetes.io~empty-dir/",
    "/volumes/kubernetes.io~local-volume/",
    "/io.containerd.snapshotter.v1.",
    "/io.containerd.runtime.v2.task/",
    "/docker/overlay2/",
    "/storage/overlay/",
];

/// Namespaces whose pods are part of the node's own machinery.
const SYSTEM_NAMESPACES: &[&str] = &[
    "kube-system",
    "kube-flannel",
    "calico-system",
    "tigera-operator",
    "cilium",
    "openshift-",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_distribution_holds_back_is_refused_and_what_lies_beside_it_is_not() {
        for path in [
            "/etc/kubernetes/azure.json",
            "/var/snap/microk8s/current/credentials/certs-request-tokens.txt",
            "/var/snap/microk8s/current/var/kubernetes/backend/cluster.key",
            "/var/snap/k8s/common/var/lib/k8sd/state/truststore/a.yaml",
            "/var/lib/waagent/Certificates.settings",
            "/data/rke2/server/node-token",
            "/data/rke2/server/db/etcd/member/snap/db",
            "/etc/k0s/k0stoken-worker",
        ] {
            assert!(by_path(path).is_some(), "{path}");
        }
        for path in [
            "/etc/machine-config-daemon/node-annotations.json",
            "/etc/kubernetes/admin.conf",
            "/var/snap/microk8s/current/credentials/kubelet.config",
        ] {
            assert!(by_path(path).is_none(), "{path}");
        }
    }

    const HASH: &str = "root:$6$x$y:19000:0:99999:7:::\n";

    #[test]
    fn credentials_are_refused_by_path() {
        for path in [
            "/etc/kubernetes/pki/ca.key",
            "/etc/kubernetes/pki/etcd/server-key.pem",
            "/etc/shadow",
            "/etc/gshadow-",
            "/etc/krb5.keytab",
            "/etc/ssh/ssh_host_rsa_key",
            "/root/.ssh/id_ed25519",
            "/home/a/.ssh/authorized_keys",
            "/etc/rancher/node/password",
            "/var/lib/rancher/k3s/server/node-token",
            "/var/lib/rancher/k3s/server/cred/passwd",
            "/var/snap/microk8s/current/credentials/known_tokens.csv",
            "/var/lib/kubelet/pods/1/volumes/kubernetes.io~secret/a/b",
            "/var/lib/kubelet/pods/1/volumes/kubernetes.io~projected/a/token",
            "/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/a/mount/x",
            "/home/kubernetes/kube-env-x",
            "/etc/machine-config-daemon/currentconfig",
            "/etc/mcs-machine-config-content.json",
            "/usr/share/oem/config.ign",
            "/var/lib/cloud/instance/user-data.txt",
            "/var/lib/waagent/ovf-env.xml",
            "/var/lib/waagent/ManagedIdentity-1.json",
            "/var/lib/kubelet/config.json",
            "/root/.docker/config.json",
            "/run/containers/0/auth.json",
            "/etc/crio/openshift-pull-secret",
            "/root/.aws/credentials",
            "/root/.azure/accessTokens.json",
            "/root/.config/gcloud/credentials",
            "/etc/kubernetes/sp.txt",
            "/etc/kubernetes/encryption-config.yaml",
        ] {
            assert!(by_path(path).is_some(), "{path}");
        }
    }

    #[test]
    fn databases_memory_and_what_belongs_to_others_are_refused_by_path() {
        for path in [
            "/var/lib/etcd/member/snap/db",
            "/var/lib/etcd-backup/a.snap",
            "/var/lib/etcd-backup/0000.wal",
            "/var/lib/rancher/k3s/server/db/state.db",
            "/swap.img",
            "/var/lib/systemd/coredump/core.kubelet.0.zst",
            "/var/crash/202611250000/vmcore",
            "/proc/kcore",
            "/proc/1/mem",
            "/proc/1/maps",
            "/proc/kallsyms",
            "/root/.bash_history",
            "/var/log/auth.log",
            "/var/log/secure",
            "/var/log/kubernetes/audit/audit.log",
            "/var/log/pods/shop_web-1_u/web/0.log",
            "/var/log/containers/web_shop_web-1.log",
            "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/etc/passwd",
            "/tmp/trace.pcap",
        ] {
            assert!(by_path(path).is_some(), "{path}");
        }
        assert!(unless_rewritten("/proc/7/environ").is_some());
        assert!(unless_rewritten("/proc/7/cmdline").is_none());
    }

    #[test]
    fn what_the_case_needs_is_not_refused() {
        for path in [
            "/etc/kubernetes/pki/ca.crt",
            "/etc/kubernetes/kubelet/config.json",
            "/etc/rancher/k3s/config.yaml",
            "/var/lib/rancher/rke2/server/db/etcd/config",
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            "/var/log/pods/kube-system_kube-proxy-1_u/kube-proxy/0.log",
            "/var/log/audit/audit.log",
            "/proc/1/mountinfo",
            "/etc/kubernetes/pki/sa.pub",
        ] {
            assert_eq!(by_path(path), None, "{path}");
        }
    }

    #[test]
    fn the_same_content_under_a_harmless_name_is_refused_too() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (kind, content) in [
            (ContentKind::Text, HASH),
            (ContentKind::Text, "user:$2y$05$abc:x:y\n"),
            (ContentKind::Pem, key),
            (
                ContentKind::Yaml,
                "apiVersion: v1\nkind: Secret\ndata: {}\n",
            ),
            (ContentKind::Json, r#"{"apiVersion":"v1","kind":"Secret"}"#),
            (
                ContentKind::Yaml,
                "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n",
            ),
            (ContentKind::Text, "#cloud-config\nusers: []\n"),
            (
                ContentKind::Json,
                r#"{ "ignition": { "version": "3.4.0" } }"#,
            ),
            (
                ContentKind::Yaml,
                "version: v1alpha1\nmachine:\n  token: x\ncluster:\n  id: y\n",
            ),
            (
                ContentKind::Json,
                r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#,
            ),
            (ContentKind::Text, "\u{a}\r\r\n"),
            (ContentKind::RegistryAuth, "{}"),
            (ContentKind::CloudConfig, "{}"),
            (ContentKind::Token, "x"),
        ] {
            assert!(by_content(kind, content.as_bytes()).is_some(), "{content}");
        }
        let mut core = b"\x7fELF\x02\x01\x01".to_vec();
        core.resize(16, 0);
        core.extend_from_slice(&[4, 0]);
        assert!(by_content(ContentKind::Text, &core).is_some());
        assert!(by_content(ContentKind::Text, b"\xd4\xc3\xb2\xa1\x02\x00").is_some());
    }

    #[test]
    fn content_that_only_resembles_a_secret_is_stored() {
        for content in [
            "nameserver 10.0.0.2\n",
            "apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n  - secret: {}\n",
            "apiVersion: v1\nkind: Config\nclusters: []\n",
            "root:x:0:0:root:/root:/bin/bash\n",
            "# cloud-config is elsewhere\n",
            "{\"msg\":\"read {\\\"kind\\\":\\\"Secret\\\"}\"}\n{\"msg\":2}\n",
        ] {
            assert_eq!(
                by_content(ContentKind::Yaml, content.as_bytes()),
                None,
                "{content}"
            );
        }
    }
}
