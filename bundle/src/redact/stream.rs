//! Redaction of logs, record by record.

use crate::pem;
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::payload::{self, Payload};
use crate::redact::rules::{r01_private_key, r13_user_data};
use crate::redact::{Redacted, Redactor};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Which stream a record belongs to. A key or a payload printed over several records is followed within its stream only,
/// because other programs write in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StreamKey<'a> {
    /// Boot id; empty where there is none.
    pub boot: &'a str,
    /// Unit or file.
    pub unit: &'a str,
    /// Process id; empty where there is none.
    pub pid: &'a str,
    /// `stdout`, `stderr`, a syslog identifier; empty where there is none.
    pub stream: &'a str,
}

/// Redacts a log, one record at a time, in the order of the log.
///
/// Records that the journal or the container runtime cut must be joined before; caps and repeat summaries come after.
#[derive(Debug)]
pub struct TextRedactor {
    redactor: Redactor,
    streams: HashMap<u64, Follow>,
}

impl TextRedactor {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            streams: HashMap::new(),
        }
    }

    /// One record without prefix. See [`TextRedactor::record`].
    pub fn line(&mut self, key: &StreamKey<'_>, message: &[u8]) -> Redacted {
        self.record(key, b"", message)
    }

    /// One record as one line that ends in a newline: `head` (time, host, unit, as the caller renders it) and the message.
    ///
    /// Line breaks inside become `\n`, other control bytes and bytes that are not UTF-8 become `\xNN`; a newline that ends the
    /// message is dropped. Inside a printed private key the line is a placeholder. So are leading lines of base64 at the start of
    /// a stream: it may begin in the middle of a key.
    pub fn record(&mut self, key: &StreamKey<'_>, head: &[u8], message: &[u8]) -> Redacted {
        let message = message.strip_suffix(b"\n").unwrap_or(message);
        let hidden_as = self.follow(key, message);
        let mut line = Vec::with_capacity(head.len() + message.len() + 1);
        one_line(head, &mut line);
        let start = line.len();
        one_line(message, &mut line);
        let mut hits = Vec::new();
        if let Some((rule, mask)) = hidden_as.filter(|_| line.len() > start) {
            let range = start..line.len();
            hits.push(Hit { range, rule, mask });
        }
        line.push(b'\n');
        self.redactor.finish(&line, hits)
    }

    /// Moves the stream's state on and says whether this message is part of something hidden: rule and mask.
    fn follow(&mut self, key: &StreamKey<'_>, message: &[u8]) -> Option<(&'static str, String)> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let id = hasher.finish();
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&id) {
            self.streams.clear();
        }
        self.streams.entry(id).or_default().take(message)
    }
}

/// What runs over several records of one stream.
#[derive(Debug, Default)]
struct Follow {
    key: State,
    payload: Option<Payload>,
}

impl Follow {
    fn take(&mut self, message: &[u8]) -> Option<(&'static str, String)> {
        let (key, in_key) = self.key.after(message);
        let (payload, in_payload) = match self.payload.take() {
            Some(payload) => payload.after(message),
            None => (Payload::opened_by(message), false),
        };
        (self.key, self.payload) = (key, payload);
        if in_key {
            let mask = Placeholder::new("private-key").fact("part", "yes");
            return Some((r01_private_key::RULE.id, mask.text()));
        }
        in_payload.then(|| (r13_user_data::RULE.id, payload::mask()))
    }
}

/// More streams than this are forgotten all at once; each then counts as new.
const MAX_STREAMS: usize = 1 << 16;

/// A line of base64 this long at the start of a stream may be the rest of a key.
const LONG_LINE: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Nothing but base64 was seen yet.
    #[default]
    Start,
    /// Ordinary text.
    Open,
    /// After a BEGIN without its END.
    Key { lines: usize, bytes: usize },
}

