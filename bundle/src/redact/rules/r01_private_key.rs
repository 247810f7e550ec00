//! R1: private keys.

use crate::keys;
use crate::pem::{self, Block};
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::rule::{Rule, Text};
use crate::redact::scan::MAX_DEPTH;
use crate::redact::{scan, value};
use std::ops::Range;

pub(crate) const RULE: Rule = Rule {
    id: "R1",
    name: "private-key",
    description: "Private keys in PEM: in lines, escaped on one line, wrapped in base64, or cut before their end.",
    safe_form: "REDACTED(private-key;alg=EC-P256;spki=sha256:…;matches=kubelet.crt:0;enc=no) in place of the body; BEGIN and END stay",
    triggers: &[
        "PRIVATE KEY",
        "LS0tLS1CRUdJTi",
        "tLS0tLUJFR0lO",
        "0tLS0tQkVHSU",
    ],
    find,
};

fn find(text: &Text<'_>, hits: &mut Vec<Hit>) {
    hits.extend(within(text, 0..text.bytes.len()));
}

/// Every private key inside a range of the text.
pub(crate) fn within(text: &Text<'_>, range: Range<usize>) -> Vec<Hit> {
    let bytes = text.slice(range.clone());
    let mut hits: Vec<Hit> = pem::blocks(bytes)
        .iter()
        .filter(|block| block.is_private())
        .filter_map(|block| block_hit(text, block, bytes))
        .collect();
    if text.depth < MAX_DEPTH {
        hits.extend(wrapped(text, bytes));
    }
    for hit in &mut hits {
        hit.range = hit.range.start + range.start..hit.range.end + range.start;
    }
    hits
}

/// The hits if the range holds private keys and nothing else that could be secret: PEM blocks, or all of it base64 of such.
pub(crate) fn whole(text: &Text<'_>, range: Range<usize>) -> Option<Vec<Hit>> {
    let bytes = text.slice(range.clone());
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN ") {
        let hits = within(text, range);
        let marks = pem::blocks(bytes);
        let closed = marks.iter().all(|block| block.closed);
        return (closed && !hits.is_empty() && only_blocks(bytes, &marks)).then_some(hits);
    }
    let decoded = decode_prefix(bytes)?;
    let facts = keys::private_keys(&decoded);
    let mask = placeholder(text, facts.first()?)
        .fact("wrapped", "base64")
        .text();
    Some(vec![Hit {
        range,
        rule: RULE.id,
        mask,
    }])
}

/// Whether nothing but markers and white space, perhaps escaped, stands outside the blocks.
fn only_blocks(bytes: &[u8], blocks: &[Block]) -> bool {
    let mut from = 0;
    let mut outside = Vec::new();
    for block in blocks {
        outside.extend(bytes.get(from..block.body.start).unwrap_or_default());
        from = block.body.end;
    }
    outside.extend(bytes.get(from..).unwrap_or_default());
    String::from_utf8_lossy(&outside)
        .replace("\\n", "\n")
        .split("-----")
        .filter(|part| !part.trim().is_empty())
        .all(|part| part.starts_with("BEGIN ") || part.starts_with("END "))
}

/// The placeholder for a key; SPKI hashes, and the certificate it belongs to, only where the key is one that TLS uses.
fn placeholder(text: &Text<'_>, facts: &keys::KeyFacts) -> Placeholder {
    let mut placeholder = Placeholder::new("private-key").fact("alg", &facts.algorithm);
    if let Some(spki) = &facts.spki {
        placeholder = placeholder.fact("spki", &format!("sha256:{spki}"));
        if let Some(certificate) = text.known.certificate(spki) {
            placeholder = placeholder.fact("matches", certificate);
        }
    }
    placeholder.fact("enc", if facts.encrypted { "yes" } else { "no" })
}

fn block_hit(text: &Text<'_>, block: &Block, bytes: &[u8]) -> Option<Hit> {
    let body = bytes.get(block.body.clone())?;
    let content = |byte: &u8| pem::is_base64(*byte);
    let mut start = 0;
    // The first letters may be those of an escaped line end.
    while let Some(rest) = body.get(start..) {
        match rest {
            [b'\\', b'n' | b'r', ..] => start += 2,
            [b'\\', b'x', b'0', b'd', ..] => start += 4,
            [first, ..] if !content(first) => start += 1,
            _ => break,
        }
    }
    let mut end = body.len();
    while let Some(rest) = body.get(start..end) {
        match rest {
            [.., b'\\', b'n' | b'r'] => end -= 2,
            [.., b'\\', b'x', b'0', b'd'] => end -= 4,
            [.., last] if !content(last) => end -= 1,
            _ => break,
        }
    }
    if start >= end {
        return None;
    }
    Some(Hit {
        range: block.body.start + start..block.body.start + end,
        rule: RULE.id,
        mask: placeholder(text, &keys::block_facts(block, bytes)).text(),
    })
}

