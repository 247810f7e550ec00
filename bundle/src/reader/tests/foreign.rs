//! What other tools pack.

use super::*;
use ::zip::write::SimpleFileOptions;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

pub(super) fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ::tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(77);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ::zip::ZipWriter::new_stream(Vec::new());
    for (name, content) in entries {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub(super) fn names_of(seen: &Seen) -> Vec<&str> {
    seen.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_single_top_folder_goes_and_long_names_stay() {
    let long = format!("sos/{}/messages", "long-folder-name/".repeat(30));
    let archive = tar_of(&[("./sos/etc/hosts", b"1"), (&long, b"2")]);
    for bytes in [archive.clone(), gzip(&archive)] {
        let (entries, summary) = seen(&held(bytes), &Limits::default());
        assert_eq!(entries[0].0, "etc/hosts");
        assert_eq!(format!("sos/{}", entries[1].0), long.replace("//", "/"));
        assert!(summary.complete, "{summary:?}");
    }
}

#[test]
fn a_cut_tar_gz_yields_every_complete_entry_before_the_cut() {
    let log = sample::lines(20_000);
    let packed = gzip(&tar_of(&[("a", b"first"), ("b", &log), ("c", b"last")]));
    let cut = packed[..packed.len() / 2].to_vec();
    let mut bytes = 0;
    let mut entries = Vec::new();
    let summary = read(&held(cut), &Limits::default(), &mut |head, body| {
        let mut content = Vec::new();
        let whole = body.read_to_end(&mut content).is_ok();
        bytes += content.len();
        entries.push((head.name.to_owned(), whole));
        Control::Continue
    })
    .unwrap();
    assert_eq!(entries, [("a".to_owned(), true), ("b".to_owned(), false)]);
    assert!(
        bytes > log.len() / 3,
        "the lines before the cut can be used"
    );
    assert!(!summary.complete);
}

#[test]
fn a_zip_with_sizes_after_the_content_is_read_whole_and_cut() {
    let log = sample::lines(2000);
    let archive = zip_of(&[("t/a", b"first"), ("t/b.log", &log), ("t/c", b"last")]);
    let (entries, summary) = seen(&held(archive.clone()), &Limits::default());
    assert_eq!(names_of(&entries), ["a", "b.log", "c"]);
    assert!(entries[1].1 == log);
    assert!(summary.complete);
    let directory = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
    let (entries, summary) = seen(&held(archive[..directory].to_vec()), &Limits::default());
    assert_eq!(names_of(&entries), ["a", "b.log", "c"]);
    assert!(!summary.complete);
}

#[test]
fn compressed_logs_inside_an_archive_are_inflated() {
    let archive = tar_of(&[("var/log/messages.1.gz", &gzip(b"line\n")), ("x", b"")]);
    let (entries, _) = seen(&held(archive), &Limits::default());
    assert_eq!(
        entries[0],
        ("var/log/messages.1.gz".to_owned(), b"line\n".to_vec())
    );
}

#[test]
fn bundles_inside_a_zip_keep_their_own_top_folders_apart() {
    let bundle = sample::bundle_of(Container::TarGz, 100);
    let archive = zip_of(&[("case/one.tar.gz", &bundle), ("case/two.tar.gz", &bundle)]);
    let (entries, summary) = seen(&held(archive), &Limits::default());
    let names = names_of(&entries);
    assert_eq!(names[0], "case/one.tar.gz!/bundle.json");
    assert!(names.contains(&"case/two.tar.gz!/manifest.json"));
    assert!(summary.complete, "{summary:?}");
}

#[test]
fn a_single_file_is_one_entry_plain_or_gzip() {
    for bytes in [b"one line\n".to_vec(), gzip(b"one line\n")] {
        let (entries, summary) = seen(&held(bytes), &Limits::default());
        assert_eq!(entries, [("stdin".to_owned(), b"one line\n".to_vec())]);
        assert_eq!(summary.packing, Packing::File);
    }
}

#[test]
fn other_compressions_are_named() {
    let (entries, summary) = seen(
        &held(b"7z\xbc\xaf\x27\x1crest".to_vec()),
        &Limits::default(),
    );
    assert!(entries.is_empty());
    assert!(summary.refused[0].why.contains("7z"));
}

#[test]
fn a_broken_header_loses_only_its_entry() {
    let mut archive = tar_of(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
    archive[1024] ^= 0x55;
    let (entries, summary) = seen(&held(archive), &Limits::default());
    assert_eq!(names_of(&entries), ["a", "c"]);
    assert!(!summary.complete);
}
