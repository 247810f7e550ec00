//! Names to addresses the way the C library's files and dns services do it, without the C library: which line of the hosts file,
//! or which name server, said what.

use super::dns::{self, Said};
use crate::host::Host;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// What the node's files say of names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Names {
    hosts: String,
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    dots: usize,
}

/// How a name became addresses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Resolved {
    /// `literal`, `ok`, `nxdomain`, `servfail`, `timeout`, `refused`.
    pub(crate) result: &'static str,
    /// IPv4 first.
    pub(crate) addresses: Vec<IpAddr>,
    /// `hosts:<line>` or `server <address>`: who said so. `None` for a literal address, and when nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// What each name server said, in the order of `resolv.conf`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) servers: Vec<ServerSaid>,
}

/// What one name server said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ServerSaid {
    server: IpAddr,
    name: String,
    result: &'static str,
    ms: u64,
}

impl Names {
    /// Reads the hosts file and `resolv.conf`.
    pub(crate) fn read(host: &mut Host) -> Self {
        let hosts = host.line("/etc/hosts").unwrap_or_default();
        let resolv = host.line("/etc/resolv.conf").unwrap_or_default();
        Self::parse(hosts, &resolv)
    }

    /// Takes the content of both files.
    pub(crate) fn parse(hosts: String, resolv: &str) -> Self {
        let mut names = Self {
            hosts,
            dots: 1,
            ..Self::default()
        };
        for line in resolv.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let server = words.next().and_then(|word| word.parse().ok());
                    names
                        .servers
                        .extend(server.map(|server: IpAddr| SocketAddr::new(server, 53)));
                }
                Some("search" | "domain") => names.search = words.map(str::to_owned).collect(),
                Some("options") => {
                    let dots = words.find_map(|word| word.strip_prefix("ndots:")?.parse().ok());
                    names.dots = dots.unwrap_or(names.dots);
                }
                _ => {}
            }
        }
        names.servers.truncate(MAX_SERVERS);
        if names.servers.is_empty() {
            names.servers.push((Ipv4Addr::LOCALHOST, 53).into());
        }
        names
    }

    /// Resolves within [`RESOLVE_TIME`].
    pub(crate) fn resolve(&self, host: &str, deadline: Instant) -> Resolved {
        let mut resolved = Resolved {
            result: "literal",
            addresses: Vec::new(),
            from: None,
            servers: Vec::new(),
        };
        if let Ok(address) = host.parse() {
            resolved.addresses.push(address);
            return resolved;
        }
        let (line, addresses) = self.in_hosts(host);
        if let Some(line) = line {
            resolved.result = "ok";
            resolved.addresses = addresses;
            resolved.from = Some(format!("hosts:{line}"));
            return resolved;
        }
        self.ask_servers(
            host,
            deadline.min(Instant::now() + RESOLVE_TIME),
            &mut resolved,
        );
        resolved
    }

    /// First line of the hosts file that holds the name, and the addresses of all that do, IPv4 first.
    fn in_hosts(&self, host: &str) -> (Option<usize>, Vec<IpAddr>) {
        let host = host.trim_end_matches('.');
        let mut first = None;
        let mut addresses = Vec::new();
        for (at, line) in self.hosts.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
            if let Some(address) = address
                && words.any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host))
            {
                first = first.or(Some(at + 1));
                addresses.push(address);
            }
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        (first, addresses)
    }

    /// Tries the full names in order; the answer is the one that the C library would take.
    fn ask_servers(&self, host: &str, deadline: Instant, resolved: &mut Resolved) {
        resolved.result = "timeout";
        let mut servers = self.servers.clone();
        for name in self.candidates(host) {
            let Some((server, said)) = ask_each(&mut servers, &name, deadline, resolved) else {
                continue;
            };
            resolved.result = said.result;
            if said.result == "ok" {
                resolved.addresses = said.addresses;
                resolved.from = Some(format!("server {server}"));
                return;
            }
        }
    }

    /// Full names to try, in order.
    fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(whole) = host.strip_suffix('.') {
            return vec![whole.to_owned()];
        }
        let search = self.search.iter().take(MAX_SEARCH);
        let longer = search.map(|domain| format!("{host}.{}", domain.trim_end_matches('.')));
        let mut candidates: Vec<String> = longer.collect();
        let at = if host.matches('.').count() >= self.dots {
            0
        } else {
            candidates.len()
        };
        candidates.insert(at, host.to_owned());
        candidates
    }
}

