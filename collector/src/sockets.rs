//! `facts/sockets.json`: TCP and UDP sockets with the process that holds them.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Builds the fact; not applicable where the tree has no socket tables.
pub(crate) fn facts(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut sockets = Vec::new();
    let mut any = false;
    for protocol in ["tcp", "tcp6", "udp", "udp6"] {
        if let Ok(taken) = host.read(&format!("/proc/net/{protocol}"), 1 << 20) {
            any = true;
            sockets.extend(table(protocol, &taken.text()));
        }
    }
    if !any {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no socket tables in this tree",
        ));
    }
    sockets.sort_by(|a, b| (&a.protocol, a.local, a.remote).cmp(&(&b.protocol, b.local, b.remote)));
    let owners = owners(node);
    let lines: Vec<Value> = sockets
        .iter()
        .filter(|socket| {
            socket.state == "LISTEN"
                || owners.contains_key(&socket.inode)
                || socket.state != "TIME-WAIT" && API_PORTS.contains(&socket.remote.1)
        })
        .take(MAX_SOCKETS)
        .map(|socket| socket.to_json(owners.get(&socket.inode)))
        .collect();
    Ok(facts::list("sockets", &lines))
}

#[derive(Debug, PartialEq)]
struct Socket {
    protocol: String,
    state: &'static str,
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    /// Bytes that wait to be sent.
    send_queue: u64,
    /// Segments sent again without an answer.
    retransmits: u64,
    inode: u64,
}

impl Socket {
    fn to_json(&self, owner: Option<&(u32, String)>) -> Value {
        let mut fields = Map::new();
        fields.insert("protocol".into(), json!(self.protocol));
        fields.insert("state".into(), json!(self.state));
        fields.insert("local".into(), json!(self.local.0.to_string()));
        fields.insert("local_port".into(), json!(self.local.1));
        fields.insert("remote".into(), json!(self.remote.0.to_string()));
        fields.insert("remote_port".into(), json!(self.remote.1));
        if self.send_queue > 0 && self.state != "LISTEN" {
            fields.insert("send_queue".into(), json!(self.send_queue));
        }
        if self.retransmits > 0 {
            fields.insert("retransmits".into(), json!(self.retransmits));
        }
        if let Some((pid, process)) = owner {
            fields.insert("pid".into(), json!(pid));
            fields.insert("process".into(), json!(process));
        }
        Value::Object(fields)
    }
}

fn table(protocol: &str, text: &str) -> Vec<Socket> {
    let lines = text.lines().skip(1);
    lines.filter_map(|line| socket(protocol, line)).collect()
}

fn socket(protocol: &str, line: &str) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let state = match *fields.get(3)? {
        "01" => "ESTAB",
        "02" => "SYN-SENT",
        "03" => "SYN-RECV",
        "04" => "FIN-WAIT-1",
        "05" => "FIN-WAIT-2",
        "06" => "TIME-WAIT",
        "07" if protocol.starts_with("udp") => "LISTEN",
        "07" => "CLOSE",
        "08" => "CLOSE-WAIT",
        "09" => "LAST-ACK",
        "0A" => "LISTEN",
        "0B" => "CLOSING",
        _ => return None,
    };
    Some(Socket {
        protocol: protocol.trim_end_matches('6').to_owned(),
        state,
        local: address(fields.get(1)?)?,
        remote: address(fields.get(2)?)?,
        send_queue: fields
            .get(4)
            .and_then(|queues| hex(queues.split(':').next()?))
            .unwrap_or(0),
        retransmits: fields.get(6).and_then(|count| hex(count)).unwrap_or(0),
        inode: fields.get(9)?.parse().ok()?,
    })
}

fn hex(field: &str) -> Option<u64> {
    u64::from_str_radix(field, 16).ok()
}

/// `0100007F:1F90`; every four bytes of the address are in host order.
fn address(field: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = field.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<u32> = (0..address.len() / 8)
        .filter_map(|at| address.get(at * 8..at * 8 + 8))
        .filter_map(|word| u32::from_str_radix(word, 16).ok())
        .map(|word| u32::from_be_bytes(word.to_ne_bytes()))
        .collect();
    let address = match words.as_slice() {
        [word] => IpAddr::V4(Ipv4Addr::from(*word)),
        [a, b, c, d] => {
            let number = (u128::from(*a) << 96)
                | (u128::from(*b) << 64)
                | (u128::from(*c) << 32)
                | u128::from(*d);
            Ipv6Addr::from(number).to_canonical()
        }
        _ => return None,
    };
    Some((address, port))
}

/// Socket inode → process. Without root only one's own processes can be seen.
fn owners(node: &Node) -> BTreeMap<u64, (u32, String)> {
    let mut owners = BTreeMap::new();
    for held in &node.descriptors {
        for inode in &held.sockets {
            owners
                .entry(*inode)
                .or_insert_with(|| (held.pid, held.comm.clone()));
        }
    }
    owners
}

/// Ports of API servers and of balancers in front of them: connections to them are told even where their owner is hidden.
const API_PORTS: &[u16] = &[443, 6443, 6444, 7443, 8443, 9345, 16443];

/// A busy node has more; listeners sort before their connections by port only, so this is generous.
const MAX_SOCKETS: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_and_connected_sockets_are_read() {
        let text = "  sl  local_address rem_address   st\n\
            \x20  0: 0100007F:2808 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0\n\
            \x20  1: 0701A8C0:A000 0101A8C0:192B 02 00000001:00000000 00:00000000 00000003     0        0 4243 1 0\n";
        let sockets = table("tcp", text);
        assert_eq!(sockets[0].local.0.to_string(), "127.0.0.1");
        assert_eq!(sockets[0].local.1, 10248);
        assert_eq!(sockets[0].state, "LISTEN");
        assert_eq!(sockets[1].remote.0.to_string(), "192.168.1.1");
        assert_eq!(sockets[1].remote.1, 6443);
        assert_eq!(sockets[1].state, "SYN-SENT");
        assert_eq!((sockets[1].send_queue, sockets[1].retransmits), (1, 3));
    }

    #[test]
    fn an_ipv6_listener_is_read() {
        let (any, port) = address("00000000000000000000000000000000:280A").unwrap();
        assert_eq!((any.to_string().as_str(), port), ("::", 10250));
        let (mapped, _) = address("0000000000000000FFFF00000101A8C0:192B").unwrap();
        assert_eq!(mapped.to_string(), "192.168.1.1");
    }
}
