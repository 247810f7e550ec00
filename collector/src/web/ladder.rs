//! The way to an API server, step by step: name, proxy, connection, TLS, answer. Each step of each address tells how far it came.

use super::http::Reply;
use super::kubeconfig::Cluster;
use super::names::{Names, Resolved};
use super::observe::{Line, Observer};
use super::proxy::{Decision, Environment};
use super::tcp::{self, CONNECT_TIME, Timed, word_of};
use super::url::ServerUrl;
use crate::clock::{Clock, milliseconds};
use crate::stop::Stop;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A server to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goal {
    /// Where it is.
    pub(crate) cluster: Cluster,
    /// Kubeconfigs that name it.
    pub(crate) used_by: Vec<String>,
}

/// What the steps need to know of the node.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// Hosts file and name servers.
    pub(crate) names: Names,
    /// The kubelet's proxy variables.
    pub(crate) proxies: Environment,
    /// The node's clock.
    pub(crate) clock: Clock,
    /// When everything ends.
    pub(crate) deadline: Instant,
}

/// One server: an item of `probes/endpoint.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Endpoint {
    url: String,
    host: String,
    port: u16,
    used_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolve: Option<Resolved>,
    proxy: Decision,
    addresses: Vec<Attempt>,
}

/// One address of a server. A step that was not reached has no key.
#[derive(Debug, Default, Serialize)]
#[serde(default)]
struct Attempt {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chain: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_cas: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    http: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_skew_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_uncertainty_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    path: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    git_version: Option<String>,
}

