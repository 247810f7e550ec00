//! One question to one name server over UDP.

use super::tcp::left;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Time for one server to answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// What one server said of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// `ok`, `nxdomain` (also: the name has no address), `servfail`, `refused`, `timeout`.
    pub(super) result: &'static str,
    /// IPv4 first.
    pub(super) addresses: Vec<IpAddr>,
}

/// Asks for both address families at once.
pub(super) fn query(server: SocketAddr, name: &str, deadline: Instant) -> Said {
    let deadline = deadline.min(Instant::now() + ANSWER_TIME);
    let mut answers = Vec::new();
    let failure = ask(server, name, deadline, &mut answers).err();
    let mut addresses: Vec<IpAddr> = answers
        .iter()
        .flat_map(|(_, found)| found.iter().copied())
        .collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    let said = |code: RCODE| answers.iter().any(|(seen, _)| *seen == code);
    let result = if !addresses.is_empty() {
        "ok"
    } else if said(RCODE::NameError) {
        "nxdomain"
    } else if said(RCODE::Refused) {
        "refused"
    } else if answers.len() == TYPES.len()
        && answers.iter().all(|(code, _)| *code == RCODE::NoError)
    {
        "nxdomain"
    } else if answers.iter().any(|(code, _)| *code != RCODE::NoError) {
        "servfail"
    } else {
        failure.as_ref().map_or("timeout", word_of)
    };
    Said { result, addresses }
}

/// A closed port is told by the kernel; everything else that keeps a server silent is silence.
fn word_of(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::InvalidInput => "nxdomain",
        _ => "timeout",
    }
}

type Answers = Vec<(RCODE, Vec<IpAddr>)>;

fn ask(server: SocketAddr, name: &str, deadline: Instant, answers: &mut Answers) -> io::Result<()> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(server)?;
    let mut waiting = Vec::new();
    for kind in TYPES {
        let id = random_id();
        socket.send(&question(id, name, kind)?)?;
        waiting.push(id);
    }
    let mut buffer = [0; 4096];
    while !waiting.is_empty() {
        socket.set_read_timeout(Some(left(deadline)?))?;
        let count = socket.recv(&mut buffer)?;
        let Some((id, answer)) = buffer.get(..count).and_then(read) else {
            continue;
        };
        if let Some(at) = waiting.iter().position(|asked| *asked == id) {
            waiting.swap_remove(at);
            answers.push(answer);
        }
    }
    Ok(())
}

fn question(id: u16, name: &str, kind: TYPE) -> io::Result<Vec<u8>> {
    let bad = |_| io::Error::from(ErrorKind::InvalidInput);
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).map_err(bad)?;
    let question = Question::new(name, kind.into(), CLASS::IN.into(), false);
    packet.questions.push(question);
    packet.build_bytes_vec().map_err(bad)
}

/// Id, code and addresses of an answer; aliases are passed over, the addresses behind them count.
fn read(bytes: &[u8]) -> Option<(u16, (RCODE, Vec<IpAddr>))> {
    let packet = Packet::parse(bytes).ok()?;
    if !packet.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let addresses = packet
        .answers
        .iter()
        .filter_map(|record| match &record.rdata {
            RData::A(found) => Some(IpAddr::from(Ipv4Addr::from(found.address))),
            RData::AAAA(found) => Some(IpAddr::from(Ipv6Addr::from(found.address))),
            _ => None,
        });
    Some((packet.id(), (packet.rcode(), addresses.collect())))
}

fn random_id() -> u16 {
    let mut bytes = [0; 2];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).ok();
    u16::from_le_bytes(bytes)
}

const TYPES: [TYPE; 2] = [TYPE::A, TYPE::AAAA];
