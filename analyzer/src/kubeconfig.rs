//! What a client makes of a kubeconfig: which server, which CA, which credential, and what is wrong with it.

use crate::evidence::Sourced;
use crate::origin::Origin;
use crate::parse::kubeconfig::Kubeconfig;
use crate::pem::{self, MaskedKey};
use crate::presence;
use crate::tree::Node;

/// The context that a client uses, with everything it refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Name of the current context; `None` when the file names none.
    pub current_context: Option<Sourced<String>>,
    /// Whether there is a context of that name.
    pub context_found: bool,
    /// URL of the server.
    pub server: Option<Sourced<String>>,
    /// CA that the server's certificate must come from.
    pub ca: Option<Sourced<Material>>,
    /// Whether the server's certificate is not verified at all.
    pub insecure: Option<Sourced<bool>>,
    /// Proxy that the file itself asks for.
    pub proxy_url: Option<Sourced<String>>,
    /// Name of the user entry.
    pub user: Option<Sourced<String>>,
    /// Client certificate.
    pub client_certificate: Option<Sourced<Material>>,
    /// Key of the client certificate.
    pub client_key: Option<Sourced<Material>>,
    /// Token, masked or not.
    pub token: Option<Sourced<String>>,
    /// File that holds the token.
    pub token_file: Option<Sourced<String>>,
    /// Command that yields a credential.
    pub exec_command: Option<Sourced<String>>,
    /// First structural problem.
    pub problem: Option<Sourced<String>>,
}

/// Where a certificate or key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// In the file itself, decoded.
    Data(Vec<u8>),
    /// In the file itself, taken out by the collector.
    Masked(MaskedKey),
    /// In the file itself, and not base64.
    Garbled,
    /// In another file, by absolute path.
    File(String),
}

/// The parts of a server URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `https`, or what stands there; `None` when the URL has no scheme.
    pub scheme: Option<String>,
    /// Host without brackets.
    pub host: String,
    /// Port, that of the scheme when not given.
    pub port: u16,
}

impl Access {
    /// Reads the current context of a kubeconfig; `None` when the file is not YAML.
    pub fn of(file: &Sourced<Kubeconfig>) -> Option<Self> {
        let root = &file.value.content.as_ref().ok()?.root;
        let reader = Reader { file, root };
        let mut access = reader.read();
        access.problem = reader.problem(&access);
        Some(access)
    }
}

struct Reader<'a> {
    file: &'a Sourced<Kubeconfig>,
    root: &'a Node,
}

