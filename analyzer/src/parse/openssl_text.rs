//! What `openssl x509` printed of certificates: one or many, each below a `## /path` heading or a file name.

use crate::certificate::{self, Certificate};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use chrono::{DateTime, NaiveDateTime, Utc};

/// Reads prints of certificates.
pub const PARSER: Parser = Parser {
    name: "openssl_text",
    kind: "print of certificates",
    facts: &[],
    accepts,
    parse,
};

/// A certificate as `openssl` printed it. What was not printed is empty or `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedCertificate {
    /// Absolute path on the node; `None` where the print does not say.
    pub path: Option<String>,
    /// What was printed.
    pub certificate: Certificate,
}

fn accepts(entry: &Entry) -> bool {
    let text = entry.text();
    let may = match &entry.source {
        Source::Command(command) => command.starts_with("openssl") && !command.contains("s_client"),
        Source::Named(_) => !text.contains("\nSSL-Session") && !text.starts_with("CONNECTED("),
        _ => false,
    };
    may && text
        .lines()
        .any(|line| dated(line.trim(), "notAfter=", "Not After :").is_some())
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut reader = Reader {
        path: asked(entry),
        ..Reader::default()
    };
    for (number, line) in (1..).zip(text.lines()) {
        reader.line(number, line);
    }
    reader.close();
    for (line, printed) in reader.done {
        evidence.push(printed, entry.at(line));
    }
}

/// The file behind `-in`.
fn asked(entry: &Entry) -> Option<String> {
    let mut words = entry.command()?.split_whitespace();
    words.find(|word| *word == "-in")?;
    words.next().map(str::to_owned)
}

/// Collects one certificate after the other.
#[derive(Default)]
struct Reader {
    path: Option<String>,
    current: Option<(u64, Certificate)>,
    /// The extension whose value stands on the next line.
    extension: Extension,
    done: Vec<(u64, PrintedCertificate)>,
}

#[derive(Default, Clone, Copy)]
enum Extension {
    #[default]
    None,
    Names,
    Usage,
    Constraints,
    SubjectKey,
    AuthorityKey,
}

impl Reader {
    fn line(&mut self, number: u64, line: &str) {
        let text = line.trim();
        if let Some(path) = heading(line) {
            self.close();
            self.path = Some(path.to_owned());
        } else if text == "Certificate:" {
            self.close();
        } else if let Some(name) = named(text, "subject=", "Subject:") {
            if self
                .current
                .as_ref()
                .is_some_and(|(_, it)| !it.subject.is_empty())
            {
                self.close();
            }
            let name = certificate::distinguished_name(name);
            let it = self.open(number);
            it.cn = certificate::attributes(&name, "CN")
                .next()
                .map(str::to_owned);
            it.orgs = certificate::attributes(&name, "O")
                .map(str::to_owned)
                .collect();
            it.subject = name;
        } else if let Some(name) = named(text, "issuer=", "Issuer:") {
            self.open(number).issuer = certificate::distinguished_name(name);
        } else if let Some(time) = dated(text, "notBefore=", "Not Before:") {
            self.open(number).not_before = time;
        } else if let Some(time) = dated(text, "notAfter=", "Not After :") {
            self.open(number).not_after = time;
        } else if let Some(serial) = text.strip_prefix("serial=") {
            self.open(number).serial = Some(certificate::trimmed_serial(serial));
        } else {
            self.extension_line(text);
        }
    }

    fn open(&mut self, number: u64) -> &mut Certificate {
        &mut self
            .current
            .get_or_insert_with(|| (number, Certificate::default()))
            .1
    }

    fn extension_line(&mut self, text: &str) {
        let Some((_, it)) = &mut self.current else {
            return;
        };
        match self.extension {
            Extension::Names => it.sans = alternative_names(text),
            Extension::Usage => {
                it.eku_client = Some(text.contains("Client Authentication"));
                it.eku_server = Some(text.contains("Server Authentication"));
            }
            Extension::Constraints => it.ca = Some(text.contains("CA:TRUE")),
            Extension::SubjectKey => it.ski = Some(hex_only(text)),
            Extension::AuthorityKey => {
                it.aki = Some(hex_only(text.strip_prefix("keyid:").unwrap_or(text)));
            }
            Extension::None => {}
        }
        self.extension = match text.strip_prefix("X509v3 ") {
            Some(name) if name.starts_with("Subject Alternative Name") => Extension::Names,
            Some(name) if name.starts_with("Extended Key Usage") => Extension::Usage,
            Some(name) if name.starts_with("Basic Constraints") => Extension::Constraints,
            Some(name) if name.starts_with("Subject Key Identifier") => Extension::SubjectKey,
            Some(name) if name.starts_with("Authority Key Identifier") => Extension::AuthorityKey,
            _ => Extension::None,
        };
    }

