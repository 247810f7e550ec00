//! Reads logs one after another, line by line, and keeps what rules need to know.

use super::clean::clean;
use super::digest::LogDigest;
use super::heading::{Heading, heading};
use super::judge::{Judge, Record};
use super::klog::Level;
use super::lines::Lines;
use super::lives::{Opening, Unit, unit_event};
use super::message::{self, Message};
use super::patterns::PatternSet;
use super::place::Place;
use super::program;
use super::settle;
use super::stream::{Block, Part, Sender, Stream};
use super::transport::{self, Envelope};
use crate::source::Source;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

/// What is known besides the logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The node's time when the logs were taken, to find years with; the newest dated record serves without it.
    pub now: Option<DateTime<Utc>>,
    /// The node's zone, seconds east of UTC, for times that print none.
    pub utc_offset: i32,
}

/// Scans the logs of one node.
pub struct Scanner<'p> {
    options: Options,
    judge: Judge<'p>,
    streams: Vec<Stream>,
    stream_index: HashMap<String, usize>,
    ordinal: u64,
}

/// Lines of a block that are joined; the rest are records of their own.
const MAX_PARTS: usize = 64;
/// Bytes of a block.
const MAX_BLOCK: usize = 64 << 10;

/// Where a line stands.
#[derive(Clone, Copy)]
struct At<'a> {
    entry: &'a Arc<str>,
    line: u64,
    raw: &'a [u8],
}

impl<'p> Scanner<'p> {
    /// A scanner that has read nothing.
    pub fn new(patterns: &'p PatternSet, options: Options) -> Self {
        Self {
            options,
            judge: Judge::new(patterns),
            streams: Vec::new(),
            stream_index: HashMap::new(),
            ordinal: 0,
        }
    }

