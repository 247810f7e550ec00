//! Processes of this one program: supervisor → collector → workers, and programs that workers start.

pub(crate) mod host_root;
pub(crate) mod supervisor;
pub(crate) mod worker_link;

use rustix::fs::{Mode, OFlags};
use rustix::process::{self, DumpableBehavior, Resource, Rlimit, Signal};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};

/// First argument of a worker.
pub(crate) const WORKER: &str = "internal-worker";
/// First argument of the collector process.
pub(crate) const COLLECTOR: &str = "internal-collector";
/// First argument of a process that limits itself and becomes another program.
pub(crate) const EXEC: &str = "internal-exec";

/// What every process of this program does first: leave no memory on disk, ask for little, die before others.
///
/// Failures are not errors: a container may forbid each of these.
#[allow(
    clippy::disallowed_methods,
    reason = "a process's own settings are no file of the node"
)]
pub(crate) fn be_modest() {
    std::fs::write("/proc/self/oom_score_adj", "1000").ok();
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    process::setrlimit(Resource::Core, none).ok();
    process::setpriority_process(None, 19).ok();
    process::set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
}

/// Where output goes that nobody reads; also where there is no `/dev/null`.
pub(crate) fn nowhere() -> io::Result<Stdio> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open("/dev/null", flags, Mode::empty()) {
        Ok(null) => Ok(Stdio::from(null)),
        Err(_) => Ok(Stdio::from(io::pipe()?.1)),
    }
}

/// Input that ends at once.
pub(crate) fn no_input() -> io::Result<Stdio> {
    Ok(Stdio::from(io::pipe()?.0))
}

/// Dies with the parent.
pub(crate) fn die_with_parent(signal: Signal) {
    process::set_parent_process_death_signal(Some(signal)).ok();
}

/// Text of the mount table of this process; empty when it cannot be read.
#[allow(
    clippy::disallowed_methods,
    reason = "the kernel answers this by itself: no file system of the node is touched"
)]
pub(crate) fn own_mountinfo() -> String {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()
}

/// Text of this machine's tables of TCP sockets; empty when they cannot be read.
#[allow(
    clippy::disallowed_methods,
    reason = "the kernel answers this by itself: no file system of the node is touched"
)]
pub(crate) fn own_tcp_sockets() -> String {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    tables
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect()
}

/// A worker's whole life. `arguments`: root, `live` or `root`.
pub(crate) fn worker_main(arguments: &[String]) -> ExitCode {
    be_modest();
    die_with_parent(Signal::KILL);
    let [root, mode] = arguments else {
        return ExitCode::from(2);
    };
    match crate::host::worker::serve(root, mode == "live") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Limits this process, then becomes the program that `arguments` name.
#[allow(
    clippy::disallowed_methods,
    reason = "the worker that started this process holds deadline and cap"
)]
pub(crate) fn exec_main(arguments: &[String]) -> ExitCode {
    be_modest();
    die_with_parent(Signal::KILL);
    for (resource, limit) in CHILD_LIMITS {
        let both = Rlimit {
            current: Some(*limit),
            maximum: Some(*limit),
        };
        process::setrlimit(*resource, both).ok();
    }
    let Some((program, rest)) = arguments.split_first() else {
        return ExitCode::from(2);
    };
    let error: io::Error = Command::new(program).args(rest).exec();
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound {
        127
    } else {
        126
    })
}

/// Seconds of CPU, bytes written to a file, bytes of address space, open files.
const CHILD_LIMITS: &[(Resource, u64)] = &[
    (Resource::Cpu, 20),
    (Resource::Fsize, 0),
    (Resource::As, 1 << 30),
    (Resource::Nofile, 256),
];
