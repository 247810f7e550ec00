//! The collector's end of a worker: a socket pair, and the process behind it.

use crate::host::wire::{Answer, Ask, receive, send};
use crate::stop::Stop;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A worker that can be asked.
#[derive(Debug)]
pub(crate) enum Link {
    /// A process of its own.
    Process {
        /// Killed when late; never waited for.
        child: Child,
        /// Our end.
        socket: UnixStream,
    },
    /// This very process, in tests.
    #[cfg(test)]
    Direct(
        Box<(
            crate::host::door::Door,
            std::cell::RefCell<crate::journal::Reader>,
        )>,
    ),
}

/// How a conversation ended.
#[derive(Debug)]
pub(crate) enum Wait {
    /// With an answer.
    Done,
    /// The deadline passed.
    Late,
    /// Collection ends.
    Stopped(&'static str),
    /// The worker is gone.
    Broken(io::Error),
}

impl Link {
    /// Starts a worker: the same program, with our socket as its standard input and nothing else inherited.
    #[allow(
        clippy::disallowed_methods,
        reason = "workers are started here; every wait for them has a deadline"
    )]
    pub(crate) fn start(root: &str, live: bool) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let child = Command::new("/proc/self/exe")
            .arg(super::WORKER)
            .arg(root)
            .arg(if live { "live" } else { "root" })
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(super::nowhere()?)
            .stderr(super::nowhere()?)
            .process_group(0)
            .spawn()?;
        Ok(Self::Process { child, socket })
    }

    /// A worker in this process.
    #[cfg(test)]
    pub(crate) fn direct(root: &std::path::Path) -> Self {
        let door = crate::host::door::Door::new(root.to_str().unwrap(), false).unwrap();
        Self::Direct(Box::new((door, std::cell::RefCell::default())))
    }

    /// Asks, and hands every answer to `each` until it returns false.
    pub(crate) fn converse(
        &mut self,
        ask: &Ask,
        deadline: Instant,
        stop: &Stop,
        each: &mut dyn FnMut(Answer, Vec<u8>) -> bool,
    ) -> Wait {
        match self {
            Self::Process { socket, .. } => {
                if let Err(error) = send(socket, ask, &[]) {
                    return Wait::Broken(error);
                }
                let mut input = Patient {
                    socket,
                    deadline,
                    stop,
                };
                read_answers(&mut input, stop, each)
            }
            #[cfg(test)]
            Self::Direct(inner) => {
                let mut answers = Vec::new();
                let ask = serde_json::from_slice(&serde_json::to_vec(ask).unwrap()).unwrap();
                let (door, journal) = &**inner;
                let mut journal = journal.borrow_mut();
                crate::host::worker::answer(door, &mut journal, ask, &mut answers).unwrap();
                read_answers(&mut answers.as_slice(), stop, each)
            }
        }
    }

    /// Kills the worker and forgets it, whether it can die or not.
    pub(crate) fn abandon(self) {
        match self {
            Self::Process { mut child, .. } => {
                child.kill().ok();
                // Reaped when it died at once; a stuck one stays behind.
                std::thread::sleep(Duration::from_millis(1));
                child.try_wait().ok();
            }
            #[cfg(test)]
            Self::Direct(_) => {}
        }
    }
}

fn read_answers(
    input: &mut impl Read,
    stop: &Stop,
    each: &mut dyn FnMut(Answer, Vec<u8>) -> bool,
) -> Wait {
    loop {
        match receive::<Answer>(input) {
            Ok(Some((answer, payload))) => {
                if !each(answer, payload) {
                    return Wait::Done;
                }
            }
            Ok(None) => return Wait::Broken(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return stop.why().map_or(Wait::Late, Wait::Stopped);
            }
            Err(error) => return Wait::Broken(error),
        }
    }
}

/// A socket that is read with a deadline and an ear for the stop signal.
struct Patient<'a> {
    socket: &'a UnixStream,
    deadline: Instant,
    stop: &'a Stop,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.stop.why().is_some() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if crate::host::live::readable(self.socket, left.min(SLICE)) {
                return (&mut &*self.socket).read(buffer);
            }
        }
    }
}

/// How often the stop signal is looked at while waiting.
const SLICE: Duration = Duration::from_millis(100);
