//! What carried a line: journal text, syslog, kernel ring buffer, container file, journal JSON. Takes it off.

use super::clock::{Clock, digits, iso, month, time};
use super::json::Object;
use super::kernel::{kernel_device, monotonic, ring_buffer};
use std::borrow::Cow;

/// A line without what carried it.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Envelope<'a> {
    /// When the carrier got it.
    pub(crate) clock: Option<Clock>,
    /// Then, in microseconds since the boot.
    pub(crate) uptime: Option<i64>,
    /// Syslog identifier.
    pub(crate) ident: Option<Cow<'a, [u8]>>,
    /// Unit that it belongs to, where the carrier says so.
    pub(crate) unit: Option<Cow<'a, [u8]>>,
    pub(crate) pid: Option<u32>,
    pub(crate) boot: Option<Cow<'a, [u8]>>,
    pub(crate) text: Cow<'a, [u8]>,
    /// A known carrier was taken off.
    pub(crate) known: bool,
    /// The carrier cut the line: the next one goes on with it.
    pub(crate) partial: bool,
    /// It was written to standard error.
    pub(crate) is_error: bool,
}

/// Takes the carrier off a cleaned line. A line of no known form is its own text.
pub(crate) fn open(line: &[u8]) -> Envelope<'_> {
    let start = line.trim_ascii_start();
    let start = match start {
        [b'-' | b'*', b' ', rest @ ..] | [0x1e, rest @ ..] => rest,
        [b'd', b'a', b't', b'a', b':', b' ', rest @ ..] if rest.starts_with(b"{") => rest,
        _ => start,
    };
    let found = match start.first() {
        Some(b'{') => json(start),
        Some(b'[') => ring_buffer(start).or_else(|| pod_prefix(start)),
        Some(b'0'..=b'9') => dated(start)
            .or_else(|| unix_journal(start))
            .or_else(|| short(start))
            .or_else(|| versioned(start))
            .or_else(|| kernel_device(start))
            .or_else(|| node_prefix(start)),
        Some(b'<') => priority(start),
        Some(_) => short(start)
            .or_else(|| full(start))
            .or_else(|| facility(start))
            .or_else(|| bare_ident(start)),
        None => None,
    };
    found.unwrap_or_else(|| Envelope {
        text: Cow::Borrowed(line),
        ..Envelope::default()
    })
}

/// Whether something known carries a line.
pub(crate) fn is_carried(line: &[u8]) -> bool {
    open(line).known
}

fn carried(clock: Option<Clock>, rest: &[u8]) -> Envelope<'_> {
    let (ident, pid, text) = sender(rest);
    let mut envelope = Envelope {
        clock,
        ident: ident.map(Cow::Borrowed),
        pid,
        text: Cow::Borrowed(text),
        known: true,
        ..Envelope::default()
    };
    if ident == Some(b"kernel") {
        envelope.text = Cow::Borrowed(monotonic(text).map_or(text, |(_, text)| text));
    }
    envelope
}

/// `host ident[pid]: message`; the host may be missing.
pub(super) fn sender(text: &[u8]) -> (Option<&[u8]>, Option<u32>, &[u8]) {
    if let Some((ident, pid, message)) = ident(text) {
        return (Some(ident), pid, message);
    }
    let Some(space) = memchr::memchr(b' ', text) else {
        return (None, None, text);
    };
    let rest = text.get(space + 1..).unwrap_or_default();
    match ident(rest) {
        Some((ident, pid, message)) => (Some(ident), pid, message),
        None => (None, None, rest),
    }
}

