//! Output of `openssl s_client` to an API server.

use crate::certificate::{Certificate, distinguished_name};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::observed::{Attempt, ClockReading};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::pem;
use chrono::DateTime;

pub(super) const PARSER: Parser = Parser {
    name: "s_client",
    kind: "output of openssl s_client",
    facts: &[],
    accepts: |entry| {
        entry.is_command(&["s_client"])
            || entry.may_be_output_of(&["openssl"]) && {
                let text = entry.text();
                text.contains("CONNECTED(") && text.contains("SSL handshake has read")
                    || text.contains("connect:errno=")
            }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut attempt = Attempt {
        chain: presented(&text),
        ..Attempt::default()
    };
    (attempt.host, attempt.port) = asked(entry);
    for (line, content) in numbered(&text) {
        let origin = entry.at(line);
        note(&mut attempt, content, &origin);
        if let Some(start) = content.trim().strip_prefix("Start Time: ")
            && let Some(time) = start
                .trim()
                .parse()
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        {
            evidence.push(
                ClockReading {
                    time,
                    collection: false,
                },
                origin,
            );
        }
    }
    attempt.client_cas = client_cas(&text, entry);
    if attempt.tcp.is_some() || !attempt.chain.is_empty() {
        evidence.push(attempt, entry.whole());
    }
}

/// Certificates in the order in which they were sent. The leaf is printed twice.
fn presented(text: &str) -> Vec<(Option<u64>, Certificate)> {
    let mut chain: Vec<(Option<u64>, Certificate)> = Vec::new();
    for block in pem::blocks(text) {
        let certificate = block.certificate().and_then(Certificate::from_der);
        if let Some(certificate) = certificate
            && !chain.iter().any(|(_, known)| known.der == certificate.der)
        {
            chain.push((Some(block.line), certificate));
        }
    }
    if chain.is_empty() {
        chain.extend(named_in_table(text));
    }
    chain
}

/// The leaf by its names in the table `Certificate chain`, where the blocks were not kept.
fn named_in_table(text: &str) -> Option<(Option<u64>, Certificate)> {
    let mut lines = numbered(text).skip_while(|(_, line)| !line.starts_with("Certificate chain"));
    let (line, subject) =
        lines.find_map(|(line, text)| Some((line, text.strip_prefix(" 0 s:")?)))?;
    let (_, issuer) = lines.next()?;
    let certificate = Certificate {
        subject: distinguished_name(subject),
        issuer: distinguished_name(issuer.trim_start().strip_prefix("i:")?),
        ..Certificate::default()
    };
    Some((Some(line), certificate))
}

/// Host and port of `-connect`.
fn asked(entry: &Entry) -> (Option<String>, Option<u16>) {
    let target = entry.command().and_then(|command| {
        let mut words = command
            .split_whitespace()
            .skip_while(|word| *word != "-connect");
        words.nth(1)?.rsplit_once(':')
    });
    match target {
        Some((host, port)) => (Some(host.to_owned()), port.parse().ok()),
        None => (None, None),
    }
}

fn note(attempt: &mut Attempt, line: &str, origin: &Origin) {
    let fact = |word: &str| Some(Fact::text(word, origin.clone()));
    if line.starts_with("CONNECTED(") {
        attempt.tcp = fact("connected");
    } else if let Some(number) = line.strip_prefix("connect:errno=") {
        let word = match number.trim() {
            "111" => "refused",
            "110" => "timeout",
            "101" | "113" => "unreachable",
            "104" => "reset",
            _ => return,
        };
        attempt.tcp = fact(word);
    } else if line.starts_with("New, TLS")
        || line.starts_with("SSL-Session:")
        || line.starts_with("Server public key is")
    {
        attempt.tls = fact("ok");
    } else if attempt.tls.is_none() && line.contains(":error:") {
        attempt.tls = match () {
            () if line.contains("unexpected eof") => fact("eof"),
            () if line.contains("wrong version number")
                || line.contains("packet length too long") =>
            {
                fact("not-tls")
            }
            () if line.contains("alert") => fact("alert"),
            () => None,
        };
    }
}

/// Names below `Acceptable client certificate CA names`.
fn client_cas(text: &str, entry: &Entry) -> Option<Fact> {
    let mut lines = numbered(text)
        .skip_while(|(_, line)| !line.starts_with("Acceptable client certificate CA names"));
    let (head, _) = lines.next()?;
    let names: Vec<Fact> = lines
        .take_while(|(_, line)| line.contains('=') && !line.contains(": "))
        .map(|(line, name)| Fact::text(distinguished_name(name), entry.at(line)))
        .collect();
    Some(Fact::new(Value::List(names), entry.at(head)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{command, named};

    #[test]
    fn names_of_accepted_client_cas_are_read() {
        let evidence = named(
            &PARSER,
            "CONNECTED(00000003)\n---\nAcceptable client certificate CA names\nCN = kubernetes\nCN = front-proxy-ca\nRequested Signature Algorithms: RSA-PSS+SHA256\n---\nSSL handshake has read 1648 bytes\nNew, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256\n    Start Time: 1795333682\n",
        );
        let attempt = &evidence.all::<Attempt>()[0].value;
        let names: Vec<_> = attempt
            .client_cas
            .as_ref()
            .unwrap()
            .items()
            .iter()
            .filter_map(Fact::as_text)
            .collect();
        assert_eq!(names, ["CN=kubernetes", "CN=front-proxy-ca"]);
        assert_eq!(attempt.tls.as_ref().unwrap().as_text(), Some("ok"));
        assert_eq!(
            crate::clock::printed(&evidence).unwrap().0.timestamp(),
            1_795_333_682
        );
    }

    #[test]
    fn the_table_names_the_leaf_where_its_block_was_cut_out() {
        let evidence = named(
            &PARSER,
            "CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = api.lab\n   i:C = US, O = Inspector, CN = Inspector CA\n---\nSSL handshake has read 1648 bytes\n",
        );
        let attempt = &evidence.all::<Attempt>()[0].value;
        let (line, leaf) = &attempt.chain[0];
        assert_eq!(
            (leaf.subject.as_str(), leaf.issuer.as_str(), *line),
            ("CN=api.lab", "C=US, O=Inspector, CN=Inspector CA", Some(4))
        );
    }

    #[test]
    fn a_server_that_hangs_up_is_no_api_server() {
        let evidence = named(
            &PARSER,
            "4037:error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:x.c:318:\nCONNECTED(00000003)\n---\nno peer certificate available\n---\nSSL handshake has read 0 bytes and written 322 bytes\nNew, (NONE), Cipher is (NONE)\n",
        );
        let attempt = &evidence.all::<Attempt>()[0].value;
        assert_eq!(attempt.tls.as_ref().unwrap().as_text(), Some("eof"));
        let refused = command(
            &PARSER,
            "openssl s_client -connect api.lab:6443",
            "connect:errno=111\n",
        );
        let attempt = &refused.all::<Attempt>()[0].value;
        assert_eq!(
            (attempt.host.as_deref(), attempt.port),
            (Some("api.lab"), Some(6443))
        );
        assert_eq!(attempt.tcp.as_ref().unwrap().as_text(), Some("refused"));
    }
}
