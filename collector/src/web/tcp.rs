//! TCP connections whose every step ends at a deadline.

use rustls::{ClientConnection, Stream};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Time for one connection attempt.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(3);

/// A stream on which no read and no write lasts beyond the deadline, however slowly the other side drips.
#[derive(Debug)]
pub(crate) struct Timed {
    raw: Raw,
    /// TLS to a proxy, which everything goes through.
    cover: Option<Box<ClientConnection>>,
}

#[derive(Debug)]
struct Raw {
    stream: TcpStream,
    deadline: Instant,
}

/// Connects within [`CONNECT_TIME`]; what follows may take until `deadline`.
pub(crate) fn connect(address: SocketAddr, deadline: Instant) -> io::Result<Timed> {
    let time = left(deadline)?.min(CONNECT_TIME);
    let stream = TcpStream::connect_timeout(&address, time)?;
    stream.set_nodelay(true).ok();
    let raw = Raw { stream, deadline };
    Ok(Timed { raw, cover: None })
}

/// `refused`, `reset`, `timeout` or `unreachable`.
pub(crate) fn word_of(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "reset"
        }
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "timeout",
        _ => "unreachable",
    }
}

impl Timed {
    /// The same connection with another deadline.
    pub(crate) fn until(self, deadline: Instant) -> Self {
        let raw = Raw {
            deadline,
            ..self.raw
        };
        Self { raw, ..self }
    }

    /// The same connection, with everything in TLS from now on.
    pub(crate) fn covered(self, connection: ClientConnection) -> Self {
        Self {
            cover: Some(Box::new(connection)),
            ..self
        }
    }

    /// Largest packet in bytes that the kernel sends on this connection's path; `None` when it does not say.
    pub(crate) fn path_mtu(&self) -> Option<u32> {
        let stream = &self.raw.stream;
        let ipv6 = stream.peer_addr().ok()?.is_ipv6();
        if ipv6 {
            rustix::net::sockopt::ipv6_mtu(stream).ok()
        } else {
            rustix::net::sockopt::ip_mtu(stream).ok()
        }
    }

    /// How often the kernel has repeated the oldest bytes that the peer has not acknowledged.
    pub(crate) fn retransmits(&self) -> Option<u32> {
        let local = self.raw.stream.local_addr().ok()?;
        let peer = self.raw.stream.peer_addr().ok()?;
        let tables = crate::process::own_tcp_sockets();
        tables
            .lines()
            .find_map(|line| retransmits_of(line, local.port(), peer.port()))
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.cover {
            Some(cover) => Stream::new(cover.as_mut(), &mut self.raw).read(buffer),
            None => self.raw.read(buffer),
        }
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.cover {
            Some(cover) => Stream::new(cover.as_mut(), &mut self.raw).write(bytes),
            None => self.raw.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.cover {
            Some(cover) => Stream::new(cover.as_mut(), &mut self.raw).flush(),
            None => self.raw.flush(),
        }
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Of a line of `/proc/net/tcp`, when it is that of a connection between these ports.
fn retransmits_of(line: &str, local: u16, peer: u16) -> Option<u32> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let port = |at: usize| u16::from_str_radix(fields.get(at)?.rsplit_once(':')?.1, 16).ok();
    let same = port(1) == Some(local) && port(2) == Some(peer);
    same.then(|| u32::from_str_radix(fields.get(6)?, 16).ok())
        .flatten()
}

/// Time until the deadline; an error when there is none.
pub(crate) fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_port_without_a_listener_refuses() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let error = connect(address, Instant::now() + CONNECT_TIME).unwrap_err();
        assert_eq!(word_of(&error), "refused");
    }

    #[test]
    fn a_listener_whose_queue_is_full_is_a_timeout() {
        let full = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&full, 0).unwrap();
        let address = full.local_addr().unwrap();
        let mut held = Vec::new();
        let error = loop {
            match connect(address, Instant::now() + Duration::from_millis(300)) {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
            assert!(held.len() < 50, "the queue never fills");
        };
        assert_eq!(word_of(&error), "timeout");
    }

    #[test]
    fn a_connection_tells_its_largest_packet_and_its_repeats() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let deadline = Instant::now() + CONNECT_TIME;
        let stream = connect(silent.local_addr().unwrap(), deadline).unwrap();
        assert!(stream.path_mtu().unwrap() >= 1280);
        assert_eq!(stream.retransmits(), Some(0));
        let line = "  1: 0701A8C0:A000 0101A8C0:192B 01 0000000A:00000000 01:00000014 00000003     0        0 4243 1 0";
        assert_eq!(retransmits_of(line, 0xA000, 6443), Some(3));
        assert_eq!(retransmits_of(line, 0xA001, 6443), None);
    }

    #[test]
    fn a_silent_peer_ends_with_the_deadline() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let deadline = Instant::now() + Duration::from_millis(200);
        let mut stream = connect(silent.local_addr().unwrap(), deadline).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(word_of(&error), "timeout");
    }
}
