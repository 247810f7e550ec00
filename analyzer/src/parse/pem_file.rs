//! PEM files: certificates, chains and keys.

use crate::certificate::Certificate;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::pem::{self, Block, Content};
use crate::source::Source;

/// Reads PEM files.
pub const PARSER: Parser = Parser {
    name: "pem_file",
    kind: "PEM certificates and keys",
    facts: &[],
    accepts,
    parse,
};

/// A file of certificates and keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFile {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// Its certificates in order, with their lines.
    pub certificates: Vec<(u64, Certificate)>,
    /// Its private keys in order.
    pub keys: Vec<PemKey>,
    /// Lines of blocks that cannot be read.
    pub broken: Vec<u64>,
    /// Whether a redaction took parts of certificates out, so that missing ones prove nothing.
    pub masked: bool,
}

/// A private key in a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemKey {
    /// Line of its BEGIN.
    pub line: u64,
    /// SHA-256 of the public half's `SubjectPublicKeyInfo`, hex; `None` when not known.
    pub spki: Option<String>,
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => is_pem(entry) || is_certificate_name(path),
        Source::Named(_) => is_pem(entry),
        _ => false,
    }
}

/// Whether a block opens near the beginning; `openssl x509 -text` prints some forty lines before it.
fn is_pem(entry: &Entry) -> bool {
    entry
        .text()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(40)
        .any(|line| line.starts_with("-----BEGIN "))
}

/// A file that is meant to hold certificates whatever it holds.
fn is_certificate_name(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("crt" | "pem"))
        && ["/etc/kubernetes/", "/var/lib/kubelet/"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let blocks = pem::blocks(&text);
    let mut file = PemFile {
        path: entry.path().map(str::to_owned),
        certificates: Vec::new(),
        keys: Vec::new(),
        broken: Vec::new(),
        masked: false,
    };
    for block in &blocks {
        take_block(&mut file, block);
    }
    // Keys that were not taken out, as other collectors leave them.
    let present = nodebundle_bundle::keys::private_keys(&entry.bytes);
    for (key, facts) in file.keys.iter_mut().zip(present) {
        key.spki = key.spki.take().or(facts.spki);
    }
    for line in &file.broken {
        let problem = format!("line {line} begins a block that cannot be read");
        evidence.gap(entry.name.to_string(), problem, &["certificates"]);
    }
    evidence.push(file, entry.whole());
}

fn take_block(file: &mut PemFile, block: &Block) {
    if block.is_key() {
        let spki = match &block.content {
            Content::MaskedKey(key) => key.spki.clone(),
            Content::Der(_) | Content::Masked | Content::Broken => None,
        };
        file.keys.push(PemKey {
            line: block.line,
            spki,
        });
    } else if block.content == Content::Masked {
        file.masked = true;
    } else if block.label == "CERTIFICATE" {
        match block.certificate().and_then(Certificate::from_der) {
            Some(certificate) => file.certificates.push((block.line, certificate)),
            None => file.broken.push(block.line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (PemFile, Evidence) {
        let entry = Entry {
            name: "client.pem".into(),
            source: Source::File("/var/lib/kubelet/pki/client.pem".into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        (evidence.all::<PemFile>()[0].value.clone(), evidence)
    }

    #[test]
    fn a_certificate_and_a_masked_key_in_one_file() {
        let certificate = include_str!("../../../fixtures/snippets/x509/ec-p521.pem");
        let key = "-----BEGIN EC PRIVATE KEY-----\nREDACTED(private-key;alg=EC-P256;spki=sha256:ab;enc=no)\n-----END EC PRIVATE KEY-----\n";
        let (file, evidence) = read(&format!("{certificate}{key}"));
        assert_eq!(
            file.certificates[0].1.cn.as_deref(),
            Some("system:node:worker-1")
        );
        assert_eq!(file.certificates[0].1.orgs, ["system:nodes"]);
        assert_eq!(file.keys[0].spki.as_deref(), Some("ab"));
        assert!(evidence.gaps.is_empty());
    }

    #[test]
    fn a_key_that_was_left_in_is_reduced_to_its_public_half() {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        let (file, _) = read(&format!("{}{}", made.pem(), key.serialize_pem()));
        assert!(file.keys[0].spki.is_some());
        assert_eq!(file.keys[0].spki, file.certificates[0].1.spki);
    }

    #[test]
    fn a_file_that_should_hold_a_certificate_and_does_not_is_kept_empty() {
        let (file, _) = read("<html>not found</html>\n");
        assert!(file.certificates.is_empty() && file.keys.is_empty());
    }

    #[test]
    fn a_block_that_is_no_certificate_is_a_gap_with_its_line() {
        let (file, evidence) =
            read("\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_eq!(file.broken, [2]);
        assert!(evidence.gaps[0].problem.starts_with("line 2 "));
    }
}
