//! Redaction of a file held whole.

use crate::redact::hit::Hit;
use crate::redact::known::Known;
use crate::redact::rule::Text;
use crate::redact::tree::{self, Node, Scalar, Tree};
use crate::redact::{CaseKey, ContentKind, document, lines, scan, value};
use std::borrow::Cow;

/// The bytes as they will be stored apart from masks: entries of `/proc` files get lines of their own.
pub(crate) fn prepared(kind: ContentKind, bytes: &[u8]) -> Cow<'_, [u8]> {
    if matches!(kind, ContentKind::Env | ContentKind::Argv) && bytes.contains(&0) {
        let lines = bytes
            .iter()
            .map(|byte| if *byte == 0 { b'\n' } else { *byte })
            .collect();
        return Cow::Owned(lines);
    }
    Cow::Borrowed(bytes)
}

/// Everything to mask in the file; hits may overlap, those found by structure come first.
pub(crate) fn hits(kind: ContentKind, bytes: &[u8], key: &CaseKey, known: &Known) -> Vec<Hit> {
    let text = Text {
        bytes,
        key,
        known,
        config: kind != ContentKind::Text,
        depth: 0,
    };
    let mut hits = Vec::new();
    match kind {
        ContentKind::Token => {
            let all = 0..bytes.len();
            value::mask(&text, all, ("R9", "token"), &mut hits);
        }
        ContentKind::Argv => arguments(&text, &mut hits),
        ContentKind::Env => lines::mask_environment(&text, &mut hits),
        ContentKind::Unit | ContentKind::Ini => {
            lines::mask(&text, 0..bytes.len(), &mut hits);
        }
        ContentKind::Pem | ContentKind::Text => {}
        _ => structured(kind, &text, &mut hits),
    }
    scan::scan(&text, &mut hits);
    hits
}

/// Masks by the tree, and from where that ends by lines.
fn structured(kind: ContentKind, text: &Text<'_>, hits: &mut Vec<Hit>) {
    let tree = read(kind, text.bytes);
    for document in &tree.documents {
        document::mask(text, document, hits);
    }
    if let Some(from) = tree.broken_at {
        let line_start = text
            .slice(0..from)
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let rest = line_start..text.bytes.len();
        if kind == ContentKind::Kubeconfig {
            lines::mask_kubeconfig(text, rest, hits);
        } else {
            lines::mask(text, rest, hits);
        }
    }
}

fn read(kind: ContentKind, bytes: &[u8]) -> Tree {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Tree {
            documents: Vec::new(),
            broken_at: Some(0),
        };
    };
    if kind == ContentKind::Toml {
        return tree::toml(text);
    }
    let json = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with(['{', '[']);
    tree::yaml(text, json)
}

/// A command line, one argument a line (as `/proc` has it) or all on one.
fn arguments(text: &Text<'_>, hits: &mut Vec<Hit>) {
    let mut items = Vec::new();
    let mut at = 0;
    let one_a_line = text.bytes.trim_ascii_end().contains(&b'\n');
    let ends = |byte: &u8| {
        if one_a_line {
            *byte == b'\n'
        } else {
            byte.is_ascii_whitespace()
        }
    };
    for word in text.bytes.split(ends) {
        let range = at..at + word.len();
        at = range.end + 1;
        if !word.is_empty() {
            items.push(Node::Scalar(Scalar {
                value: String::from_utf8_lossy(word).into_owned(),
                range,
                bare: false,
            }));
        }
    }
    document::mask(text, &Node::List(items), hits);
}
