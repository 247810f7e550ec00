//! Whether a stored bundle still is what was written, and whether it is safe to send.

use crate::hex::hex;
use crate::reader::{Control, EntryHead, Input, Limits, ReadError, ReadSummary, Reader, Visit};
use crate::redact::{CaseKey, Leak, Redactor, Secrets, scan};
use crate::scrub::Names;
use crate::{Manifest, Record};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};

/// Text that is scanned at a time; it ends with a line.
const PIECE_BYTES: u64 = 4 << 20;

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyReport {
    /// What was read: refused entries, damage, checksum of the file.
    pub summary: ReadSummary,
    /// The manifest; `None` where there is none: not a bundle of ours, or cut before its first part.
    pub manifest: Option<Manifest>,
    /// Items whose checksum and size are those of the manifest.
    pub intact: u64,
    /// Ids of items whose stored bytes differ from the manifest.
    pub changed: Vec<String>,
    /// Ids of items that the manifest says are stored and that are not in the bundle.
    pub missing: Vec<String>,
    /// Entries that the manifest does not name.
    pub extra: Vec<String>,
    /// Entry → secrets that stand in it, in the order of their lines; line 0 is its name, which is told without them.
    pub leaks: BTreeMap<String, Vec<Leak>>,
}

impl VerifyReport {
    /// Whether this is a bundle of ours of which everything is there, nothing else is, and nothing differs.
    pub fn is_whole(&self) -> bool {
        self.manifest.is_some() && self.is_intact()
    }

    /// Like [`VerifyReport::is_whole`], but of what another tool made, which has no manifest, only its container can tell.
    pub fn is_intact(&self) -> bool {
        let complete = |manifest: &Manifest| manifest.complete;
        self.summary.complete
            && self.summary.refused_count == 0
            && self.manifest.as_ref().is_none_or(complete)
            && self.changed.is_empty()
            && self.missing.is_empty()
            && self.extra.is_empty()
    }
}

/// What is in the bundle for one record.
#[derive(Default)]
struct Found {
    hash: Sha256,
    bytes: u64,
    parts: u32,
}

/// Reads the whole input, compares it with its manifest and looks for secrets. Of an input without a
/// manifest everything that can be opened is searched, archives inside it too.
pub fn verify(input: &Input, limits: &Limits) -> Result<VerifyReport, ReadError> {
    let mut reader = Reader::new(input.clone(), limits.clone());
    let manifest = reader.manifest()?;
    let records = manifest
        .as_ref()
        .map_or(&[][..], |manifest| &manifest.records);
    let known: BTreeMap<&str, &Record> = records
        .iter()
        .filter_map(|record| Some((record.path.as_ref()?.as_str(), record)))
        .collect();
    let mut found: BTreeMap<&str, Found> = BTreeMap::new();
    let mut extra = BTreeSet::new();
    let mut leaks = BTreeMap::new();
    let is_ours = manifest.is_some();
    let key = CaseKey::from_random([0; 32]);
    let mut names = Names::new(Redactor::new(key, Secrets::default()));
    let visit: &mut Visit<'_> = &mut |head, body| {
        let record = record_of(&known, head.name);
        let mut ignored = Found::default();
        let found = match record {
            Some(path) => found.entry(path).or_default(),
            None => &mut ignored,
        };
        if record.is_none() && is_ours && !is_frame(&head) {
            extra.insert(head.name.to_owned());
        }
        let name = head.full_name();
        let mut of_entry = in_name(&name);
        // A body that cannot be read to its end is damage, which the summary lists.
        let _ = take_in(body, found, &mut of_entry);
        if !of_entry.is_empty() {
            leaks.insert(names.masked(&name).into_owned(), of_entry);
        }
        Control::Continue
    };
    // A manifest speaks of entries as they are stored; without one, everything that can be opened is searched.
    let summary = if is_ours {
        reader.read_stored(visit)?
    } else {
        reader.read_hashed(visit)?
    };
    let mut report = VerifyReport {
        summary,
        manifest: None,
        intact: 0,
        changed: Vec::new(),
        missing: Vec::new(),
        extra: extra.into_iter().collect(),
        leaks,
    };
    for (path, record) in &known {
        match found.remove(path) {
            Some(found) if found.matches(record) => report.intact += 1,
            Some(_) => report.changed.push(record.id.clone()),
            None => report.missing.push(record.id.clone()),
        }
    }
    report.manifest = manifest;
    Ok(report)
}

impl Found {
    fn matches(&self, record: &Record) -> bool {
        self.bytes == record.stored_bytes
            && record.parts.is_none_or(|parts| parts == self.parts)
            && hex(&self.hash.clone().finalize()) == record.sha256
    }
}

