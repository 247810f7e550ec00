//! What daemons of the pod network say of themselves on this machine: only on request, for some of it is long and changes often.

use crate::clock::milliseconds;
use crate::facts;
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::runtime_sockets;
use crate::web::http::{exchange, get};
use crate::web::tcp::{self, CONNECT_TIME, word_of};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

pub(crate) const PROBE: Probe = Probe {
    name: "cni",
    catalog: "N4",
    about: "GET of what daemons of the pod network answer on loopback: the AWS address manager, felix of Calico, Cilium's agent",
    reason: "no addresses left, a daemon of the pod network that is not ready",
    on_request: true,
    run: probe,
};

#[allow(
    clippy::unnecessary_wraps,
    reason = "every probe is run by one signature"
)]
fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let mut answers = Vec::new();
    for (daemon, port, paths) in DAEMONS {
        for path in *paths {
            if context.host.stop().why().is_none() {
                answers.push(ask(daemon, *port, path));
            }
        }
    }
    let unix = context.host.line("/proc/net/unix").unwrap_or_default();
    let socket = runtime_sockets::approach(context.host, context.node, &unix, CILIUM);
    if runtime_sockets::is_open(&socket) {
        let began = Instant::now();
        let url = format!("{CILIUM} {CILIUM_HEALTH}");
        let answer = context.host.get(CILIUM, CILIUM_HEALTH, CONNECT_TIME);
        let time = milliseconds(began.elapsed());
        answers.push(match answer {
            Ok((status, body)) => answered("cilium", (&url, time), status, &body),
            Err(failure) => json!({
                "daemon": "cilium", "url": url, "result": failure.outcome, "reason": failure.reason,
                "duration_ms": time,
            }),
        });
    }
    let lists = [("sockets", &[socket][..]), ("answers", &answers)];
    Ok(facts::document(&[], &lists))
}

fn ask(daemon: &str, port: u16, path: &str) -> Value {
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
    let url = format!("http://{address}{path}");
    let began = Instant::now();
    let reply = tcp::connect(address, began + CONNECT_TIME)
        .and_then(|mut stream| exchange(&mut stream, &get(&address.to_string(), path, "")));
    let time = milliseconds(began.elapsed());
    match reply {
        Ok(reply) => answered(daemon, (&url, time), reply.status, &reply.body),
        Err(error) => json!({
            "daemon": daemon, "url": url, "result": word_of(&error), "duration_ms": time,
        }),
    }
}

/// JSON as it is, other text in part; what is too long is only measured.
fn answered(daemon: &str, (url, time): (&str, u64), status: u16, body: &[u8]) -> Value {
    let answer = if body.len() > MAX_ANSWER {
        Value::Null
    } else {
        serde_json::from_slice(body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(body);
            json!(text.chars().take(MAX_TEXT).collect::<String>())
        })
    };
    json!({
        "daemon": daemon, "url": url, "result": "answered", "status": status,
        "bytes": body.len(), "answer": answer, "duration_ms": time,
    })
}

/// Daemons, their ports on loopback, and what is asked.
const DAEMONS: &[(&str, u16, &[&str])] = &[
    (
        "aws-ipamd",
        61679,
        &[
            "/v1/enis",
            "/v1/eni-configs",
            "/v1/networkutils-env-settings",
            "/v1/ipamd-env-settings",
        ],
    ),
    ("felix", 9099, &["/readiness", "/liveness"]),
    ("cilium", 9879, &["/healthz"]),
];
const CILIUM: &str = "/run/cilium/cilium.sock";
const CILIUM_HEALTH: &str = "/v1/healthz?brief=true";
const MAX_ANSWER: usize = 32 << 10;
const MAX_TEXT: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    #[test]
    fn a_daemon_that_is_not_ready_is_told_from_one_that_is_not_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            drop(listener);
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            let answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\nnot ready";
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let answer = ask("felix", port, "/readiness");
        assert_eq!(
            (&answer["status"], &answer["answer"]),
            (&json!(503), &json!("not ready"))
        );
        assert_eq!(ask("felix", port, "/readiness")["result"], "refused");
    }

    #[test]
    fn a_long_answer_is_only_measured() {
        let long = format!("\"{}\"", "x".repeat(MAX_ANSWER));
        let answer = answered("aws-ipamd", ("http://x", 1), 200, long.as_bytes());
        assert_eq!(answer["answer"], Value::Null);
        assert_eq!(answer["bytes"], MAX_ANSWER + 2);
        let short = answered("aws-ipamd", ("http://x", 1), 200, b"{\"a\":1}");
        assert_eq!(short["answer"]["a"], 1);
    }
}
