//! What only a running host can answer: output of its programs, and what listens on its Unix sockets.

use super::door::Door;
use super::trust;
use super::wire::{Failure, Ran};
use crate::grpc::{self, CallError, Reply};
use crate::web::http;
use nodebundle_bundle::Outcome;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Runs a program by absolute path and returns its standard output, at most `cap` bytes.
///
/// What others than root could have put there is skipped; `named` says that the node itself names the program.
pub(crate) fn run(
    door: &Door,
    (argv, named): (&[String], bool),
    cap: u64,
    timeout: Duration,
) -> Result<(Ran, Vec<u8>), Failure> {
    trust::check(door, argv, named)?;
    let deadline = Instant::now() + timeout;
    let mut child = start(argv)
        .map_err(|error| Failure::new(Outcome::Error, format!("it did not start: {error}")))?;
    let (output, cut, timed_out) = read_output(&mut child, cap, deadline);
    if timed_out || cut {
        kill_group(&child);
    }
    let status = exit_status(&mut child, deadline);
    if status.is_none() {
        kill_group(&child);
    }
    Ok((
        Ran {
            exit: status.and_then(|status| status.code()),
            timed_out: timed_out || status.is_none(),
            cut,
        },
        output,
    ))
}

/// Whether somebody answers on a Unix socket: `ok`, `refused`, `timeout`; nothing is sent.
pub(crate) fn connect(door: &Door, path: &str) -> Result<String, Failure> {
    match connected(door, path)? {
        Ok(_) => Ok("ok".to_owned()),
        Err(Errno::CONNREFUSED) => Ok("refused".to_owned()),
        Err(Errno::AGAIN) => Ok("timeout".to_owned()),
        Err(Errno::ACCESS | Errno::PERM) => Ok("denied".to_owned()),
        Err(errno) => Err(door.explain(path, errno)),
    }
}

/// Calls a gRPC method, given with its message, of the program that listens on a Unix socket.
pub(crate) fn call(
    door: &Door,
    path: &str,
    (method, message): (&str, &[u8]),
    timeout: Duration,
) -> Result<Reply, Failure> {
    let mut stream = limited(door, path, timeout)?;
    grpc::call(&mut stream, method, message).map_err(|error| match error {
        CallError::Io(io) => unanswered(&io),
        other => Failure::new(Outcome::Error, other.to_string()),
    })
}

/// Asks over HTTP for a path of the program that listens on a Unix socket, as anybody could.
pub(crate) fn get(
    door: &Door,
    path: &str,
    target: &str,
    timeout: Duration,
) -> Result<http::Reply, Failure> {
    let mut stream = limited(door, path, timeout)?;
    let request = http::get("localhost", target, "");
    http::exchange(&mut stream, &request).map_err(|error| unanswered(&error))
}

/// A connection on which no read and no write lasts longer.
fn limited(door: &Door, path: &str, timeout: Duration) -> Result<UnixStream, Failure> {
    let stream = UnixStream::from(open_socket(door, path)?);
    let limited = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(timeout)))
        .and_then(|()| stream.set_write_timeout(Some(timeout)));
    match limited {
        Ok(()) => Ok(stream),
        Err(error) => Err(Failure::new(Outcome::Error, error.to_string())),
    }
}

fn unanswered(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Failure::timeout("it accepts the connection and does not answer")
        }
        _ => Failure::new(Outcome::Error, error.to_string()),
    }
}

/// A connection to a Unix socket, non-blocking.
pub(crate) fn open_socket(door: &Door, path: &str) -> Result<OwnedFd, Failure> {
    connected(door, path)?.map_err(|errno| door.explain(path, errno))
}

/// A socket that is connected to the path without waiting, or why not.
fn connected(door: &Door, path: &str) -> Result<Result<OwnedFd, Errno>, Failure> {
    let explain = |errno| door.explain(path, errno);
    let node = door.open_node(path, true).map_err(explain)?;
    let address = SocketAddrUnix::new(format!("/proc/self/fd/{}", node.as_raw_fd()));
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
    let socket = socket.map_err(explain)?;
    Ok(net::connect(&socket, &address.map_err(explain)?).map(|()| socket))
}

/// Starts this very program as `exec`, which limits itself and then becomes the other program.
#[allow(
    clippy::disallowed_methods,
    reason = "the deadline and the cap are held here"
)]
fn start(argv: &[String]) -> std::io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg(crate::process::EXEC)
        .args(argv)
        .env_clear()
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .stdin(crate::process::no_input()?)
        .stdout(Stdio::piped())
        .stderr(crate::process::nowhere()?)
        .process_group(0)
        .spawn()
}

/// Output so far, whether the cap cut it, whether time ran out.
fn read_output(child: &mut Child, cap: u64, deadline: Instant) -> (Vec<u8>, bool, bool) {
    let mut output = Vec::new();
    let Some(mut pipe) = child.stdout.take() else {
        return (output, false, false);
    };
    let limit = usize::try_from(cap).unwrap_or(usize::MAX);
    let mut buffer = [0u8; 16 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !readable(&pipe, left) {
            return (output, false, true);
        }
        let Ok(count) = pipe.read(&mut buffer) else {
            return (output, false, false);
        };
        if count == 0 {
            return (output, false, false);
        }
        output.extend(buffer.iter().take(count));
        if output.len() > limit {
            output.truncate(limit);
            return (output, true, false);
        }
    }
}

/// Waits until a descriptor can be read, or the time is over.
pub(crate) fn readable(descriptor: &impl std::os::fd::AsFd, time: Duration) -> bool {
    let timeout = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    let mut watched = [PollFd::new(descriptor, PollFlags::IN)];
    loop {
        match poll(&mut watched, Some(&timeout)) {
            Err(Errno::INTR) => {}
            Ok(0) | Err(_) => return false,
            Ok(_) => return true,
        }
    }
}

/// How it ended; `None` when the program still runs at the deadline.
fn exit_status(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            _ => return None,
        }
    }
}

fn kill_group(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(pid, Signal::KILL).ok();
    }
}
