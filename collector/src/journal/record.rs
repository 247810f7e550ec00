//! One journal record: whose it is, and its line.

use super::Stream;
use super::file::{EntryHead, FIELDS, Field};
use chrono::{DateTime, SecondsFormat};

/// An entry with the fields that matter.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) head: EntryHead,
    pub(super) fields: Vec<Field>,
}

impl Entry {
    /// First value of a field of [`FIELDS`].
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let has = |(at, _): &&Field| FIELDS.get(*at) == Some(&name);
        self.fields.iter().find(has).map(|(_, value)| &**value)
    }
}

/// A record reduced to what its line needs.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) usec: u64,
    pub(super) boot: [u8; 16],
    pub(super) pid: Option<u32>,
    /// The unit's run it belongs to, where systemd says so.
    pub(super) run: Option<Vec<u8>>,
    pub(super) unattributed: bool,
    /// Logged as an error, by its sender or in its text.
    pub(super) error: bool,
    /// Before the window.
    pub(super) old: bool,
    /// journald cut the line here; the next record of the same process goes on.
    pub(super) continues: bool,
    /// `host ident[pid]: `
    pub(super) head: String,
    pub(super) message: Vec<u8>,
}

impl Record {
    /// The record, when it belongs to the stream.
    pub(super) fn of(entry: &Entry, stream: &Stream) -> Option<Self> {
        let unattributed = match stream {
            Stream::Unit { unit, programs } => belongs(entry, unit, programs)?,
            Stream::Kernel => (entry.get("_TRANSPORT") == Some(b"kernel")).then_some(false)?,
            Stream::Boots => return None,
        };
        let run = ["_SYSTEMD_INVOCATION_ID", "INVOCATION_ID"]
            .iter()
            .find_map(|field| entry.get(field))
            .filter(|_| !unattributed)
            .map(<[u8]>::to_vec);
        Some(Self {
            usec: entry.head.time,
            boot: entry.head.boot,
            pid: number(entry, "_PID").or_else(|| number(entry, "SYSLOG_PID")),
            run,
            unattributed,
            error: is_error(entry),
            old: false,
            continues: entry.get("_LINE_BREAK") == Some(b"line-max"),
            head: head(entry),
            message: entry.get("MESSAGE").unwrap_or_default().to_vec(),
        })
    }

    /// Bytes of the line, about.
    pub(super) fn size(&self) -> u64 {
        (28 + self.head.len() + self.message.len() + 1) as u64
    }

    /// `2026-11-22T07:47:16.761257Z worker-1 kubelet[101]: `
    pub(super) fn stamped_head(&self) -> String {
        format!("{} {}", time_text(self.usec), self.head)
    }
}

/// UTC with microseconds.
fn time_text(usec: u64) -> String {
    i64::try_from(usec)
        .ok()
        .and_then(DateTime::from_timestamp_micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// `None` when the record is not the unit's; else whether it was taken without `_SYSTEMD_UNIT`.
fn belongs(entry: &Entry, unit: &str, programs: &[String]) -> Option<bool> {
    let unit = Some(unit.as_bytes());
    let owner = entry.get("_SYSTEMD_UNIT");
    if owner == unit
        || (entry.get("_PID") == Some(b"1") && entry.get("UNIT") == unit)
        || (entry.get("_UID") == Some(b"0") && entry.get("OBJECT_SYSTEMD_UNIT") == unit)
        || entry.get("COREDUMP_UNIT") == unit
    {
        return Some(false);
    }
    let named = |field: &str| {
        entry
            .get(field)
            .is_some_and(|name| programs.iter().any(|program| is_program(name, program)))
    };
    (owner.is_none() && (named("_COMM") || named("SYSLOG_IDENTIFIER"))).then_some(true)
}

/// A process is `(kubelet)` until it has become the program.
fn is_program(name: &[u8], program: &str) -> bool {
    let inner = name
        .strip_prefix(b"(")
        .and_then(|rest| rest.strip_suffix(b")"))
        .unwrap_or(name);
    inner == program.as_bytes()
}

fn head(entry: &Entry) -> String {
    let text = |field: &str| entry.get(field).map(String::from_utf8_lossy);
    let host = text("_HOSTNAME").unwrap_or("-".into());
    let ident = text("SYSLOG_IDENTIFIER")
        .or_else(|| text("_COMM"))
        .unwrap_or("unknown".into());
    let pid = text("_PID").or_else(|| text("SYSLOG_PID"));
    let mut head = match pid {
        Some(pid) => format!("{host} {ident}[{pid}]: "),
        None => format!("{host} {ident}: "),
    };
    head.retain(|character| !character.is_control());
    head
}

/// klog's letter or logrus' level says more than the priority, which is the same for all lines of a service.
fn is_error(entry: &Entry) -> bool {
    let message = entry.get("MESSAGE").unwrap_or_default();
    if let [letter, digits @ ..] = message
        && digits
            .iter()
            .take(4)
            .filter(|byte| byte.is_ascii_digit())
            .count()
            == 4
    {
        return matches!(letter, b'E' | b'F');
    }
    let head = message.get(..message.len().min(160)).unwrap_or_default();
    let says = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    if says(b"level=") {
        return says(b"level=error") || says(b"level=fatal") || says(b"level=panic");
    }
    message.starts_with(b"panic: ")
        || says(b"Failed with result")
        || matches!(entry.get("PRIORITY"), Some(b"0" | b"1" | b"2" | b"3"))
}

fn number(entry: &Entry, field: &str) -> Option<u32> {
    std::str::from_utf8(entry.get(field)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_microseconds() {
        assert_eq!(
            time_text(1_700_000_000_000_001),
            "2023-11-14T22:13:20.000001Z"
        );
    }

    #[test]
    fn a_program_before_exec_counts() {
        assert!(is_program(b"kubelet", "kubelet"));
        assert!(is_program(b"(kubelet)", "kubelet"));
        assert!(!is_program(b"kubelet2", "kubelet"));
    }
}