impl State {
    /// The state after a message, and whether that message belongs to a key.
    fn after(self, message: &[u8]) -> (Self, bool) {
        match self {
            Self::Start if is_long_base64(message) => (Self::Start, true),
            Self::Key { lines, bytes } => Self::in_key(message, lines, bytes),
            Self::Start | Self::Open => (Self::opened_by(message), false),
        }
    }

    fn in_key(message: &[u8], lines: usize, bytes: usize) -> (Self, bool) {
        let ends = memchr::memmem::find(message, b"-----END ").is_some();
        let capped = lines >= pem::MAX_LINES || bytes >= pem::MAX_BYTES;
        if ends || capped || !pem::is_body_line(message) {
            return (Self::opened_by(message), false);
        }
        let next = Self::Key {
            lines: lines + 1,
            bytes: bytes + message.len(),
        };
        (next, true)
    }

    /// A message whose last block is a private key without END, and nothing after it, begins a key.
    fn opened_by(message: &[u8]) -> Self {
        if pem::ends_in_wrapped_block(message) {
            return Self::Key { lines: 0, bytes: 0 };
        }
        if memchr::memmem::find(message, b"PRIVATE KEY").is_none() {
            return Self::Open;
        }
        match pem::blocks(message).last() {
            Some(block) if block.is_private() && !block.closed && runs_on(block, message) => {
                Self::Key { lines: 0, bytes: 0 }
            }
            _ => Self::Open,
        }
    }
}

/// Whether nothing but decoration follows the block's body.
fn runs_on(block: &pem::Block, message: &[u8]) -> bool {
    message
        .get(block.body.end..)
        .is_some_and(|rest| rest.iter().all(|byte| !byte.is_ascii_alphanumeric()))
}

/// Long base64 and nothing else; a container id is hex and no key.
fn is_long_base64(message: &[u8]) -> bool {
    pem::base64_only(message).is_some_and(|length| length >= LONG_LINE)
        && !message.trim_ascii().iter().all(u8::is_ascii_hexdigit)
}

fn one_line(text: &[u8], line: &mut Vec<u8>) {
    if text.is_ascii() && !text.iter().any(u8::is_ascii_control) {
        line.extend(text);
        return;
    }
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => line.extend(b"\\n"),
                '\t' => line.push(b'\t'),
                _ if character.is_control() => escape(character, line),
                _ => {
                    let mut utf8 = [0; 4];
                    line.extend(character.encode_utf8(&mut utf8).as_bytes());
                }
            }
        }
        for byte in chunk.invalid() {
            escape_byte(*byte, line);
        }
    }
}

fn escape(character: char, line: &mut Vec<u8>) {
    let mut utf8 = [0; 4];
    for byte in character.encode_utf8(&mut utf8).bytes() {
        escape_byte(byte, line);
    }
}

