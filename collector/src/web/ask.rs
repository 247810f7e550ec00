//! Asking with the node's credential: only the server of the kubeconfig that holds it, and only after that server's certificate
//! was verified at the node's clock against that kubeconfig's CA, and nothing else.

use super::http::{Question, Reply, exchange, request};
use super::kubeconfig::{Access, Credential};
use super::tcp::{self, Timed};
use super::url::ServerUrl;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A verified server. Nothing of the credential was sent before it existed.
///
/// Questions share a connection as long as the server leaves it open; each later connection is verified again before anything is said.
pub(crate) struct Asking {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    address: SocketAddr,
    server: ServerUrl,
    header: String,
    open: Option<(ClientConnection, Timed)>,
}

impl Asking {
    /// Connects to one address of the access's server and verifies it; says why not, in words without a secret.
    ///
    /// No second address, no second try: whatever stands in the way is the answer.
    pub(crate) fn open(access: &Access, address: SocketAddr) -> Result<Self, String> {
        let config = config(access)?;
        let server = access.cluster.server.clone();
        let name = access.cluster.server_name.as_ref().unwrap_or(&server.host);
        let name = ServerName::try_from(name.clone())
            .map_err(|error| format!("the server's name cannot be verified: {error}"))?;
        let header = match &access.credential {
            Credential::Token(token) => format!("Authorization: Bearer {token}\r\n"),
            Credential::Certificate(..) => String::new(),
        };
        let mut asking = Self {
            config: Arc::new(config),
            name,
            address,
            server,
            header,
            open: None,
        };
        asking.open = Some(asking.connect()?);
        Ok(asking)
    }

    fn connect(&self) -> Result<(ClientConnection, Timed), String> {
        let mut stream = tcp::connect(self.address, Instant::now() + ASK_TIME)
            .map_err(|error| format!("no connection: {error}"))?;
        let mut connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone())
            .map_err(|error| format!("no TLS: {error}"))?;
        while connection.is_handshaking() {
            connection
                .complete_io(&mut stream)
                .map_err(|error| format!("the server is not verified: {error}"))?;
        }
        Ok((connection, stream))
    }

    /// Asks one question; the answer is not interpreted, a redirect is not followed, a failure is not repeated.
    pub(crate) fn ask(&mut self, question: &Question<'_>) -> Result<Reply, String> {
        let (mut connection, stream) = match self.open.take() {
            Some(open) => open,
            None => self.connect()?,
        };
        let mut stream = stream.until(Instant::now() + ASK_TIME);
        let path = format!("{}{}", self.server.prefix, question.path);
        let question = Question {
            path: &path,
            ..*question
        };
        let request = request(&self.server.authority(), &question, &self.header);
        let reply = exchange(&mut Stream::new(&mut connection, &mut stream), &request)
            .map_err(|error| format!("no answer: {error}"))?;
        self.open = reply.reusable.then_some((connection, stream));
        Ok(reply)
    }
}

