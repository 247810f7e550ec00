//! Connections that host collectors of replicatedhq/troubleshoot tried: `tcpConnect`, `http`, `tcpPortStatus`, `dns`.
//!
//! What was asked for is not told; errors of Go name it.

use super::host_collectors::{Read, collector, read_by};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::observed::{Attempt, Resolution, Socket};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::tree::Node;

pub(super) const PARSER: Parser = Parser {
    name: "host_connections",
    kind: "connection that a host collector tried",
    facts: &[],
    accepts: |entry| reader(entry).is_some(),
    parse,
};

fn reader(entry: &Entry) -> Option<Read> {
    match collector(entry)? {
        ("connect", _) => Some(connect),
        ("http", _) => Some(http),
        ("tcpPortStatus", _) => Some(port),
        ("dns", file) if file.ends_with("result.json") => Some(dns),
        _ => None,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    read_by(reader(entry), &["apiserver"], entry, evidence);
}

fn connect(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    let message = document.get("message").and_then(Node::text);
    failure(message.unwrap_or_default(), &entry.whole(), evidence);
}

fn http(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    if let Some(message) = document.at("error.message")
        && let Some(text) = message.text()
    {
        failure(text, &entry.at(message.line), evidence);
    }
}

/// A port that somebody listens on.
fn port(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    let text = |key: &str| document.get(key).and_then(Node::text);
    let message = text("message").unwrap_or_default();
    if text("status") == Some("address-in-use")
        && let Some((address, port)) = after(message, "listen tcp ").and_then(address)
    {
        let socket = Socket {
            state: "LISTEN".to_owned(),
            address,
            port: i64::from(port),
            peer: "*".to_owned(),
            process: None,
            pid: None,
        };
        evidence.push(socket, entry.whole());
    }
}

/// Names that servers gave an address for; an empty answer does not say why.
fn dns(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for asked in document.get("query").map(Node::pairs).unwrap_or_default() {
        let records = asked.value.items().iter().filter_map(|answer| {
            let record = answer.get("record").and_then(Node::text)?;
            record.parse::<std::net::IpAddr>().ok()?;
            Some(record.to_owned())
        });
        let addresses: Vec<String> = records.collect();
        if !addresses.is_empty() {
            let resolution = Resolution {
                name: Some(asked.key.clone()),
                result: "ok",
                addresses,
            };
            evidence.push(resolution, entry.at(asked.line));
        }
    }
}

/// `Get "https://api:6443/healthz": dial tcp 10.0.0.1:6443: connect: connection refused`, `dial tcp: lookup api: no such host`.
fn failure(message: &str, origin: &Origin, evidence: &mut Evidence) {
    let asked = after(message, "://").and_then(|rest| {
        let authority = rest.split(['/', '"', '?']).next()?;
        address(authority).or_else(|| Some((authority.to_owned(), 443)))
    });
    let dialled = after(message, "dial tcp ").and_then(|rest| address(rest.split(": ").next()?));
    let looked_up = after(message, ": lookup ").and_then(|rest| rest.split([' ', ':']).next());
    let text = |value: &str| Some(Fact::text(value, origin.clone()));
    let (dns, tcp) = match (looked_up, outcome(message)) {
        (Some(_), Some(result)) => (text(result), None),
        (None, Some(result)) => (None, text(result)),
        (_, None) => return,
    };
    let found = asked.or_else(|| dialled.clone());
    let (host, port) = match (found, looked_up) {
        (Some((host, port)), _) => (host, Some(port)),
        (None, Some(host)) => (host.to_owned(), None),
        (None, None) => return,
    };
    let attempt = Attempt {
        host: Some(host),
        port,
        addresses: dialled.into_iter().map(|(address, _)| address).collect(),
        dns,
        tcp,
        ..Attempt::default()
    };
    evidence.push(attempt, origin.clone());
}

fn outcome(message: &str) -> Option<&'static str> {
    let known = [
        ("no such host", "nxdomain"),
        ("server misbehaving", "servfail"),
        ("connection refused", "refused"),
        ("i/o timeout", "timeout"),
        ("no route to host", "unreachable"),
        ("network is unreachable", "unreachable"),
        ("connection reset by peer", "reset"),
        ("x509: ", "connected"),
    ];
    let found = known.iter().find(|(said, _)| message.contains(said));
    found.map(|(_, outcome)| *outcome)
}

fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// `10.0.0.1:6443`, `[::1]:6443`, up to a colon and blank.
fn address(text: &str) -> Option<(String, u16)> {
    let text = text.split(": ").next().unwrap_or(text);
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_matches(['[', ']']).to_owned();
    Some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::host_collected;

    fn read(file: &str, text: &str) -> Evidence {
        host_collected(&PARSER, file, text)
    }

    /// Host, port, name and connection of the attempt.
    fn attempt(evidence: &Evidence) -> (String, Option<u16>, Option<&str>, Option<&str>) {
        let attempt = &evidence.all::<Attempt>()[0].value;
        let text =
            |fact: &'_ Option<Fact>| fact.as_ref().and_then(Fact::as_text).map(str::to_owned);
        let leak = |text: Option<String>| text.map(|text| &*text.leak());
        (
            attempt.host.clone().unwrap(),
            attempt.port,
            leak(text(&attempt.dns)),
            leak(text(&attempt.tcp)),
        )
    }

    #[test]
    fn an_error_names_what_was_tried_and_how_far_it_came() {
        let refused = read(
            "connect/api.json",
            r#"{"status":"connection-refused","message":"dial tcp 10.0.0.1:6443: connect: connection refused"}"#,
        );
        assert_eq!(
            attempt(&refused),
            ("10.0.0.1".to_owned(), Some(6443), None, Some("refused"))
        );
        let unknown = read(
            "http/api.json",
            "{\n  \"error\": {\n    \"message\": \"Get \\\"https://api.lab:6443/healthz\\\": dial tcp: lookup api.lab on 10.0.0.2:53: no such host\"\n  }\n}",
        );
        assert_eq!(
            attempt(&unknown),
            ("api.lab".to_owned(), Some(6443), Some("nxdomain"), None)
        );
        for silent in [
            r#"{"status":"connected","message":""}"#,
            r#"{"status":"error","message":"something else"}"#,
        ] {
            assert!(read("connect/a.json", silent).all::<Attempt>().is_empty());
        }
    }

    #[test]
    fn a_port_in_use_and_an_answered_name_are_read() {
        let used = read(
            "tcpPortStatus/kubelet.json",
            r#"{"status":"address-in-use","message":"listen tcp 0.0.0.0:10250: bind: address already in use"}"#,
        );
        assert_eq!(used.all::<Socket>()[0].value.port, 10250);
        let named = read(
            "dns/dns/result.json",
            r#"{"query":{"api.lab":[{"server":"10.0.0.2:53","search":"","name":"api.lab.","answer":"x","record":"10.0.0.1"},{"server":"10.0.0.3:53","search":"","name":"api.lab.","answer":"","record":""}]},"resolvedFromSearch":""}"#,
        );
        assert_eq!(named.all::<Resolution>()[0].value.addresses, ["10.0.0.1"]);
    }
}
