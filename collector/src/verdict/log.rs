//! Two things that only the kubelet's journal tells: its version, and its first error after its last success.

use super::Sight;
use super::names::unit_file;
use crate::journal::{FOLDERS, JournalAsk, Stream};

/// What the journal told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// `v1.36.2`, of the newest start that says so.
    pub(super) version: Option<String>,
    /// Whether the kubelet registered at some time.
    pub(super) succeeded: bool,
    /// First error since then, without head and place; without any success the first of the newest start.
    pub(super) error: Option<String>,
    start: Option<u32>,
}

/// Reads the newest MiB of the kubelet's journal.
pub(super) fn read(sight: &mut Sight<'_>) -> Told {
    let unit = unit_file(sight).map_or("kubelet.service", |unit| &unit.name);
    let ask = JournalAsk {
        folders: FOLDERS.iter().map(|path| (*path).to_owned()).collect(),
        stream: Stream::Unit {
            unit: unit.to_owned(),
            programs: vec!["kubelet".to_owned()],
        },
        since: None,
        cap: 1 << 20,
    };
    let mut told = Told::default();
    let read = sight.host.journal(ask, &mut |heads, payload| {
        let mut rest = payload;
        for head in heads {
            let (head_length, length) = (head.head as usize, (head.head + head.message) as usize);
            let Some((record, after)) = rest.split_at_checked(length) else {
                return;
            };
            rest = after;
            let message = record.get(head_length..).unwrap_or_default();
            told.line(head.pid, &String::from_utf8_lossy(message));
        }
    });
    // What was told before a failure stays true.
    read.ok();
    told
}

impl Told {
    fn line(&mut self, pid: Option<u32>, message: &str) {
        if message.contains("Successfully registered node") {
            self.succeeded = true;
            self.error = None;
            return;
        }
        if let Some((_, rest)) = message.split_once("kubeletVersion=\"") {
            let version = rest.split('"').next().unwrap_or_default();
            self.version = Some(version.chars().take(40).collect());
        }
        let Some(error) = error(message) else {
            return;
        };
        if pid != self.start && !self.succeeded {
            self.error = None;
        }
        self.start = pid;
        if self.error.is_none() {
            self.error = Some(error.to_owned());
        }
    }
}

/// The text of an error line, unless every start has it.
fn error(message: &str) -> Option<&str> {
    let bytes = message.as_bytes();
    let klog = matches!(bytes.first(), Some(b'E' | b'F'))
        && bytes.get(1..5)?.iter().all(u8::is_ascii_digit);
    let text = if klog {
        message.split_once("] ").map_or(message, |(_, text)| text)
    } else if message.contains(".service: Failed at step ") {
        message
    } else {
        return None;
    };
    let harmless = HARMLESS.iter().any(|part| text.contains(part));
    (!harmless).then_some(text)
}

/// The same message in every run of the same fault: numbers are left out.
pub(super) fn template(text: &str) -> String {
    let mut template = String::new();
    for c in text.trim_end().chars() {
        match c {
            '0'..='9' if template.ends_with('#') => {}
            '0'..='9' => template.push('#'),
            '\\' => {}
            c if c.is_ascii_graphic() || c == ' ' => template.push(c),
            _ => template.push('?'),
        }
    }
    template
}

/// Errors of healthy starts.
const HARMLESS: &[&str] = &[
    "Unable to register mirror pod",
    "Image garbage collection failed once",
    "Skipping pod synchronization",
    "checkpoint is not found",
    "no imagefs label",
    "Error getting the current node from lister",
    "Failed to get node when trying to set owner ref",
    "failed to get summary stats",
    "unknown method RuntimeConfig",
    "Error updating node status, will retry",
    "Failed creating a mirror pod",
    "Unable to read config path",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[(u32, &str)]) -> Told {
        let mut told = Told::default();
        for (pid, message) in lines {
            told.line(Some(*pid), message);
        }
        told
    }

    #[test]
    fn the_first_error_after_the_last_success_is_kept() {
        let told = told(&[
            (
                1,
                "I1122 07:00:00.000000 1 server.go:1] \"Kubelet version\" kubeletVersion=\"v1.36.2\"",
            ),
            (1, "E1122 07:00:01.000000 1 a.go:1] \"old\""),
            (
                1,
                "I1122 07:00:02.000000 1 b.go:1] \"Successfully registered node\" node=\"n\"",
            ),
            (
                1,
                "E1122 07:00:03.000000 1 c.go:9] \"Skipping pod synchronization\"",
            ),
            (
                1,
                "E1122 07:00:04.000000 1 d.go:9] \"Failed to update lease\" err=\"Unauthorized\"",
            ),
            (2, "E1122 07:00:05.000000 2 e.go:9] \"later\""),
        ]);
        assert_eq!(
            told.error.as_deref(),
            Some("\"Failed to update lease\" err=\"Unauthorized\"")
        );
        assert_eq!(told.version.as_deref(), Some("v1.36.2"));
        assert!(told.succeeded);
    }

    #[test]
    fn without_success_the_newest_start_counts() {
        let told = told(&[
            (1, "E1122 07:00:01.000000 1 a.go:1] first start"),
            (2, "E1122 07:00:02.000000 2 a.go:1] second start"),
            (2, "E1122 07:00:03.000000 2 a.go:1] and more"),
        ]);
        assert_eq!(told.error.as_deref(), Some("second start"));
        assert!(!told.succeeded);
    }

    #[test]
    fn a_template_has_no_numbers_and_is_plain_ascii() {
        assert_eq!(
            template("dial 10.0.0.1:6443: \\\"x\\\" ü"),
            "dial #.#.#.#:#: \"x\" ?"
        );
    }
}