impl Reader<'_> {
    fn read(&self) -> Access {
        let mut access = Access {
            current_context: self.text(self.root, "current-context"),
            ..Access::default()
        };
        let Some(current) = &access.current_context else {
            return access;
        };
        let Some(context) = self.named("contexts", "context", &current.value) else {
            return access;
        };
        access.context_found = true;
        access.user = self.text(context, "user");
        if let Some(cluster) = self.text(context, "cluster")
            && let Some(node) = self.named("clusters", "cluster", &cluster.value)
        {
            self.read_cluster(node, &mut access);
        }
        let user = access.user.as_ref();
        if let Some(node) = user.and_then(|user| self.named("users", "user", &user.value)) {
            self.read_user(node, &mut access);
        }
        access
    }

    fn read_cluster(&self, cluster: &Node, access: &mut Access) {
        access.server = self.text(cluster, "server");
        access.proxy_url = self.text(cluster, "proxy-url");
        access.ca = self.material(cluster, "certificate-authority");
        access.insecure = cluster
            .get("insecure-skip-tls-verify")
            .and_then(|node| Some(self.at(node.bool()?, node)));
    }

    fn read_user(&self, user: &Node, access: &mut Access) {
        access.client_certificate = self.material(user, "client-certificate");
        access.client_key = self.material(user, "client-key");
        access.token = self.text(user, "token");
        access.token_file = self.text(user, "tokenFile").map(|token| Sourced {
            value: self.absolute(&token.value),
            origin: token.origin,
        });
        access.exec_command = user.get("exec").and_then(|exec| self.text(exec, "command"));
    }

    /// The first thing that keeps a client from using the file.
    fn problem(&self, access: &Access) -> Option<Sourced<String>> {
        let whole = |text: String| Sourced {
            value: text,
            origin: self.file.origin.clone(),
        };
        let Some(current) = &access.current_context else {
            return Some(whole("it has no current-context".to_owned()));
        };
        if !access.context_found {
            let text = format!("current-context {} names no context", current.value);
            return Some(Sourced {
                value: text,
                origin: current.origin.clone(),
            });
        }
        let Some(server) = &access.server else {
            return Some(whole(
                "its context names no cluster with a server".to_owned(),
            ));
        };
        if parse_server(&server.value).is_some_and(|url| url.scheme.as_deref() == Some("http")) {
            return Some(Sourced {
                value: "its server is an http URL, for which no certificate is used".to_owned(),
                origin: server.origin.clone(),
            });
        }
        let parts = [
            ("certificate-authority-data", &access.ca),
            ("client-certificate-data", &access.client_certificate),
        ];
        parts.into_iter().find_map(|(key, material)| {
            let material = material.as_ref()?;
            let wrong = match &material.value {
                Material::Garbled => "is not base64",
                Material::Data(bytes) if certificates(bytes).is_empty() => "holds no certificate",
                _ => return None,
            };
            Some(Sourced {
                value: format!("{key} {wrong}"),
                origin: material.origin.clone(),
            })
        })
    }

    /// The inner part of the item with a name in one of the three lists; the first of that name counts.
    fn named(&self, list: &str, inner: &str, name: &str) -> Option<&Node> {
        let item = self
            .root
            .get(list)?
            .items()
            .iter()
            .find(|item| item.get("name").and_then(Node::scalar).as_deref() == Some(name))?;
        item.get(inner)
    }

    fn text(&self, node: &Node, key: &str) -> Option<Sourced<String>> {
        let node = node.get(key)?;
        let text = node.scalar().filter(|text| !text.is_empty())?;
        Some(self.at(text, node))
    }

    /// `KEY-data` before `KEY`, as clients do.
    fn material(&self, node: &Node, key: &str) -> Option<Sourced<Material>> {
        if let Some(data) = self.text(node, &format!("{key}-data")) {
            let material = if let Some(masked) = pem::masked_key(&data.value) {
                Material::Masked(masked)
            } else if pem::is_masked(&data.value) {
                Material::Masked(MaskedKey::default())
            } else {
                pem::base64(&data.value).map_or(Material::Garbled, Material::Data)
            };
            return Some(Sourced {
                value: material,
                origin: data.origin,
            });
        }
        let file = self.text(node, key)?;
        Some(Sourced {
            value: Material::File(self.absolute(&file.value)),
            origin: file.origin,
        })
    }

    /// Paths in a kubeconfig are relative to its folder.
    fn absolute(&self, path: &str) -> String {
        let own = self.file.value.path.as_deref().unwrap_or_default();
        match own.rsplit_once('/') {
            Some((folder, _)) if !path.starts_with('/') => {
                presence::normal(&format!("{folder}/{path}"))
            }
            _ => path.to_owned(),
        }
    }

    fn at<T>(&self, value: T, node: &Node) -> Sourced<T> {
        Sourced {
            value,
            origin: Origin::line(self.file.origin.entry.clone(), node.line),
        }
    }
}

/// The certificates in bytes that should be PEM, with their lines there.
pub fn certificates(bytes: &[u8]) -> Vec<crate::certificate::Certificate> {
    pem::blocks(&String::from_utf8_lossy(bytes))
        .iter()
        .filter_map(|block| crate::certificate::Certificate::from_der(block.certificate()?))
        .collect()
}

/// The parts of a server URL; `None` when it has no host, or its port is none.
pub fn parse_server(url: &str) -> Option<Server> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, url),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let usual = if scheme.as_deref() == Some("http") {
        80
    } else {
        443
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => usual,
    };
    (!host.is_empty()).then(|| Server {
        scheme,
        host: host.to_owned(),
        port,
    })
}

