//! One connection: greeting, then calls one by one, each with a deadline.

use super::message::{Incoming, Method, Start, encode};
use super::value::Value;
use crate::host::door::Door;
use crate::host::live;
use crate::host::wire::Failure;
use nodebundle_bundle::Outcome;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A connection that said hello.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    serial: u32,
    /// Whether a bus stands between, so that calls need a destination.
    is_bus: bool,
}

/// What a call came to.
pub(super) type Reply = Result<Vec<Value>, String>;

impl Connection {
    /// Connects to the system bus.
    pub(super) fn bus(door: &Door) -> Result<Self, Failure> {
        let mut connection = Self::open(door, BUS_SOCKET, true)?;
        let hello = Method {
            destination: Some(BUS),
            path: "/org/freedesktop/DBus",
            interface: BUS,
            member: "Hello",
            arguments: &[],
        };
        match connection.send(&hello)? {
            Ok(_) => Ok(connection),
            Err(name) => Err(refused(&name)),
        }
    }

    /// Connects to systemd itself, which answers root only.
    pub(super) fn private(door: &Door) -> Result<Self, Failure> {
        Self::open(door, PRIVATE_SOCKET, false)
    }

    /// Calls a method of systemd. An error that it answers is a reply; silence is a failure.
    pub(super) fn call(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        arguments: &[&str],
    ) -> Result<Reply, Failure> {
        self.send(&Method {
            destination: self.is_bus.then_some(SYSTEMD),
            path,
            interface,
            member,
            arguments,
        })
    }

    fn open(door: &Door, path: &str, is_bus: bool) -> Result<Self, Failure> {
        let stream = UnixStream::from(live::open_socket(door, path)?);
        let mut connection = Self {
            stream,
            serial: 0,
            is_bus,
        };
        connection.greet().map_err(|error| failure(&error))?;
        Ok(connection)
    }

    /// SASL: we are who the kernel says we are.
    fn greet(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_read_timeout(Some(PATIENCE))?;
        self.stream.set_write_timeout(Some(PATIENCE))?;
        // The digits of the user's number, each in hexadecimal: `3` before each, as ASCII has it.
        let uid = rustix::process::geteuid().as_raw().to_string();
        let uid: Vec<String> = uid.chars().map(|digit| format!("3{digit}")).collect();
        // systemd's own socket leaves a call lying that it reads together with BEGIN: that goes ahead of its OK.
        let hello = format!("\0AUTH EXTERNAL {}\r\nBEGIN\r\n", uid.concat());
        self.stream.write_all(hello.as_bytes())?;
        let deadline = Instant::now() + PATIENCE;
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let mut byte = [0];
            self.fill(&mut byte, deadline)?;
            line.extend(byte);
            if line.len() > MAX_LINE {
                return Err(not_a_bus());
            }
        }
        if !line.starts_with(b"OK ") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    fn send(&mut self, method: &Method<'_>) -> Result<Reply, Failure> {
        self.serial += 1;
        let serial = i64::from(self.serial);
        let bytes = encode(method, self.serial);
        let deadline = Instant::now() + PATIENCE;
        let answer = self.stream.write_all(&bytes);
        answer.map_err(|error| failure(&error))?;
        loop {
            let message = self.receive(deadline).map_err(|error| failure(&error))?;
            // What does not answer this call is a signal, or too late an answer.
            if message.reply_to == Some(serial) {
                return Ok(message.content);
            }
        }
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Incoming> {
        let mut start = [0; Start::LENGTH];
        self.fill(&mut start, deadline)?;
        let start = Start::parse(&start).ok_or_else(not_a_bus)?;
        let mut rest = vec![0; start.rest()];
        self.fill(&mut rest, deadline)?;
        start.message(&rest).ok_or_else(not_a_bus)
    }

    fn fill(&mut self, mut buffer: &mut [u8], deadline: Instant) -> io::Result<()> {
        while !buffer.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => buffer = buffer.split_at_mut_checked(read).ok_or_else(not_a_bus)?.1,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// An error name of D-Bus in the manifest's words.
pub(super) fn refused(name: &str) -> Failure {
    let outcome = match name.rsplit('.').next().unwrap_or_default() {
        "AccessDenied" | "AuthFailed" | "InteractiveAuthorizationRequired" => Outcome::Denied,
        "NoReply" | "Timeout" => Outcome::Timeout,
        _ => Outcome::Error,
    };
    Failure::new(outcome, name)
}

fn not_a_bus() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it does not speak D-Bus")
}

fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            Failure::timeout("systemd did not answer within 2 s")
        }
        io::ErrorKind::PermissionDenied => Failure::new(Outcome::Denied, "it refused this user"),
        _ => Failure::new(Outcome::Error, error.to_string()),
    }
}

/// Where the system bus listens.
const BUS_SOCKET: &str = "/run/dbus/system_bus_socket";
/// Where systemd itself listens.
const PRIVATE_SOCKET: &str = "/run/systemd/private";
const BUS: &str = "org.freedesktop.DBus";
const SYSTEMD: &str = "org.freedesktop.systemd1";
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of the greeting.
const MAX_LINE: usize = 512;
