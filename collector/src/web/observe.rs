//! Observing a server: what it presents and answers to anybody. Its certificate is recorded and not judged, therefore nothing of
//! the node is shown to it: this type has no field for a header, a certificate or a token.

use super::http::{Reply, exchange, get};
use super::tcp::{Timed, word_of};
use super::url::ServerUrl;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
    Stream,
};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use x509_parser::prelude::{FromDer as _, X509Name};

/// Looks at one address of one server.
#[derive(Debug)]
pub(crate) struct Observer {
    config: Arc<ClientConfig>,
    recorder: Arc<Recorder>,
    name: ServerName<'static>,
}

/// What the TLS handshake showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Certificates as sent, DER, the server's own first.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Names of the CAs whose client certificates the server takes; `None` when it asked for none.
    pub(crate) client_cas: Option<Vec<String>>,
    /// `1.3`, `1.2`.
    pub(crate) version: Option<&'static str>,
    /// Cipher suite: `TLS13_AES_128_GCM_SHA256`.
    pub(crate) cipher: Option<&'static str>,
    /// Protocol that the server chose of those offered; none is offered in an ordinary greeting.
    pub(crate) alpn: Option<String>,
}

/// A handshake that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandshakeFailure {
    /// `not-tls`, `alert`, `eof`, `timeout`.
    pub(crate) word: &'static str,
    /// The alert that the server sent: `HandshakeFailure`.
    pub(crate) alert: Option<String>,
    /// In words.
    pub(crate) reason: String,
}

/// A connection on which one question can be asked.
#[derive(Debug)]
pub(crate) enum Line {
    /// With TLS.
    Secure(Box<ClientConnection>, Timed),
    /// Without, for `http://` servers.
    Plain(Timed),
}

impl Observer {
    /// For a server by the name that its certificate should have; the address serves where the name is none.
    pub(crate) fn new(name: &str, address: IpAddr) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let recorder = Arc::new(Recorder {
            provider: Arc::clone(&provider),
            shown: Mutex::default(),
        });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>)
            .with_client_cert_resolver(Arc::clone(&recorder) as Arc<dyn ResolvesClientCert>);
        config.resumption = rustls::client::Resumption::disabled();
        let name = ServerName::try_from(name.to_owned());
        Ok(Self {
            config: Arc::new(config),
            recorder,
            name: name.unwrap_or_else(|_| ServerName::IpAddress(address.into())),
        })
    }

    /// The same with a greeting of at least so many bytes, which offers protocols as the kubelet does.
    ///
    /// The rest of the offer are names that nobody speaks; a server passes over them.
    pub(crate) fn with_greeting_of(mut self, bytes: usize) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        for number in 0..bytes.div_ceil(FILLER) {
            let name = format!(
                "{:x<width$}",
                format!("nodebundle-{number}-"),
                width = FILLER
            );
            config.alpn_protocols.push(name.into_bytes());
        }
        self.config = Arc::new(config);
        self
    }

    /// Shakes hands; what was shown is kept even when it fails.
    pub(crate) fn greet(&self, mut stream: Timed) -> (Shown, Result<Line, HandshakeFailure>) {
        let (shown, result) = self.shake(&mut stream);
        let line = result.map(|connection| Line::Secure(Box::new(connection), stream));
        (shown, line)
    }

    /// Shakes hands and leaves the stream to the caller.
    pub(crate) fn shake(
        &self,
        stream: &mut Timed,
    ) -> (Shown, Result<ClientConnection, HandshakeFailure>) {
        self.recorder.forget();
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut connection = match connection {
            Ok(connection) => connection,
            Err(error) => {
                let error = io::Error::other(error);
                return (Shown::default(), Err(HandshakeFailure::of(&error)));
            }
        };
        let mut result = Ok(());
        while connection.is_handshaking() && result.is_ok() {
            result = connection.complete_io(stream).map(drop);
        }
        let mut shown = self.recorder.recall();
        shown.version = connection.protocol_version().and_then(version_word);
        let suite = connection.negotiated_cipher_suite();
        shown.cipher = suite.and_then(|suite| suite.suite().as_str());
        shown.alpn = connection
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned());
        match result {
            Ok(()) => (shown, Ok(connection)),
            Err(error) => (shown, Err(HandshakeFailure::of(&error))),
        }
    }
}

impl Line {
    /// Asks for a path, as anybody could.
    pub(crate) fn ask(self, server: &ServerUrl, path: &str) -> io::Result<Reply> {
        let request = get(&server.authority(), &format!("{}{path}", server.prefix), "");
        match self {
            Self::Secure(mut connection, mut stream) => {
                exchange(&mut Stream::new(connection.as_mut(), &mut stream), &request)
            }
            Self::Plain(mut stream) => exchange(&mut stream, &request),
        }
    }
}

impl HandshakeFailure {
    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        let word = match (inner, word_of(error)) {
            (Some(Error::InvalidMessage(_)), _) => "not-tls",
            (Some(_), _) => "alert",
            (None, "timeout") => "timeout",
            (None, _) => "eof",
        };
        let reason = match inner {
            Some(tls) => tls.to_string(),
            None => error.to_string(),
        };
        let alert = match inner {
            Some(Error::AlertReceived(alert)) => Some(format!("{alert:?}")),
            _ => None,
        };
        Self {
            word,
            alert,
            reason,
        }
    }
}

fn version_word(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_3 => Some("1.3"),
        ProtocolVersion::TLSv1_2 => Some("1.2"),
        _ => None,
    }
}

/// Accepts every certificate, writes down what it saw, and has none to give.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Shown>,
}

impl Recorder {
    fn note(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn forget(&self) {
        self.note(|shown| *shown = Shown::default());
    }

    fn recall(&self) -> Shown {
        let shown = self.shown.lock();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        let chain = sent.take(MAX_CHAIN).map(|one| one.to_vec()).collect();
        self.note(|shown| shown.chain = chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, names: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = names.iter().take(MAX_NAMES).filter_map(|name| {
            let (_, name) = X509Name::from_der(name).ok()?;
            Some(name.to_string())
        });
        let names = names.collect();
        self.note(|shown| shown.client_cas = Some(names));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Length of a name that fills a greeting.
const FILLER: usize = 200;
const MAX_CHAIN: usize = 10;
const MAX_NAMES: usize = 50;