    /// Reads one entry to its end. Parts of one log must come in order; other entries may come in any.
    ///
    /// An error is the reader's. What came before it counts.
    pub fn scan(&mut self, entry: &str, source: &Source, reader: &mut dyn Read) -> io::Result<()> {
        let number = self.stream(entry, source);
        let entry: Arc<str> = Arc::from(entry);
        let mut lines = Lines::new(reader);
        let result = loop {
            match lines.next() {
                Ok(Some(line)) => self.line(
                    number,
                    At {
                        entry: &entry,
                        line: line.number,
                        raw: line.bytes,
                    },
                ),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.close_block(number, &entry);
        if let Some(stream) = self.streams.get_mut(number) {
            stream.trace = None;
            stream.in_status = false;
        }
        result
    }

    /// What the logs hold.
    pub fn finish(self) -> LogDigest {
        settle::settle(self.judge, self.streams, self.options)
    }

    fn stream(&mut self, entry: &str, source: &Source) -> usize {
        let key = log_name(entry);
        if let Some(&number) = self.stream_index.get(key) {
            return number;
        }
        let number = self.streams.len();
        self.stream_index.insert(key.to_owned(), number);
        let hint = program::of_source(source).and_then(|name| self.judge.number(name.as_bytes()));
        let sure = match source {
            Source::Journal(_) => true,
            Source::File(path) => path.contains("/log/pods/") || path.contains("/log/containers/"),
            _ => false,
        };
        self.streams.push(Stream::new(number, hint, sure));
        number
    }

    fn line(&mut self, number: usize, at: At<'_>) {
        self.ordinal += 1;
        let line = clean(at.raw);
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        if line.trim_ascii().is_empty() {
            stream.in_status = false;
            return;
        }
        if stream.in_status {
            return;
        }
        if let Some(heading) = heading(&line) {
            return self.heading(number, heading);
        }
        let envelope = transport::open(&line);
        let message = message::read(&envelope.text);
        self.record(number, at, &envelope, message);
    }

    fn heading(&mut self, number: usize, heading: Heading<'_>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        match heading {
            Heading::Noise => {}
            Heading::Boot(boot) => {
                stream.lives.boot(boot);
                stream.supervisor.boot(boot);
            }
            Heading::Year(year) => stream.calendar.anchor(year),
            Heading::Section(name) => stream.section = self.judge.number(name.as_bytes()),
            Heading::Hole => stream.lives.hole(),
            Heading::Status => stream.in_status = true,
        }
    }

    fn record(&mut self, number: usize, at: At<'_>, envelope: &Envelope<'_>, message: Message<'_>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        let (program, sure) = attribute(&mut self.judge, stream, envelope, &message);
        let pid = match message.component {
            Some(_) => message.pid.or(envelope.pid),
            None => envelope.pid.or(message.pid),
        };
        let sender = (program, pid);
        if !message.headed && stream.continues(sender, at, &message) {
            if stream.block.as_ref().is_some_and(Block::is_full) {
                self.close_block(number, at.entry);
            }
            return;
        }
        if stream
            .block
            .as_ref()
            .is_some_and(|block| block.sender.0 == program)
        {
            self.close_block(number, at.entry);
        }
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        if let Some(boot) = envelope.boot.as_deref() {
            let boot = std::str::from_utf8(boot).ok();
            stream.lives.boot(boot);
            stream.supervisor.boot(boot);
        }
        stream.learn_year(envelope.clock, message.clock, &message.text);
        let place = stream.place(self.ordinal, envelope.clock.or(message.clock));
        stream.count(program, place);
        let life = self.life(number, sender, &message, place);
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        if stream.is_trace(sender, &message) {
            return;
        }
        if message.text.ends_with(b"=<") {
            stream.block = Some(Block::new(sender, sure, &message, (life, place), at));
            return;
        }
        let (weight, text) = repeated(&message.text);
        let record = Record {
            program,
            sure,
            pid,
            level: message.level,
            text,
            original: &envelope.text,
            own_time: message.clock.is_some(),
            life,
            weight,
            entry: at.entry,
            line: at.line,
            raw: at.raw,
            parts: &[],
            place,
        };
        self.judge.judge(&stream.lives, &record);
    }

    /// Cuts lives, and tells the one that the line belongs to.
    fn life(
        &mut self,
        number: usize,
        sender: Sender,
        message: &Message<'_>,
        place: Place,
    ) -> Option<usize> {
        let program = self.judge.program(sender.0)?;
        let stream = self.streams.get_mut(number)?;
        if program.runs_kubelet {
            let opening = opening(&message.text, &program.name);
            return Some(stream.lives.record(sender.1, opening, place));
        }
        if program.supervises_kubelet {
            stream.supervisor.record(sender.1, Opening::None, place);
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

    fn close_block(&mut self, number: usize, entry: &Arc<str>) {
        let Some(stream) = self.streams.get_mut(number) else {
            return;
        };
        let Some(block) = stream.block.take() else {
            return;
        };
        let Some(first) = block.parts.first() else {
            return;
        };
        let record = Record {
            program: block.sender.0,
            sure: block.sure,
            pid: block.sender.1,
            level: block.level,
            text: &block.text,
            original: &block.text,
            own_time: block.own_time,
            life: block.life,
            weight: 1,
            entry,
            line: first.line,
            raw: &first.raw,
            parts: &block.parts,
            place: block.place,
        };
        self.judge.judge(&stream.lives, &record);
    }
}

/// The name that all parts of one log share: `journal/kubelet.service/0001.log` → `journal/kubelet.service/`.
fn log_name(entry: &str) -> &str {
    let Some((folder, name)) = entry.rsplit_once('/') else {
        return entry;
    };
    let part = name
        .strip_suffix(".log")
        .is_some_and(|stem| stem.len() == 4 && stem.bytes().all(|byte| byte.is_ascii_digit()));
    if part { folder } else { entry }
}

/// The program of a line, and whether that is sure.
fn attribute(
    judge: &mut Judge<'_>,
    stream: &Stream,
    envelope: &Envelope<'_>,
    message: &Message<'_>,
) -> (Option<usize>, bool) {
    if let Some(component) = message.component.as_deref() {
        return (judge.number(component), true);
    }
    let file = || {
        let file = message.file.as_deref()?;
        program::of_file(std::str::from_utf8(file).ok()?)
    };
    if let Some(ident) = envelope.ident.as_deref() {
        let wrapper = std::str::from_utf8(ident).is_ok_and(program::is_wrapper);
        if !wrapper {
            return (judge.number(ident), true);
        }
        let inner = file().map(str::as_bytes).or(envelope.unit.as_deref());
        let hint = stream
            .hint
            .filter(|_| stream.hint_is_sure && inner.is_none());
        return (hint.or_else(|| judge.number(inner.unwrap_or(ident))), true);
    }
    if let Some(unit) = envelope.unit.as_deref() {
        return (judge.number(unit), true);
    }
    if stream.section.is_some() {
        return (stream.section, true);
    }
    if let Some(known) = program::of_text(&message.text) {
        return (judge.number(known.as_bytes()), true);
    }
    let embeds = judge
        .program(stream.hint)
        .is_some_and(|hint| !program::embedded(&hint.name).is_empty());
    match file().filter(|_| !embeds) {
        Some(name) => (judge.number(name.as_bytes()), true),
        None => (stream.hint, stream.hint_is_sure || message.file.is_some()),
    }
}

/// `message repeated 5 times: [ text]` of syslog.
fn repeated(text: &[u8]) -> (u64, &[u8]) {
    let parts = || {
        let rest = text.strip_prefix(b"message repeated ")?;
        let end = memchr::memchr(b' ', rest)?;
        let times = std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()?;
        let inner = rest
            .get(end..)?
            .strip_prefix(b" times: [ ")?
            .strip_suffix(b"]")?;
        Some((times, inner))
    };
    parts().unwrap_or((1, text))
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

impl Stream {
    /// Joins a line without header to the open record of the same process.
    fn continues(&mut self, sender: Sender, at: At<'_>, message: &Message<'_>) -> bool {
        let Some(block) = self
            .block
            .as_mut()
            .filter(|block| block.sender == sender && !block.is_full())
        else {
            return false;
        };
        let text = message.text.trim_ascii();
        block.text.push(b' ');
        block.text.extend_from_slice(text);
        block.parts.push(Part {
            end: block.text.len(),
            line: at.line,
            raw: at.raw.to_vec(),
        });
        block.closed = text == b">" || text.starts_with(b"> ");
        true
    }

    /// Follows goroutine dumps: their frames hold file names and no messages.
    fn is_trace(&mut self, sender: Sender, message: &Message<'_>) -> bool {
        if message.headed {
            if self.trace == Some(sender) {
                self.trace = None;
            }
            return false;
        }
        let text = message.text.as_ref();
        if text.starts_with(b"goroutine ") {
            self.trace = Some(sender);
        }
        self.trace == Some(sender) && !text.starts_with(b"panic: ") && message.level < Level::Error
            || is_usage(text)
    }
}

/// `      --flag type   text` of a usage dump.
fn is_usage(text: &[u8]) -> bool {
    text.starts_with(b"  ") && text.trim_ascii_start().starts_with(b"--")
}

impl Block {
    fn new(
        sender: Sender,
        sure: bool,
        message: &Message<'_>,
        stand: (Option<usize>, Place),
        at: At<'_>,
    ) -> Self {
        Self {
            sender,
            sure,
            level: message.level,
            life: stand.0,
            place: stand.1,
            text: message.text.to_vec(),
            parts: vec![Part {
                end: message.text.len(),
                line: at.line,
                raw: at.raw.to_vec(),
            }],
            own_time: message.clock.is_some(),
            closed: false,
        }
    }

    fn is_full(&self) -> bool {
        self.closed || self.parts.len() >= MAX_PARTS || self.text.len() >= MAX_BLOCK
    }
}
