//! The fields of a journal record that a line is made of, whichever form of the journal they were read from.

use super::clock::Clock;
use super::transport::Envelope;
use std::borrow::Cow;

/// One record of a journal.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Fields {
    /// When journald got it, microseconds since 1970.
    pub(crate) time: Option<i64>,
    /// Microseconds since the boot.
    pub(crate) uptime: Option<i64>,
    pub(crate) message: Vec<u8>,
    ident: Option<Vec<u8>>,
    program: Option<Vec<u8>>,
    pid: Option<u32>,
    /// The process id that the sender gave.
    given_pid: Option<u32>,
    unit: Option<Vec<u8>>,
    /// The unit that systemd speaks of.
    about: Option<Vec<u8>>,
    pub(crate) boot: Option<Vec<u8>>,
    pub(crate) host: Option<Vec<u8>>,
    is_kernel: bool,
}

impl Fields {
    /// Notes one field. Of a field that comes twice the first counts.
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8]) {
        let text = |slot: &mut Option<Vec<u8>>| {
            slot.get_or_insert_with(|| value.to_vec());
        };
        match key {
            b"MESSAGE" if self.message.is_empty() => self.message = value.to_vec(),
            b"SYSLOG_IDENTIFIER" => text(&mut self.ident),
            b"_COMM" => text(&mut self.program),
            b"_SYSTEMD_UNIT" => text(&mut self.unit),
            b"UNIT" => text(&mut self.about),
            b"_BOOT_ID" => text(&mut self.boot),
            b"_HOSTNAME" => text(&mut self.host),
            b"_PID" => self.pid = self.pid.or(number(value)),
            b"SYSLOG_PID" => self.given_pid = self.given_pid.or(number(value)),
            b"__REALTIME_TIMESTAMP" => self.time = self.time.or(number(value)),
            b"__MONOTONIC_TIMESTAMP" => self.uptime = self.uptime.or(number(value)),
            b"_TRANSPORT" => self.is_kernel |= value == b"kernel",
            b"__CURSOR" => self.time = self.time.or_else(|| cursor_time(value)),
            _ => {}
        }
    }

    /// The record as carried; its text is empty, for a message may have several lines.
    pub(crate) fn envelope(&self) -> Envelope<'_> {
        let borrowed = |field: &'_ Option<Vec<u8>>| field.clone().map(Cow::Owned);
        Envelope {
            clock: self.time.map(Clock::Utc),
            uptime: self.uptime,
            ident: borrowed(&self.ident)
                .or_else(|| borrowed(&self.program))
                .or_else(|| self.is_kernel.then_some(Cow::Borrowed(&b"kernel"[..]))),
            unit: borrowed(&self.about).or_else(|| borrowed(&self.unit)),
            pid: self.pid.or(self.given_pid),
            boot: self.boot.as_deref().map(Cow::Borrowed),
            known: true,
            ..Envelope::default()
        }
    }
}

fn number<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// The time in a cursor: `s=…;i=1;b=…;m=5;t=573f280a663fd;x=…`.
pub(crate) fn cursor_time(cursor: &[u8]) -> Option<i64> {
    let time = cursor
        .split(|&byte| byte == b';')
        .find_map(|part| part.strip_prefix(b"t="))?;
    i64::from_str_radix(std::str::from_utf8(time).ok()?, 16).ok()
}