fn escape_byte(byte: u8, line: &mut Vec<u8>) {
    line.extend(format!("\\x{byte:02x}").into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{CaseKey, Secrets};

    const BODY: &str = "MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEAAkEAq7BFUpkGp3+LQmlQ";

    fn log(records: &[(&str, &str)]) -> String {
        let redactor = Redactor::new(CaseKey::from_random([7; 32]), Secrets::none());
        let mut stream = redactor.text_stream();
        let mut stored = Redacted::empty();
        for (pid, message) in records {
            let key = StreamKey {
                pid,
                ..StreamKey::default()
            };
            stored.append(stream.record(
                &key,
                format!("host[{pid}]: ").as_bytes(),
                message.as_bytes(),
            ));
        }
        String::from_utf8(stored.bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_key_printed_over_several_records_is_masked_and_other_processes_are_not() {
        let stored = log(&[
            ("1", "-----BEGIN RSA PRIVATE KEY-----"),
            ("2", "MountVolume"),
            ("1", BODY),
            ("1", "c2hvcnQ="),
            ("1", "-----END RSA PRIVATE KEY-----"),
            ("1", "deadbeef"),
        ]);
        assert!(
            !stored.contains("MIIB") && !stored.contains("c2hv"),
            "{stored}"
        );
        assert!(stored.contains("host[2]: MountVolume\n"), "{stored}");
        assert!(stored.ends_with("-----END RSA PRIVATE KEY-----\nhost[1]: deadbeef\n"));
        assert_eq!(stored.lines().count(), 6);
    }

    #[test]
    fn a_key_in_one_record_is_masked_whatever_its_line_ends() {
        for end in ["\n", "\r\n", "\\n", "\\r\\n", "\\\\n"] {
            let lines = vec![BODY; 60].join(end);
            let key = format!(
                "got -----BEGIN PRIVATE KEY-----{end}{lines}{end}-----END PRIVATE KEY-----{end}done"
            );
            let stored = log(&[("1", &key)]);
            assert!(!stored.contains("MIIB"), "{end:?}: {stored}");
            assert!(stored.ends_with("done\n"), "{end:?}: {stored}");
        }
    }

    #[test]
    fn a_key_in_base64_over_several_records_is_masked() {
        let wrapped = crate::redact::check::base64(&format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----\n"
        ));
        let (first, second) = wrapped.split_at(76);
        let stored = log(&[("1", first), ("1", second), ("1", "done")]);
        assert!(!stored.contains(first.get(20..40).unwrap()), "{stored}");
        assert!(!stored.contains(second.get(20..40).unwrap()), "{stored}");
        assert!(stored.ends_with("done\n"), "{stored}");
    }

    #[test]
    fn a_file_of_user_data_printed_over_several_records_is_masked_and_other_processes_are_not() {
        let stored = log(&[
            ("1", "write_files:"),
            ("1", "- path: /etc/acme.conf"),
            ("1", "  content: |"),
            ("1", "    shared word of mouth"),
            ("2", "    an indented line"),
            ("1", "    second word"),
            ("1", "  permissions: '0600'"),
            ("1", "cat > /etc/more <<EOF"),
            ("1", "third word"),
            ("1", "EOF"),
        ]);
        assert!(!stored.contains("word"), "{stored}");
        assert!(
            stored.contains("host[2]:     an indented line\n"),
            "{stored}"
        );
        for kept in [
            "path: /etc/acme.conf",
            "permissions: '0600'",
            "cat > /etc/more",
        ] {
            assert!(stored.contains(kept), "{kept}: {stored}");
        }
        assert_eq!(stored.matches("REDACTED(user-data;part=yes)").count(), 3);
        assert_eq!(stored.lines().count(), 10);
    }

    #[test]
    fn one_printed_begin_line_does_not_blind_the_log() {
        let stored = log(&[
            ("1", "-----BEGIN PRIVATE KEY-----"),
            ("1", "I0823 10:00:00.000000 1 kubelet.go:1] started"),
            ("1", "ready"),
        ]);
        assert!(
            stored.contains("started\n") && stored.contains("ready\n"),
            "{stored}"
        );
    }

    #[test]
    fn a_key_without_end_is_followed_for_a_hundred_lines() {
        let mut records = vec![("1", "-----BEGIN PRIVATE KEY-----")];
        records.extend(std::iter::repeat_n(("1", "word"), 300));
        let stored = log(&records);
        assert_eq!(stored.matches("private-key").count(), 100);
    }

    #[test]
    fn a_stream_that_starts_inside_a_key_gives_nothing_of_it() {
        let stored = log(&[("1", BODY), ("1", BODY), ("1", "started"), ("1", BODY)]);
        assert_eq!(stored.matches("MIIB").count(), 1);
        assert!(stored.contains("started"));
        let id = "3f4e".repeat(16);
        assert!(log(&[("1", &id)]).contains(&id));
    }

    #[test]
    fn a_record_is_one_line_whatever_is_in_it() {
        let stored = log(&[("1", "a\nb\tc\u{7}d\r\n"), ("1", "plain")]);
        assert_eq!(stored, "host[1]: a\\nb\tc\\x07d\\x0d\nhost[1]: plain\n");
    }
}
