//! Which life of the kubelet a line belongs to.

use super::attribute::Author;
use super::judge::Judge;
use super::lives::{Opening, Unit, is_unit_event, unit_event};
use super::place::Place;
use super::stream::Stream;

/// What a line has to do with lives, whatever numbers are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearing {
    /// Nothing: it falls into a life by its time.
    None,
    /// It is the kubelet's.
    Kubelet {
        /// It may be one of those that a process begins with.
        opens: bool,
    },
    /// It is of a program that has the kubelet as a child.
    Supervisor,
    /// It is of systemd or its journal.
    News {
        /// It may be about the start or the end of a unit.
        tells: bool,
    },
}

impl Bearing {
    /// Whether the text of a line tells more.
    pub(super) fn reads_text(self) -> bool {
        matches!(
            self,
            Self::Kubelet { opens: true } | Self::News { tells: true }
        )
    }
}

/// What a line has to do with lives. Lines of the kubelet and news of its unit cut them.
pub(super) fn bearing(judge: &Judge<'_>, author: Author, text: &[u8]) -> Bearing {
    let Some(program) = judge.program(author.program) else {
        return Bearing::None;
    };
    if program.runs_kubelet {
        let opens = may_open(text);
        Bearing::Kubelet { opens }
    } else if program.supervises_kubelet {
        Bearing::Supervisor
    } else if program.is_systemd || &*program.name == "systemd-journald" {
        let tells = is_unit_event(text);
        Bearing::News { tells }
    } else {
        Bearing::None
    }
}

/// The life that a line belongs to.
pub(super) fn life_of(
    bearing: Bearing,
    judge: &Judge<'_>,
    stream: &mut Stream,
    record: (Author, &[u8], Place),
) -> Option<usize> {
    let (author, text, place) = record;
    match bearing {
        Bearing::None => None,
        Bearing::Kubelet { opens } => {
            let program = judge.program(author.program).filter(|_| opens);
            let opening = program.map_or(Opening::None, |program| opening(text, &program.name));
            Some(stream.lives.record(author.pid, opening, place))
        }
        Bearing::Supervisor => {
            stream.supervisor.record(author.pid, Opening::None, place);
            None
        }
        Bearing::News { tells } => {
            match tells.then(|| unit_event(text)).flatten() {
                Some((Unit::Kubelet, event)) => stream.lives.unit(event, place),
                Some((Unit::Supervisor, event)) => stream.supervisor.unit(event, place),
                None => {}
            }
            stream.lives.current()
        }
    }
}

/// Whether [`opening`] may find something in a text with these or other numbers.
fn may_open(text: &[u8]) -> bool {
    let bare = text.strip_prefix(b"\"").unwrap_or(text);
    matches!(bare.first(), Some(b'K' | b'V' | b'F' | b'S'))
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
