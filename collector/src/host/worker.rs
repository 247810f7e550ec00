//! The worker: answers one question after the other until the collector closes the socket or kills it.

use super::door::Door;
use super::live;
use super::wire::{Answer, Ask, Failure, receive, send};
use crate::bus;
use crate::journal::Reader;
use nodebundle_bundle::Outcome;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Serves the socket on standard input. `root` is `/` of the running host when `live`.
pub(crate) fn serve(root: &str, live: bool) -> io::Result<()> {
    let input = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let mut socket = UnixStream::from(input);
    let door = Door::new(root, live)?;
    let mut journal = Reader::default();
    while let Some((ask, _)) = receive::<Ask>(&mut socket)? {
        answer(&door, &mut journal, ask, &mut socket)?;
    }
    Ok(())
}

/// Answers one question; only a broken socket is an error.
pub(crate) fn answer(
    door: &Door,
    journal: &mut Reader,
    ask: Ask,
    out: &mut impl Write,
) -> io::Result<()> {
    let (head, payload) = match ask {
        Ask::Read { path, cap, keep } => door
            .read(&path, cap, keep)
            .map_or_else(failed, |(info, bytes)| (Answer::File(info), bytes)),
        Ask::List { path } => plain(door.list(&path).map(Answer::Listing)),
        Ask::Stat { path } => plain(door.stat(&path).map(Answer::Stat)),
        Ask::Space { path } => plain(door.space(&path).map(Answer::Space)),
        Ask::Digest { path, cap } => {
            plain(super::digest::digest(door, &path, cap).map(Answer::Digest))
        }
        Ask::KernelBuffer { cap } => super::kmsg::read_all(door, cap)
            .map_or_else(failed, |bytes| (Answer::KernelBuffer, bytes)),
        Ask::JournalHealth { folders, since } => plain(
            journal
                .health(door, &folders, since)
                .map(Answer::JournalHealth),
        ),
        Ask::Journal(ask) => match journal.stream(door, &ask, out)? {
            Ok(summary) => (Answer::JournalEnd(summary), Vec::new()),
            Err(failure) => failed(failure),
        },
        ask if door.is_live() => running(door, ask),
        _ => failed(Failure::new(Outcome::Skipped, "not with --root")),
    };
    send(out, &head, &payload)
}

/// Answers what only a running host can answer.
fn running(door: &Door, ask: Ask) -> (Answer, Vec<u8>) {
    let time = Duration::from_millis;
    match ask {
        Ask::Rtnetlink { kind } => {
            super::rtnetlink::dump(kind).map_or_else(failed, |bytes| (Answer::Raw, bytes))
        }
        Ask::Run {
            argv,
            cap,
            timeout_ms,
            named,
        } => live::run(door, (&argv, named), cap, time(timeout_ms))
            .map_or_else(failed, |(ran, bytes)| (Answer::Ran(ran), bytes)),
        Ask::Connect { path } => plain(live::connect(door, &path).map(Answer::Connected)),
        Ask::Call {
            path,
            method,
            message,
            timeout_ms,
        } => live::call(door, &path, (&method, &message), time(timeout_ms))
            .map_or_else(failed, |reply| {
                (Answer::Called(reply.status, reply.message), reply.body)
            }),
        Ask::Get {
            path,
            target,
            timeout_ms,
        } => live::get(door, &path, &target, time(timeout_ms))
            .map_or_else(failed, |reply| (Answer::Got(reply.status), reply.body)),
        Ask::Systemd(ask) => plain(bus::ask(door, &ask).map(Answer::Systemd)),
        _ => failed(Failure::new(
            Outcome::Error,
            "the question is not known here",
        )),
    }
}

fn plain(answer: Result<Answer, Failure>) -> (Answer, Vec<u8>) {
    answer.map_or_else(failed, |answer| (answer, Vec::new()))
}

fn failed(failure: Failure) -> (Answer, Vec<u8>) {
    (Answer::Failed(failure), Vec::new())
}