/// `ident[pid]: message`.
fn ident(text: &[u8]) -> Option<(&[u8], Option<u32>, &[u8])> {
    let end = text
        .iter()
        .take(64)
        .position(|byte| matches!(byte, b' ' | b':' | b'['))?;
    let (name, rest) = text.split_at_checked(end).filter(|_| end > 0)?;
    let (pid, rest) = match rest.strip_prefix(b"[") {
        Some(rest) => {
            let close = memchr::memchr(b']', rest.get(..rest.len().min(16))?)?;
            let (number, rest) = rest.split_at_checked(close)?;
            (
                std::str::from_utf8(number).ok()?.parse().ok(),
                rest.get(1..)?,
            )
        }
        None => (None, rest),
    };
    let rest = rest.strip_prefix(b":")?;
    let message = rest
        .strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))?;
    Some((name, pid, message))
}

/// `2026-11-22T07:30:22.304123Z host ident[pid]: message` of the journal, `2016-10-20T18:39:20.57Z stdout F message` of a container.
fn dated(line: &[u8]) -> Option<Envelope<'_>> {
    let (clock, rest) = iso(line)?;
    let rest = rest.strip_prefix(b" ")?;
    match rest {
        [b's', b't', b'd', b'o', b'u', b't', b' ', tagged @ ..] => {
            return container(clock, tagged);
        }
        [b's', b't', b'd', b'e', b'r', b'r', b' ', tagged @ ..] => {
            return container(clock, tagged).map(|envelope| Envelope {
                is_error: true,
                ..envelope
            });
        }
        _ => {}
    }
    let envelope = carried(Some(clock), rest);
    // Without a sender the time belongs to the message (etcd prints it like this).
    envelope.ident.is_some().then_some(envelope)
}

fn container(clock: Clock, tagged: &[u8]) -> Option<Envelope<'_>> {
    let end = memchr::memchr(b' ', tagged).unwrap_or(tagged.len());
    let (tags, text) = tagged.split_at_checked(end)?;
    matches!(tags.first(), Some(b'F' | b'P')).then(|| Envelope {
        clock: Some(clock),
        text: Cow::Borrowed(text.strip_prefix(b" ").unwrap_or(text)),
        known: true,
        partial: tags.first() == Some(&b'P'),
        ..Envelope::default()
    })
}

/// `Nov 22 07:22:29.123456 host ident[pid]: message`, months in any language.
fn short(line: &[u8]) -> Option<Envelope<'_>> {
    let (clock, rest) = short_clock(line)?;
    Some(carried(clock, rest))
}

/// `Nov 22 07:22:29.123456 `, and what follows; no clock where nobody knows the month.
pub(super) fn short_clock(line: &[u8]) -> Option<(Option<Clock>, &[u8])> {
    let space = memchr::memchr(b' ', line.get(..line.len().min(24))?)?;
    let (word, rest) = line.split_at_checked(space)?;
    let rest = rest.trim_ascii_start();
    let width = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (day, rest) = digits(rest, width).filter(|_| (1..=2).contains(&width))?;
    let (of_day, rest) = time(rest.strip_prefix(b" ")?)?;
    let rest = rest
        .strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))?;
    let day = u8::try_from(day)
        .ok()
        .filter(|day| (1..=31).contains(day))?;
    let clock = month(word).map(|month| Clock::yearless(month, day, of_day));
    Some((clock, rest))
}

/// `Wed 2025-11-12 12:19:21 UTC host ident[pid]: message`.
fn full(line: &[u8]) -> Option<Envelope<'_>> {
    let space = memchr::memchr(b' ', line.get(..line.len().min(12))?)?;
    let (weekday, rest) = line.split_at_checked(space)?;
    if weekday.contains(&b':') {
        return None;
    }
    let (clock, rest) = iso(rest.get(1..)?)?;
    let rest = rest.strip_prefix(b" ")?;
    let zone_end = memchr::memchr(b' ', rest)?;
    let zone = rest.get(..zone_end)?;
    let clock = match clock {
        Clock::Local(micros) if matches!(zone, b"UTC" | b"GMT") => Clock::Utc(micros),
        clock => clock,
    };
    Some(carried(Some(clock), rest.get(zone_end + 1..)?))
}

