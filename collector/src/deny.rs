//! What is never stored, by path and by content, whoever asks for it.

use crate::spec::has_ending;
use nodebundle_bundle::redact::ContentKind;

/// Why a path is never stored; `None` when it may be.
pub(crate) fn by_path(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if has_ending(name, "key") || name.ends_with("-key.pem") {
        return Some("a private key is never stored; see facts/keys.json");
    }
    let secret = NAMES.contains(&name)
        || has_ending(name, "keytab")
        || name.ends_with("_history")
        || name.starts_with("ssh_host_")
        || name.starts_with("kube-env")
        || FOLDERS.iter().any(|folder| path.contains(folder));
    secret.then_some("never collected: its content is a credential")
}

/// Why content is never stored, of any name.
pub(crate) fn by_content(kind: ContentKind, bytes: &[u8]) -> Option<&'static str> {
    match kind {
        ContentKind::RegistryAuth => Some("registry credentials are never stored"),
        ContentKind::CloudConfig => Some("cloud credentials are never stored"),
        ContentKind::Token => Some("a token is never stored"),
        ContentKind::Pem if is_key_only(bytes) => {
            Some("a private key is never stored; see facts/keys.json")
        }
        _ => is_shadow(bytes).then_some("password hashes are never stored"),
    }
}

fn is_key_only(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("PRIVATE KEY-----") && !text.contains("-----BEGIN CERTIFICATE")
}

/// `root:$6$…:19000:0:99999:7:::`
fn is_shadow(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or_default();
        let hash = fields.next().unwrap_or_default();
        !name.is_empty()
            && (hash.starts_with("$6$") || hash.starts_with("$y$"))
            && fields.count() >= 6
    })
}

const NAMES: &[&str] = &[
    "shadow",
    "gshadow",
    "shadow-",
    "gshadow-",
    "authorized_keys",
    "krb5.keytab",
    "token",
    "node-token",
    "agent-token",
    "known_tokens.csv",
    "basic_auth.csv",
    "cluster-tokens.txt",
    "encryption-config.yaml",
    ".dockerconfigjson",
    ".dockercfg",
];

const FOLDERS: &[&str] = &[
    "/volumes/kubernetes.io~secret/",
    "/volumes/kubernetes.io~projected/",
    "/volumes/kubernetes.io~csi/",
    "/var/lib/etcd/",
    "/server/db/",
    "/.ssh/",
    "/.aws/",
    "/.azure/",
    "/.config/gcloud/",
    "/etc/rancher/node/",
    "/etc/rancher/agent/",
    "/var/lib/rancher/agent/",
    "/server/cred/",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_password_files_are_refused_by_name() {
        assert!(by_path("/etc/kubernetes/pki/ca.key").is_some());
        assert!(by_path("/etc/shadow").is_some());
        assert!(by_path("/etc/rancher/node/password").is_some());
        assert!(by_path("/etc/kubernetes/pki/ca.crt").is_none());
        assert!(by_path("/etc/rancher/k3s/config.yaml").is_none());
    }

    #[test]
    fn the_same_content_under_a_harmless_name_is_refused_too() {
        let shadow = b"root:$6$x$y:19000:0:99999:7:::\n";
        assert!(by_content(ContentKind::Text, shadow).is_some());
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(by_content(ContentKind::Pem, key).is_some());
        assert!(by_content(ContentKind::Text, b"nameserver 10.0.0.2\n").is_none());
    }
}