/// Looks at all servers at the same time; what is not done at the deadline, or when collection ends, is told so far as it is known.
///
/// Nothing waits for the threads: every step of theirs has a deadline of its own, and the process may end before.
pub(crate) fn all(goals: &[Goal], ground: &Ground, stop: &Stop) -> Vec<Endpoint> {
    let (send, receive) = mpsc::channel();
    for (at, goal) in goals.iter().cloned().enumerate() {
        let (send, ground) = (send.clone(), ground.clone());
        let thread = std::thread::Builder::new();
        let work = move || drop(send.send((at, climb(&goal, &ground))));
        thread.spawn(work).ok();
    }
    drop(send);
    let mut done = BTreeMap::new();
    while stop.why().is_none() && Instant::now() < ground.deadline + GRACE {
        match receive.recv_timeout(Duration::from_millis(100)) {
            Ok((at, endpoint)) => drop(done.insert(at, endpoint)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let all = goals.iter().enumerate();
    all.map(|(at, goal)| done.remove(&at).unwrap_or_else(|| begin(goal, ground)))
        .collect()
}

fn begin(goal: &Goal, ground: &Ground) -> Endpoint {
    let Cluster {
        server,
        server_name,
        proxy,
    } = &goal.cluster;
    Endpoint {
        url: server.text.clone(),
        host: server.host.clone(),
        port: server.port,
        used_by: goal.used_by.clone(),
        server_name: server_name.clone(),
        resolve: None,
        proxy: ground.proxies.decide(server, proxy.as_deref()),
        addresses: Vec::new(),
    }
}

fn climb(goal: &Goal, ground: &Ground) -> Endpoint {
    let mut endpoint = begin(goal, ground);
    let resolved = ground.names.resolve(&endpoint.host, ground.deadline);
    let addresses = resolved.addresses.iter().take(MAX_ADDRESSES);
    endpoint.addresses = addresses
        .map(|address| attempt(&goal.cluster, *address, ground))
        .collect();
    endpoint.resolve = Some(resolved);
    endpoint
}

/// Each path gets a connection of its own, so that a server which hangs up after one answer is no fault.
fn attempt(cluster: &Cluster, address: IpAddr, ground: &Ground) -> Attempt {
    let mut attempt = Attempt {
        address: address.to_string(),
        ..Attempt::default()
    };
    let name = cluster.server_name.as_ref().unwrap_or(&cluster.server.host);
    let observer = match Observer::new(name, address) {
        Ok(observer) => observer,
        Err(error) => {
            attempt.error = Some(error.to_string());
            return attempt;
        }
    };
    for path in PATHS {
        if let Err(why) = attempt.step(&cluster.server, address, &observer, (path, ground)) {
            attempt.error = Some(why);
            break;
        }
    }
    attempt
}

impl Attempt {
    fn step(
        &mut self,
        server: &ServerUrl,
        address: IpAddr,
        observer: &Observer,
        (path, ground): (&'static str, &Ground),
    ) -> Result<(), String> {
        let stream = self.connect(SocketAddr::new(address, server.port), ground.deadline)?;
        let line = if server.secure {
            self.greet(observer, stream)?
        } else {
            Line::Plain(stream)
        };
        let (began, before) = (Instant::now(), ground.clock.now());
        let reply = line.ask(server, path);
        let reply = reply.map_err(|error| format!("{path}: {error}"))?;
        let after = ground.clock.now();
        if self.clock_skew_ms.is_none() && !ground.clock.is_fixed() {
            self.compare_clocks(&reply, before, after);
        }
        self.http.push(Answer::new(path, reply, began.elapsed()));
        Ok(())
    }

    fn connect(&mut self, address: SocketAddr, deadline: Instant) -> Result<Timed, String> {
        let began = Instant::now();
        if deadline.saturating_duration_since(began) < CONNECT_TIME {
            return Err("not tried: the time for probes was over".to_owned());
        }
        let connected = tcp::connect(address, deadline);
        let time = milliseconds(began.elapsed());
        self.tcp_ms.get_or_insert(time);
        match connected {
            Ok(stream) => {
                self.tcp.get_or_insert("connected");
                Ok(stream.until(deadline.min(Instant::now() + EXCHANGE_TIME)))
            }
            Err(error) => {
                self.tcp.get_or_insert(word_of(&error));
                Err(error.to_string())
            }
        }
    }

    fn greet(&mut self, observer: &Observer, stream: Timed) -> Result<Line, String> {
        let (shown, line) = observer.greet(stream);
        if self.tls.is_none() {
            self.tls = Some(line.as_ref().map_or_else(|failure| failure.word, |_| "ok"));
            self.tls_version = shown.version;
            self.chain = shown.chain.iter().map(|der| pem(der)).collect();
            self.client_cas = shown.client_cas;
        }
        line.map_err(|failure| failure.reason)
    }

    /// Node minus server at the middle of the exchange; the server's time is stated in whole seconds, cut off.
    fn compare_clocks(&mut self, reply: &Reply, before: DateTime<Utc>, after: DateTime<Utc>) {
        let stated = reply.date.as_deref();
        let Some(stated) = stated.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else {
            return;
        };
        let half_trip = (after - before) / 2;
        let server = stated.to_utc() + HALF_SECOND;
        self.clock_skew_ms = Some((before + half_trip - server).num_milliseconds());
        self.clock_uncertainty_ms = Some((half_trip + HALF_SECOND).num_milliseconds());
    }
}

impl Answer {
    fn new(path: &'static str, reply: Reply, time: Duration) -> Self {
        let version = (path == VERSION && reply.status == 200)
            .then(|| serde_json::from_slice::<serde_json::Value>(&reply.body).ok())
            .flatten()
            .and_then(|body| Some(body.get("gitVersion")?.as_str()?.to_owned()));
        Self {
            path,
            status: reply.status,
            date: reply.date,
            ms: milliseconds(time),
            git_version: version,
        }
    }
}

/// A certificate in the form in which people read it.
fn pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (at, character) in base64.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

const VERSION: &str = "/version";
const PATHS: [&str; 2] = ["/livez", VERSION];
const MAX_ADDRESSES: usize = 4;
const HALF_SECOND: TimeDelta = TimeDelta::milliseconds(500);
/// Handshake and answer of one path.
const EXCHANGE_TIME: Duration = Duration::from_secs(4);
/// A step that ends at the deadline still hands over.
const GRACE: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::api_server::{Authority, Server};
    use serde_json::{Value, json};
    use std::net::TcpListener;

    fn seen(url: &str, seconds: u64) -> Value {
        let ground = Ground {
            names: Names::parse("127.0.0.1 api.lab\n".to_owned(), ""),
            proxies: Environment::default(),
            clock: Clock::new(None),
            deadline: Instant::now() + Duration::from_secs(seconds),
        };
        let goal = Goal {
            cluster: Cluster {
                server: ServerUrl::parse(url).unwrap(),
                server_name: None,
                proxy: None,
            },
            used_by: vec!["/etc/kubernetes/kubelet.conf".to_owned()],
        };
        let endpoints = all(&[goal], &ground, &Stop::never());
        serde_json::to_value(&endpoints[0]).unwrap()
    }

    #[test]
    fn every_step_of_a_healthy_server_is_told() {
        let authority = Authority::new("the-ca");
        let server = Server::start(&authority.serving("api.lab", 2030));
        let endpoint = seen(&format!("https://api.lab:{}", server.port), 20);
        assert_eq!(endpoint["resolve"]["from"], "hosts:1");
        assert_eq!(endpoint["proxy"]["applies"], false);
        let address = &endpoint["addresses"][0];
        assert_eq!(address["tcp"], "connected");
        assert_eq!(address["tls"], "ok");
        assert_eq!(address["client_cas"], json!(["CN=the-ca"]));
        assert_eq!(address["http"][0]["status"], 200);
        assert_eq!(address["http"][1]["git_version"], "v1.36.2");
        let skew = address["clock_skew_ms"].as_i64().unwrap();
        let uncertainty = address["clock_uncertainty_ms"].as_i64().unwrap();
        assert!(skew.abs() <= uncertainty + 5, "{address}");
        let heard = server.heard();
        assert!(heard.text.starts_with("GET /livez HTTP/1.1\r\n"));
        assert!(!heard.text.contains("Authorization"));
        assert_eq!(heard.client_certificates, 0);
    }

    #[test]
    fn an_expired_certificate_is_seen_as_it_is() {
        let authority = Authority::new("the-ca");
        let serving = authority.serving("api.lab", 2020);
        let server = Server::start(&serving);
        let endpoint = seen(&format!("https://127.0.0.1:{}", server.port), 20);
        let address = &endpoint["addresses"][0];
        assert_eq!(address["tls"], "ok");
        let chain = address["chain"][0].as_str().unwrap();
        assert_eq!(
            chain.replace('\n', ""),
            serving.pem.replace(['\r', '\n'], "")
        );
    }

    #[test]
    fn a_server_without_tls_and_a_port_without_a_server_are_told_apart() {
        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = plain.local_addr().unwrap().port();
        std::thread::spawn(move || {
            use std::io::Write as _;
            let (mut stream, _) = plain.accept().unwrap();
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .unwrap();
        });
        let endpoint = seen(&format!("https://127.0.0.1:{port}"), 20);
        assert_eq!(endpoint["addresses"][0]["tcp"], "connected");
        assert_eq!(endpoint["addresses"][0]["tls"], "not-tls");
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let endpoint = seen(&format!("https://127.0.0.1:{port}"), 20);
        assert_eq!(endpoint["addresses"][0]["tcp"], "refused");
        assert_eq!(endpoint["addresses"][0].get("tls"), None);
    }

    #[test]
    fn a_server_that_never_speaks_ends_as_a_timeout() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let endpoint = seen(&format!("https://127.0.0.1:{port}"), 20);
        assert_eq!(endpoint["addresses"][0]["tls"], "timeout");
    }

    #[test]
    fn an_attempt_for_which_no_time_is_left_proves_nothing() {
        let endpoint = seen("https://127.0.0.1:1", 1);
        assert_eq!(endpoint["addresses"][0].get("tcp"), None);
        assert!(endpoint["addresses"][0]["error"].is_string());
    }
}
