//! What a program wrote: takes klog, logrus, zap and etcd headers off and normalises the text that patterns see.

use super::clock::{Clock, iso};
use super::json::{Json, Object};
use super::klog::{self, Level};
use std::borrow::Cow;
use std::ops::Range;

/// A message without its header.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Message<'a> {
    pub(crate) level: Level,
    /// Time of its own.
    pub(crate) clock: Option<Clock>,
    /// Process id of its own.
    pub(crate) pid: Option<u32>,
    /// Source file of its header.
    pub(crate) file: Option<Cow<'a, [u8]>>,
    /// Program named by a supervisor around it.
    pub(crate) component: Option<Cow<'a, [u8]>>,
    /// The normalised text: no header, no backslashes before quotes.
    pub(crate) text: Cow<'a, [u8]>,
    /// It had a header of its own, so that it begins a record.
    pub(crate) headed: bool,
    pub(crate) form: Form,
    /// The text before it was normalised; empty where it is no part of the line.
    pub(crate) body: &'a [u8],
}

/// What a message has before its text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing.
    Plain,
    /// The header of klog.
    Klog,
    /// The fields of logrus.
    Logrus,
    /// The header of klog inside the message of logrus.
    Wrapped,
    /// Something else.
    #[default]
    Other,
}

/// Reads one message.
pub(crate) fn read(text: &[u8]) -> Message<'_> {
    let start = text.trim_ascii_start();
    let found = match start.first() {
        Some(b'I' | b'W' | b'E' | b'F') => klog_text(start).or_else(|| terminal(start)),
        Some(b'{') => json(start),
        Some(b'0'..=b'9') => etcd(start),
        Some(b'D' | b'P' | b'T') => terminal(start),
        _ => None,
    };
    found
        .or_else(|| logrus(start))
        .or_else(|| cut_klog(start))
        .or_else(|| klog_behind(start))
        .unwrap_or_else(|| plain(text))
}

/// A klog line behind words that a tool put before it: `kubelet-w1 kubelet E1112 …`, `kubelet_1  | E1112 …`.
/// What stands before the quoted `output: ` of another program is the message itself.
fn klog_behind(text: &[u8]) -> Option<Message<'_>> {
    let head = text.get(..text.len().min(MOST_PREFIX))?;
    memchr::memchr3_iter(b' ', b'\t', b':', head).find_map(|at| match text.get(at + 1..)? {
        rest @ [b'I' | b'W' | b'E' | b'F', b'0' | b'1', ..]
            if !head.get(..at)?.ends_with(b"output:") =>
        {
            klog_text(rest)
        }
        _ => None,
    })
}

/// Bytes that tools put before a line.
const MOST_PREFIX: usize = 160;

fn klog_text(text: &[u8]) -> Option<Message<'_>> {
    let header = klog::header(text)?;
    Some(Message {
        level: header.level,
        clock: Some(header.clock),
        pid: header.pid,
        file: Some(Cow::Borrowed(header.file)),
        text: plain_quotes(header.message),
        headed: true,
        form: Form::Klog,
        body: header.message,
        ..Message::default()
    })
}

fn cut_klog(text: &[u8]) -> Option<Message<'_>> {
    let (file, message) = klog::cut_header(text)?;
    Some(Message {
        level: wording(message),
        file: Some(Cow::Borrowed(file)),
        text: plain_quotes(message),
        headed: true,
        ..Message::default()
    })
}

/// `time="…" level=error msg="…" key=value`, the time perhaps cut off. k0s and others wrap their children's lines in it.
fn logrus(text: &[u8]) -> Option<Message<'_>> {
    let (clock, rest) = logrus_time(text)?;
    let rest = rest.strip_prefix(b"level=")?;
    let end = memchr::memchr(b' ', rest)?;
    let level = level(rest.get(..end)?);
    let fields = rest.get(end + 1..)?;
    let message = memchr::memmem::find(fields, b"msg=")?;
    let body = fields.get(message + 4..)?;
    let component = field(body, b" component=").map(Cow::Borrowed);
    if let Some(inner) = body.strip_prefix(b"\"").and_then(wrapped) {
        return Some(Message {
            component,
            clock: clock.or(inner.clock),
            form: Form::Wrapped,
            ..inner
        });
    }
    Some(Message {
        level,
        clock,
        component,
        text: plain_quotes(body),
        headed: true,
        form: Form::Logrus,
        body,
        ..Message::default()
    })
}

