//! Who asks the API server: the kubelet's own kubeconfig, where it cannot be used the one that the kubelet bootstraps with. Never an
//! administrator's.

use super::kubeconfig::{Access, Credential, access};
use crate::host::Host;
use crate::node::{Node, unique};
use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A kubeconfig that can be used.
pub(crate) struct Identity {
    /// Its path.
    pub(crate) kubeconfig: String,
    /// It is the one that the kubelet bootstraps with.
    pub(crate) bootstrap: bool,
    /// What it gives.
    pub(crate) access: Access,
}

/// A kubeconfig that was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PassedOver {
    /// Its path.
    pub(crate) kubeconfig: String,
    /// Why, in words without content of the file.
    pub(crate) why: String,
}

/// The first that is usable now, and those before it that are not. An expired certificate gives way, as it does in the kubelet, but is
/// better than nothing: then the server's answer tells.
pub(crate) fn choose(host: &mut Host, node: &Node) -> (Option<Identity>, Vec<PassedOver>) {
    let now = host.clock().now();
    let mut passed_over = Vec::new();
    let mut expired = None;
    for (kubeconfig, bootstrap) in candidates(host, node) {
        match access(host, &kubeconfig) {
            Ok(access) => {
                let late = is_expired(&access.credential, now);
                let identity = Identity {
                    kubeconfig,
                    bootstrap,
                    access,
                };
                if !late {
                    return (Some(identity), passed_over);
                }
                let kubeconfig = identity.kubeconfig.clone();
                let why = "its client certificate is expired".to_owned();
                passed_over.push(PassedOver { kubeconfig, why });
                expired.get_or_insert(identity);
            }
            Err(why) => passed_over.push(PassedOver { kubeconfig, why }),
        }
    }
    (expired, passed_over)
}

/// Kubeconfigs of the kubelet that exist, its own first.
pub(crate) fn candidates(host: &mut Host, node: &Node) -> Vec<(String, bool)> {
    let usual = |bootstrap: bool| {
        let paths = node.usual_kubeconfigs().into_iter();
        paths.filter(move |path| {
            let kubelet = path.contains("kubelet");
            kubelet && path.contains("bootstrap") == bootstrap
        })
    };
    let flags = |name: &str| node.flag(name).into_iter();
    let own: Vec<String> = flags("kubeconfig").chain(usual(false)).collect();
    let all = own.iter().cloned();
    let all = all.chain(flags("bootstrap-kubeconfig")).chain(usual(true));
    let all = unique(all.filter(|path| path.starts_with('/')));
    let exist = all.into_iter().filter(|path| host.stat(path).is_ok());
    exist
        .map(|path| {
            let bootstrap = !own.contains(&path);
            (path, bootstrap)
        })
        .collect()
}

fn is_expired(credential: &Credential, now: DateTime<Utc>) -> bool {
    let Credential::Certificate(pem, _) = credential else {
        return false;
    };
    let Ok(der) = CertificateDer::from_pem_slice(pem) else {
        return false;
    };
    let end = X509Certificate::from_der(&der).map(|(_, one)| one.validity().not_after.timestamp());
    end.is_ok_and(|end| end < now.timestamp())
}

/// The name under which the kubelet registers: its flag, else the host's name in small letters; `None` when it is none.
pub(crate) fn node_name(node: &Node) -> Option<String> {
    let flag = node.flag("hostname-override").into_iter().next();
    let name = flag.or_else(|| node.hostname.clone())?;
    let name = name.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::kubelet::Kubelet;
    use crate::scratch::Scratch;
    use nodebundle_fixtures::api_server::Authority;

    #[test]
    fn an_administrators_kubeconfig_is_never_used() {
        let scratch = Scratch::new();
        let folder = scratch.path().join("etc/kubernetes");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("admin.conf"), "x").unwrap();
        let mut host = Host::direct(scratch.path());
        assert_eq!(candidates(&mut host, &Node::default()), []);
        std::fs::write(folder.join("bootstrap-kubelet.conf"), "x").unwrap();
        let found = candidates(&mut host, &Node::default());
        assert_eq!(
            found,
            [("/etc/kubernetes/bootstrap-kubelet.conf".to_owned(), true)]
        );
    }

    #[test]
    fn an_expired_certificate_gives_way_to_the_bootstrap_token_and_a_program_is_never_run() {
        let (scratch, authority) = (Scratch::new(), Authority::new("the-ca"));
        let folder = scratch.path().join("etc/kubernetes");
        std::fs::create_dir_all(&folder).unwrap();
        let old = authority.client_until("system:node:w", 2020);
        std::fs::write(folder.join("old.pem"), old.pem + &old.key).unwrap();
        let write = |name: &str, user: &str| {
            let text = format!(
                "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
                 clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
                 users: [{{name: u, user: {{{user}}}}}]\n"
            );
            std::fs::write(folder.join(name), text).unwrap();
        };
        write(
            "kubelet.conf",
            "client-certificate: old.pem, client-key: old.pem",
        );
        let choose = || choose(&mut Host::direct(scratch.path()), &Node::default());
        let (identity, passed_over) = choose();
        assert_eq!(identity.unwrap().kubeconfig, "/etc/kubernetes/kubelet.conf");
        assert!(passed_over[0].why.contains("expired"));
        write("bootstrap-kubelet.conf", "token: abcdef.x");
        assert!(choose().0.unwrap().bootstrap);
        write("kubelet.conf", "exec: {command: aws-iam-authenticator}");
        let (identity, passed_over) = choose();
        assert!(identity.unwrap().bootstrap);
        assert!(passed_over[0].why.contains("never run"), "{passed_over:?}");
    }

    #[test]
    fn a_name_that_could_forge_a_request_is_refused() {
        let named = |name: &str| {
            let flags = [("hostname-override".to_owned(), name.to_owned())];
            node_name(&Node {
                kubelets: vec![Kubelet {
                    flags: flags.into(),
                    ..Kubelet::default()
                }],
                ..Node::default()
            })
        };
        assert_eq!(named("Worker-1.lab").as_deref(), Some("worker-1.lab"));
        assert_eq!(named("a/../b"), None);
        assert_eq!(named("a HTTP/1.1\r\nX: y"), None);
    }
}
