//! What a kubeconfig says of its servers, and the one access that its current context gives.

use super::url::ServerUrl;
use crate::host::Host;
use crate::host::wire::Keep;
use crate::node::scan;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nodebundle_bundle::redact::tree::{Node, yaml};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// A server as one cluster entry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// `server`
    pub(crate) server: ServerUrl,
    /// `tls-server-name`: the name that the certificate must have instead of the URL's host.
    pub(crate) server_name: Option<String>,
    /// `proxy-url`
    pub(crate) proxy: Option<String>,
}

impl Cluster {
    /// A server of which nothing but the URL is known.
    pub(crate) fn of(server: ServerUrl) -> Self {
        Self {
            server,
            server_name: None,
            proxy: None,
        }
    }
}

/// What the current context gives: one server, how it is to be verified, and a credential. Never printed, never stored.
pub(crate) struct Access {
    /// The server.
    pub(crate) cluster: Cluster,
    /// `insecure-skip-tls-verify`
    pub(crate) insecure: bool,
    /// PEM of the CA; `None` when the kubeconfig names none.
    pub(crate) authority: Option<Vec<u8>>,
    /// Who asks.
    pub(crate) credential: Credential,
}

/// A credential, in memory only.
pub(crate) enum Credential {
    /// PEM of the certificate and of its key.
    Certificate(Vec<u8>, Vec<u8>),
    /// A bearer token.
    Token(String),
}

/// Every cluster with a readable server URL, in order; of a broken file the server lines only.
pub(crate) fn clusters(text: &str) -> Vec<Cluster> {
    let tree = yaml(text, false);
    if tree.broken_at.is_some() {
        let servers = scan::values(text, &["server"]).into_iter();
        let servers = servers.filter_map(|(_, url)| ServerUrl::parse(&url));
        return servers.map(Cluster::of).collect();
    }
    let entries = items(tree.documents.first(), "clusters");
    entries
        .iter()
        .filter_map(|entry| cluster(entry.child("cluster")?))
        .collect()
}

/// DER of the CA certificates that its clusters embed.
pub(crate) fn authorities(text: &str) -> Vec<Vec<u8>> {
    let tree = yaml(text, false);
    let entries = items(tree.documents.first(), "clusters").iter();
    let data = entries.filter_map(|entry| {
        let cluster = entry.child("cluster")?;
        cluster.child("certificate-authority-data")?.text()
    });
    let pem = data.filter_map(|data| {
        let base64: String = data.split_whitespace().collect();
        STANDARD.decode(base64).ok()
    });
    pem.flat_map(|pem| {
        let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
        certificates.map(|der| der.to_vec()).collect::<Vec<_>>()
    })
    .collect()
}

/// The access of the current context; else why there is none, in words without content of the file.
pub(crate) fn access(host: &mut Host, path: &str) -> Result<Access, String> {
    let taken = host
        .read(path, MAX_FILE)
        .map_err(|failure| format!("{path}: {}", failure.outcome.as_str()))?;
    let tree = yaml(&taken.text(), false);
    let (None, Some(root)) = (tree.broken_at, tree.documents.first()) else {
        return Err(format!("{path} is not YAML"));
    };
    let missing = |what: &str| format!("{path}: its current context names no {what}");
    let current = root.child("current-context").and_then(Node::text);
    let context = current
        .and_then(|name| named(root, "contexts", name, "context"))
        .ok_or_else(|| format!("{path}: no context of the name that is current"))?;
    let of_context = |key: &str, list: &str| {
        let name = context.child(key).and_then(Node::text)?;
        named(root, list, name, key)
    };
    let entry = of_context("cluster", "clusters").ok_or_else(|| missing("cluster"))?;
    let user = of_context("user", "users").ok_or_else(|| missing("user"))?;
    let cluster = cluster(entry).ok_or_else(|| missing("server"))?;
    let mut files = Files { host, path };
    Ok(Access {
        cluster,
        insecure: entry
            .child("insecure-skip-tls-verify")
            .and_then(Node::text)
            .is_some_and(|value| !value.eq_ignore_ascii_case("false")),
        authority: files.material(entry, "certificate-authority")?,
        credential: files.credential(user)?,
    })
}

fn cluster(entry: &Node) -> Option<Cluster> {
    let value = |key: &str| {
        let value = entry.child(key).and_then(Node::text);
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    Some(Cluster {
        server: ServerUrl::parse(&value("server")?)?,
        server_name: value("tls-server-name"),
        proxy: value("proxy-url"),
    })
}

fn items<'a>(root: Option<&'a Node>, key: &str) -> &'a [Node] {
    match root.and_then(|root| root.child(key)) {
        Some(Node::List(items)) => items,
        _ => &[],
    }
}

/// The part of the list's entry of a name.
fn named<'a>(root: &'a Node, list: &str, name: &str, part: &str) -> Option<&'a Node> {
    let entries = items(Some(root), list).iter();
    let mut entries =
        entries.filter(|entry| entry.child("name").and_then(Node::text) == Some(name));
    entries.next()?.child(part)
}