/// The path of the record that an entry belongs to: its own, or the folder of its stream.
fn record_of<'k>(known: &BTreeMap<&'k str, &Record>, name: &str) -> Option<&'k str> {
    if let Some((path, _)) = known.get_key_value(name) {
        return Some(path);
    }
    let (folder, _) = name.rsplit_once('/')?;
    let (path, record) = known.get_key_value(folder)?;
    record.parts.is_some().then_some(path)
}

/// Entries that hold the bundle together and have no record.
fn is_frame(head: &EntryHead<'_>) -> bool {
    matches!(
        head.name,
        "bundle.json" | "plan.json" | "manifest.json" | crate::scrub::ENTRY
    ) || head.name.starts_with("manifest/")
}

/// Secrets in a name, as it stands and with blanks for the `_` that tools write for them.
fn in_name(name: &str) -> Vec<Leak> {
    let spaced = name.replace('_', " ");
    let mut leaks = scan(name.as_bytes());
    if leaks.is_empty() {
        leaks = scan(spaced.as_bytes());
    }
    for leak in &mut leaks {
        leak.line = 0;
    }
    leaks
}

/// Hashes and searches a body; what could be read before an error counts.
fn take_in(body: &mut dyn BufRead, found: &mut Found, leaks: &mut Vec<Leak>) -> io::Result<()> {
    let mut lines = 0;
    let mut piece = Vec::new();
    found.parts += 1;
    loop {
        piece.clear();
        let read = next_piece(body, &mut piece);
        found.bytes += piece.len() as u64;
        found.hash.update(&piece);
        leaks.extend(scan(&piece).into_iter().map(|leak| Leak {
            line: lines + leak.line,
            ..leak
        }));
        lines += memchr::memchr_iter(b'\n', &piece).count();
        read?;
        if piece.is_empty() {
            return Ok(());
        }
    }
}

/// Text that ends with a line, or is the last; nothing at the end.
fn next_piece(body: &mut dyn BufRead, piece: &mut Vec<u8>) -> io::Result<()> {
    Read::take(&mut *body, PIECE_BYTES).read_to_end(piece)?;
    if piece.last().is_some_and(|last| *last != b'\n') {
        Read::take(&mut *body, PIECE_BYTES).read_until(b'\n', piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::{Container, sample};

    fn verified(bundle: Vec<u8>) -> VerifyReport {
        let input = Input::Held {
            name: "-".into(),
            bytes: bundle.into(),
        };
        verify(&input, &Limits::default()).unwrap()
    }

    #[test]
    fn a_fresh_bundle_is_whole() {
        for container in [Container::TarGz, Container::Zip] {
            let report = verified(sample::bundle(container));
            assert!(report.is_whole(), "{report:?}");
            assert_eq!(report.intact, 42);
            assert!(report.leaks.is_empty());
        }
    }

    #[test]
    fn a_lost_member_is_missing_and_a_cut_stream_is_changed() {
        let bundle = sample::bundle(Container::TarGz);
        let report = verified(bundle[..bundle.len() * 2 / 3].to_vec());
        assert!(!report.is_whole());
        assert_eq!(report.intact, 40);
        let mut damaged = bundle;
        damaged[2000] ^= 0x55;
        let report = verified(damaged);
        assert!(!report.is_whole());
        assert!(report.missing.contains(&"files/etc/file-3.yaml".to_owned()));
    }

    #[test]
    fn entries_the_manifest_does_not_know_and_changed_ones_are_named() {
        let mut writer = sample::begin(Vec::new(), Container::Zip);
        sample::put(&mut writer, "files/a", b"as collected\n").unwrap();
        let bundle = writer.finish(true, None).unwrap();
        let mut copy = ::zip::ZipWriter::new_stream(Vec::new());
        crate::reader::read(
            &Input::Held {
                name: "-".into(),
                bytes: bundle.into(),
            },
            &Limits::default(),
            &mut |head, body| {
                let mut bytes = Vec::new();
                body.read_to_end(&mut bytes).unwrap();
                if head.name == "files/a" {
                    bytes = b"changed\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL\n-----END RSA PRIVATE KEY-----\n".to_vec();
                }
                let options = ::zip::write::SimpleFileOptions::default();
                copy.start_file(format!("top/{}", head.name), options)
                    .unwrap();
                io::Write::write_all(&mut copy, &bytes).unwrap();
                Control::Continue
            },
        )
        .unwrap();
        copy.start_file("top/files/b", ::zip::write::SimpleFileOptions::default())
            .unwrap();
        let report = verified(copy.finish().unwrap().into_inner());
        assert_eq!(report.changed, ["files/a"]);
        assert_eq!(report.extra, ["files/b"]);
        assert_eq!(report.leaks["files/a"][0].line, 3);
    }
}