/// Base64 of text that itself holds a secret: `client-key-data`, Secrets, cloud-init `write_files`.
fn wrapped(text: &Text<'_>, bytes: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut from = 0;
    while let Some((at, shift)) = next_wrapped(bytes, from) {
        let start = run_start(bytes, at, from);
        let end = run_end(bytes, at);
        from = end.max(at + 1);
        // A run that begins before the marker is not aligned; skip letters until the marker is.
        let aligned = start + (at + shift - start) % 4;
        let Some(decoded) = bytes.get(aligned..end).and_then(decode_prefix) else {
            continue;
        };
        let inner = Text {
            bytes: &decoded,
            depth: text.depth + 1,
            ..*text
        };
        if let Some(mask) = wrapped_mask(&inner) {
            hits.push(Hit {
                range: start..end,
                rule: RULE.id,
                mask,
            });
        }
    }
    hits
}

fn wrapped_mask(inner: &Text<'_>) -> Option<String> {
    let facts = keys::private_keys(inner.bytes);
    if let Some(first) = facts.first() {
        return Some(placeholder(inner, first).fact("wrapped", "base64").text());
    }
    let cut_label = inner.bytes.len() < 24 && !inner.bytes.starts_with(b"-----BEGIN CERT");
    (cut_label || scan::holds_secret(inner)).then(|| {
        Placeholder::new("private-key")
            .fact("wrapped", "base64")
            .fact("cut", if cut_label { "yes" } else { "no" })
            .text()
    })
}

/// The next base64 form of `-----BEGIN`, and by how many letters its alignment differs from the run's.
fn next_wrapped(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(from..)?;
    [
        (&b"LS0tLS1CRUdJTi"[..], 0),
        (&b"tLS0tLUJFR0lO"[..], 3),
        (&b"0tLS0tQkVHSU"[..], 2),
    ]
    .iter()
    .filter_map(|(marker, shift)| Some((memchr::memmem::find(rest, marker)? + from, *shift)))
    .min()
}

fn run_start(bytes: &[u8], at: usize, from: usize) -> usize {
    let before = bytes.get(from..at).unwrap_or_default();
    let run = before
        .iter()
        .rev()
        .take_while(|byte| pem::is_base64(**byte) && **byte != b'=')
        .count();
    at - run
}

/// Where the base64 ends: at other text, or after lines as programs break it, each but the last long and nothing else on it.
pub(crate) fn run_end(bytes: &[u8], at: usize) -> usize {
    let mut start = at;
    loop {
        let end = start + base64_run(bytes, start);
        let next = line_after(bytes, end);
        let goes_on = end - start >= LONG_LINE
            && next.is_some_and(|next| {
                let run = base64_run(bytes, next);
                run > 0 && ends_line(bytes, next + run)
            });
        match next {
            Some(next) if goes_on => start = next,
            _ => return end,
        }
    }
}

fn base64_run(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| pem::is_base64(**byte))
        .count()
}

/// Where the text of the next line begins, if a line, perhaps an escaped one, ends here.
fn line_after(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..)?;
    if let Some(stripped) = rest.strip_prefix(b"\\n") {
        return Some(bytes.len() - stripped.len());
    }
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    let line = rest.strip_prefix(b"\n")?;
    let indent = line
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    Some(bytes.len() - line.len() + indent)
}

fn ends_line(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at)
        .is_none_or(|byte| matches!(byte, b'\r' | b'\n' | b'\\' | b'"' | b'\''))
}

/// Programs break base64 after 64 or 76 letters; a shorter line is the last.
const LONG_LINE: usize = 60;

