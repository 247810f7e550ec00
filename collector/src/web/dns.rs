//! One question to one name server: over UDP, and over TCP where the answer did not fit.

use super::tcp::left;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};
use std::io::{self, ErrorKind, Read as _, Write as _};
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
    /// Its code for each kind of address: `A NOERROR`, `AAAA SERVFAIL`.
    pub(super) codes: Vec<String>,
    /// Whether an answer did not fit into a packet and was fetched over TCP.
    pub(super) over_tcp: bool,
}

/// Asks for both address families at once.
pub(super) fn query(server: SocketAddr, name: &str, deadline: Instant) -> Said {
    let deadline = deadline.min(Instant::now() + ANSWER_TIME);
    let mut answers = Vec::new();
    let failure = ask(server, name, deadline, &mut answers).err();
    let mut over_tcp = false;
    for answer in answers.iter_mut().filter(|answer| answer.cut) {
        over_tcp = true;
        if let Ok(Some(whole)) = ask_over_tcp(server, name, answer.kind, deadline) {
            *answer = whole;
        }
    }
    answers.sort_by_key(|answer| answer.kind == TYPE::AAAA);
    let found = answers.iter().flat_map(|answer| &answer.addresses);
    let mut addresses: Vec<IpAddr> = found.copied().collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    Said {
        result: word(&answers, !addresses.is_empty(), failure.as_ref()),
        addresses,
        codes: answers.iter().map(Answer::code).collect(),
        over_tcp,
    }
}

fn word(answers: &[Answer], found: bool, failure: Option<&io::Error>) -> &'static str {
    let said = |code: RCODE| answers.iter().any(|answer| answer.code == code);
    if found {
        "ok"
    } else if said(RCODE::NameError) {
        "nxdomain"
    } else if said(RCODE::Refused) {
        "refused"
    } else if answers.len() == TYPES.len() && answers.iter().all(|one| one.code == RCODE::NoError) {
        "nxdomain"
    } else if answers.iter().any(|answer| answer.code != RCODE::NoError) {
        "servfail"
    } else {
        failure.map_or("timeout", word_of)
    }
}

/// A closed port is told by the kernel; everything else that keeps a server silent is silence.
fn word_of(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::InvalidInput => "nxdomain",
        _ => "timeout",
    }
}

/// What was answered to one question.
struct Answer {
    kind: TYPE,
    code: RCODE,
    addresses: Vec<IpAddr>,
    /// It did not fit.
    cut: bool,
}

impl Answer {
    fn code(&self) -> String {
        let kind = if self.kind == TYPE::A { "A" } else { "AAAA" };
        let code = match self.code {
            RCODE::NoError => "NOERROR".to_owned(),
            RCODE::FormatError => "FORMERR".to_owned(),
            RCODE::ServerFailure => "SERVFAIL".to_owned(),
            RCODE::NameError => "NXDOMAIN".to_owned(),
            RCODE::NotImplemented => "NOTIMP".to_owned(),
            RCODE::Refused => "REFUSED".to_owned(),
            other => format!("{other:?}"),
        };
        format!("{kind} {code}")
    }
}

fn ask(
    server: SocketAddr,
    name: &str,
    deadline: Instant,
    answers: &mut Vec<Answer>,
) -> io::Result<()> {
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
        waiting.push((id, kind));
    }
    let mut buffer = [0; 4096];
    while !waiting.is_empty() {
        socket.set_read_timeout(Some(left(deadline)?))?;
        let count = socket.recv(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        let asked = waiting.iter().position(|(id, _)| is_answer(bytes, *id));
        if let Some((_, kind)) = asked.map(|at| waiting.swap_remove(at)) {
            answers.extend(read(bytes, kind));
        }
    }
    Ok(())
}

/// The same question where an answer has room; `None` when what came is none.
fn ask_over_tcp(
    server: SocketAddr,
    name: &str,
    kind: TYPE,
    deadline: Instant,
) -> io::Result<Option<Answer>> {
    let id = random_id();
    let question = question(id, name, kind)?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    let mut stream = super::tcp::connect(server, deadline)?;
    stream.write_all(&[&length.to_be_bytes()[..], &question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    let answer = is_answer(&bytes, id).then(|| read(&bytes, kind));
    Ok(answer.flatten())
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

fn is_answer(bytes: &[u8], id: u16) -> bool {
    bytes.first_chunk() == Some(&id.to_be_bytes())
}

/// Code and addresses of an answer; aliases are passed over, the addresses behind them count. What was cut may not parse.
fn read(bytes: &[u8], kind: TYPE) -> Option<Answer> {
    let flags = bytes.get(2..4)?;
    let cut = flags.first().is_some_and(|byte| byte & TRUNCATED != 0);
    let Ok(packet) = Packet::parse(bytes) else {
        return cut.then_some(Answer {
            kind,
            code: RCODE::NoError,
            addresses: Vec::new(),
            cut,
        });
    };
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
    Some(Answer {
        kind,
        code: packet.rcode(),
        addresses: addresses.collect(),
        cut,
    })
}

fn random_id() -> u16 {
    let mut bytes = [0; 2];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).ok();
    u16::from_le_bytes(bytes)
}

/// The flag of an answer that did not fit, in the third byte.
const TRUNCATED: u8 = 0x02;
const TYPES: [TYPE; 2] = [TYPE::A, TYPE::AAAA];
