//! The manifests in an input, one for each bundle of ours: read as they come by, asked at the end.

use super::listing::{Listed, NotStored, why};
use super::selection::Selection;
use crate::source::Source;
use nodebundle_bundle::{Manifest, Record};
use std::collections::BTreeMap;

/// Manifests by what the names of their bundle's entries begin with.
#[derive(Debug, Default)]
pub(super) struct Manifests(BTreeMap<String, Read>);

#[derive(Debug, Default)]
struct Read {
    whole: Option<Manifest>,
    /// Records of parts, for a bundle that lost its last entry.
    parts: Vec<Record>,
}

/// Bytes of a manifest that are read.
pub(super) const MOST_MANIFEST: u64 = 64 << 20;

impl Manifests {
    /// Reads a manifest or a part of one; `own` is its name within its bundle.
    pub(super) fn read(&mut self, name: &str, own: &str, bytes: &[u8]) {
        let prefix = name.strip_suffix(own).unwrap_or_default();
        let read = self.0.entry(prefix.to_owned()).or_default();
        if own == "manifest.json" {
            read.whole = serde_json::from_slice(bytes).ok();
        } else {
            let lines = bytes.split(|byte| *byte == b'\n');
            let records = lines.filter_map(|line| serde_json::from_slice(line).ok());
            read.parts.extend(records);
        }
    }

    /// Whether all bundles were collected to their end.
    pub(super) fn complete(&self) -> bool {
        self.0
            .values()
            .all(|read| read.whole.as_ref().is_some_and(|whole| whole.complete))
    }

    /// Tells the entries what the manifests say of them.
    pub(super) fn describe(&self, entries: &mut [Listed]) {
        for (prefix, read) in &self.0 {
            let stored: BTreeMap<&str, &Record> = read
                .records()
                .iter()
                .filter_map(|record| Some((record.path.as_ref()?.as_str(), record)))
                .collect();
            for entry in entries.iter_mut() {
                let name = entry.name.strip_prefix(prefix.as_str());
                if let Some(record) = name.and_then(|name| of_entry(&stored, name)) {
                    entry.describe(record);
                }
            }
        }
    }

    /// What was asked of the nodes and is not stored.
    pub(super) fn not_stored(&self, asked: &Selection) -> Vec<NotStored> {
        let records = self.0.values().flat_map(Read::records);
        records
            .filter(|record| record.path.is_none() && asked.holds_source(&record.source))
            .map(|record| NotStored {
                source: record.source.clone(),
                outcome: record.outcome,
                why: why(record),
            })
            .collect()
    }
}

impl Read {
    fn records(&self) -> &[Record] {
        self.whole
            .as_ref()
            .map_or(&self.parts, |manifest| &manifest.records)
    }
}

/// The record of an entry: its own, or that of the stream that it is a part of.
fn of_entry<'m>(stored: &BTreeMap<&str, &'m Record>, name: &str) -> Option<&'m Record> {
    let of_parts = || {
        let (folder, _) = name.rsplit_once('/')?;
        stored
            .get(folder)
            .filter(|record| record.parts.is_some())
            .copied()
    };
    stored.get(name).copied().or_else(of_parts)
}

/// The name within its bundle of an entry that is a manifest or a part of one.
pub(super) fn manifest(source: &Source) -> Option<&str> {
    match source {
        Source::Meta(own) if own == "manifest.json" || own.starts_with("manifest/") => Some(own),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_that_of_the_bundle_around_it() {
        for (name, own, want) in [
            ("manifest.json", "manifest.json", ""),
            ("manifest/0001.jsonl", "manifest/0001.jsonl", ""),
            ("w1.zip!/manifest.json", "manifest.json", "w1.zip!/"),
            (
                "a-manifest/manifest/0002.jsonl",
                "manifest/0002.jsonl",
                "a-manifest/",
            ),
        ] {
            let mut manifests = Manifests::default();
            manifests.read(name, own, b"");
            assert_eq!(manifests.0.keys().next().map(String::as_str), Some(want));
            assert_eq!(manifest(&Source::Meta(own.into())), Some(own));
        }
        assert!(manifest(&Source::File("/manifest.json".into())).is_none());
    }
}