/// Refuses whatever cannot be verified; trusts the kubeconfig's CA only.
fn config(access: &Access) -> Result<ClientConfig, String> {
    if !access.cluster.server.secure {
        return Err("the server is not https".to_owned());
    }
    if access.insecure {
        return Err("insecure-skip-tls-verify is set".to_owned());
    }
    let Some(authority) = &access.authority else {
        return Err("the kubeconfig names no CA to verify the server with".to_owned());
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(authority).filter_map(Result::ok);
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err("the kubeconfig's CA holds no usable certificate".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let mut config = match &access.credential {
        Credential::Token(_) => builder.with_no_client_auth(),
        Credential::Certificate(certificate, key) => {
            let resolver = SingleCertAndKey::from(certified(certificate, key)?);
            builder.with_client_cert_resolver(Arc::new(resolver))
        }
    };
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(config)
}

/// Certificate and key as they are: whether they fit each other, and whether they are still valid, is for the server to say.
fn certified(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain = CertificateDer::pem_slice_iter(certificate).filter_map(Result::ok);
    let chain: Vec<_> = chain.collect();
    if chain.is_empty() {
        return Err("the client certificate is no certificate".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .ok()
        .and_then(|key| rustls::crypto::ring::sign::any_supported_type(&key).ok())
        .ok_or_else(|| "the client key is no key that can sign".to_owned())?;
    Ok(CertifiedKey::new(chain, key))
}

/// Connection and verification; the same for each answer.
const ASK_TIME: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::kubeconfig::Cluster;
    use nodebundle_fixtures::api_server::{Authority, Server};
    use std::net::Ipv4Addr;

    fn access(server: &Server, host: &str, authority: &Authority, token: bool) -> Access {
        let client = authority.client("system:node:worker-1");
        Access {
            cluster: Cluster {
                server: ServerUrl::parse(&format!("https://{host}:{}", server.port)).unwrap(),
                server_name: None,
                proxy: None,
            },
            insecure: false,
            authority: Some(authority.pem.clone().into_bytes()),
            credential: if token {
                Credential::Token("abcdef.secret".to_owned())
            } else {
                Credential::Certificate(client.pem.into_bytes(), client.key.into_bytes())
            },
        }
    }

    fn ask(server: &Server, access: &Access) -> Result<Reply, String> {
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), server.port);
        Asking::open(access, address)?.ask(&Question {
            path: "/api/v1/nodes/worker-1",
            accept: "application/json",
            body: None,
        })
    }

    /// Nothing of the credential, and no request at all, reached the server.
    fn assert_kept(server: &Server, access: &Access, why: &str) {
        let error = ask(server, access).unwrap_err();
        assert!(error.contains(why), "{error}");
        let heard = server.heard();
        assert_eq!(heard.text, "");
        assert_eq!(heard.client_certificates, 0);
    }

    #[test]
    fn a_verified_server_gets_the_credential() {
        let authority = Authority::new("the-ca");
        for token in [true, false] {
            let server = Server::start(&authority.serving("api.lab", 2030));
            let reply = ask(&server, &access(&server, "api.lab", &authority, token)).unwrap();
            assert_eq!(reply.status, 200);
            let heard = server.heard();
            assert!(
                heard
                    .text
                    .contains("GET /api/v1/nodes/worker-1 HTTP/1.1\r\n")
            );
            let version = env!("CARGO_PKG_VERSION");
            assert!(
                heard
                    .text
                    .contains(&format!("nodebundle-collector/{version}\r\n"))
            );
            assert_eq!(
                heard.text.contains("Authorization: Bearer abcdef.secret"),
                token
            );
            assert_eq!(heard.client_certificates, usize::from(!token));
        }
    }

    #[test]
    fn a_server_of_another_authority_of_the_same_name_gets_nothing() {
        let (ours, theirs) = (Authority::new("the-ca"), Authority::new("the-ca"));
        for token in [true, false] {
            for tls12 in [true, false] {
                let server = Server::start_with(&theirs.serving("api.lab", 2030), "", tls12);
                let access = access(&server, "api.lab", &ours, token);
                assert_kept(&server, &access, "not verified");
            }
        }
    }

    #[test]
    fn an_expired_server_gets_nothing() {
        let authority = Authority::new("the-ca");
        for token in [true, false] {
            for tls12 in [true, false] {
                let server = Server::start_with(&authority.serving("api.lab", 2020), "", tls12);
                let access = access(&server, "api.lab", &authority, token);
                assert_kept(&server, &access, "expired");
            }
        }
    }

    #[test]
    fn a_server_of_another_name_gets_nothing() {
        let authority = Authority::new("the-ca");
        for token in [true, false] {
            for tls12 in [true, false] {
                let server = Server::start_with(&authority.serving("api.lab", 2030), "", tls12);
                let access = access(&server, "other.lab", &authority, token);
                assert_kept(&server, &access, "not valid for name");
            }
        }
    }

    #[test]
    fn a_redirect_is_an_answer_and_its_target_gets_nothing() {
        let authority = Authority::new("the-ca");
        for token in [true, false] {
            let target = Server::start(&authority.serving("api.lab", 2030));
            let location = format!("https://api.lab:{}/api/v1/nodes/worker-1", target.port);
            let server = Server::start_with(&authority.serving("api.lab", 2030), &location, false);
            let reply = ask(&server, &access(&server, "api.lab", &authority, token)).unwrap();
            assert_eq!(reply.status, 307);
            assert_eq!(target.connections(), 0);
        }
    }

    #[test]
    fn what_cannot_be_verified_is_not_even_connected() {
        let authority = Authority::new("the-ca");
        let server = Server::start(&authority.serving("api.lab", 2030));
        let mut insecure = access(&server, "api.lab", &authority, true);
        insecure.insecure = true;
        let mut plain = access(&server, "api.lab", &authority, true);
        plain.cluster.server.secure = false;
        let mut without = access(&server, "api.lab", &authority, true);
        without.authority = None;
        let mut broken = access(&server, "api.lab", &authority, true);
        broken.authority = Some(b"no PEM".to_vec());
        for access in [insecure, plain, without, broken] {
            assert!(ask(&server, &access).is_err());
        }
        assert_eq!(server.connections(), 0);
    }

    #[test]
    fn the_name_in_the_kubeconfig_is_verified_instead_of_the_host() {
        let authority = Authority::new("the-ca");
        let server = Server::start(&authority.serving("kubernetes", 2030));
        let mut access = access(&server, "127.0.0.1", &authority, true);
        assert!(ask(&server, &access).is_err());
        access.cluster.server_name = Some("kubernetes".to_owned());
        assert_eq!(ask(&server, &access).unwrap().status, 200);
    }
}
