//! The way to an API server, step by step: name, proxy, connection, TLS, answer. Each step of each address tells how far it came.

use super::attempt::{Attempt, Way, attempt};
use super::kubeconfig::Cluster;
use super::names::{Names, Resolved};
use super::proxy::{Decision, Environment};
use super::through::Through;
use crate::clock::Clock;
use crate::stop::Stop;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// A server to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goal {
    /// Where it is.
    pub(crate) cluster: Cluster,
    /// Files that name it.
    pub(crate) used_by: Vec<String>,
    /// Paths to ask for, as anybody could.
    pub(crate) paths: &'static [&'static str],
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
    /// The way through the proxy, where the kubelet would take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    through_proxy: Option<Attempt>,
}

/// What a thread found of the goal of a number.
enum Found {
    Resolved(usize, Resolved),
    Tried(usize, usize, Attempt),
    ThroughProxy(usize, Attempt),
}

/// Looks at all addresses of all servers at the same time; what is not done at the deadline, or when collection ends, is told so
/// far as it is known.
///
/// Nothing waits for the threads: every step of theirs has a deadline of its own, and the process may end before.
pub(crate) fn all(goals: &[Goal], ground: &Ground, stop: &Stop) -> Vec<Endpoint> {
    let (send, receive) = mpsc::channel();
    let shared = Arc::new(ground.clone());
    for (at, goal) in goals.iter().cloned().enumerate() {
        let (send, ground) = (send.clone(), Arc::clone(&shared));
        start(move || climb(at, &Arc::new(goal), &ground, &send));
    }
    drop(send);
    let mut endpoints: Vec<Endpoint> = goals.iter().map(|goal| begin(goal, ground)).collect();
    while stop.why().is_none() && Instant::now() < ground.deadline + GRACE {
        match receive.recv_timeout(Duration::from_millis(100)) {
            Ok(found) => put(&mut endpoints, found),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    endpoints
}

/// A thread that nobody waits for; where none can be started, its part stays unknown.
fn start(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().spawn(work).ok();
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
        through_proxy: None,
    }
}

fn put(endpoints: &mut [Endpoint], found: Found) {
    match found {
        Found::Resolved(at, resolved) => {
            if let Some(endpoint) = endpoints.get_mut(at) {
                let addresses = resolved.addresses.iter().take(MAX_ADDRESSES);
                endpoint.addresses = addresses.copied().map(Attempt::waiting).collect();
                endpoint.resolve = Some(resolved);
            }
        }
        Found::Tried(at, place, attempt) => {
            let endpoint = endpoints.get_mut(at);
            if let Some(slot) = endpoint.and_then(|one| one.addresses.get_mut(place)) {
                *slot = attempt;
            }
        }
        Found::ThroughProxy(at, attempt) => {
            if let Some(endpoint) = endpoints.get_mut(at) {
                endpoint.through_proxy = Some(attempt);
            }
        }
    }
}

fn climb(at: usize, goal: &Arc<Goal>, ground: &Arc<Ground>, send: &Sender<Found>) {
    through_proxy(at, goal, ground, send);
    let server = &goal.cluster.server;
    let resolved = ground.names.resolve(&server.host, ground.deadline);
    let addresses: Vec<IpAddr> = resolved.addresses.clone();
    send.send(Found::Resolved(at, resolved)).ok();
    for (place, address) in addresses.into_iter().take(MAX_ADDRESSES).enumerate() {
        let (goal, ground, send) = (Arc::clone(goal), Arc::clone(ground), send.clone());
        start(move || {
            let way = Way {
                cluster: &goal.cluster,
                address: SocketAddr::new(address, goal.cluster.server.port),
                proxy: None,
                paths: goal.paths,
            };
            let attempt = attempt(&way, &ground);
            send.send(Found::Tried(at, place, attempt)).ok();
        });
    }
}

/// Where the kubelet would use a proxy, its way is gone too.
fn through_proxy(at: usize, goal: &Arc<Goal>, ground: &Arc<Ground>, send: &Sender<Found>) {
    let decision = begin(goal, ground).proxy;
    let Some(url) = decision.url.filter(|_| decision.applies) else {
        return;
    };
    let (goal, ground, send) = (Arc::clone(goal), Arc::clone(ground), send.clone());
    start(move || {
        let attempt = by(&url, &goal, &ground);
        send.send(Found::ThroughProxy(at, attempt)).ok();
    });
}

fn by(url: &str, goal: &Goal, ground: &Ground) -> Attempt {
    let Some((proxy, kind)) = Through::parse(url) else {
        let why = "only proxies with http://, https:// and socks5:// are tried";
        return Attempt::failed(why.to_owned());
    };
    let resolved = ground.names.resolve(&proxy.host, ground.deadline);
    let Some(address) = resolved.addresses.first() else {
        return Attempt::failed(format!("the proxy's name: {}", resolved.result));
    };
    let way = Way {
        cluster: &goal.cluster,
        address: SocketAddr::new(*address, proxy.port),
        proxy: Some(kind),
        paths: goal.paths,
    };
    attempt(&way, ground)
}

/// What an API server answers to anybody.
pub(crate) const API_PATHS: &[&str] = &["/livez", "/readyz", "/version"];
/// What a supervisor of k3s or RKE2 answers to anybody.
pub(crate) const SUPERVISOR_PATHS: &[&str] = &["/cacerts", "/ping"];
const MAX_ADDRESSES: usize = 4;
/// A step that ends at the deadline still hands over.
const GRACE: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::url::ServerUrl;
    use nodebundle_fixtures::api_server::{Authority, Behaviour, Server, Silent};
    use serde_json::{Value, json};
    use std::net::TcpListener;

    fn seen(url: &str, seconds: u64) -> Value {
        seen_with(url, seconds, Environment::default())
    }

    /// What the ladder tells of a server that behaves so.
    fn seen_as(behaviour: Behaviour, scheme: &str) -> Value {
        let authority = Authority::new("the-ca");
        let server = Server::start_as(&authority.serving("api.lab", 2030), behaviour);
        let mut endpoint = seen(&format!("{scheme}://api.lab:{}", server.port), 12);
        endpoint["addresses"][0].take()
    }

    fn seen_with(url: &str, seconds: u64, proxies: Environment) -> Value {
        let ground = Ground {
            names: Names::parse("127.0.0.1 api.lab\n".to_owned(), ""),
            proxies,
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
            paths: API_PATHS,
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
        assert_eq!(address["http"][2]["git_version"], "v1.36.2");
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

    #[test]
    fn a_greeting_of_several_packets_reaches_a_server_whose_path_is_well() {
        let address = seen_as(Behaviour::default(), "https");
        let greeting = &address["large_greeting"];
        assert_eq!(greeting["result"], "ok", "{address}");
        assert_eq!(greeting["alpn"], "h2");
        assert!(greeting["bytes"].as_u64().unwrap() > 1500);
        assert!(greeting["path_mtu"].as_u64().unwrap() >= 1280);
    }

    #[test]
    fn a_clock_that_is_off_is_measured() {
        let behaviour = Behaviour {
            ahead: 7200,
            ..Behaviour::default()
        };
        let skew = seen_as(behaviour, "https")["clock_skew_ms"].as_i64();
        assert!((skew.unwrap() + 7_200_000).abs() < 5_000, "{skew:?}");
    }

    #[test]
    fn a_server_that_speaks_another_protocol_than_its_url_says_is_told() {
        let plain = Behaviour {
            plain: true,
            ..Behaviour::default()
        };
        let address = seen_as(plain, "https");
        assert_eq!(address["tls"], "not-tls");
        assert_eq!(address["speaks"], "http");
        let address = seen_as(Behaviour::default(), "http");
        assert_eq!(address["speaks"], "tls");
        assert!(address["chain"][0].is_string());
    }

    #[test]
    fn who_refuses_everybody_is_told_by_status_and_challenge() {
        let behaviour = Behaviour {
            status: 401,
            ..Behaviour::default()
        };
        let address = seen_as(behaviour, "https");
        let answer = &address["http"][0];
        assert_eq!(answer["status"], 401);
        assert_eq!(answer["www_authenticate"], "Bearer");
        assert_eq!(answer["audit_id"], "7d0a");
    }

    #[test]
    fn each_step_at_which_a_server_falls_silent_is_told_apart() {
        let silent = |silent| Behaviour {
            silent,
            ..Behaviour::default()
        };
        let address = seen_as(silent(Silent::Greeting), "https");
        assert_eq!(
            (&address["tcp"], &address["tls"]),
            (&json!("connected"), &json!("timeout"))
        );
        for at in [Silent::Answer, Silent::Body] {
            let address = seen_as(silent(at), "https");
            assert_eq!(address["tls"], "ok");
            assert!(
                address["error"].as_str().unwrap().starts_with("/livez: "),
                "{address}"
            );
        }
    }

    /// A proxy that leads to the asked port of this machine, or answers with a status; it writes down what it was told.
    fn proxy(status: u16) -> (u16, Arc<std::sync::Mutex<String>>) {
        use std::io::{Read as _, Write as _};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<std::sync::Mutex<String>>::default();
        let shared = Arc::clone(&heard);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut text = Vec::new();
                let mut byte = [0];
                while !text.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                    text.extend(byte);
                }
                let text = String::from_utf8(text).unwrap();
                shared.lock().unwrap().push_str(&text);
                let answer = format!("HTTP/1.1 {status} X\r\n\r\n");
                client.write_all(answer.as_bytes()).unwrap();
                if status != 200 {
                    continue;
                }
                let asked = text.split([' ', ':']).nth(2).unwrap().parse().unwrap();
                let there = SocketAddr::new([127, 0, 0, 1].into(), asked);
                let server = std::net::TcpStream::connect_timeout(&there, Duration::from_secs(3));
                let server = server.unwrap();
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server, client),
                ] {
                    std::thread::spawn(move || {
                        std::io::copy(&mut from, &mut to).ok();
                        to.shutdown(std::net::Shutdown::Both).ok();
                    });
                }
            }
        });
        (port, heard)
    }

    #[test]
    fn the_way_through_the_kubelets_proxy_is_gone_too_and_the_proxy_hears_connect_only() {
        let authority = Authority::new("the-ca");
        let server = Server::start(&authority.serving("api.lab", 2030));
        let url = format!("https://api.lab:{}", server.port);
        for (status, tls) in [(200, json!("ok")), (407, Value::Null)] {
            let (port, heard) = proxy(status);
            let variables = [(
                "HTTPS_PROXY".to_owned(),
                format!("http://user:secret@127.0.0.1:{port}"),
            )];
            let environment = Environment::new("kubelet.service".to_owned(), variables.into());
            let endpoint = seen_with(&url, 12, environment);
            let way = &endpoint["through_proxy"];
            assert_eq!(way["connect_status"], status, "{endpoint}");
            assert_eq!(way["tls"], tls);
            assert_eq!(endpoint["addresses"][0]["tls"], "ok");
            let heard = heard.lock().unwrap();
            let lines = heard.lines().filter(|line| !line.is_empty());
            for line in lines {
                let known = ["CONNECT api.lab:", "Host: ", "User-Agent: "];
                assert!(known.iter().any(|start| line.starts_with(start)), "{line}");
            }
        }
    }
}
