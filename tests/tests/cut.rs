//! Whatever the container, and wherever the end of it is lost: what stands before is used, and the report owns up.

use crate::packing::scattered;
use crate::programs::collect;
use flate2::Compression;
use flate2::write::GzEncoder;
use nodebundle_analyzer::analyze::{AnalyzeError, Options, analyze};
use nodebundle_analyzer::ruleset::RuleSet;
use nodebundle_bundle::{Control, Input, Limits, Reader};
use nodebundle_fixtures::NodeFixture;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use zip::write::SimpleFileOptions;

/// Places per container; fewer where nothing is optimised.
const PLACES: usize = if cfg!(debug_assertions) { 100 } else { 1000 };

/// Places within the first headers, all of them.
const HEADERS: std::ops::Range<usize> = 8..64;

/// One packed node.
struct Packed {
    name: &'static str,
    bytes: Vec<u8>,
    /// Where each entry ends that can be read from then on, where the container tells; else empty.
    ends: Vec<usize>,
}

#[test]
fn a_container_of_any_kind_cut_anywhere_gives_a_report_of_all_that_is_left() {
    let packed = all();
    let rules = RuleSet::built_in();
    let halves = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for half in 0..halves {
            let (packed, rules) = (&packed, &rules);
            scope.spawn(move || {
                for kind in packed.iter().skip(half).step_by(halves) {
                    cut(kind, rules);
                }
            });
        }
    });
}

fn cut(packed: &Packed, rules: &RuleSet) {
    let name = packed.name;
    let whole = entries(&packed.bytes).0;
    assert!(whole.len() > 10, "{name} holds {}", whole.len());
    let mut places: Vec<usize> = scattered(7, PLACES, packed.bytes.len()).collect();
    places.extend(HEADERS);
    places.sort_unstable();
    // The name in its first header does not tell a plain tar from text.
    places.retain(|place| name != "tar" || *place > "top/etc/hostname".len());
    let mut before = 0;
    for place in places {
        let bytes = &packed.bytes[..place];
        let (left, complete) = entries(bytes);
        let is_whole = left.len() == whole.len();
        let known = |entry: &(String, Vec<u8>)| whole.contains(entry) || entry.0 == "stdin";
        let cut = left.iter().filter(|entry| !known(entry)).count();
        assert!(cut <= 1, "{name} cut at {place}: {cut} entries differ");
        let left = left.len() - cut;
        assert!(
            left >= before,
            "{name} cut at {place}: fewer entries than before"
        );
        before = left;
        let ended = packed.ends.iter().filter(|end| **end <= place).count();
        assert!(left >= ended, "{name} cut at {place}: {left} of {ended}");
        assert!(
            !complete || is_whole || place < 8,
            "{name} cut at {place} is called complete"
        );
        let input = held(bytes);
        match analyze(&input, rules, &Options::default()) {
            Ok(reports) => assert!(
                !reports.is_empty()
                    && reports
                        .iter()
                        .all(|report| !report.input.complete || is_whole),
                "{name} cut at {place}"
            ),
            Err(AnalyzeError::Panic { what, .. }) => panic!("{name} cut at {place}: {what}"),
            Err(error) => assert!(left <= 1, "{name} cut at {place}, {left} entries: {error}"),
        }
    }
    assert!(
        before * 2 > whole.len(),
        "{name}: {before} of {} before the end",
        whole.len()
    );
}

fn held(bytes: &[u8]) -> Input {
    Input::Held {
        name: "-".into(),
        bytes: bytes.into(),
    }
}

/// Entries that can be read to their end, and whether the input is called complete.
fn entries(bytes: &[u8]) -> (Vec<(String, Vec<u8>)>, bool) {
    let mut entries = Vec::new();
    let mut reader = Reader::new(held(bytes), Limits::default());
    let summary = reader.read(&mut |head, body| {
        let mut content = Vec::new();
        if body.read_to_end(&mut content).is_ok() && !head.cut {
            // Whether there is one folder around all shows only once all are known.
            let name = head.name.strip_prefix("top/").unwrap_or(head.name);
            entries.push((name.to_owned(), content));
        }
        Control::Continue
    });
    (entries, summary.unwrap().complete)
}

/// The same small node in every container.
fn all() -> Vec<Packed> {
    let files = files();
    let (tar, ends) = tar_of(&files);
    let packed = |name, bytes, ends| Packed { name, bytes, ends };
    let unknown = Vec::new;
    let (zip, zip_ends) = zip_of(&files);
    let mut all = vec![
        packed("tar.gz", gzip(&tar), unknown()),
        packed("tar.xz", xz(&tar), unknown()),
        packed("tar.zst", zstd(&tar), unknown()),
        packed("tar.bz2", bzip2(&tar), unknown()),
        packed("zip", zip, zip_ends),
        packed("tar", tar, ends),
    ];
    let node = NodeFixture::case("client-certificate-expired");
    for (name, container) in [("our tar.gz", "tar.gz"), ("our zip", "zip")] {
        let path = node.output().join(name);
        collect(&node.root(), &path, &["--format", container]);
        all.push(packed(name, fs::read(&path).unwrap(), unknown()));
    }
    all
}

/// Logs that hardly repeat.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut state = 1_u64;
    let mut files = vec![("etc/hostname".to_owned(), b"worker-1\n".to_vec())];
    for number in 0..14 {
        let mut text = String::new();
        for line in 0..50 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let second = line % 60;
            writeln!(
                text,
                "I1125 10:{:02}:{second:02}.000000 1201 kubelet.go:{line}] \"SyncLoop\" id={state:016x} more={:016x}",
                line / 60,
                state.rotate_left(21)
            )
            .unwrap();
        }
        files.push((format!("var/log/kubelet-{number}.log"), text.into_bytes()));
    }
    files
}

fn tar_of(files: &[(String, Vec<u8>)]) -> (Vec<u8>, Vec<usize>) {
    let mut archive = tar::Builder::new(Vec::new());
    let mut ends = Vec::new();
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, format!("top/{name}"), content.as_slice())
            .unwrap();
        let padding = content.len().next_multiple_of(512) - content.len();
        ends.push(archive.get_ref().len() - padding);
    }
    (archive.into_inner().unwrap(), ends)
}

fn zip_of(files: &[(String, Vec<u8>)]) -> (Vec<u8>, Vec<usize>) {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive
            .start_file(format!("top/{name}"), SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    let is_header = |at: &usize| {
        let magic = &bytes[*at..at + 4];
        magic == b"PK\x03\x04" || (magic == b"PK\x01\x02" && *at > 0)
    };
    let ends = (1..bytes.len() - 4)
        .filter(is_header)
        .take(files.len())
        .collect();
    (bytes, ends)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(0);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Frames that follow one another, as tools with several threads write them: a frame or block is lost as a whole.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let frames = bytes.chunks(6000);
    frames
        .flat_map(|part| ruzstd::encoding::compress_to_vec(part, level))
        .collect()
}

/// Streams that follow one another.
fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let level = bzip2::Compression::new(1);
    let stream = |part: &[u8]| {
        let mut writer = bzip2::write::BzEncoder::new(Vec::new(), level);
        writer.write_all(part).unwrap();
        writer.finish().unwrap()
    };
    bytes.chunks(6000).flat_map(stream).collect()
}
