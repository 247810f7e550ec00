//! The supervisor: starts the collector, relays, and ends in time whatever hangs. After the start it touches no file.

use super::COLLECTOR;
use crate::cli::Options;
use crate::events::Event;
use crate::host::live::readable;
use crate::progress::Progress;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Runs one collection in a process of its own and returns the program's exit code.
pub(crate) fn supervise(options: &Options, arguments: &[String]) -> ExitCode {
    super::be_modest();
    let mut progress = Progress::new(options);
    if options.to_stdout() && rustix::termios::isatty(rustix::stdio::stdout()) {
        progress.error(&crate::output::OutputError::Terminal.to_string());
        return ExitCode::from(2);
    }
    let signals = Signals::register();
    match start(options, arguments) {
        Ok(mut running) => ExitCode::from(running.watch(options, &signals, &mut progress)),
        Err(error) => {
            progress.error(&format!("the collector did not start: {error}"));
            ExitCode::from(NO_BUNDLE)
        }
    }
}

/// How often a person asked to stop.
struct Signals(Arc<AtomicUsize>);

impl Signals {
    fn register() -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        for signal in ENDING {
            if let Ok(mut signals) = signal_hook::iterator::Signals::new([*signal]) {
                let count = Arc::clone(&count);
                std::thread::spawn(move || {
                    for _ in signals.forever() {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        Self(count)
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The collector process and what comes from it.
struct Running {
    child: Child,
    socket: UnixStream,
    /// Says when the bundle is through to standard output.
    relayed: Option<Receiver<Relayed>>,
    begun: bool,
    asked_to_stop: bool,
}

#[allow(
    clippy::disallowed_methods,
    reason = "the collector is started here; every wait for it has a deadline"
)]
fn start(options: &Options, arguments: &[String]) -> io::Result<Running> {
    let (socket, theirs) = UnixStream::pair()?;
    let mut command = Command::new("/proc/self/exe");
    command
        .arg(COLLECTOR)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::piped())
        .process_group(0);
    if let Ok(caller) = std::env::var("SUDO_UID") {
        command.env("SUDO_UID", caller);
    }
    command.stdout(if options.to_stdout() {
        Stdio::piped()
    } else {
        super::nowhere()?
    });
    let mut child = command.spawn()?;
    if let Some(stderr) = child.stderr.take() {
        relay(stderr, io::stderr());
    }
    let relayed = child
        .stdout
        .take()
        .map(|stdout| relay(stdout, io::stdout()));
    Ok(Running {
        child,
        socket,
        relayed,
        begun: false,
        asked_to_stop: false,
    })
}

/// How a copy ended.
struct Relayed {
    /// Bytes that arrived.
    bytes: u64,
    /// Why not all did.
    failed: Option<io::Error>,
}

/// Copies until the end; nobody waits for the thread, only for its message.
fn relay<R: Read + Send + 'static, W: Write + Send + 'static>(
    mut from: R,
    mut to: W,
) -> Receiver<Relayed> {
    let (done, waiting) = channel();
    std::thread::spawn(move || {
        let mut bytes = 0;
        let failed = copy(&mut from, &mut to, &mut bytes).err();
        // The other end learns of the failure when it writes on.
        drop(from);
        done.send(Relayed { bytes, failed }).ok();
    });
    waiting
}

/// Counts only what was flushed.
fn copy(from: &mut impl Read, to: &mut impl Write, bytes: &mut u64) -> io::Result<()> {
    let mut buffer = vec![0u8; 64 << 10];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(buffer.get(..count).unwrap_or_default())?;
        to.flush()?;
        *bytes += count as u64;
    }
}

impl Running {
    fn watch(&mut self, options: &Options, signals: &Signals, progress: &mut Progress) -> u8 {
        let deadline = Instant::now() + options.deadline + GRACE;
        let mut lines = Lines::default();
        loop {
            self.pass_on(signals);
            if Instant::now() >= deadline || signals.count() > 1 {
                return self.give_up(progress);
            }
            if !readable(&self.socket, SLICE) {
                continue;
            }
            match lines.read(&mut self.socket) {
                Ok(events) => {
                    for event in events {
                        match &event {
                            Event::Begun { .. } => self.begun = true,
                            Event::Done { exit, .. } => {
                                return self.settle(deadline, *exit, &event, progress);
                            }
                            _ => {}
                        }
                        progress.show(&event);
                    }
                }
                Err(_) => return self.lost(progress),
            }
        }
    }

    /// Tells the collector of the first signal, once.
    fn pass_on(&mut self, signals: &Signals) {
        if signals.count() > 0 && !self.asked_to_stop {
            self.asked_to_stop = true;
            self.socket.write_all(b"stop\n").ok();
        }
    }

    /// Lets a finished collector end and its output drain. A bundle of which nothing arrived is no bundle.
    fn settle(
        &mut self,
        deadline: Instant,
        exit: u8,
        event: &Event,
        progress: &mut Progress,
    ) -> u8 {
        let left = deadline.saturating_duration_since(Instant::now());
        let relayed = self.relayed.take();
        let relayed = relayed.and_then(|relayed| relayed.recv_timeout(left).ok());
        self.reap(LAST_WAIT);
        let failed = relayed.and_then(|relayed| Some((relayed.failed?, relayed.bytes)));
        let Some((error, bytes)) = failed.filter(|_| exit != NO_BUNDLE) else {
            progress.show(event);
            return exit;
        };
        progress.error(&format!(
            "standard output: {error}; {bytes} bytes of the bundle arrived: give it a place with more room, or a path to -o"
        ));
        match (bytes, exit) {
            (0, _) => NO_BUNDLE,
            (_, 0) => CUT_SHORT,
            _ => exit,
        }
    }

    /// The collector went away without a word.
    fn lost(&mut self, progress: &mut Progress) -> u8 {
        self.reap(LAST_WAIT);
        progress.error("the collector ended unexpectedly; what was stored until then can be used");
        self.code()
    }

    /// Time is over, or a person asked twice.
    fn give_up(&mut self, progress: &mut Progress) -> u8 {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::KILL).ok();
        }
        self.reap(LAST_WAIT);
        progress.error(if self.begun {
            "the collector did not end in time and was stopped; what was stored until then can be used"
        } else {
            "the collector hung before anything was stored: try another place with -o"
        });
        self.code()
    }