fn logrus_time(text: &[u8]) -> Option<(Option<Clock>, &[u8])> {
    if text.starts_with(b"level=") {
        return Some((None, text));
    }
    let place = logrus_time_place(text)?;
    let rest = text.get(place.end + 2..)?;
    let clock = iso(text.get(place)?).map(|(clock, _)| clock);
    Some((clock, rest))
}

/// Where a line of logrus has its time.
pub(crate) fn logrus_time_place(text: &[u8]) -> Option<Range<usize>> {
    let at = memchr::memmem::find(text.get(..text.len().min(12))?, b"time=\"")?;
    let start = at + 6;
    let end = memchr::memchr(b'"', text.get(start..)?)?;
    Some(start..start + end)
}

/// A klog line inside a quoted string.
fn wrapped(quoted: &[u8]) -> Option<Message<'_>> {
    klog::header(quoted)?;
    let end = closing_quote(quoted).unwrap_or(quoted.len());
    klog_text(quoted.get(..end)?)
}

fn closing_quote(quoted: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(b'"', quoted.get(from..)?)?;
        let slashes = quoted
            .get(..at)?
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        if slashes % 2 == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

fn field<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::rfind(text, key)?;
    let value = text.get(at + key.len()..)?;
    let end = memchr::memchr(b' ', value).unwrap_or(value.len());
    Some(value.get(..end)?.trim_ascii())
}

/// `FATA[0000] text`, `ERRO[2021-06-12T10:52:58.366803091Z] text` of a terminal.
fn terminal(text: &[u8]) -> Option<Message<'_>> {
    let level = match text.get(..4)? {
        b"TRAC" | b"DEBU" | b"INFO" => Level::Info,
        b"WARN" => Level::Warning,
        b"ERRO" => Level::Error,
        b"FATA" | b"PANI" => Level::Fatal,
        _ => return None,
    };
    let rest = text.get(4..)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest).strip_prefix(b"[")?;
    let close = memchr::memchr(b']', rest.get(..rest.len().min(40))?)?;
    let inside = rest
        .get(..close)
        .filter(|inside| inside.first().is_some_and(u8::is_ascii_digit))?;
    Some(Message {
        level,
        clock: iso(inside).map(|(clock, _)| clock),
        text: plain_quotes(rest.get(close + 1..)?.trim_ascii_start()),
        headed: true,
        ..Message::default()
    })
}

/// `2019-02-07 13:05:55.848860 I | etcdmain: text`; also any other text that begins with a date.
fn etcd(text: &[u8]) -> Option<Message<'_>> {
    let (clock, rest) = iso(text)?;
    let rest = rest.trim_ascii_start();
    let (level, message) = match rest {
        [
            letter @ (b'T' | b'D' | b'I' | b'N' | b'W' | b'E' | b'C'),
            b' ',
            b'|',
            b' ',
            message @ ..,
        ] => {
            let level = match letter {
                b'W' => Level::Warning,
                b'E' => Level::Error,
                b'C' => Level::Fatal,
                _ => Level::Info,
            };
            (level, message)
        }
        other => dated_level(other),
    };
    Some(Message {
        level,
        clock: Some(clock),
        text: plain_quotes(message),
        headed: true,
        ..Message::default()
    })
}

/// `INFO\ttext`, `[ERROR] text` behind a date.
fn dated_level(text: &[u8]) -> (Level, &[u8]) {
    let bare = text.strip_prefix(b"[").unwrap_or(text);
    let end = bare
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let word = bare.get(..end).unwrap_or_default().to_ascii_lowercase();
    (level(&word), text)
}

