//! Whether the kubelet says of itself that it is healthy, and which certificate it shows to who asks it.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::{Node, scan};
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::attempt::pem;
use crate::web::http::{exchange, get};
use crate::web::observe::Observer;
use crate::web::tcp::{self, CONNECT_TIME, word_of};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

pub(crate) const PROBE: Probe = Probe {
    name: "kubelet",
    catalog: "K9",
    about: "GET /healthz of the kubelet's local health port; a TLS handshake with its own port",
    reason: "the kubelet runs and says that it is not healthy, does not serve, or serves a wrong certificate",
    on_request: false,
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let configured = Configured::read(context.host, context.node);
    let health = configured.place(HEALTH);
    let serving = configured.place(SERVING);
    if health.is_none() && serving.is_none() {
        let why = "the kubelet's configuration turns its ports off";
        return Err(Failure::new(Outcome::NotApplicable, why));
    }
    let mut fields = Map::new();
    if let Some(Value::Object(health)) = health.map(ask) {
        fields.extend(health);
    }
    if let Some(address) = serving {
        fields.insert("serving".to_owned(), greet(address));
    }
    Ok(facts::object(&Value::Object(fields)))
}

/// One of the kubelet's ports: flags and keys of port and address, and the usual port.
type Port = ([&'static str; 2], [&'static str; 2], u16);

const HEALTH: Port = (
    ["healthz-port", "healthz-bind-address"],
    ["healthzPort", "healthzBindAddress"],
    10248,
);
const SERVING: Port = (["port", "address"], ["port", "address"], 10250);

/// What flags and configuration say of ports.
struct Configured<'a> {
    node: &'a Node,
    values: Vec<(String, String)>,
}

impl<'a> Configured<'a> {
    fn read(host: &mut Host, node: &'a Node) -> Self {
        let mut values = Vec::new();
        let kubelets = node.kubelets.iter();
        for path in kubelets.flat_map(|kubelet| &kubelet.config_files) {
            if let Ok(taken) = host.read(path, 256 << 10) {
                let keys = [HEALTH.1, SERVING.1].concat();
                values.extend(scan::values(&taken.text(), &keys));
            }
        }
        Self { node, values }
    }

    /// Where the flags, else the configuration, put a port; `None` when it is 0.
    fn place(&self, (flags, keys, usual): Port) -> Option<SocketAddr> {
        let value = |flag: &str, key: &str| {
            let flag = self.node.flag(flag).into_iter().next();
            let mut keys = self.values.iter().filter(|(name, _)| name == key);
            flag.or_else(|| keys.next().map(|(_, value)| value.clone()))
        };
        let [port_flag, address_flag] = flags;
        let [port_key, address_key] = keys;
        let port = value(port_flag, port_key).and_then(|port| port.parse().ok());
        let address = value(address_flag, address_key).and_then(|text| text.parse().ok());
        let address = address.filter(|address: &IpAddr| !address.is_unspecified());
        let port = port.unwrap_or(usual);
        let address = address.unwrap_or(Ipv4Addr::LOCALHOST.into());
        (port != 0).then(|| SocketAddr::new(address, port))
    }
}

/// The certificate that the kubelet shows; nothing is asked.
fn greet(address: SocketAddr) -> Value {
    let began = Instant::now();
    let stream = match tcp::connect(address, began + CONNECT_TIME) {
        Ok(stream) => stream,
        Err(error) => return json!({"address": address.to_string(), "tcp": word_of(&error)}),
    };
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    set("address", json!(address.to_string()));
    set("tcp", json!("connected"));
    if let Ok(observer) = Observer::new(&address.ip().to_string(), address.ip()) {
        let (shown, line) = observer.greet(stream);
        set(
            "tls",
            json!(line.as_ref().map_or_else(|failure| failure.word, |_| "ok")),
        );
        set("tls_version", json!(shown.version));
        let chain: Vec<String> = shown.chain.iter().map(|der| pem(der)).collect();
        set("chain", json!(chain));
        set("client_cas", json!(shown.client_cas));
        set("failure", json!(line.err().map(|failure| failure.reason)));
    }
    set(
        "greeting_ms",
        json!(crate::clock::milliseconds(began.elapsed())),
    );
    fields.retain(|_, value| !value.is_null());
    Value::Object(fields)
}

fn ask(address: SocketAddr) -> Value {
    let began = Instant::now();
    let url = format!("http://{address}/healthz");
    let answered = tcp::connect(address, began + CONNECT_TIME)
        .and_then(|mut stream| exchange(&mut stream, &get(&address.to_string(), "/healthz", "")));
    let time = crate::clock::milliseconds(began.elapsed());
    match answered {
        Ok(reply) => {
            let result = if reply.status == 200 { "ok" } else { "status" };
            json!({"url": url, "result": result, "status": reply.status, "duration_ms": time})
        }
        Err(error) => json!({
            "url": url,
            "result": word_of(&error),
            "reason": error.to_string(),
            "duration_ms": time,
        }),
    }
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
    use nodebundle_fixtures::api_server::{Authority, Server};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn node(scratch: &Scratch, config: &str, flags: &[(&str, &str)]) -> Node {
        std::fs::write(scratch.path().join("config.yaml"), config).unwrap();
        let flags = flags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Node {
            kubelets: vec![Kubelet {
                flags: flags.collect(),
                config_files: vec!["/config.yaml".to_owned()],
                ..Kubelet::default()
            }],
            ..Node::default()
        }
    }

    #[test]
    fn the_port_is_the_one_that_flags_or_configuration_say() {
        for (config, flags, expected) in [
            (
                "kind: KubeletConfiguration\n",
                &[][..],
                Some("127.0.0.1:10248"),
            ),
            ("healthzPort: 10300\n", &[], Some("127.0.0.1:10300")),
            (
                "healthzPort: 10300\n",
                &[("healthz-port", "10400")],
                Some("127.0.0.1:10400"),
            ),
            (
                "healthzBindAddress: 10.0.0.5\n",
                &[],
                Some("10.0.0.5:10248"),
            ),
            (
                "healthzBindAddress: 0.0.0.0\n",
                &[],
                Some("127.0.0.1:10248"),
            ),
            ("healthzPort: 0\n", &[], None),
        ] {
            let scratch = Scratch::new();
            let node = node(&scratch, config, flags);
            let configured = Configured::read(&mut Host::direct(scratch.path()), &node);
            let found = configured.place(HEALTH);
            assert_eq!(configured.place(SERVING).unwrap().port(), 10250);
            assert_eq!(found.map(|found| found.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn an_unhealthy_kubelet_is_told_by_its_status() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Closed before the answer, so that the next question is surely refused.
            drop(listener);
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            let answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let answer = ask(address);
        assert_eq!(answer["result"], "status");
        assert_eq!(answer["status"], 500);
        assert_eq!(ask(address)["result"], "refused");
    }

    #[test]
    fn the_serving_certificate_is_told_as_it_is_shown() {
        let authority = Authority::new("worker-1-ca@1");
        let serving = authority.serving("worker-1", 2030);
        let server = Server::start(&serving);
        let shown = greet(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), server.port));
        assert_eq!(shown["tls"], "ok");
        let chain = shown["chain"][0].as_str().unwrap().replace('\n', "");
        assert_eq!(chain, serving.pem.replace(['\r', '\n'], ""));
        assert_eq!(shown["client_cas"], json!(["CN=worker-1-ca@1"]));
    }
}