    fn code(&self) -> u8 {
        if self.begun { CUT_SHORT } else { NO_BUNDLE }
    }

    /// Waits a little for the process; a stuck one is left behind.
    fn reap(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Events out of a byte stream.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn read(&mut self, socket: &mut UnixStream) -> io::Result<Vec<Event>> {
        let mut buffer = [0u8; 8192];
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.extend(buffer.iter().take(count));
        let mut events = Vec::new();
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            events.extend(serde_json::from_slice::<Event>(&line));
        }
        Ok(events)
    }
}

/// The collector's whole life.
pub(crate) fn collector_main(options: &Options) -> ExitCode {
    super::be_modest();
    super::die_with_parent(Signal::TERM);
    let stop = crate::stop::Stop::new(Instant::now() + options.deadline);
    let signalled: Arc<AtomicBool> = stop.flag();
    for signal in ENDING {
        signal_hook::flag::register(*signal, Arc::clone(&signalled)).ok();
    }
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)
        .ok()
        .map(UnixStream::from);
    if let Some(listening) = socket.as_ref().and_then(|socket| socket.try_clone().ok()) {
        listen(listening, stop.clone());
    }
    let mut events = crate::events::Events::new(socket);
    let (exit, summary) = match run(options, stop, &mut events) {
        Ok(ended) => ended,
        Err(error @ crate::collect::CollectError::Usage(_)) => (USAGE, error.to_string()),
        Err(error) => (NO_BUNDLE, error.to_string()),
    };
    events.send(&Event::Done { exit, summary });
    ExitCode::from(exit)
}

/// Exit code and summary of a collection, or of a look without a bundle.
fn run(
    options: &Options,
    stop: crate::stop::Stop,
    events: &mut crate::events::Events,
) -> Result<(u8, String), crate::collect::CollectError> {
    if options.verdict && options.output.is_none() {
        return crate::verdict::phone::alone(options, stop);
    }
    let collected = crate::collect::collect(options, stop, events)?;
    Ok((collected.exit(), crate::summary::text(&collected)))
}

/// Anything the supervisor says, also that it is gone, means stop.
fn listen(mut socket: UnixStream, stop: crate::stop::Stop) {
    std::thread::spawn(move || {
        let mut byte = [0u8; 1];
        while matches!(socket.read(&mut byte), Err(error) if error.kind() == io::ErrorKind::Interrupted)
        {
        }
        stop.request();
    });
}

/// After the deadline the collector gets this long to close the bundle.
const GRACE: Duration = Duration::from_secs(5);
/// Longest wait for a process that was killed.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// How often signals are looked at.
const SLICE: Duration = Duration::from_millis(100);
/// Signals that ask for an early end. A closed terminal is one: the bundle is still wanted.
const ENDING: &[i32] = &[
    signal_hook::consts::SIGINT,
    signal_hook::consts::SIGTERM,
    signal_hook::consts::SIGHUP,
];
const CUT_SHORT: u8 = 1;
const USAGE: u8 = 2;
const NO_BUNDLE: u8 = 3;
