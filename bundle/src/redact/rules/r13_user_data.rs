//! R13: what a machine was given for its first boot.

use crate::redact::hit::{Hit, Placeholder};
use crate::redact::names::{self, Secret};
use crate::redact::pattern::compile;
use crate::redact::payload::{self, Payload};
use crate::redact::rule::{Rule, Text};
use crate::redact::rules::r01_private_key;
use crate::redact::value;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule {
    id: "R13",
    name: "user-data",
    description: "Payloads of cloud-init, Ignition and instance metadata: documents, file contents, scripts in base64.",
    safe_form: "REDACTED(user-data;bytes-class=4k-16k): stages, module results, paths and exit codes stay",
    triggers: &[
        "IyEvYmluL",
        "IyEvdXNyL2Jpb",
        "I2Nsb3VkLWNvbmZpZ",
        "Q29udGVudC1UeXBlOiBtdWx0aXBhcnQ",
        "TUlNRS1WZXJzaW9u",
        ";base64,",
        "data:,",
        "data:text/",
        "user-data",
        "user_data",
        "userdata",
        "custom-data",
        "custom_data",
        "customdata",
        "#cloud-config",
        "text/x-",
        "text/cloud-",
        "text/jinja2",
        "text/part-handler",
        "content:",
        "contents:",
        "inline:",
        "<<",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    scripts(text, hits);
    for pattern in [&*DATA_URL, &*DOCUMENT, &*PART, &*ESCAPED_PART] {
        for found in pattern.captures_iter(text.bytes) {
            if let Some(payload) = found.name("value") {
                mask(text, payload.range(), hits);
            }
        }
    }
    if !text.config && text.depth == 0 {
        printed(text, hits);
    }
    for found in NAMED.captures_iter(text.bytes) {
        let payload = found.name("double").or_else(|| found.name("plain"));
        if let Some(payload) = payload.filter(|payload| is_payload(payload.as_bytes())) {
            mask(text, payload.range(), hits);
        }
    }
}

/// Payloads that a log holds line by line. A record of another program in between is left alone.
fn printed(text: &Text<'_>, hits: &mut Vec<Hit>) {
    let mut open: Option<(&[u8], Payload)> = None;
    let mut at = 0;
    for whole in text.bytes.split_inclusive(|byte| *byte == b'\n') {
        let ended = whole.trim_ascii_end();
        let (program, before) = program_of(ended);
        let start = at + before;
        let line = ended.get(before..).unwrap_or_default();
        at += whole.len();
        open = match open.take() {
            Some((other, payload)) if other != program => Some((other, payload)),
            Some((_, payload)) => {
                let (next, hidden) = payload.after(line);
                if hidden {
                    hits.push(Hit {
                        range: start..start + line.len(),
                        rule: RULE.id,
                        mask: payload::mask(),
                    });
                }
                next.map(|next| (program, next))
            }
            None => Payload::opened_by(line).map(|payload| (program, payload)),
        };
    }
}

/// Host, program and process that syslog wrote before a message, and where the message begins.
fn program_of(line: &[u8]) -> (&[u8], usize) {
    let found = SYSLOG.captures(line);
    let program = found.and_then(|found| Some((found.get(1)?.as_bytes(), found.get(0)?.end())));
    program.unwrap_or((b"", 0))
}

/// Masks a payload, wherever it was found.
pub(crate) fn mask(text: &Text<'_>, range: Range<usize>, hits: &mut Vec<Hit>) {
    let payload = text.slice(range.clone());
    if payload.trim_ascii().is_empty() || names::is_masked(payload.trim_ascii()) {
        return;
    }
    let mask = Placeholder::new("user-data")
        .fact("bytes-class", value::bytes_class(payload.len()))
        .text();
    hits.push(Hit {
        range,
        rule: RULE.id,
        mask,
    });
}

/// Whether a key of this name holds a payload.
pub(crate) fn is_payload_name(name: &str) -> bool {
    matches!(
        names::words(name.as_bytes()).concat().as_str(),
        "userdata" | "customdata"
    )
}

/// Whether it is a payload and not a path, an address or a word about it.
pub(crate) fn is_payload(value: &[u8]) -> bool {
    value.len() >= 24
        && !names::is_harmless(value, Secret::Key)
        && !value.starts_with(b"http://169.254.")
        && !value.starts_with(b"https://")
}

/// Base64 that begins as scripts, cloud configurations and MIME documents do.
fn scripts(text: &Text<'_>, hits: &mut Vec<Hit>) {
    for beginning in [
        &b"IyEvYmluL"[..],
        b"IyEvdXNyL2Jpb",
        b"I2Nsb3VkLWNvbmZpZ",
        b"Q29udGVudC1UeXBlOiBtdWx0aXBhcnQ",
        b"TUlNRS1WZXJzaW9u",
    ] {
        for start in memchr::memmem::find_iter(text.bytes, beginning) {
            let end = r01_private_key::run_end(text.bytes, start);
            if end - start >= 24 {
                mask(text, start..end, hits);
            }
        }
    }
}

/// Contents of Ignition's files.
static DATA_URL: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\bdata:(?:[a-z]+/[A-Za-z0-9.+-]+)?(?:;[A-Za-z0-9=-]+)*,(?P<value>[A-Za-z0-9+/=%_.~!*-]{24,})",
    )
});

