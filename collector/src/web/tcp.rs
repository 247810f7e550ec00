//! TCP connections whose every step ends at a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Time for one connection attempt.
pub(crate) const CONNECT_TIME: Duration = Duration::from_secs(3);

/// A stream on which no read and no write lasts beyond the deadline, however slowly the other side drips.
#[derive(Debug)]
pub(crate) struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

/// Connects within [`CONNECT_TIME`]; what follows may take until `deadline`.
pub(crate) fn connect(address: SocketAddr, deadline: Instant) -> io::Result<Timed> {
    let time = left(deadline)?.min(CONNECT_TIME);
    let stream = TcpStream::connect_timeout(&address, time)?;
    stream.set_nodelay(true).ok();
    Ok(Timed { stream, deadline })
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
        Self { deadline, ..self }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
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
    fn a_silent_peer_ends_with_the_deadline() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let deadline = Instant::now() + Duration::from_millis(200);
        let mut stream = connect(silent.local_addr().unwrap(), deadline).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(word_of(&error), "timeout");
    }
}