/// klog JSON, zap JSON, logrus JSON: shown to patterns as `"msg" key="value"`, as their text forms are.
fn json(text: &[u8]) -> Option<Message<'_>> {
    let line = std::str::from_utf8(text).ok()?;
    let object = Object::parse(line)?;
    let message = object.text("msg").or_else(|| object.text("message"))?;
    let mut out = Vec::with_capacity(line.len());
    quoted(&mut out, message.trim_end());
    for (key, value) in object.pairs() {
        if !matches!(
            key,
            "ts" | "time" | "level" | "msg" | "message" | "caller" | "v"
        ) {
            pair(&mut out, key, value);
        }
    }
    let named = object.text("level").map(|word| level(word.as_bytes()));
    // klog's JSON has no level: an error is what has an error or lacks a verbosity.
    let implied = || {
        if object.value("ts").is_some() && object.value("v").is_none() {
            Level::Error
        } else {
            Level::Info
        }
    };
    Some(Message {
        level: named.unwrap_or_else(implied),
        clock: json_clock(&object),
        file: object
            .text("caller")
            .map(|caller| Cow::Owned(source_file(caller))),
        component: object
            .text("component")
            .map(|name| Cow::Owned(name.as_bytes().to_vec())),
        text: Cow::Owned(plain_quotes(&out).into_owned()),
        headed: true,
        ..Message::default()
    })
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn pair(out: &mut Vec<u8>, key: &str, value: &Json<'_>) {
    use std::io::Write as _;
    out.push(b' ');
    out.extend_from_slice(key.as_bytes());
    out.push(b'=');
    match value {
        Json::Text(text) => quoted(out, text),
        Json::Bytes(bytes) => out.extend_from_slice(bytes),
        // Writing to a Vec cannot fail.
        Json::Number(number) => drop(write!(out, "{number}")),
        Json::Bool(value) => drop(write!(out, "{value}")),
        Json::Other => out.extend_from_slice(b"{}"),
    }
}

fn source_file(caller: &str) -> Vec<u8> {
    let file = caller.rsplit('/').next().unwrap_or(caller);
    file.split(':').next().unwrap_or(file).as_bytes().to_vec()
}

/// `ts` is text, seconds, or milliseconds: the magnitude tells.
fn json_clock(object: &Object<'_>) -> Option<Clock> {
    let value = object.value("ts").or_else(|| object.value("time"))?;
    match value {
        Json::Text(text) => iso(text.as_bytes()).map(|(clock, _)| clock),
        Json::Number(number) if *number > 1e8 => {
            let micros = if *number > 1e11 {
                number * 1e3
            } else {
                number * 1e6
            };
            #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
            Some(Clock::Utc(micros as i64))
        }
        _ => None,
    }
}

fn plain(text: &[u8]) -> Message<'_> {
    Message {
        level: wording(text.trim_ascii_start()),
        text: plain_quotes(text),
        form: Form::Plain,
        body: text,
        ..Message::default()
    }
}

/// How bad a text without a header sounds.
fn wording(text: &[u8]) -> Level {
    const FATAL: [&[u8]; 5] = [
        b"Error: ",
        b"error: ",
        b"panic: ",
        b"fatal error: ",
        b"failed to run Kubelet",
    ];
    const ERROR: [&[u8]; 5] = [
        b"failed to ",
        b"Failed to ",
        b"[ERROR",
        b"ERROR",
        b"Unable to ",
    ];
    if FATAL.iter().any(|word| text.starts_with(word)) {
        Level::Fatal
    } else if ERROR.iter().any(|word| text.starts_with(word)) {
        Level::Error
    } else {
        Level::Info
    }
}

fn level(word: &[u8]) -> Level {
    match word {
        b"warn" | b"warning" => Level::Warning,
        b"err" | b"error" => Level::Error,
        b"crit" | b"critical" | b"fatal" | b"panic" | b"dpanic" => Level::Fatal,
        _ => Level::Info,
    }
}

/// Takes the backslashes before quotes off, however deep the quoting was.
pub(crate) fn plain_quotes(text: &[u8]) -> Cow<'_, [u8]> {
    if !memchr::memchr_iter(b'\\', text).any(|at| text.get(at + 1) == Some(&b'"')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, slashed) = rest.split_at(at);
        let run = slashed.iter().take_while(|&&byte| byte == b'\\').count();
        let (slashes, after) = slashed.split_at(run);
        out.extend_from_slice(before);
        if after.first() != Some(&b'"') {
            out.extend_from_slice(slashes);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
