//! Names to addresses the way the C library's files and dns services do it, without the C library: which line of the hosts file,
//! or which name server, said what.

use super::dns::{self, Said};
use crate::host::Host;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// What the node's files say of names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Names {
    services: Vec<Service>,
    hosts: String,
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    dots: usize,
}

/// A source of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    /// The hosts file.
    Files,
    /// The name servers.
    Dns,
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
    /// The sources in the order of `nsswitch.conf`; those that only the C library knows are passed over, as Go does.
    pub(crate) order: Vec<Service>,
    /// Time for everything.
    pub(crate) ms: u64,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<IpAddr>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    over_tcp: bool,
}

impl Names {
    /// Reads the hosts file, `resolv.conf` and `nsswitch.conf`.
    pub(crate) fn read(host: &mut Host) -> Self {
        let hosts = host.line("/etc/hosts").unwrap_or_default();
        let resolv = host.line("/etc/resolv.conf").unwrap_or_default();
        let mut names = Self::parse(hosts, &resolv);
        if let Some(switch) = host.line("/etc/nsswitch.conf") {
            names.services = services(&switch);
        }
        names
    }

    /// Takes the content of the hosts file and of `resolv.conf`; the order is the usual one.
    pub(crate) fn parse(hosts: String, resolv: &str) -> Self {
        let mut names = Self {
            services: USUAL.to_vec(),
            hosts,
            dots: 1,
            servers: Vec::new(),
            search: Vec::new(),
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
        let began = Instant::now();
        let mut resolved = Resolved {
            result: "literal",
            addresses: Vec::new(),
            from: None,
            order: self.services.clone(),
            ms: 0,
            servers: Vec::new(),
        };
        if let Ok(address) = host.parse() {
            resolved.addresses.push(address);
            return resolved;
        }
        resolved.result = "nxdomain";
        for service in &self.services {
            match service {
                Service::Files => self.look_in_hosts(host, &mut resolved),
                Service::Dns => {
                    let deadline = deadline.min(began + RESOLVE_TIME);
                    self.ask_servers(host, deadline, &mut resolved);
                }
            }
            if resolved.result == "ok" {
                break;
            }
        }
        resolved.ms = crate::clock::milliseconds(began.elapsed());
        resolved
    }

    fn look_in_hosts(&self, host: &str, resolved: &mut Resolved) {
        let (line, addresses) = self.in_hosts(host);
        if let Some(line) = line {
            resolved.result = "ok";
            resolved.addresses = addresses;
            resolved.from = Some(format!("hosts:{line}"));
        }
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

/// The sources of the `hosts:` line up to one that ends the search; the usual ones without such a line, or without one of ours in it.
fn services(switch: &str) -> Vec<Service> {
    let line = switch
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("hosts:"));
    let line = line.and_then(|line| line.split('#').next());
    let mut services = Vec::new();
    let mut last = None;
    for word in line.unwrap_or_default().split_whitespace() {
        if word.starts_with('[') {
            let ends = word.to_ascii_lowercase().contains("notfound=return");
            if ends && last.is_some() {
                break;
            }
            continue;
        }
        last = match word {
            "files" => Some(Service::Files),
            "dns" => Some(Service::Dns),
            _ => None,
        };
        services.extend(last.filter(|service| !services.contains(service)));
    }
    if services.is_empty() {
        return USUAL.to_vec();
    }
    services
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
            codes: said.codes.clone(),
            addresses: said.addresses.clone(),
            over_tcp: said.over_tcp,
        });
        let answers_at_all = said.result != "timeout";
        answers.push((server.ip(), said));
        answers_at_all
    });
    let knows = |(_, said): &(IpAddr, Said)| matches!(said.result, "ok" | "nxdomain");
    let at = answers.iter().position(knows).unwrap_or(0);
    (!answers.is_empty()).then(|| answers.swap_remove(at))
}

/// Without `nsswitch.conf`.
const USUAL: [Service; 2] = [Service::Files, Service::Dns];
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
    fn the_order_of_nsswitch_decides_and_can_end_the_search() {
        use Service::{Dns, Files};
        for (line, order) in [
            ("hosts: dns files", vec![Dns, Files]),
            (
                "passwd: files\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns # x",
                vec![Files, Dns],
            ),
            ("hosts: files [NOTFOUND=return] dns", vec![Files]),
            (
                "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns",
                vec![Files, Dns],
            ),
            ("hosts: resolve", vec![Files, Dns]),
            ("", vec![Files, Dns]),
        ] {
            assert_eq!(services(line), order, "{line}");
        }
        let mut names = Names::parse("10.0.0.7 api.lab\n".to_owned(), "");
        names.servers = vec![name_server(RCODE::NoError)];
        names.services = vec![Dns, Files];
        let resolved = names.resolve("api.lab", soon());
        assert_eq!(resolved.addresses, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(resolved.servers[0].codes, ["A NOERROR", "AAAA NOERROR"]);
    }

    #[test]
    fn an_answer_that_does_not_fit_is_fetched_over_tcp() {
        use std::io::{Read as _, Write as _};
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((count, peer)) = udp.recv_from(&mut buffer) {
                let mut packet = Packet::parse(&buffer[..count]).unwrap();
                packet.set_flags(PacketFlag::RESPONSE | PacketFlag::TRUNCATION);
                udp.send_to(&packet.build_bytes_vec().unwrap(), peer)
                    .unwrap();
            }
        });
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut bytes).unwrap();
                let mut packet = Packet::parse(&bytes).unwrap();
                packet.set_flags(PacketFlag::RESPONSE);
                let question = packet.questions[0].clone();
                if question.qtype == TYPE::A.into() {
                    let data = RData::A(A {
                        address: 0x0a00_0009,
                    });
                    let record = ResourceRecord::new(question.qname, CLASS::IN, 1, data);
                    packet.answers.push(record);
                }
                let answer = packet.build_bytes_vec().unwrap();
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &answer].concat()).unwrap();
            }
        });
        let mut names = Names::parse(String::new(), "");
        names.servers = vec![address];
        let resolved = names.resolve("api.lab", soon());
        assert_eq!(resolved.addresses, ["10.0.0.9".parse::<IpAddr>().unwrap()]);
        assert!(resolved.servers[0].over_tcp);
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