/// `1 2025-11-12T12:19:21.49Z host program pid id [data] message` of RFC 5424, its priority taken off before.
fn versioned(line: &[u8]) -> Option<Envelope<'_>> {
    let (clock, rest) = iso(line.strip_prefix(b"1 ")?)?;
    let mut words = rest.strip_prefix(b" ")?.splitn(5, |&byte| byte == b' ');
    let (_host, name, pid) = (words.next()?, words.next()?, words.next()?);
    let (_id, rest) = (words.next()?, words.next()?);
    let text = past_data(rest)?;
    Some(Envelope {
        clock: Some(clock),
        ident: (name != b"-").then_some(Cow::Borrowed(name)),
        pid: std::str::from_utf8(pid)
            .ok()
            .and_then(|pid| pid.parse().ok()),
        text: Cow::Borrowed(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)),
        known: true,
        ..Envelope::default()
    })
}

/// What follows `-`, or `[id name="value"]` as often as it comes.
fn past_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    while rest.first() == Some(&b'[') {
        let (mut quoted, mut escaped) = (false, false);
        let end = rest.iter().position(|&byte| {
            quoted ^= byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            byte == b']' && !quoted
        })?;
        rest = rest.get(end + 1..)?;
    }
    rest.strip_prefix(b" ")
        .or_else(|| rest.is_empty().then_some(rest))
}

/// `1762949961.490717 host ident[pid]: message`.
fn unix_journal(line: &[u8]) -> Option<Envelope<'_>> {
    let width = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (seconds, rest) = digits(line, width).filter(|_| (9..=10).contains(&width))?;
    let (micros, rest) = digits(rest.strip_prefix(b".")?, 6)?;
    let clock = Clock::Utc(i64::from(seconds) * 1_000_000 + i64::from(micros));
    Some(carried(Some(clock), rest.strip_prefix(b" ")?))
}

/// `<3>[ 1234.567890] text`, `<30>Nov 22 …`.
fn priority(line: &[u8]) -> Option<Envelope<'_>> {
    let close = memchr::memchr(b'>', line.get(..line.len().min(5))?)?;
    let number = line.get(1..close)?;
    let sane = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let envelope = sane.then(|| open(line.get(close + 1..).unwrap_or_default()))?;
    envelope.known.then_some(envelope)
}

/// `kern  :err   : [ 1234.567890] text` of dmesg, ` user: warning: [2024-05-04T14:42:20.144Z]: [talos] text` of Talos.
fn facility(line: &[u8]) -> Option<Envelope<'_>> {
    let head = line.get(..line.len().min(40))?;
    let bracket = memchr::memmem::find(head, b": [")? + 2;
    let before = head.get(..bracket)?;
    let sane = memchr::memchr_iter(b':', before).count() == 2
        && before
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b':'));
    let rest = line.get(bracket..).filter(|_| sane)?;
    if let Some((clock, text)) = iso(rest.get(1..)?) {
        let text = text.strip_prefix(b"]: ")?;
        let talos = text.strip_prefix(b"[talos] ");
        return Some(Envelope {
            clock: Some(clock),
            ident: Some(Cow::Borrowed(if talos.is_some() {
                b"talos"
            } else {
                b"kernel"
            })),
            text: Cow::Borrowed(talos.unwrap_or(text)),
            known: true,
            ..Envelope::default()
        });
    }
    ring_buffer(rest)
}

/// `kubelet[1234]: message`: the left part of a journal line was cut off.
fn bare_ident(line: &[u8]) -> Option<Envelope<'_>> {
    let (Some(name), Some(pid), text) = sender(line) else {
        return None;
    };
    Some(Envelope {
        ident: Some(Cow::Borrowed(name)),
        pid: Some(pid),
        text: Cow::Borrowed(text),
        known: true,
        ..Envelope::default()
    })
}

