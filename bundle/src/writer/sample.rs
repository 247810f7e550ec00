//! A small bundle for the tests of writer and reader.

use super::{BundleWriter, Container, Gate, Setup, WriteError};
use crate::{BundleInfo, EntryPath, Outcome, Record};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// Lets everything pass but the word `hunter2`.
pub(crate) struct WordGate;

impl Gate for WordGate {
    fn check(&mut self, bytes: &[u8]) -> Option<(Vec<u8>, BTreeMap<String, u64>)> {
        let text = std::str::from_utf8(bytes).ok()?;
        let hits = text.matches("hunter2").count() as u64;
        let masked = text.replace("hunter2", "REDACTED(gate;word)");
        (hits > 0).then(|| (masked.into_bytes(), BTreeMap::from([("word".into(), hits)])))
    }
}

pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn info() -> BundleInfo {
    BundleInfo {
        format_version: 1,
        collector_version: "0.1.0".into(),
        node: "worker-1".into(),
        mode: "live".into(),
        started: epoch(),
        monotonic_seconds: Some(100),
        boot_id: None,
        uid: 0,
        comparable_ids: false,
        options: BTreeMap::new(),
    }
}

pub(crate) const TOP: &str = "nodebundle-worker-1-20270115T080000Z";

pub(crate) fn begin<W: Write>(out: W, container: Container) -> BundleWriter<W> {
    let setup = Setup {
        container,
        top_folder: TOP,
        info: &info(),
        mtime: 1_800_000_000,
    };
    BundleWriter::begin(out, &setup, Box::new(WordGate)).unwrap()
}

pub(crate) fn record(id: &str, outcome: Outcome) -> Record {
    Record::new(id, "file", format!("/{id}"), outcome, epoch())
}

pub(crate) fn put<W: Write>(
    writer: &mut BundleWriter<W>,
    path: &str,
    bytes: &[u8],
) -> Result<(), WriteError> {
    let record = record(path, Outcome::Ok);
    writer.entry_of(
        &EntryPath::new(path).unwrap(),
        bytes,
        &BTreeMap::new(),
        record,
    )
}

/// Text that does not compress to nothing: numbers that follow from the line.
pub(crate) fn lines(count: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    (0..count)
        .flat_map(|line| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(line | 1);
            format!(
                "2027-01-15T08:00:00Z line {line} {:016x}{:08x}\n",
                state,
                state >> 40
            )
            .into_bytes()
        })
        .collect()
}

/// 40 small entries, then a journal of more than one part.
pub(crate) fn bundle(container: Container) -> Vec<u8> {
    bundle_of(container, 90_000)
}

/// The same with a journal of so many lines, written in four pieces two seconds apart.
pub(crate) fn bundle_of(container: Container, journal: u64) -> Vec<u8> {
    let mut writer = begin(Vec::new(), container);
    for at in 0..40u64 {
        put(
            &mut writer,
            &format!("files/etc/file-{at}.yaml"),
            &lines(at),
        )
        .unwrap();
    }
    writer
        .record(record("files/etc/gone", Outcome::Absent))
        .unwrap();
    let folder = EntryPath::new("journal/kubelet.service").unwrap();
    let mut stream = writer
        .stream(record("journal/kubelet", Outcome::Ok), folder)
        .unwrap();
    let text = lines(journal);
    let pieces: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    for (at, piece) in pieces.chunks(pieces.len() / 4).enumerate() {
        stream.tick(Duration::from_secs(2 * at as u64)).unwrap();
        stream
            .write_lines_of(&piece.concat(), &BTreeMap::new())
            .unwrap();
    }
    stream.finish().unwrap();
    put(&mut writer, "collector.jsonl", b"{}\n").unwrap();
    writer.finish(true, None).unwrap()
}
