//! What only a running host answers: its programs, its kernel, what listens on its sockets.

use super::wire::{Answer, Ask, Failure, Ran};
use super::{Host, unexpected};
use crate::grpc::Reply;
use std::time::Duration;

impl Host {
    /// Standard output of a system program, at most `cap` bytes.
    pub(crate) fn run(&mut self, argv: &[&str], cap: u64) -> Result<(Ran, Vec<u8>), Failure> {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        self.output_of(argv, cap, false)
    }

    /// What a program says that a unit or a process of this node names, asked for its version, wherever it lies.
    pub(crate) fn run_named(
        &mut self,
        argv: &[String],
        cap: u64,
    ) -> Result<(Ran, Vec<u8>), Failure> {
        self.output_of(argv.to_vec(), cap, true)
    }

    fn output_of(
        &mut self,
        argv: Vec<String>,
        cap: u64,
        named: bool,
    ) -> Result<(Ran, Vec<u8>), Failure> {
        let share = self.stop.share().saturating_sub(REPORT_TIME);
        let most = if named { VERSION_TIME } else { Duration::MAX };
        let timeout = self.reach.item_timeout.min(share).min(most);
        let program = argv.first().cloned().unwrap_or_else(|| "/".to_owned());
        let ask = Ask::Run {
            argv,
            cap,
            timeout_ms: crate::clock::milliseconds(timeout),
            named,
        };
        match self.ask(&ask, &program)? {
            (Answer::Ran(ran), bytes) => Ok((ran, bytes)),
            _ => Err(unexpected()),
        }
    }

    /// Everything the kernel holds of one kind in its network tables, as netlink messages back to back.
    pub(crate) fn rtnetlink(&mut self, kind: u16) -> Result<Vec<u8>, Failure> {
        match self.ask(&Ask::Rtnetlink { kind }, "/")? {
            (Answer::Raw, bytes) => Ok(bytes),
            _ => Err(unexpected()),
        }
    }

    /// `ok`, `refused`, `denied` or `timeout` of a bare connect to a Unix socket.
    pub(crate) fn connect(&mut self, path: &str) -> Result<String, Failure> {
        let ask = Ask::Connect {
            path: path.to_owned(),
        };
        match self.ask(&ask, path)? {
            (Answer::Connected(word), _) => Ok(word),
            _ => Err(unexpected()),
        }
    }

    /// Calls a gRPC method, given with its message, of the program that listens on a Unix socket.
    pub(crate) fn call(
        &mut self,
        path: &str,
        (method, message): (&str, Vec<u8>),
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        let timeout = timeout.min(self.reach.item_timeout).min(self.stop.left());
        let ask = Ask::Call {
            path: path.to_owned(),
            method: method.to_owned(),
            message,
            timeout_ms: crate::clock::milliseconds(timeout),
        };
        match self.ask(&ask, path)? {
            (Answer::Called(status, message), body) => Ok(Reply {
                status,
                message,
                body,
            }),
            _ => Err(unexpected()),
        }
    }

    /// Status and body of what the program that listens on a Unix socket answers over HTTP to anybody.
    pub(crate) fn get(
        &mut self,
        path: &str,
        target: &str,
        timeout: Duration,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let timeout = timeout.min(self.reach.item_timeout).min(self.stop.left());
        let ask = Ask::Get {
            path: path.to_owned(),
            target: target.to_owned(),
            timeout_ms: crate::clock::milliseconds(timeout),
        };
        match self.ask(&ask, path)? {
            (Answer::Got(status), body) => Ok((status, body)),
            _ => Err(unexpected()),
        }
    }

    /// The kernel's buffer of messages as it is.
    pub(crate) fn kernel_buffer(&mut self) -> Result<Vec<u8>, Failure> {
        let ask = Ask::KernelBuffer { cap: 4 << 20 };
        match self.ask(&ask, "/dev/kmsg")? {
            (Answer::KernelBuffer, bytes) => Ok(bytes),
            _ => Err(unexpected()),
        }
    }
}

/// For a program that is asked for its version.
const VERSION_TIME: Duration = Duration::from_secs(3);
/// A worker gets this much longer than its program, to report it.
pub(super) const REPORT_TIME: Duration = Duration::from_millis(250);