/// Reads what a kubeconfig points to.
struct Files<'a> {
    host: &'a mut Host,
    path: &'a str,
}

impl Files<'_> {
    fn credential(&mut self, user: &Node) -> Result<Credential, String> {
        if let Some(certificate) = self.material(user, "client-certificate")? {
            let key = self.material(user, "client-key")?;
            let key = key.ok_or_else(|| format!("{}: a certificate without a key", self.path))?;
            return Ok(Credential::Certificate(certificate, key));
        }
        let token = match user.child("tokenFile").and_then(Node::text) {
            Some(file) if !file.is_empty() => {
                Some(String::from_utf8_lossy(&self.file(file)?).into_owned())
            }
            _ => user.child("token").and_then(Node::text).map(str::to_owned),
        };
        match token.map(|token| token.trim().to_owned()) {
            Some(token) if is_token(&token) => Ok(Credential::Token(token)),
            Some(_) => Err(format!("{}: its token is no token", self.path)),
            None if user.child("exec").is_some() => Err(format!(
                "{}: its credential comes from a program (exec), which is never run",
                self.path
            )),
            None => Err(format!(
                "{}: its user has neither a certificate nor a token of its own",
                self.path
            )),
        }
    }

    /// `<key>-data`, else the file that `<key>` names; `None` without both.
    fn material(&mut self, entry: &Node, key: &str) -> Result<Option<Vec<u8>>, String> {
        let value = |key: &str| {
            let value = entry.child(key).and_then(Node::text);
            value.filter(|value| !value.is_empty())
        };
        if let Some(data) = value(&format!("{key}-data")) {
            let base64: String = data.split_whitespace().collect();
            let decoded = STANDARD.decode(base64).ok();
            let decoded = decoded.ok_or_else(|| format!("{}: {key}-data is not base64", self.path));
            return decoded.map(Some);
        }
        value(key).map(|file| self.file(file)).transpose()
    }

    /// Content of a file, read for this question only and not remembered.
    fn file(&mut self, file: &str) -> Result<Vec<u8>, String> {
        let file = crate::node::absolute(file, self.path);
        self.host
            .read_once(&file, MAX_FILE, Keep::Start)
            .map(|taken| taken.bytes)
            .map_err(|failure| format!("{file}: {}", failure.outcome.as_str()))
    }
}

/// What may stand in a header: no spaces, no line breaks.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

const MAX_FILE: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    const TWO: &str = "current-context: two\nclusters:\n\
        - name: a\n  cluster: {server: 'https://a.lab:6443'}\n\
        - name: b\n  cluster:\n    server: https://b.lab:6443\n    tls-server-name: kubernetes\n    certificate-authority: pki/ca.crt\n\
        contexts:\n- name: one\n  context: {cluster: a, user: u}\n- name: two\n  context: {cluster: b, user: u}\n\
        users:\n- name: u\n  user: {token: abc.def}\n";

    fn at(scratch: &Scratch, text: &str) -> Result<Access, String> {
        std::fs::create_dir_all(scratch.path().join("etc/pki")).unwrap();
        std::fs::write(scratch.path().join("etc/pki/ca.crt"), "CA").unwrap();
        std::fs::write(scratch.path().join("etc/kubelet.conf"), text).unwrap();
        access(&mut Host::direct(scratch.path()), "/etc/kubelet.conf")
    }

    #[test]
    fn the_current_context_decides_and_files_are_found_beside_the_kubeconfig() {
        let access = at(&Scratch::new(), TWO).map_err(drop).ok().unwrap();
        assert_eq!(access.cluster.server.host, "b.lab");
        assert_eq!(access.cluster.server_name.as_deref(), Some("kubernetes"));
        assert_eq!(access.authority.as_deref(), Some(&b"CA"[..]));
        assert!(matches!(access.credential, Credential::Token(token) if token == "abc.def"));
        assert_eq!(clusters(TWO).len(), 2);
    }

    #[test]
    fn what_is_missing_is_said_without_a_word_of_the_file() {
        for (from, to, what) in [
            (
                "current-context: two",
                "current-context: three",
                "no context",
            ),
            ("token: abc.def", "username: abc.def", "neither"),
            ("token: abc.def", "token: \"abc\\ndef\"", "no token"),
            ("pki/ca.crt", "pki/other.crt", "/etc/pki/other.crt: absent"),
            ("server: https://b", "server: gopher://b", "no server"),
            ("contexts:", "contexts: [", "not YAML"),
        ] {
            let why = at(&Scratch::new(), &TWO.replace(from, to)).err().unwrap();
            assert!(why.contains(what), "{why}");
            assert!(!why.contains("abc"), "{why}");
        }
    }

    #[test]
    fn a_broken_kubeconfig_still_names_its_server() {
        let text = "clusters: [\n\tserver: https://a.lab:6443\n";
        assert_eq!(clusters(text)[0].server.host, "a.lab");
    }
}
