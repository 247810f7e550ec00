//! Sockets: `ss`, `netstat`, `facts/sockets.json`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{AllListeners, Socket};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "sockets",
    kind: "list of sockets",
    facts: &[],
    accepts: |entry| match &entry.source {
        Source::Facts(topic) => topic == "sockets",
        _ => entry.may_be_output_of(&["ss", "netstat"]) && entry.head().lines().take(5).any(header),
    },
    parse,
};

fn header(line: &str) -> bool {
    line.contains("Local Address")
        && (line.contains("Peer Address") || line.contains("Foreign Address"))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    if matches!(entry.source, Source::Facts(_)) {
        return listed(entry, &text, evidence);
    }
    for (line, content) in numbered(&text) {
        if let Some(socket) = row(content) {
            evidence.push(socket, entry.at(line));
        }
    }
    if entry.command().is_some_and(shows_listeners) {
        evidence.push(AllListeners, entry.whole());
    }
}

/// Whether the options ask for all TCP listeners: `ss -tlnp`, `ss -tan`, `netstat -an`.
fn shows_listeners(command: &str) -> bool {
    let options: String = command
        .split_whitespace()
        .filter_map(|word| word.strip_prefix('-'))
        .collect();
    (options.contains('l') || options.contains('a'))
        && command
            .split_whitespace()
            .skip(1)
            .all(|word| word.starts_with('-'))
}

fn row(line: &str) -> Option<Socket> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let first = *words.first()?;
    if first.starts_with("tcp") && words.get(1)?.parse::<u64>().is_ok() {
        return netstat(&words);
    }
    let skip = usize::from(["tcp", "udp"].contains(&first));
    let state = *words.get(skip)?;
    if !state
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'-' || byte.is_ascii_digit())
    {
        return None;
    }
    let (address, port) = endpoint(words.get(skip + 3)?)?;
    let users = words.get(skip + 5).copied().unwrap_or_default();
    let process = users.split('"').nth(1).map(str::to_owned);
    let pid = users
        .split_once("pid=")
        .and_then(|(_, rest)| rest.split([',', ')']).next()?.parse().ok());
    Some(Socket {
        state: state.to_owned(),
        address,
        port,
        peer: (*words.get(skip + 4)?).to_owned(),
        process,
        pid,
    })
}

/// `tcp 0 0 0.0.0.0:10250 0.0.0.0:* LISTEN 66/kubelet`
fn netstat(words: &[&str]) -> Option<Socket> {
    let (address, port) = endpoint(words.get(3)?)?;
    let owner = words.get(6).and_then(|owner| owner.split_once('/'));
    let state = match *words.get(5)? {
        "ESTABLISHED" => "ESTAB",
        "SYN_SENT" => "SYN-SENT",
        state => state,
    };
    Some(Socket {
        state: state.to_owned(),
        address,
        port,
        peer: (*words.get(4)?).to_owned(),
        process: owner.map(|(_, name)| name.trim_end_matches(':').to_owned()),
        pid: owner.and_then(|(pid, _)| pid.parse().ok()),
    })
}

fn endpoint(text: &str) -> Option<(String, i64)> {
    let (address, port) = text.rsplit_once(':')?;
    let address = address
        .trim_matches(['[', ']'])
        .split('%')
        .next()
        .unwrap_or(address);
    Some((address.to_owned(), port.parse().ok()?))
}

fn listed(entry: &Entry, text: &str, evidence: &mut Evidence) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(
                entry.name.as_ref(),
                problem,
                &["host.listeners", "host.connections"],
            );
        }
    };
    for (line, item) in document.items("sockets") {
        if let Some(socket) = item_socket(item) {
            evidence.push(
                socket,
                Origin {
                    line,
                    ..entry.whole()
                },
            );
        }
    }
    evidence.push(AllListeners, entry.whole());
}

fn item_socket(item: &Value) -> Option<Socket> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let number = |key: &str| item.get(key).and_then(Value::as_i64);
    if !text("protocol").is_none_or(|protocol| protocol.starts_with("tcp")) {
        return None;
    }
    let state = match text("state")? {
        "ESTABLISHED" => "ESTAB",
        "SYN_SENT" => "SYN-SENT",
        state => state,
    };
    Some(Socket {
        state: state.to_owned(),
        address: text("local")?.to_owned(),
        port: number("local_port")?,
        peer: format!(
            "{}:{}",
            text("remote").unwrap_or("*"),
            number("remote_port").unwrap_or(0)
        ),
        process: text("process").map(str::to_owned),
        pid: number("pid"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, facts, named};

    #[test]
    fn three_forms_tell_the_owner_of_a_port() {
        for evidence in [
            named(
                &PARSER,
                "State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess\nLISTEN 0      4096               *:10250            *:*    users:((\"kubelet\",pid=101,fd=24))  \n",
            ),
            named(
                &PARSER,
                "Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\ntcp        0      0 0.0.0.0:10250           0.0.0.0:*               LISTEN      101/kubelet\n",
            ),
            facts(
                &PARSER,
                "sockets",
                "{\"sockets\":[\n{\"protocol\":\"tcp\",\"state\":\"LISTEN\",\"local\":\"0.0.0.0\",\"local_port\":10250,\"pid\":101,\"process\":\"kubelet\"}\n]}",
            ),
        ] {
            let socket = &evidence.all::<Socket>()[0].value;
            assert_eq!(
                (socket.port, socket.pid, socket.process.as_deref()),
                (10250, Some(101), Some("kubelet"))
            );
            assert_eq!(socket.state, "LISTEN");
        }
    }

    #[test]
    fn only_an_unfiltered_list_proves_that_nobody_listens() {
        let header = "State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess\n";
        assert_eq!(
            command(&PARSER, "ss -tlnp", header)
                .all::<AllListeners>()
                .len(),
            1
        );
        assert!(named(&PARSER, header).all::<AllListeners>().is_empty());
    }
}
