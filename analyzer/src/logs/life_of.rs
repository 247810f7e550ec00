//! Which life of the kubelet a line belongs to.

use super::attribute::Author;
use super::judge::Judge;
use super::lives::{Opening, Unit, unit_event};
use super::message::Message;
use super::place::Place;
use super::stream::Stream;

/// The life that a line belongs to. Lines of the kubelet and news of its unit cut lives.
pub(super) fn life_of(
    judge: &Judge<'_>,
    stream: &mut Stream,
    author: Author,
    message: &Message<'_>,
    place: Place,
) -> Option<usize> {
    let program = judge.program(author.program)?;
    if program.runs_kubelet {
        let opening = opening(&message.text, &program.name);
        return Some(stream.lives.record(author.pid, opening, place));
    }
    if program.supervises_kubelet {
        stream.supervisor.record(author.pid, Opening::None, place);
        return None;
    }
    let news = program.is_systemd || &*program.name == "systemd-journald";
    match news.then(|| unit_event(&message.text))? {
        Some((Unit::Kubelet, event)) => stream.lives.unit(event, place),
        Some((Unit::Supervisor, event)) => stream.supervisor.unit(event, place),
        None => {}
    }
    stream.lives.current()
}

/// What a kubelet line says about the start of its process.
fn opening(text: &[u8], program: &str) -> Opening {
    let bare = text.strip_prefix(b"\"").unwrap_or(text);
    let banner = bare.starts_with(b"Kubelet version")
        || program == "kubelet" && bare.starts_with(b"Version: v");
    if banner {
        Opening::Banner
    } else if bare.starts_with(b"Flag --")
        || bare.starts_with(b"FLAG: --")
        || bare.starts_with(b"Starting k3s ")
    {
        Opening::Preamble
    } else {
        Opening::None
    }
}
