//! Every finding cites something that is really there.

use crate::programs::{collect, entries, report};
use nodebundle_fixtures::{Scratch, names, nodes};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn every_cited_line_stands_in_the_bundle_as_it_is_quoted() {
    let mut cited = 0;
    for name in names() {
        let scratch = Scratch::new();
        let bundle = scratch.path().join("bundle.tar.gz");
        collect(&nodes().join(&name).join("root"), &bundle, &[]);
        let entries = entries(&bundle);
        let report = report(&bundle, &[]);
        for list in [
            "causes", "latent", "symptoms", "history", "hygiene", "benign",
        ] {
            for finding in report[list].as_array().unwrap() {
                let evidence = finding["evidence"].as_array().unwrap();
                assert!(
                    !evidence.is_empty(),
                    "{name}: {} has no evidence",
                    finding["id"]
                );
                for piece in evidence {
                    cited += check(&name, piece, &entries);
                }
            }
        }
    }
    assert!(cited > 100, "only {cited} citations were checked");
}

/// 1 when the piece names an entry, which then holds what it says.
fn check(case: &str, piece: &Value, entries: &BTreeMap<String, Vec<u8>>) -> usize {
    let place = if piece["absent"].is_string() {
        &piece["by"]
    } else {
        piece
    };
    let Some(entry) = place["entry"].as_str() else {
        return 0;
    };
    let bytes = entries
        .get(entry)
        .unwrap_or_else(|| panic!("{case}: no entry {entry} for {piece}"));
    let Some(line) = place["line"].as_u64() else {
        return 1;
    };
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().nth(usize::try_from(line).unwrap() - 1);
    let line = line.unwrap_or_else(|| panic!("{case}: {entry} has no such line: {piece}"));
    if let Some(quoted) = piece["text"].as_str() {
        assert!(
            line == quoted || quoted.len() > 1900 && line.starts_with(quoted),
            "{case}: {entry} says\n{line}\nnot\n{quoted}"
        );
    }
    1
}
