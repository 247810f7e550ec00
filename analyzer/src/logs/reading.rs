//! Logs read for people: line by line, with the decoding of the scanner, but nothing is judged.

use super::clean::clean;
use super::clock::Basis;
use super::digest::Stamp;
use super::fields::Fields;
use super::fold::{Fold, Taken};
use super::heading::{Heading, heading};
use super::journal::{each_record, is_journal, line};
use super::klog::Level;
use super::lines::Lines;
use super::message;
use super::place::Place;
use super::program;
use super::scanner::{Options, log_name};
use super::settle::{settle_years, timeline};
use super::stream::{At, Stream};
use super::transport::{self, Envelope};
use super::window;
use crate::source::Source;
use nodebundle_journal::MAGIC;
use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Reads the logs of one input, one after the other.
pub(crate) struct Reader {
    options: Options,
    streams: Vec<Stream>,
    index: HashMap<String, usize>,
    ordinal: u64,
}

/// A decoded line or record.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    /// Number from 1; of a record of a journal file its sequence number.
    pub(crate) line: u64,
    /// Its time, to be resolved with [`Reader::stamp`] or at the end.
    pub(crate) place: Place,
    /// Unit that it belongs to, where the carrier or the entry says so.
    pub(crate) unit: Option<String>,
    /// Its sender: identifier, component, section, or what the name of the entry suggests.
    pub(crate) ident: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) level: Level,
    /// The message without what carried it; with its own header.
    pub(crate) text: Vec<u8>,
    /// The line as it stands.
    pub(crate) raw: Vec<u8>,
}

/// How an entry is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a log or journal file.
    Log,
    /// As lines of which nothing is known.
    Plain,
}

/// Who looks at lines.
pub(crate) trait Visitor {
    /// Whether lines must be decoded before they are offered: then `text` is always there.
    fn needs_text(&self) -> bool;
    /// Offers a line as it stands, and its message where that is not a part of it; `None` to pass over it, else whether it matches.
    fn wants(&mut self, raw: &[u8], text: Option<&[u8]>) -> Option<bool>;
    /// Takes a line that was wanted.
    fn take(&mut self, line: Decoded, matches: bool) -> ControlFlow<()>;
}

/// What the name of an entry tells of its lines.
struct Hint {
    unit: Option<String>,
    program: Option<String>,
}

impl Reader {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            streams: Vec::new(),
            index: HashMap::new(),
            ordinal: 0,
        }
    }

    /// Tells the node's time, as far as other entries know it: it dates lines without a year.
    pub(crate) fn tell(&mut self, now: Option<chrono::DateTime<chrono::Utc>>) {
        self.options.now = self.options.now.or(now);
    }

    /// Reads one entry to its end, or until the visitor has enough. Parts of one log must come in order.
    ///
    /// An error is the entry's. What came before it counts.
    pub(crate) fn read(
        &mut self,
        (entry, source, form): (&Arc<str>, &Source, Form),
        body: &mut dyn Read,
        visitor: &mut dyn Visitor,
    ) -> io::Result<()> {
        let mut start = Vec::new();
        body.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        let mut whole = start.chain(body);
        let key = log_name(entry);
        let number = self.index.get(key).copied().unwrap_or_else(|| {
            self.index.insert(key.to_owned(), self.streams.len());
            self.streams
                .push(Stream::new(self.streams.len(), None, false));
            self.streams.len() - 1
        });
        let Some(stream) = self.streams.get_mut(number) else {
            return Ok(());
        };
        let mut pass = Pass {
            options: &self.options,
            stream,
            ordinal: &mut self.ordinal,
            entry,
            hint: Hint {
                unit: match source {
                    Source::Journal(unit) if !unit.is_empty() => Some(unit.clone()),
                    _ => None,
                },
                program: program::of_source(source),
            },
            section: None,
            exact: false,
            visitor,
        };
        match form {
            Form::Plain => pass.plain(&mut whole),
            Form::Log if is_journal(&start) => pass.journal(&mut whole),
            Form::Log => pass.lines(&mut whole),
        }
    }

    /// The time of a record that prints its zone. The others wait for the end.
    pub(crate) fn stamp(place: Place) -> Option<Stamp> {
        let tick = place.time().filter(|tick| tick.basis == Basis::Utc)?;
        Some(Stamp {
            time: chrono::DateTime::from_timestamp_micros(tick.micros)?,
            year_inferred: false,
        })
    }

    /// Times of records, as far as all that was read tells them; `None` where no year can be known.
    pub(crate) fn stamps(&mut self, places: impl Iterator<Item = Place>) -> Vec<Option<Stamp>> {
        let offset = settle_years(&mut self.streams, self.options);
        let timeline = timeline(&self.streams, offset);
        places
            .map(|place| {
                let tick = place.time()?;
                timeline
                    .is_dated(place.stream, tick)
                    .then(|| timeline.stamp(place))?
            })
            .collect()
    }
}