    fn close(&mut self) {
        self.extension = Extension::None;
        if let Some((line, certificate)) = self.current.take() {
            let printed = PrintedCertificate {
                path: self.path.clone(),
                certificate,
            };
            self.done.push((line, printed));
        }
    }
}

/// `## /path`, `==> /path <==`, `/path:` and the like.
fn heading(line: &str) -> Option<&str> {
    let bare = line
        .trim()
        .trim_start_matches(['#', '=', '>', '-', ' '])
        .trim_end_matches(['=', '<', '-', ' ', ':']);
    (bare.starts_with('/') && !bare.contains([' ', '='])).then_some(bare)
}

fn named<'a>(text: &'a str, short: &str, long: &str) -> Option<&'a str> {
    text.strip_prefix(short).or_else(|| text.strip_prefix(long))
}

/// `None` when the line is another one; `Some(None)` when the time cannot be read.
#[expect(
    clippy::option_option,
    reason = "another line and an unreadable time are different answers"
)]
fn dated(text: &str, short: &str, long: &str) -> Option<Option<DateTime<Utc>>> {
    let printed = named(text, short, long)?.trim().trim_end_matches(" GMT");
    let time = NaiveDateTime::parse_from_str(printed, "%b %e %H:%M:%S %Y").ok();
    Some(time.map(|time| time.and_utc()))
}

fn alternative_names(text: &str) -> Vec<String> {
    text.split(", ")
        .filter_map(|name| name.split_once(':'))
        .map(|(_, name)| name.trim().to_owned())
        .collect()
}

fn hex_only(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_hexdigit)
        .map(|digit| digit.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Option<u64>, PrintedCertificate)> {
        let entry = Entry {
            name: "openssl-certs.txt".into(),
            source: Source::Named("openssl-certs.txt".into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        evidence
            .all::<PrintedCertificate>()
            .iter()
            .map(|piece| (piece.origin.line, piece.value.clone()))
            .collect()
    }

    #[test]
    fn short_prints_below_headings() {
        let all = read(
            "## /var/lib/kubelet/pki/a.pem\nsubject=O = system:nodes, CN = system:node:w\nissuer=CN = kubernetes\nnotBefore=Nov 22 07:42:16 2026 GMT\nnotAfter=Nov  2 07:42:16 2027 GMT\nserial=0FFD\nX509v3 Extended Key Usage: \n    TLS Web Client Authentication\n## /etc/kubernetes/pki/ca.crt\nsubject=CN = kubernetes\nissuer=CN = kubernetes\nnotAfter=Oct 16 06:46:37 2035 GMT\nX509v3 Subject Alternative Name: \n    DNS:kubernetes, IP Address:10.0.0.1\n",
        );
        let (line, first) = &all[0];
        assert_eq!(*line, Some(2));
        assert_eq!(first.path.as_deref(), Some("/var/lib/kubelet/pki/a.pem"));
        assert_eq!(first.certificate.orgs, ["system:nodes"]);
        assert_eq!(first.certificate.serial.as_deref(), Some("FFD"));
        assert_eq!(first.certificate.eku_client, Some(true));
        assert_eq!(
            first.certificate.not_after.unwrap().to_rfc3339(),
            "2027-11-02T07:42:16+00:00"
        );
        assert_eq!(all[1].1.certificate.sans, ["kubernetes", "10.0.0.1"]);
        assert!(all[1].1.certificate.self_signed());
    }

    #[test]
    fn long_prints_one_after_the_other() {
        let one = "Certificate:\n    Data:\n        Issuer: CN = kubernetes\n        Validity\n            Not Before: Nov 22 07:42:16 2026 GMT\n            Not After : Nov 22 07:42:16 2027 GMT\n        Subject: CN = a\n        X509v3 extensions:\n            X509v3 Basic Constraints: critical\n                CA:TRUE\n            X509v3 Authority Key Identifier: \n                keyid:AA:BB\n";
        let all = read(&format!("{one}{one}"));
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].1.certificate.ca, Some(true));
        assert_eq!(all[0].1.certificate.aki.as_deref(), Some("aabb"));
        assert_eq!(all[0].1.path, None);
    }

    #[test]
    fn an_unreadable_date_is_not_known() {
        let all = read("subject=CN = a\nnotAfter=soon\n");
        assert_eq!(all[0].1.certificate.not_after, None);
    }
}