/// `[pod/name/container] message` of kubectl.
fn pod_prefix(line: &[u8]) -> Option<Envelope<'_>> {
    let rest = line.strip_prefix(b"[pod/")?;
    let close = memchr::memmem::find(rest, b"] ")?;
    let inside = rest.get(..close)?;
    let name = inside.rsplit(|&byte| byte == b'/').next()?;
    let mut envelope = open(rest.get(close + 2..)?);
    envelope.ident.get_or_insert(Cow::Borrowed(name));
    Some(envelope)
}

/// `192.0.2.9: message` of talosctl.
fn node_prefix(line: &[u8]) -> Option<Envelope<'_>> {
    let colon = memchr::memmem::find(line.get(..line.len().min(48))?, b": ")?;
    let address = std::str::from_utf8(line.get(..colon)?).ok()?;
    address.parse::<std::net::IpAddr>().ok()?;
    let mut envelope = open(line.get(colon + 2..)?);
    envelope.known = true;
    Some(envelope)
}

/// Docker cuts messages at this length.
const DOCKER_PIECE: usize = 16 << 10;

/// Journal JSON and docker's json-file. Other objects are records of programs.
fn json(line: &[u8]) -> Option<Envelope<'_>> {
    let journal = memchr::memmem::find(line, b"\"__REALTIME_TIMESTAMP\"").is_some();
    if !journal && !line.starts_with(b"{\"log\":") {
        return None;
    }
    match std::str::from_utf8(line) {
        Ok(text) => json_text(text),
        Err(_) => json_text(&String::from_utf8_lossy(line)).map(Envelope::into_owned),
    }
}

fn json_text(line: &str) -> Option<Envelope<'_>> {
    let mut object = Object::parse(line)?;
    let number = |object: &Object<'_>, key: &str| object.text(key)?.parse::<u64>().ok();
    if let Some(log) = object.take("log") {
        let clock = object
            .text("time")
            .and_then(|time| Some(iso(time.as_bytes())?.0));
        let partial = !log.ends_with(b"\n") && log.len() >= DOCKER_PIECE;
        let is_error = object.text("stream") == Some("stderr");
        let text = match log {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii_end()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii_end().to_vec()),
        };
        return Some(Envelope {
            clock,
            text,
            known: true,
            partial,
            is_error,
            ..Envelope::default()
        });
    }
    let micros = i64::try_from(number(&object, "__REALTIME_TIMESTAMP")?).ok()?;
    let pid = number(&object, "_PID").or_else(|| number(&object, "SYSLOG_PID"));
    let kernel = object.text("_TRANSPORT") == Some("kernel");
    Some(Envelope {
        clock: Some(Clock::Utc(micros)),
        uptime: number(&object, "__MONOTONIC_TIMESTAMP").and_then(|time| i64::try_from(time).ok()),
        ident: object
            .take("SYSLOG_IDENTIFIER")
            .or_else(|| object.take("_COMM"))
            .or_else(|| kernel.then_some(Cow::Borrowed(b"kernel"))),
        unit: object.take("UNIT").or_else(|| object.take("_SYSTEMD_UNIT")),
        pid: pid.and_then(|pid| u32::try_from(pid).ok()),
        boot: object.take("_BOOT_ID"),
        text: object.take("MESSAGE").unwrap_or_default(),
        known: true,
        partial: false,
        is_error: false,
    })
}

impl Envelope<'_> {
    fn into_owned(self) -> Envelope<'static> {
        let owned = |part: Cow<'_, [u8]>| Cow::Owned(part.into_owned());
        Envelope {
            clock: self.clock,
            uptime: self.uptime,
            ident: self.ident.map(owned),
            unit: self.unit.map(owned),
            pid: self.pid,
            boot: self.boot.map(owned),
            text: owned(self.text),
            known: self.known,
            partial: self.partial,
            is_error: self.is_error,
        }
    }
}

#[cfg(test)]
mod tests;
