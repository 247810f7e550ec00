//! A TLS server in this process that writes down what it is told, and the certificates for it.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A certificate authority.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
}

/// A certificate and its key, PEM, and the CA whose client certificates its server takes.
pub(crate) struct Issued {
    pub(crate) pem: String,
    pub(crate) key: String,
    authority: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name, &[], 2040);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let pem = issuer.pem();
        Self { issuer, pem }
    }

    /// A serving certificate for one name, valid from 2019 to the start of a year.
    pub(crate) fn serving(&self, name: &str, until: i32) -> Issued {
        let mut params = params("kube-apiserver", &[name], until);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    pub(crate) fn client(&self, name: &str) -> Issued {
        let mut params = params(name, &[], 2040);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            pem: signed.pem(),
            key: key.serialize_pem(),
            authority: self.pem.clone(),
        }
    }
}

fn params(name: &str, names: &[&str], until: i32) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// What reached a server after the handshake.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// All requests.
    pub(crate) text: String,
    /// Connections that showed a client certificate.
    pub(crate) client_certificates: usize,
    connections: usize,
    closed: usize,
}

/// A running server on loopback.
pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

impl Server {
    pub(crate) fn start(issued: &Issued) -> Self {
        Self::start_with(issued, "", false)
    }

    /// With a location every answer is a redirect to it.
    pub(crate) fn start_with(issued: &Issued, location: &str, tls12: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = config(issued, tls12);
        let heard: Arc<(Mutex<Heard>, Condvar)> = Arc::default();
        let (shared, location) = (Arc::clone(&heard), location.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                shared.0.lock().unwrap().connections += 1;
                serve(&config, stream.unwrap(), &location, &shared.0);
                shared.0.lock().unwrap().closed += 1;
                shared.1.notify_all();
            }
        });
        Self { port, heard }
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.heard.0.lock().unwrap().connections
    }

    /// What was heard, once every connection is over; there must have been one.
    pub(crate) fn heard(&self) -> Heard {
        let guard = self.heard.0.lock().unwrap();
        let open = |heard: &mut Heard| heard.closed == 0 || heard.closed < heard.connections;
        let limit = Duration::from_secs(10);
        let (guard, late) = self.heard.1.wait_timeout_while(guard, limit, open).unwrap();
        assert!(!late.timed_out(), "the server was never reached");
        guard.clone()
    }
}

fn config(issued: &Issued, tls12: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(issued.authority.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .unwrap();
    let versions = if tls12 {
        &[&rustls::version::TLS12]
    } else {
        &[&rustls::version::TLS13]
    };
    let chain = vec![CertificateDer::from_pem_slice(issued.pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

fn serve(config: &Arc<ServerConfig>, mut socket: TcpStream, location: &str, heard: &Mutex<Heard>) {
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    let mut stream = Stream::new(&mut connection, &mut socket);
    while !received.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => received.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    let whole = received.ends_with(b"\r\n\r\n");
    let text = String::from_utf8(received).unwrap();
    if whole {
        stream.write_all(answer(&text, location).as_bytes()).ok();
        stream.conn.send_close_notify();
        stream.flush().ok();
    }
    let mut heard = heard.lock().unwrap();
    heard.text.push_str(&text);
    heard.client_certificates += usize::from(connection.peer_certificates().is_some());
}

fn answer(request: &str, location: &str) -> String {
    let date = chrono_now();
    if !location.is_empty() {
        return format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        );
    }
    let body = if request.starts_with("GET /version ") {
        r#"{"major":"1","gitVersion":"v1.36.2"}"#
    } else if request.starts_with("GET /api/v1/nodes/") {
        NODE
    } else {
        "ok"
    };
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn chrono_now() -> String {
    let now = crate::clock::Clock::new(None).now();
    now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A node as an API server answers, cut down.
pub(crate) const NODE: &str = r#"{"kind":"Node","metadata":{"name":"worker-1","annotations":{"a":"b"}},"spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}],"unschedulable":true,"podCIDR":"10.1.0.0/24"},"status":{"conditions":[{"type":"Ready","status":"False","reason":"KubeletNotReady"}],"addresses":[{"type":"InternalIP","address":"10.0.0.5"}],"nodeInfo":{"kubeletVersion":"v1.36.2"},"images":[{"names":["x"]}]}}"#;
