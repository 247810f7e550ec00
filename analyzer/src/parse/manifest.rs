//! The manifest of our own bundle: what exists on the node and what provably does not.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{Absence, Exists};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use nodebundle_bundle::{Manifest, Outcome, Record};

pub(super) const PARSER: Parser = Parser {
    name: "manifest",
    kind: "manifest",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Meta(name) if name == "manifest.json" || name.starts_with("manifest/")),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let whole = serde_json::from_str::<Manifest>(&text).ok();
    if let Some(manifest) = &whole {
        let complete = manifest.complete;
        claim(
            evidence,
            "bundle.complete",
            Witness::Kernel,
            complete,
            entry.at(1),
        );
    }
    let mut unread = 0_usize;
    let mut read = 0_usize;
    for (line, content) in numbered(&text) {
        let content = content.trim().trim_end_matches(',');
        match serde_json::from_str::<Record>(content) {
            Ok(record) => {
                read += 1;
                note(&record, entry.at(line), evidence);
            }
            Err(_) if content.contains("\"outcome\"") => unread += 1,
            Err(_) => {}
        }
    }
    let Some(manifest) = whole else {
        if unread > 0 {
            let problem = format!("{unread} records are not readable");
            evidence.gap(entry.name.as_ref(), problem, &["paths"]);
        }
        return;
    };
    if read < manifest.records.len() {
        // Somebody laid it out in another way: the records are there, only not on lines of their own.
        for record in &manifest.records {
            note(record, entry.whole(), evidence);
        }
    }
}

fn note(record: &Record, origin: Origin, evidence: &mut Evidence) {
    for (below, paths) in &record.absent {
        for path in paths {
            let parent = path.rsplit_once('/').map(|(parent, _)| parent);
            let is_parent = parent == Some(below.trim_end_matches('/'));
            let absence = Absence {
                path: path.clone(),
                below: (!is_parent).then(|| below.clone()),
            };
            evidence.push(absence, origin.clone());
        }
    }
    if !record.source.starts_with('/') {
        return;
    }
    let path = record.source.clone();
    match record.outcome {
        Outcome::Absent => evidence.push(
            Absence {
                path,
                below: record.below.clone(),
            },
            origin,
        ),
        Outcome::Ok | Outcome::Empty | Outcome::Truncated => {
            let link = record
                .attributes
                .as_ref()
                .and_then(|attributes| attributes.link.clone());
            evidence.push(Exists { path, link }, origin);
        }
        Outcome::Denied
        | Outcome::Timeout
        | Outcome::Error
        | Outcome::NotApplicable
        | Outcome::Skipped => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use chrono::DateTime;
    use std::sync::Arc;

    fn manifest(records: &[Record]) -> Entry {
        let lines: Vec<String> = records
            .iter()
            .map(|record| serde_json::to_string(record).unwrap())
            .collect();
        Entry {
            name: Arc::from("manifest/0001.jsonl"),
            source: Source::Meta("manifest/0001.jsonl".into()),
            bytes: lines.join("\n").into_bytes(),
        }
    }

    #[test]
    fn a_record_of_a_distribution_that_is_not_there_proves_each_of_its_paths() {
        let start = DateTime::from_timestamp(0, 0).unwrap();
        let source = "profile: k3s";
        let mut record = Record::new(
            "k3s/absent-files",
            "profile",
            source,
            Outcome::Absent,
            start,
        );
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let next = paths(&["/etc/k3s.conf", "/etc/rancher/k3s/config.yaml"]);
        record.absent.insert("/etc".to_owned(), next);
        record.absent.insert("/".to_owned(), paths(&["/k3s"]));
        let entry = manifest(&[record]);
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        let known = |path| presence(&evidence, path).known();
        assert_eq!(known("/etc/k3s.conf"), Some(false));
        assert_eq!(known("/k3s"), Some(false));
        // Its folder is missing too, which only a listing of /etc proves.
        assert_eq!(known("/etc/rancher/k3s/config.yaml"), None);
    }

    #[test]
    fn absent_is_proof_and_denied_is_not() {
        let start = DateTime::from_timestamp(0, 0).unwrap();
        let record =
            |path: &str, outcome| Record::new("kubelet/x", "kubeconfig", path, outcome, start);
        let entry = manifest(&[
            record("/etc/a", Outcome::Ok),
            record("/etc/b", Outcome::Absent),
            record("/etc/c", Outcome::Denied),
        ]);
        let mut evidence = Evidence::default();
        assert!((PARSER.accepts)(&entry));
        (PARSER.parse)(&entry, &mut evidence);
        let known = |path| presence(&evidence, path).known();
        assert_eq!(known("/etc/a"), Some(true));
        assert_eq!(known("/etc/b"), Some(false));
        assert_eq!(known("/etc/c"), None);
        assert_eq!(
            presence(&evidence, "/etc/b").origin(),
            Some(&Origin::line("manifest/0001.jsonl", 2))
        );
    }

    #[test]
    fn records_of_the_last_manifest_are_cited_by_their_lines() {
        let start = DateTime::from_timestamp(0, 0).unwrap();
        let manifest = Manifest {
            schema_version: 1,
            complete: true,
            reason: None,
            records: vec![
                Record::new("k/a", "kubeconfig", "/etc/a", Outcome::Ok, start),
                Record::new("k/b", "kubeconfig", "/etc/b", Outcome::Absent, start),
            ],
        };
        for (bytes, line) in [
            (manifest.to_json().unwrap(), Some(3)),
            (serde_json::to_vec(&manifest).unwrap(), None),
        ] {
            let entry = Entry {
                name: Arc::from("manifest.json"),
                source: Source::Meta("manifest.json".into()),
                bytes,
            };
            let mut evidence = Evidence::default();
            (PARSER.parse)(&entry, &mut evidence);
            let absent = presence(&evidence, "/etc/b");
            assert_eq!(absent.known(), Some(false));
            assert_eq!(absent.origin().unwrap().line, line);
            assert!(evidence.gaps.is_empty());
        }
    }

    #[test]
    fn the_last_manifest_says_whether_it_is_whole() {
        let mut evidence = Evidence::default();
        let entry = Entry {
            name: Arc::from("manifest.json"),
            bytes: b"{\"schema_version\":1,\"complete\":false,\"records\":[]}".to_vec(),
            source: Source::Meta("manifest.json".into()),
        };
        (PARSER.parse)(&entry, &mut evidence);
        let fact = crate::testing::claimed(&evidence, "bundle.complete");
        assert_eq!(fact.as_bool(), Some(false));
    }

    #[test]
    fn a_damaged_record_is_a_gap() {
        let mut evidence = Evidence::default();
        let entry = Entry {
            bytes: b"{\"id\":1,\"outcome\":\"absent\"}\n{\"records\": [\n".to_vec(),
            ..manifest(&[])
        };
        (PARSER.parse)(&entry, &mut evidence);
        assert_eq!(evidence.gaps.len(), 1);
    }
}
