//! The header of klog text: `E1122 07:22:29.934915      76 run.go:72] message`.

use super::clock::{Clock, digits, pair, time};

/// How bad a record says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// It does not say, or says something harmless.
    #[default]
    Info,
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// The process ends.
    Fatal,
}

impl Level {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// A parsed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) level: Level,
    pub(crate) clock: Clock,
    /// Process id as klog prints it.
    pub(crate) pid: Option<u32>,
    /// Source file, without line: `run.go`, `???`.
    pub(crate) file: &'a [u8],
    pub(crate) message: &'a [u8],
}

/// Reads a whole header. A missing `]` and a year (glog of other programs) are accepted.
pub(crate) fn header(text: &[u8]) -> Option<Header<'_>> {
    let (letter, rest) = text.split_first()?;
    let level = match letter {
        b'I' => Level::Info,
        b'W' => Level::Warning,
        b'E' => Level::Error,
        b'F' => Level::Fatal,
        _ => return None,
    };
    let (date, rest) = date(rest)?;
    let (of_day, rest) = time(rest.strip_prefix(b" ")?)?;
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let width = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (pid, rest) = match digits(rest, width).filter(|_| width > 0) {
        Some((pid, rest)) => (Some(pid), rest.strip_prefix(b" ")?),
        None => (None, rest),
    };
    let (file, message) = caller(rest)?;
    Some(Header {
        level,
        clock: date.at(of_day),
        pid,
        file,
        message,
    })
}

/// The time of a header.
pub(crate) fn clock(text: &[u8]) -> Option<Clock> {
    let (date, rest) = date(text.get(1..)?)?;
    let (of_day, _) = time(rest.strip_prefix(b" ")?)?;
    Some(date.at(of_day))
}

/// A header whose left part was cut off: `bootstrap.go:204] message`, `580 server.go:269] message`.
pub(crate) fn cut_header(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let skipped = text
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b':' | b'.'))
        .count();
    let rest = text.get(skipped..)?;
    let bracket = memchr::memchr(b']', rest.get(..rest.len().min(80))?)?;
    let (file, message) = caller(rest)?;
    (file.ends_with(b".go") && file.len() < bracket).then_some((file, message))
}

enum Date {
    Yearless(u8, u8),
    Day(i64),
}

impl Date {
    fn at(&self, of_day: i64) -> Clock {
        match *self {
            Self::Yearless(month, day) => Clock::yearless(month, day, of_day),
            Self::Day(micros) => Clock::Local(micros + of_day),
        }
    }
}

fn date(text: &[u8]) -> Option<(Date, &[u8])> {
    if text.get(4) != Some(&b' ')
        && let Some((number, rest)) = digits(text, 8)
    {
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        return Some((Date::Day(super::clock::micros_of(date)), rest));
    }
    let [m, m2, d, d2, rest @ ..] = text else {
        return None;
    };
    let (month, day) = (pair(*m, *m2)?, pair(*d, *d2)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then_some((Date::Yearless(month, day), rest))
}

/// `file.go:12] message`: the file and the message.
fn caller(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', text.get(..text.len().min(120))?)?;
    let (file, rest) = text.split_at_checked(colon)?;
    if file.is_empty() || file.iter().any(|byte| matches!(byte, b' ' | b']' | b'"')) {
        return None;
    }
    let rest = rest.get(1..)?;
    let number = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = rest.get(number..).filter(|_| number > 0)?;
    let message = rest
        .strip_prefix(b"]")
        .or_else(|| rest.starts_with(b" ").then_some(rest))
        .or_else(|| rest.is_empty().then_some(rest))?;
    Some((file, message.strip_prefix(b" ").unwrap_or(message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_all_ages_are_read() {
        let header =
            header(b"E1122 07:22:29.934915      76 run.go:72] \"command failed\" err=\"x\"")
                .unwrap();
        assert_eq!(header.level, Level::Error);
        assert_eq!(header.pid, Some(76));
        assert_eq!(header.file, b"run.go");
        assert_eq!(header.message, b"\"command failed\" err=\"x\"");
        for text in [
            "F0118 17:33:58.888743 1457370 server.go:271] failed to run Kubelet",
            "I1122 07:22:29.934915      76 ???:1] text",
            "E0516 11:27:15.123456       1 csi_plugin.go:8801 Failed to contact API server",
            "I20200308 23:47:32.089828 400441 config.cc:27] text",
            "W0101 00:00:00.000000       1 util/dir/file.go:3] ",
        ] {
            assert!(super::header(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "Error: x",
            "E1122",
            "Info 12:00:00",
            "E1322 07:22:29.934915 76 run.go:72] x",
        ] {
            assert!(super::header(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_header_cut_at_the_left_is_still_taken_off() {
        assert_eq!(
            cut_header(b"580 server.go:269] failed to run Kubelet"),
            Some((&b"server.go"[..], &b"failed to run Kubelet"[..]))
        );
        assert_eq!(cut_header(b"see server.go:269] x"), None);
        assert_eq!(cut_header(b"listen tcp 0.0.0.0:10250: bind [x]"), None);
    }
}