/// A cloud configuration printed on one line.
static DOCUMENT: LazyLock<Regex> =
    LazyLock::new(|| compile(r#"#cloud-config(?P<value>(?:\\+r)?\\+n(?:[^"\\\r\n]|\\[^\r\n])*)"#));

/// The body of a part of a MIME document, to the next boundary.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)Content-Type:[ \t]*text/(?:x-shellscript|cloud-config|cloud-boothook|x-include-url|part-handler|jinja2)[^\r\n\\]*\r?\n(?:[A-Za-z-]+:[^\r\n]*\r?\n)*\r?\n(?P<value>(?s:.*?))(?:\r?\n--|\z)",
    )
});

/// The same on one line, its line ends escaped.
static ESCAPED_PART: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)Content-Type:[ \t]*text/(?:x-shellscript|cloud-config|cloud-boothook|x-include-url|part-handler|jinja2)[^\r\n]*?(?:(?:\\+r)?\\+n){2}(?P<value>[^\r\n]*?)(?:\\+n--|["\r\n]|\z)"#,
    )
});

static SYSLOG: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"^(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9-]{10}T[0-9:.+Z-]+) ([^ ]+ [^ :]+): ")
});

static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)\b(?:user|custom)[-_]?data\\*["']?[ \t]*[:=][ \t]*\\*(?:["'](?P<double>(?:[^"'\\\r\n]|\\[^\r\n])+)|(?P<plain>[A-Za-z0-9+/=]{24,}))"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::check::redact;
    use crate::redact::{CaseKey, ContentKind as Kind, Redactor, Secrets};

    #[test]
    fn a_file_in_a_system_log_is_hidden_and_other_programs_are_not() {
        let text = "Nov 22 07:00:00 n cloud-init[9]:   content: |\nNov 22 07:00:00 n kernel:     x\nNov 22 07:00:01 n cloud-init[9]:     setting aloud\nNov 22 07:00:01 n cloud-init[9]:   owner: root\n";
        let redactor = Redactor::new(CaseKey::from_random([7; 32]), Secrets::none());
        let redacted = redactor.file(Kind::Text, text.as_bytes()).unwrap();
        let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
        assert!(!stored.contains("aloud"), "{stored}");
        assert!(stored.contains("kernel:     x\n"), "{stored}");
        assert!(stored.ends_with("owner: root\n"), "{stored}");
    }

    #[test]
    fn parts_of_a_mime_document_are_hidden_line_by_line_and_its_frame_stays() {
        let text = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n--B\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\n\n#!/bin/bash\n/etc/eks/bootstrap.sh prod --secret-arg 42\n--B--\n";
        let redacted = redact(Kind::Yaml, text);
        let stored = String::from_utf8(redacted.bytes().to_vec()).unwrap();
        assert!(!stored.contains("bootstrap.sh"), "{stored}");
        assert!(stored.contains("bytes-class=0-256") && stored.ends_with("\n--B--\n"));
        assert_eq!(stored.lines().count(), text.lines().count());
        assert_eq!(redacted.counts()[RULE.id], 1);
    }
}
