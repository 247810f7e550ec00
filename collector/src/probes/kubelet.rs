//! Whether the kubelet says of itself that it is healthy.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::{Node, scan};
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::web::http::{exchange, get};
use crate::web::tcp::{self, CONNECT_TIME, word_of};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

pub(crate) const PROBE: Probe = Probe {
    name: "kubelet",
    catalog: "K9",
    about: "GET /healthz of the kubelet's local health port",
    reason: "the kubelet runs and says that it is not healthy, or does not serve",
    run: probe,
};

fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let Some(address) = address(context.host, context.node) else {
        let why = "the kubelet's configuration turns the health port off";
        return Err(Failure::new(Outcome::NotApplicable, why));
    };
    Ok(facts::object(&ask(address)))
}

/// Where the flags, else the configuration, put the port; `None` when it is 0.
fn address(host: &mut Host, node: &Node) -> Option<SocketAddr> {
    let mut configured = Vec::new();
    for path in node
        .kubelets
        .iter()
        .flat_map(|kubelet| &kubelet.config_files)
    {
        if let Ok(taken) = host.read(path, 256 << 10) {
            configured.extend(scan::values(&taken.text(), &[PORT_KEY, ADDRESS_KEY]));
        }
    }
    let value = |flag: &str, key: &str| {
        let flag = node.flag(flag).into_iter().next();
        let mut keys = configured.iter().filter(|(name, _)| name == key);
        flag.or_else(|| keys.next().map(|(_, value)| value.clone()))
    };
    let port = value("healthz-port", PORT_KEY).and_then(|port| port.parse().ok());
    let address = value("healthz-bind-address", ADDRESS_KEY).and_then(|text| text.parse().ok());
    let address = address.filter(|address: &IpAddr| !address.is_unspecified());
    let port = port.unwrap_or(10248);
    let address = address.unwrap_or(Ipv4Addr::LOCALHOST.into());
    (port != 0).then(|| SocketAddr::new(address, port))
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

const PORT_KEY: &str = "healthzPort";
const ADDRESS_KEY: &str = "healthzBindAddress";

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::node::kubelet::Kubelet;
    use crate::scratch::Scratch;
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
            let found = address(&mut Host::direct(scratch.path()), &node);
            assert_eq!(found.map(|found| found.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn an_unhealthy_kubelet_is_told_by_its_status() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            let answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let answer = ask(address);
        assert_eq!(answer["result"], "status");
        assert_eq!(answer["status"], 500);
        assert_eq!(ask(address)["result"], "refused");
    }
}