/// Id of a bootstrap token, and whether the token has the form that clusters accept. Masked secrets count as well formed.
pub fn bootstrap_token(token: &str) -> (Option<String>, Option<bool>) {
    let part = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if pem::is_masked(token) && !token.contains('.') {
        return (None, None);
    }
    let Some((id, secret)) = token.split_once('.') else {
        return (None, Some(false));
    };
    if pem::is_masked(secret) {
        let well_formed = part(id, 6);
        return (well_formed.then(|| id.to_owned()), Some(well_formed));
    }
    let well_formed = part(id, 6) && part(secret, 16);
    (well_formed.then(|| id.to_owned()), Some(well_formed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn access(text: &str) -> Access {
        let file = Sourced {
            value: Kubeconfig {
                path: Some("/etc/kubernetes/kubelet.conf".into()),
                content: yaml::parse(text),
            },
            origin: Origin::entry("kubelet.conf"),
        };
        Access::of(&file).unwrap()
    }

    fn text(server: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: {server}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {user}\n"
        )
    }

    #[test]
    fn the_current_context_leads_to_server_and_credential() {
        let access = access(&text(
            "https://10.0.0.1:6443",
            "{client-certificate: pki/a.pem, client-key: /k}",
        ));
        let server = access.server.unwrap();
        assert_eq!(server.origin.line, Some(6));
        assert_eq!(
            access.client_certificate.unwrap().value,
            Material::File("/etc/kubernetes/pki/a.pem".into())
        );
        assert_eq!(
            access.client_key.unwrap().value,
            Material::File("/k".into())
        );
        assert_eq!(access.problem, None);
    }

    #[test]
    fn the_first_structural_problem_is_named() {
        let problem = |text: &str| access(text).problem.map(|it| it.value).unwrap_or_default();
        let good = text("https://h:6443", "{token: t}");
        assert_eq!(problem(&good), "");
        assert!(problem(&good.replace("current-context: x", "")).contains("no current-context"));
        assert!(
            problem(&good.replace("current-context: x", "current-context: gone"))
                .contains("gone names no context")
        );
        assert!(problem(&text("http://h:6443", "{token: t}")).contains("http URL"));
        let ca = |data: &str| {
            good.replace(
                "cluster:\n",
                &format!("cluster:\n    certificate-authority-data: {data}\n"),
            )
        };
        assert_eq!(
            problem(&ca("'%%%'")),
            "certificate-authority-data is not base64"
        );
        assert_eq!(
            problem(&ca("aGVsbG8=")),
            "certificate-authority-data holds no certificate"
        );
    }

    #[test]
    fn masked_data_is_no_problem_and_keeps_its_fingerprint() {
        let access = access(&text(
            "https://h",
            "{client-key-data: \"REDACTED(private-key;alg=EC-P256;spki=sha256:ab;enc=no)\"}",
        ));
        let Material::Masked(key) = access.client_key.unwrap().value else {
            panic!("not masked");
        };
        assert_eq!(key.spki.as_deref(), Some("ab"));
        assert_eq!(access.problem, None);
    }

    #[test]
    fn servers_are_taken_apart() {
        let parts = |url: &str| parse_server(url).map(|it| (it.host, it.port));
        assert_eq!(parts("https://api.x:6443/p"), Some(("api.x".into(), 6443)));
        assert_eq!(
            parts("https://[fd00::1]:6443"),
            Some(("fd00::1".into(), 6443))
        );
        assert_eq!(parts("https://api.x"), Some(("api.x".into(), 443)));
        assert_eq!(parts("10.0.0.1:6443"), Some(("10.0.0.1".into(), 6443)));
        assert_eq!(parts("https://:6443"), None);
        assert_eq!(parts("https://h:notaport"), None);
    }

    #[test]
    fn bootstrap_tokens_have_a_form() {
        assert_eq!(
            bootstrap_token("abcdef.0123456789abcdef"),
            (Some("abcdef".into()), Some(true))
        );
        assert_eq!(
            bootstrap_token("abcdef.REDACTED(bootstrap-token;id=1)"),
            (Some("abcdef".into()), Some(true))
        );
        assert_eq!(bootstrap_token("abcdef0123456789"), (None, Some(false)));
        assert_eq!(bootstrap_token("ABCDEF.0123456789abcdef").1, Some(false));
        assert_eq!(bootstrap_token("REDACTED(token)"), (None, None));
    }
}
