//! Which leaves of a parsed file are secret: by the names above them, and by the kind of document they stand in.

use crate::redact::hit::Hit;
use crate::redact::names;
use crate::redact::rule::Text;
use crate::redact::rules::{r04_header, r13_user_data, r14_kubeadm, r15_kubelet, r16_pod_data};
use crate::redact::tree::{Node, Scalar};
use crate::redact::{kubeconfig, scan, value};

/// Adds the secret leaves of one document.
pub(crate) fn mask(text: &Text<'_>, root: &Node, hits: &mut Vec<Hit>) {
    if r14_kubeadm::is_kubeadm(root) {
        r14_kubeadm::mask(text, root, hits);
    }
    if r15_kubelet::is_provider_config(root) {
        r15_kubelet::mask_providers(text, root, hits);
    }
    let mut walk = Walk {
        text,
        hits,
        encryption: false,
    };
    walk.node(root);
}

/// `kind:` of a Kubernetes document; empty without one.
pub(crate) fn kind(root: &Node) -> &str {
    root.child("kind").and_then(Node::text).unwrap_or_default()
}

struct Walk<'a, 't> {
    text: &'a Text<'t>,
    hits: &'a mut Vec<Hit>,
    /// Inside an `EncryptionConfiguration`, where `secret` is a key of the cluster's data.
    encryption: bool,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Map(entries) => {
                self.pair(node);
                let secret = kind(node) == "Secret";
                let outside = self.encryption;
                self.encryption |= kind(node).starts_with("Encryption");
                for (name, child) in entries {
                    if secret && matches!(name.as_str(), "data" | "stringData") {
                        self.everything(child, ("R9", "secret"));
                    } else {
                        self.entry(name, child);
                    }
                }
                self.encryption = outside;
            }
            Node::List(items) => {
                self.arguments(items);
                for item in items {
                    self.node(item);
                }
            }
            Node::Scalar(scalar) => self.escaped(scalar),
            Node::Alias => {}
        }
    }

    fn entry(&mut self, name: &str, child: &Node) {
        match name {
            "users" if kubeconfig::is_users(child) => {
                kubeconfig::mask_users(self.text, child, self.hits);
            }
            "certificate-authority-data" | "client-certificate-data" => {
                kubeconfig::mask_certificate(self.text, child, self.hits);
            }
            "auths" if matches!(child, Node::Map(_)) => {
                self.everything(child, ("R8", "registry-auth"));
            }
            "auth" if is_registry_auth(child) => self.everything(child, ("R8", "registry-auth")),
            "staticPodURLHeader" => self.everything(child, ("R15", "header")),
            "write_files" => self.written_files(child),
            _ if r04_header::is_credential_header(name.as_bytes()) => {
                self.headers(name.as_bytes(), child);
            }
            _ => self.payload(name, child),
        }
    }

    /// What is hidden whole by the name above it, whatever it looks like.
    fn payload(&mut self, name: &str, child: &Node) {
        match child {
            Node::Scalar(scalar)
                if r13_user_data::is_payload_name(name)
                    && r13_user_data::is_payload(scalar.value.as_bytes()) =>
            {
                r13_user_data::mask(self.text, scalar.range.clone(), self.hits);
            }
            Node::Scalar(scalar) if name.ends_with("last-applied-configuration") => {
                let range = scalar.range.clone();
                r16_pod_data::whole(self.text, range, "last-applied", self.hits);
            }
            _ => self.named(name, child),
        }
    }

    /// The contents of the files that cloud-init writes.
    fn written_files(&mut self, node: &Node) {
        if let Node::List(items) = node {
            for item in items {
                if let Some(Node::Scalar(content)) = item.child("content") {
                    r13_user_data::mask(self.text, content.range.clone(), self.hits);
                }
            }
        }
        self.node(node);
    }

    /// A leaf, or the items of a list, under a name that announces a secret.
    fn named(&mut self, name: &str, child: &Node) {
        let Some(secret) = names::announced(name.as_bytes()) else {
            self.node(child);
            return;
        };
        let (rule, kind) = if self.encryption {
            ("R5", "encryption-key")
        } else {
            ("R9", secret.word())
        };
        match child {
            Node::Scalar(scalar) => {
                if !names::is_harmless(scalar.value.as_bytes(), secret) {
                    self.leaf(scalar, (rule, kind));
                }
            }
            Node::List(items) => {
                for item in items {
                    self.named(name, item);
                }
            }
            Node::Map(_) | Node::Alias => self.node(child),
        }
    }

    /// `name: DB_PASSWORD` beside `value: …`, as in the environment of a container.
    fn pair(&mut self, node: &Node) {
        let name = node.child("name").or_else(|| node.child("key"));
        let announced = name
            .and_then(Node::text)
            .and_then(|name| names::announced(name.as_bytes()));
        if let (Some(secret), Some(Node::Scalar(scalar))) = (announced, node.child("value"))
            && !names::is_harmless(scalar.value.as_bytes(), secret)
        {
            self.leaf(scalar, ("R9", secret.word()));
        }
    }

    /// `["--token", "…"]`: a flag and its value as two items.
    fn arguments(&mut self, items: &[Node]) {
        for two in items.windows(2) {
            let [Node::Scalar(flag), Node::Scalar(argument)] = two else {
                continue;
            };
            let name = flag.value.trim_start_matches('-');
            if name.len() == flag.value.len()
                || name.contains('=')
                || argument.value.starts_with('-')
            {
                continue;
            }
            if let Some(secret) = names::announced(name.as_bytes())
                && !names::is_harmless(argument.value.as_bytes(), secret)
            {
                self.leaf(argument, ("R9", secret.word()));
            }
        }
    }

    fn headers(&mut self, name: &[u8], child: &Node) {
        match child {
            Node::Scalar(scalar) => {
                r04_header::header(self.text, name, scalar.range.clone(), self.hits);
            }
            Node::List(items) => items.iter().for_each(|item| self.headers(name, item)),
            Node::Map(_) | Node::Alias => self.node(child),
        }
    }

    fn everything(&mut self, node: &Node, named: (&'static str, &str)) {
        match node {
            Node::Map(entries) => {
                for (name, child) in entries {
                    let kind = if name == "username" { "user" } else { named.1 };
                    self.everything(child, (named.0, kind));
                }
            }
            Node::List(items) => items.iter().for_each(|item| self.everything(item, named)),
            Node::Scalar(scalar) => self.leaf(scalar, named),
            Node::Alias => {}
        }
    }

    fn leaf(&mut self, scalar: &Scalar, named: (&'static str, &str)) {
        leaf(self.text, scalar, named, self.hits);
    }

    /// A secret that only shows once escapes are resolved hides the whole leaf.
    fn escaped(&mut self, scalar: &Scalar) {
        let source = self.text.slice(scalar.range.clone());
        if source == scalar.value.as_bytes() || !source.contains(&b'\\') {
            return;
        }
        let count = |bytes: &[u8]| {
            let mut hits = Vec::new();
            scan::scan(
                &Text {
                    bytes,
                    ..*self.text
                },
                &mut hits,
            );
            hits.len()
        };
        if count(scalar.value.as_bytes()) > count(source) {
            self.leaf(scalar, ("R9", "escaped-secret"));
        }
    }
}

/// Masks one leaf; empty ones and switches stay, they explain failures.
pub(crate) fn leaf(
    text: &Text<'_>,
    scalar: &Scalar,
    named: (&'static str, &str),
    hits: &mut Vec<Hit>,
) {
    if matches!(scalar.value.as_str(), "" | "~" | "null" | "true" | "false") {
        return;
    }
    let first = hits.len();
    value::mask(text, scalar.range.clone(), named, hits);
    if scalar.bare {
        for hit in hits.iter_mut().skip(first) {
            hit.mask = format!("\"{}\"", hit.mask);
        }
    }
}

/// `auth:` of a containerd or k3s registry: a map with credentials, not a setting of that name.
fn is_registry_auth(node: &Node) -> bool {
    [
        "username",
        "password",
        "auth",
        "identitytoken",
        "identity_token",
        "registrytoken",
    ]
    .iter()
    .any(|name| node.child(name).is_some())
}
