//! Which program a line belongs to, from its carrier, its header, its words and the entry that holds it.

use super::judge::Judge;
use super::message::Message;
use super::program;
use super::stream::Stream;
use super::transport::Envelope;

/// The author of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) program: Option<usize>,
    pub(crate) pid: Option<u32>,
    /// The program is more than a guess from a file name.
    pub(crate) sure: bool,
    /// A carrier named it.
    named: bool,
}

impl Author {
    /// An author that the entry itself names.
    pub(crate) fn named(program: Option<usize>) -> Self {
        Self {
            program,
            pid: None,
            sure: program.is_some(),
            named: true,
        }
    }

    /// The same program, whichever process of it.
    pub(crate) fn without_pid(self) -> Self {
        Self { pid: None, ..self }
    }

    /// Whether a later line can go on with a record of this author. Without a carrier only the order tells.
    pub(crate) fn is_continued_by(self, later: Self) -> bool {
        if later.named {
            self.named && self.program == later.program && self.pid == later.pid
        } else {
            true
        }
    }
}

/// The author of a line.
pub(crate) fn author(
    judge: &mut Judge<'_>,
    stream: &Stream,
    envelope: &Envelope<'_>,
    message: &Message<'_>,
) -> Author {
    let by = |program, sure| Author {
        program,
        pid: envelope.pid.or(message.pid),
        sure,
        named: envelope.ident.is_some(),
    };
    if let Some(component) = message.component.as_deref() {
        return Author {
            pid: message.pid.or(envelope.pid),
            ..by(judge.number(component), true)
        };
    }
    if let Some(ident) = envelope.ident.as_deref() {
        if let Some(program) = judge.programs.sender(ident) {
            return by(Some(program), true);
        }
        if !std::str::from_utf8(ident).is_ok_and(program::is_wrapper) {
            return by(judge.sender(ident), true);
        }
        return wrapped(judge, stream, envelope, message);
    }
    if let Some(unit) = envelope.unit.as_deref() {
        return by(judge.number(unit), true);
    }
    if stream.section.is_some() {
        return by(stream.section, true);
    }
    if stream.hint_is_sure {
        return by(stream.hint, true);
    }
    if let Some(known) = program::of_text(&message.text) {
        return by(judge.number(known.as_bytes()), true);
    }
    let embeds = judge
        .program(stream.hint)
        .is_some_and(|hint| !program::embedded(&hint.name).is_empty());
    match of_file(message).filter(|_| !embeds) {
        Some(name) => by(judge.number(name.as_bytes()), true),
        None => by(stream.hint, message.file.is_some()),
    }
}

/// Lines of `sh` or `docker`: the program they started, where its words show it, else the unit they are part of.
fn wrapped(
    judge: &mut Judge<'_>,
    stream: &Stream,
    envelope: &Envelope<'_>,
    message: &Message<'_>,
) -> Author {
    let inner = of_file(message);
    let unit = envelope.unit.as_deref();
    let known = inner.map(str::as_bytes).or(unit);
    let (program, sure) = match known {
        Some(name) => (judge.number(name), true),
        None if stream.hint_is_sure => (stream.hint, true),
        None => {
            let ident = envelope.ident.as_deref();
            (ident.and_then(|ident| judge.number(ident)), false)
        }
    };
    Author {
        program,
        // What a script says before it starts the program is no process of its own.
        pid: envelope.pid.filter(|_| inner.is_some()),
        sure,
        named: true,
    }
}

fn of_file(message: &Message<'_>) -> Option<&'static str> {
    program::of_file(std::str::from_utf8(message.file.as_deref()?).ok()?)
}