/// Asks every server, so that a dead or deviating one shows; the first that knows decides. Silent ones are not asked again.
fn ask_each(
    servers: &mut Vec<SocketAddr>,
    name: &str,
    deadline: Instant,
    resolved: &mut Resolved,
) -> Option<(IpAddr, Said)> {
    let mut answers = Vec::new();
    servers.retain(|server| {
        if Instant::now() >= deadline {
            return true;
        }
        let began = Instant::now();
        let said = dns::query(*server, name, deadline);
        resolved.servers.push(ServerSaid {
            server: server.ip(),
            name: name.to_owned(),
            result: said.result,
            ms: crate::clock::milliseconds(began.elapsed()),
        });
        let answers_at_all = said.result != "timeout";
        answers.push((server.ip(), said));
        answers_at_all
    });
    let knows = |(_, said): &(IpAddr, Said)| matches!(said.result, "ok" | "nxdomain");
    let at = answers.iter().position(knows).unwrap_or(0);
    (!answers.is_empty()).then(|| answers.swap_remove(at))
}

/// Time for one name, all servers and search domains together.
pub(crate) const RESOLVE_TIME: Duration = Duration::from_secs(6);
/// The C library asks no more.
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::rdata::{A, RData};
    use simple_dns::{CLASS, Packet, PacketFlag, RCODE, ResourceRecord, TYPE};
    use std::net::UdpSocket;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    /// A name server that knows `api.lab` only.
    fn name_server(code: RCODE) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((count, peer)) = socket.recv_from(&mut buffer) {
                let mut packet = Packet::parse(&buffer[..count]).unwrap();
                packet.set_flags(PacketFlag::RESPONSE);
                let question = packet.questions[0].clone();
                if code != RCODE::NoError || question.qname.to_string() != "api.lab" {
                    *packet.rcode_mut() = if code == RCODE::NoError {
                        RCODE::NameError
                    } else {
                        code
                    };
                } else if question.qtype == TYPE::A.into() {
                    let data = RData::A(A {
                        address: 0x0a00_0001,
                    });
                    let record = ResourceRecord::new(question.qname, CLASS::IN, 1, data);
                    packet.answers.push(record);
                }
                socket
                    .send_to(&packet.build_bytes_vec().unwrap(), peer)
                    .unwrap();
            }
        });
        address
    }

    #[test]
    fn the_hosts_file_is_cited_by_line() {
        let hosts = "127.0.0.1 localhost\n# 10.0.0.9 api\n10.0.0.7\tAPI api.lab # x\nfd00::7 api\n";
        let names = Names::parse(hosts.to_owned(), "");
        let resolved = names.resolve("api", soon());
        assert_eq!(resolved.from.as_deref(), Some("hosts:3"));
        assert_eq!(resolved.addresses.len(), 2);
        assert!(resolved.servers.is_empty());
        assert_eq!(names.resolve("10.0.0.1", soon()).result, "literal");
    }

    #[test]
    fn each_server_is_told_apart_and_a_failing_one_is_passed_over() {
        let mut names = Names::parse(String::new(), "search example lab\n");
        names.servers = vec![
            name_server(RCODE::ServerFailure),
            name_server(RCODE::NoError),
        ];
        let resolved = names.resolve("api", soon());
        assert_eq!(resolved.result, "ok");
        assert_eq!(resolved.addresses, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
        let said: Vec<&str> = resolved.servers.iter().map(|said| said.result).collect();
        assert_eq!(said, ["servfail", "nxdomain", "servfail", "ok"]);
    }

    #[test]
    fn an_unknown_name_is_nxdomain() {
        let mut names = Names::parse(String::new(), "");
        names.servers = vec![name_server(RCODE::NoError)];
        assert_eq!(names.resolve("old.lab", soon()).result, "nxdomain");
    }

    #[test]
    fn a_closed_port_refuses_at_once() {
        let closed = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut names = Names::parse(String::new(), "");
        names.servers = vec![closed.local_addr().unwrap()];
        drop(closed);
        assert_eq!(names.resolve("api.lab", soon()).result, "refused");
    }

    #[test]
    fn search_domains_come_first_for_names_with_few_dots() {
        let names = Names::parse(String::new(), "search a b\noptions ndots:2 timeout:1\n");
        assert_eq!(names.candidates("x.y"), ["x.y.a", "x.y.b", "x.y"]);
        assert_eq!(names.candidates("x.y.z"), ["x.y.z", "x.y.z.a", "x.y.z.b"]);
        assert_eq!(names.candidates("x."), ["x"]);
    }
}
