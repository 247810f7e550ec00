//! Lines of the kernel's ring buffer, in all forms of `dmesg` and from `/dev/kmsg`.

use super::clock::{Clock, digits, month, time};
use super::transport::{Envelope, sender};
use std::borrow::Cow;

/// Kernel ring buffer with any time, and journal lines with monotonic time.
pub(super) fn ring_buffer(line: &[u8]) -> Option<Envelope<'_>> {
    let (clock, rest) = monotonic(line)
        .or_else(|| wall(line))
        .or_else(|| minute(line))?;
    // Programs may write to the ring buffer, and `journalctl -o short-monotonic` prints a host.
    if clock.is_none()
        && let (Some(ident), Some(pid), text) = sender(rest)
    {
        return Some(Envelope {
            ident: Some(Cow::Borrowed(ident)),
            pid: Some(pid),
            text: Cow::Borrowed(text),
            known: true,
            ..Envelope::default()
        });
    }
    Some(Envelope {
        clock,
        ident: Some(Cow::Borrowed(b"kernel")),
        text: Cow::Borrowed(rest),
        known: true,
        ..Envelope::default()
    })
}

/// `[ 7063.247407] text`, `[    5.012000 <    0.012000 >] text`: no time that others share.
pub(super) fn monotonic(text: &[u8]) -> Option<(Option<Clock>, &[u8])> {
    let close = memchr::memchr(b']', text.get(..text.len().min(48))?)?;
    let inside = text.get(1..close).filter(|_| text.first() == Some(&b'['))?;
    let dot = memchr::memchr(b'.', inside)?;
    let whole = inside.get(..dot)?.trim_ascii();
    let whole = whole.strip_prefix(b"+").unwrap_or(whole);
    let sane = !whole.is_empty()
        && whole.iter().all(u8::is_ascii_digit)
        && inside
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b' ' | b'<' | b'>' | b'+'));
    let rest = text.get(close + 1..)?;
    sane.then(|| (None, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// `[Thu Dec  7 00:05:15 2017] text`.
fn wall(text: &[u8]) -> Option<(Option<Clock>, &[u8])> {
    let close = memchr::memchr(b']', text.get(..text.len().min(32))?)?;
    let inside = std::str::from_utf8(text.get(1..close)?).ok()?;
    let words: Vec<&str> = inside.split_ascii_whitespace().collect();
    let [_, name, day, of_day, year] = words.as_slice() else {
        return None;
    };
    let date = chrono::NaiveDate::from_ymd_opt(
        year.parse().ok()?,
        u32::from(month(name.as_bytes())?),
        day.parse().ok()?,
    )?;
    let (of_day, _) = time(of_day.as_bytes())?;
    let rest = text.get(close + 1..)?;
    let clock = Clock::Local(super::clock::micros_of(date) + of_day);
    Some((Some(clock), rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// `[Nov12 12:19] text` of `dmesg -e`.
fn minute(text: &[u8]) -> Option<(Option<Clock>, &[u8])> {
    let rest = text.strip_prefix(b"[")?;
    let (name, rest) = rest.split_at_checked(3)?;
    let (day, rest) = digits(rest, 2)?;
    let (hours, rest) = digits(rest.strip_prefix(b" ")?, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let rest = rest.strip_prefix(b"] ")?;
    let day = u8::try_from(day)
        .ok()
        .filter(|day| (1..=31).contains(day))?;
    let of_day = i64::from(hours * 60 + minutes) * 60_000_000;
    Some((Some(Clock::yearless(month(name)?, day, of_day)), rest))
}

/// `6,1234,7063247407,-;text` of `/dev/kmsg`: priority, number, microseconds since the boot, flags.
pub(super) fn kernel_device(line: &[u8]) -> Option<Envelope<'_>> {
    let end = memchr::memchr(b';', line.get(..line.len().min(64))?)?;
    let (head, text) = line.split_at_checked(end)?;
    let mut parts = head.split(|&byte| byte == b',');
    let numbers = parts
        .by_ref()
        .take(3)
        .filter(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    (numbers.count() == 3 && parts.next().is_some()).then(|| Envelope {
        ident: Some(Cow::Borrowed(b"kernel")),
        text: Cow::Borrowed(text.get(1..).unwrap_or_default()),
        known: true,
        ..Envelope::default()
    })
}