/// Decodes as much as is whole, up to 64 KiB: a value may be cut anywhere.
fn decode_prefix(run: &[u8]) -> Option<Vec<u8>> {
    let run = pem::joined(run.get(..run.len().min(64 * 1024))?);
    let whole = run
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(run.len());
    let usable = if whole % 4 == 1 { whole - 1 } else { whole };
    value::base64(run.get(..usable)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::ContentKind as Kind;
    use crate::redact::check::{base64, hides, keeps, redact};

    const A: &str = "MIIEogIBAAKCAQEAvWQtkbWajRXxGdMXcHF7G5bGMbwAqdL7BFcXDtcLtcm62RY1";
    const B: &str = "lZSUdCCoFMwgCoFvTXhh6PLOlPbSsx7jzd0XrWs9OQaSE50XbxsQKmo8w016PF9q";

    #[test]
    fn private_keys_are_hidden_in_every_syntax() {
        let pem =
            format!("-----BEGIN RSA PRIVATE KEY-----\n{A}\n{B}\n-----END RSA PRIVATE KEY-----\n");
        let wrapped = base64(&pem);
        let indented = pem.replace('\n', "\n    ");
        let escaped = pem.replace('\n', "\\n");
        let twice = pem.replace('\n', "\\\\n");
        let encrypted = pem.replace(
            A,
            &format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n{A}"),
        );
        let blanks = pem.trim_end().replace('\n', " ");
        let part = wrapped.get(4..60).unwrap();
        let shifted = base64(&format!("k{pem}"));
        hides(
            &RULE,
            &[
                (Kind::Pem, &pem, A),
                (Kind::Pem, &encrypted, B),
                (Kind::Pem, &pem.replace("RSA ", "ENCRYPTED "), A),
                (Kind::Pem, &pem.replace("RSA ", "OPENSSH "), A),
                (Kind::Pem, &pem.replace('\n', "\r\n"), B),
                (
                    Kind::Yaml,
                    &format!("tls:\n  key: |\n    {indented}\nnext: 1\n"),
                    A,
                ),
                (Kind::Yaml, &format!("x: {wrapped}\n"), part),
                (
                    Kind::Yaml,
                    &format!("x: {shifted}\n"),
                    shifted.get(8..60).unwrap(),
                ),
                (Kind::Json, &format!("{{\"key\":\"{escaped}\"}}"), A),
                (Kind::Toml, &format!("key = \"\"\"\n{pem}\"\"\"\n"), B),
                (
                    Kind::Text,
                    &format!("E0823 x.go:1] \"x\" err=\"{{\\\"k\\\":\\\"{twice}\\\"}}\"\n"),
                    B,
                ),
                (Kind::Text, &pem, A),
                (Kind::Text, &format!("key: {blanks} read\n"), A),
                (
                    Kind::Text,
                    &format!("-----BEGIN EC PRIVATE KEY-----\n{A}\n"),
                    A,
                ),
                (
                    Kind::Unit,
                    &format!("[Service]\nEnvironment=\"X={escaped}\"\n"),
                    A,
                ),
                (Kind::Env, &format!("X={wrapped}\n"), part),
            ],
        );
    }

    #[test]
    fn what_is_public_stays() {
        let certificate =
            format!("-----BEGIN CERTIFICATE-----\n{A}\n{B}\n-----END CERTIFICATE-----\n");
        keeps(&[
            (Kind::Pem, &certificate),
            (Kind::Pem, &certificate.replace("CERTIFICATE", "PUBLIC KEY")),
            (
                Kind::Pem,
                &certificate.replace("CERTIFICATE", "CERTIFICATE REQUEST"),
            ),
            (
                Kind::Pem,
                &certificate.replace("CERTIFICATE", "EC PARAMETERS"),
            ),
            (Kind::Yaml, &format!("ca: {}\n", base64(&certificate))),
            (
                Kind::Yaml,
                &format!(
                    "ca: |\n  {}\n",
                    certificate.trim_end().replace('\n', "\n  ")
                ),
            ),
            (
                Kind::Text,
                "tls: failed to find any PEM data in key input\n",
            ),
            (
                Kind::Text,
                "found a block \"PRIVATE KEY\" where a CERTIFICATE was wanted\n",
            ),
            (Kind::Text, "expected -----BEGIN PRIVATE KEY----- in file\n"),
            (
                Kind::Json,
                r#"{"tlsPrivateKeyFile": "/var/lib/kubelet/pki/kubelet.key"}"#,
            ),
            (Kind::Text, &certificate),
        ]);
    }

    #[test]
    fn the_placeholder_tells_algorithm_public_key_and_encryption() {
        let key = rcgen::KeyPair::generate().unwrap();
        let stored = redact(Kind::Pem, &key.serialize_pem());
        let stored = String::from_utf8(stored.bytes().to_vec()).unwrap();
        let spki = keys::private_keys(key.serialize_pem().as_bytes())[0]
            .spki
            .clone()
            .unwrap();
        let lines: Vec<&str> = stored.lines().collect();
        assert_eq!(lines[0], "-----BEGIN PRIVATE KEY-----");
        assert_eq!(
            lines[1],
            format!("REDACTED(private-key;alg=EC-P256;spki=sha256:{spki};enc=no)")
        );
        assert_eq!(lines.last(), Some(&"-----END PRIVATE KEY-----"));
    }
}
