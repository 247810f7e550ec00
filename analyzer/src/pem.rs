//! PEM text: certificates, keys and what the collector left of keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One BEGIN … END block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What stands after BEGIN: `CERTIFICATE`.
    pub label: String,
    /// Line of the BEGIN, from 1.
    pub line: u64,
    /// What it holds.
    pub content: Content,
}

/// The content of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Decoded bytes.
    Der(Vec<u8>),
    /// A private key that the collector took out.
    MaskedKey(MaskedKey),
    /// Something else of which a redaction took a part out.
    Masked,
    /// No end, or not base64.
    Broken,
}

/// What the collector says of a private key in its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaskedKey {
    /// SHA-256 of the `SubjectPublicKeyInfo` of its public half, hex; `None` when the key could not be read.
    pub spki: Option<String>,
    /// Algorithm and size: `RSA-2048`.
    pub algorithm: Option<String>,
    /// Whether a passphrase protects it; `None` when not known.
    pub encrypted: Option<bool>,
}

/// The blocks of a text, in order. Text around them is passed over.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, u64, Vec<&str>)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(label) = edge(line, "-----BEGIN ") {
            blocks.extend(open.take().map(|(label, line, _)| broken(label, line)));
            open = Some((label.to_owned(), number, Vec::new()));
        } else if let Some(label) = edge(line, "-----END ") {
            if let Some((begun, line, body)) = open.take() {
                let content = if begun == label {
                    decode(&body)
                } else {
                    Content::Broken
                };
                blocks.push(Block {
                    label: begun,
                    line,
                    content,
                });
            }
        } else if let Some((_, _, body)) = &mut open {
            body.push(line);
        }
    }
    blocks.extend(open.map(|(label, line, _)| broken(label, line)));
    blocks
}

fn edge<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.strip_prefix(mark)?.strip_suffix("-----")
}

fn broken(label: String, line: u64) -> Block {
    Block {
        label,
        line,
        content: Content::Broken,
    }
}

fn decode(body: &[&str]) -> Content {
    if let Some(key) = body.iter().find_map(|line| masked_key(line)) {
        return Content::MaskedKey(key);
    }
    if body.iter().any(|line| is_masked(line)) {
        return Content::Masked;
    }
    // Headers such as `Proc-Type: 4,ENCRYPTED` stand before the base64.
    let base64: String = body
        .iter()
        .filter(|line| !line.contains(':'))
        .copied()
        .collect();
    STANDARD
        .decode(base64)
        .map_or(Content::Broken, Content::Der)
}

/// Whether something stands where a secret was taken out: by our collector, by `kubectl config view`, by sos and by others.
pub fn is_masked(text: &str) -> bool {
    ["REDACTED", "SCRUBBED", "OMITTED", "*****"]
        .iter()
        .any(|mask| text.contains(mask))
}

/// Reads `REDACTED(private-key;alg=RSA-2048;spki=sha256:…;enc=no)` anywhere in a text.
pub fn masked_key(text: &str) -> Option<MaskedKey> {
    let (_, rest) = text.split_once("REDACTED(private-key")?;
    let (fields, _) = rest.split_once(')')?;
    let mut key = MaskedKey::default();
    for field in fields.split(';') {
        match field.split_once('=') {
            Some(("alg", algorithm)) => key.algorithm = Some(algorithm.to_owned()),
            Some(("spki", hash)) => key.spki = hash.strip_prefix("sha256:").map(str::to_owned),
            Some(("enc", answer)) => key.encrypted = Some(answer == "yes"),
            _ => {}
        }
    }
    Some(key)
}

/// Decodes base64 as it stands in kubeconfigs: blanks and line ends are passed over.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let bare: String = text.split_whitespace().collect();
    STANDARD.decode(bare).ok()
}

impl Block {
    /// Whether it holds, or held, a private key.
    pub fn is_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// The bytes of a certificate; `None` for anything else.
    pub fn certificate(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Der(der) if self.label == "CERTIFICATE" => Some(der),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_and_masked_keys_are_found_with_their_lines() {
        let text = "comment\n-----BEGIN CERTIFICATE-----\nAQID\nBA==\n-----END CERTIFICATE-----\r\n-----BEGIN EC PRIVATE KEY-----\nREDACTED(private-key;alg=EC-P256;spki=sha256:ab12;enc=no)\n\n-----END EC PRIVATE KEY-----\n";
        let blocks = blocks(text);
        assert_eq!(blocks[0].certificate(), Some(&[1, 2, 3, 4][..]));
        assert_eq!((blocks[0].line, blocks[1].line), (2, 6));
        assert!(blocks[1].is_key());
        let Content::MaskedKey(key) = &blocks[1].content else {
            panic!("not masked");
        };
        assert_eq!(key.spki.as_deref(), Some("ab12"));
        assert_eq!(key.encrypted, Some(false));
    }

    #[test]
    fn a_cut_or_garbled_block_is_broken_and_nothing_more() {
        let cut = blocks("-----BEGIN CERTIFICATE-----\nAQID\n");
        assert_eq!(cut[0].content, Content::Broken);
        let garbled = blocks("-----BEGIN CERTIFICATE-----\n<html>\n-----END CERTIFICATE-----\n");
        assert_eq!(garbled[0].content, Content::Broken);
        assert!(blocks("no PEM at all").is_empty());
        let masked =
            blocks("-----BEGIN CERTIFICATE-----\nREDACTED(x)\n-----END CERTIFICATE-----\n");
        assert_eq!(masked[0].content, Content::Masked);
    }
}