/// One entry as it is read.
struct Pass<'a> {
    options: &'a Options,
    stream: &'a mut Stream,
    ordinal: &'a mut u64,
    entry: &'a Arc<str>,
    hint: Hint,
    /// Program named by a section head.
    section: Option<String>,
    /// The last time that was read had a zone: lines that nobody wants need not be decoded to follow the calendar.
    exact: bool,
    visitor: &'a mut dyn Visitor,
}

impl Pass<'_> {
    fn lines(&mut self, reader: &mut dyn Read) -> io::Result<()> {
        let mut lines = Lines::new(reader);
        let mut last = Vec::new();
        let mut number = 0;
        while let Some(line) = lines.next()? {
            number = line.number;
            last.clear();
            last.extend_from_slice(line.bytes);
            let (flow, taken) = self.physical(number, line.bytes);
            if flow.is_break() {
                return Ok(());
            }
            if taken == Taken::Binary {
                let value = lines.counted_bytes()?;
                self.stream
                    .fold
                    .take_bytes(number, &value.unwrap_or_default());
            }
        }
        if let Some(folded) = self.stream.fold.finish() {
            // It is the last one, whatever the visitor says.
            let _ = self.fields(folded.line, &folded.raw, &folded.fields);
        }
        self.follow(number, &last);
        Ok(())
    }

    fn plain(&mut self, reader: &mut dyn Read) -> io::Result<()> {
        let mut lines = Lines::new(reader);
        while let Some(line) = lines.next()? {
            let Some(matches) = self.visitor.wants(line.bytes, None) else {
                continue;
            };
            *self.ordinal += 1;
            let decoded = Decoded {
                line: line.number,
                place: Place::nowhere(*self.ordinal),
                unit: None,
                ident: None,
                pid: None,
                level: Level::default(),
                text: line.bytes.to_vec(),
                raw: line.bytes.to_vec(),
            };
            if self.visitor.take(decoded, matches).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// One line of the file, which may be a part of a record.
    fn physical(&mut self, number: u64, raw: &[u8]) -> (ControlFlow<()>, Taken) {
        if !self.stream.fold.is_open() && !Fold::may_begin(raw) {
            return (self.line(number, raw), Taken::No);
        }
        let (done, taken) = self.stream.fold.take(number, raw);
        if let Some(folded) = done {
            let flow = self.fields(folded.line, &folded.raw, &folded.fields);
            if flow.is_break() {
                return (flow, taken);
            }
        }
        if taken == Taken::No {
            (self.line(number, raw), taken)
        } else {
            (ControlFlow::Continue(()), taken)
        }
    }

    fn line(&mut self, number: u64, raw: &[u8]) -> ControlFlow<()> {
        let cleaned = clean(raw);
        if let Some(heading) = heading(&cleaned) {
            self.heading(heading);
        }
        let json = cleaned.trim_ascii_start().starts_with(b"{");
        let early = json || self.visitor.needs_text();
        let mut envelope = early.then(|| transport::open(&cleaned));
        let text = envelope.as_ref().map(|envelope| envelope.text.as_ref());
        let wanted = self.visitor.wants(raw, text);
        let windowed = self.options.since.is_some() || self.options.until.is_some();
        if wanted.is_none() && self.exact && !windowed {
            return ControlFlow::Continue(());
        }
        let envelope = envelope.take().unwrap_or_else(|| transport::open(&cleaned));
        self.decoded(number, raw, &envelope, wanted)
    }

    fn journal(&mut self, reader: &mut dyn Read) -> io::Result<()> {
        let mut over = false;
        let read = each_record(reader, &mut |number, fields| {
            if self.fields(number, &line(fields), fields).is_break() {
                over = true;
                return Err(io::ErrorKind::Interrupted.into());
            }
            Ok(())
        });
        if over { Ok(()) } else { read }
    }

    fn fields(&mut self, number: u64, raw: &[u8], fields: &Fields) -> ControlFlow<()> {
        let envelope = Envelope {
            text: fields.message.as_slice().into(),
            ..fields.envelope()
        };
        let wanted = self.visitor.wants(raw, Some(&fields.message));
        self.decoded(number, raw, &envelope, wanted)
    }

    fn decoded(
        &mut self,
        number: u64,
        raw: &[u8],
        envelope: &Envelope<'_>,
        wanted: Option<bool>,
    ) -> ControlFlow<()> {
        if wanted.is_none() && envelope.clock.is_some() {
            self.place(number, raw, envelope, None);
            return ControlFlow::Continue(());
        }
        let message = message::read(&envelope.text);
        let place = self.place(number, raw, envelope, Some(&message));
        let Some(matches) = wanted.filter(|_| !self.stream.outside) else {
            return ControlFlow::Continue(());
        };
        let text = |part: Option<&[u8]>| Some(String::from_utf8_lossy(part?).into_owned());
        let decoded = Decoded {
            line: number,
            place,
            unit: text(envelope.unit.as_deref()).or_else(|| self.hint.unit.clone()),
            ident: text(envelope.ident.as_deref())
                .or_else(|| text(message.component.as_deref()))
                .or_else(|| self.section.clone())
                .or_else(|| self.hint.program.clone()),
            pid: envelope.pid.or(message.pid),
            level: message.level,
            text: envelope.text.to_vec(),
            raw: raw.to_vec(),
        };
        self.visitor.take(decoded, matches)
    }

    /// The place of a line in time.
    fn place(
        &mut self,
        number: u64,
        raw: &[u8],
        envelope: &Envelope<'_>,
        message: Option<&message::Message<'_>>,
    ) -> Place {
        *self.ordinal += 1;
        let inner = message.and_then(|message| message.clock);
        let clock = envelope.clock.or(inner);
        if let Some(clock) = clock {
            self.stream.outside = !window::holds(self.options, clock);
        }
        self.stream.stand_at(At {
            entry: self.entry,
            line: number,
            raw,
        });
        self.stream.learn_zone(envelope.clock, inner);
        let text = message.map_or(&envelope.text, |message| &message.text);
        self.stream.learn_year(envelope.clock, inner, text);
        let place = self.stream.place(*self.ordinal, clock);
        if let Some(tick) = place.time() {
            self.exact = tick.basis == Basis::Utc;
        }
        place
    }

    /// Follows the calendar to the last line, where lines were passed over.
    fn follow(&mut self, number: u64, raw: &[u8]) {
        if self.exact && number > 0 {
            let cleaned = clean(raw);
            let envelope = transport::open(&cleaned);
            let message = message::read(&envelope.text);
            self.place(number, raw, &envelope, Some(&message));
        }
    }

    fn heading(&mut self, heading: Heading<'_>) {
        match heading {
            Heading::Begins(day) => self.stream.calendar.covers(Some(day), None),
            Heading::Ends(day) => self.stream.calendar.covers(None, Some(day)),
            Heading::Section(name) => self.section = Some(name.to_owned()),
            Heading::Noise
            | Heading::Boot(_)
            | Heading::Hole
            | Heading::Repeats(_)
            | Heading::Status => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All(Vec<(Decoded, bool)>);

    impl Visitor for All {
        fn needs_text(&self) -> bool {
            false
        }

        fn wants(&mut self, raw: &[u8], text: Option<&[u8]>) -> Option<bool> {
            let has = |text: &[u8]| memchr::memmem::find(text, b"want").is_some();
            (has(raw) || text.is_some_and(has)).then_some(true)
        }

        fn take(&mut self, line: Decoded, matches: bool) -> ControlFlow<()> {
            self.0.push((line, matches));
            ControlFlow::Continue(())
        }
    }

    fn read(entries: &[(&str, &str)]) -> Vec<String> {
        let mut reader = Reader::new(Options::default());
        let mut all = All(Vec::new());
        for (name, text) in entries {
            let source = crate::names::source(name);
            reader
                .read(
                    (&Arc::from(*name), &source, Form::Log),
                    &mut text.as_bytes(),
                    &mut all,
                )
                .unwrap();
        }
        let stamps = reader.stamps(all.0.iter().map(|(line, _)| line.place));
        let lines = all.0.iter().zip(stamps).map(|((line, _), stamp)| {
            let time = stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.time.to_rfc3339());
            let text = String::from_utf8_lossy(&line.text);
            let ident = line.ident.as_deref().unwrap_or("-");
            format!("{}|{time}|{ident}|{text}", line.line)
        });
        lines.collect()
    }

    #[test]
    fn lines_of_every_carrier_have_their_time_and_sender() {
        assert_eq!(
            read(&[(
                "kubelet.log",
                "-- Boot 1 --\n2026-11-22T07:30:22.5Z n kubelet[61]: no\n2026-11-22T07:30:23.5Z n kubelet[61]: want a\n"
            )]),
            ["3|2026-11-22T07:30:23.500+00:00|kubelet|want a"]
        );
        assert_eq!(
            read(&[(
                "j.json",
                "{\"__REALTIME_TIMESTAMP\":\"1762949961490717\",\"SYSLOG_IDENTIFIER\":\"crio\",\"MESSAGE\":\"want \\u0062\"}\n"
            )]),
            ["1|2025-11-12T12:19:21.490717+00:00|crio|want b"]
        );
        assert_eq!(
            read(&[(
                "export.txt",
                "__REALTIME_TIMESTAMP=1762949961490717\n_COMM=x\nMESSAGE=want c\n\n"
            )]),
            ["3|2025-11-12T12:19:21.490717+00:00|x|want c"]
        );
    }

    #[test]
    fn times_without_a_year_are_dated_by_what_other_logs_tell() {
        let syslog = "Nov 22 07:22:29 n kubelet[76]: want d\nNov 22 07:22:30 n kubelet[76]: no\n";
        assert_eq!(
            read(&[("messages", syslog)]),
            ["1|-|kubelet|want d"],
            "no year can be known"
        );
        let dated =
            "2026-11-23T07:30:22.5Z n crio[61]: no\n2026-11-23T07:30:22.5Z n crio[61]: no\n";
        assert_eq!(
            read(&[("messages", syslog), ("crio.log", dated)]),
            ["1|2026-11-22T07:22:29+00:00|kubelet|want d"]
        );
    }
}
