//! xz, zstd and bzip2, around archives and inside them.

use super::foreign::{gzip, names_of, tar_of, zip_of};
use super::*;
use lzma_rust2::{XzOptions, XzWriter};
use std::io::Write as _;
use std::num::NonZeroU64;

pub(super) type Pack = fn(&[u8]) -> Vec<u8>;

pub(super) const CODECS: [(Pack, Packing); 3] = [
    (xz, Packing::TarXz),
    (zstd, Packing::TarZst),
    (bzip2, Packing::TarBz2),
];

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut options = XzOptions::with_preset(0);
    options.set_block_size(NonZeroU64::new(256 << 10));
    let mut writer = XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    ruzstd::encoding::compress_to_vec(bytes, level)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let level = ::bzip2::Compression::new(1);
    let mut writer = ::bzip2::write::BzEncoder::new(Vec::new(), level);
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A tar of many small entries around a log.
fn sample_tar() -> Vec<u8> {
    let log = sample::lines(20_000);
    let names: Vec<String> = (0..60).map(|number| format!("top/file-{number}")).collect();
    let mut entries: Vec<(&str, &[u8])> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let from = at * 9000;
        entries.push((name, &log[from..from + 4000 + at * 70]));
    }
    entries.insert(30, ("top/kubelet.log", &log));
    tar_of(&entries)
}

#[test]
fn a_tar_behind_any_compression_is_read_whole() {
    let archive = sample_tar();
    let (plain, _) = seen(&held(archive.clone()), &Limits::default());
    assert_eq!(plain.len(), 61);
    for (pack, packing) in CODECS {
        let (entries, summary) = seen(&held(pack(&archive)), &Limits::default());
        assert!(entries == plain, "{packing}");
        assert!(summary.complete, "{packing}: {summary:?}");
        assert_eq!(summary.packing, packing);
    }
}

#[test]
fn compressed_archives_and_logs_inside_another_are_opened() {
    for (pack, packing) in CODECS {
        let inner = pack(&tar_of(&[("node/a", b"1"), ("node/b", b"2")]));
        let log = pack(b"line\n");
        let entries: [(&str, &[u8]); 2] = [("case/node.bin", &inner), ("case/log.1", &log)];
        for outer in [tar_of(&entries), zip_of(&entries), pack(&tar_of(&entries))] {
            let (entries, summary) = seen(&held(outer), &Limits::default());
            let names = names_of(&entries);
            let inside = ["case/node.bin!/a", "case/node.bin!/b"];
            assert_eq!(names, [inside[0], inside[1], "log.1"], "{packing}");
            assert_eq!(entries[2].1, b"line\n");
            assert!(summary.complete, "{packing}: {summary:?}");
        }
    }
}

#[test]
fn a_single_compressed_file_is_one_entry() {
    for (pack, _) in CODECS {
        let (entries, summary) = seen(&held(pack(b"one line\n")), &Limits::default());
        assert_eq!(entries, [("stdin".to_owned(), b"one line\n".to_vec())]);
        assert_eq!(summary.packing, Packing::File);
        assert!(summary.complete);
    }
}

#[test]
fn streams_that_follow_one_another_are_one() {
    let text = sample::lines(3000);
    let (first, second) = text.split_at(text.len() / 3);
    for (pack, packing) in CODECS {
        let mut joined = pack(first);
        match packing {
            Packing::TarXz => joined.extend([0; 8]),
            Packing::TarZst => joined.extend(*b"\x51\x2a\x4d\x18\x03\0\0\0abc"),
            _ => {}
        }
        joined.extend(pack(second));
        let (entries, summary) = seen(&held(joined), &Limits::default());
        assert!(entries[0].1 == text, "{packing}");
        assert!(summary.complete, "{packing}: {summary:?}");
    }
}

#[test]
fn archives_joined_behind_one_another_are_all_read() {
    let (one, two) = (tar_of(&[("a", b"1")]), tar_of(&[("b", b"2")]));
    let padded = [&one[..], &[0; 8192], &two].concat();
    for joined in [padded, [gzip(&one), gzip(&two)].concat()] {
        let (entries, summary) = seen(&held(joined), &Limits::default());
        assert_eq!(names_of(&entries), ["a", "b"]);
        assert!(summary.complete, "{summary:?}");
    }
    let rubbish = [&one[..], &[7; 3000]].concat();
    let (entries, summary) = seen(&held(rubbish), &Limits::default());
    assert_eq!(names_of(&entries), ["a"]);
    assert!(summary.complete, "{summary:?}");
}

#[test]
fn a_cut_stream_yields_what_stands_before_the_cut() {
    let archive = sample_tar();
    let (whole, _) = seen(&held(archive.clone()), &Limits::default());
    for (pack, packing) in CODECS {
        let packed = pack(&archive);
        let mut before = 0;
        for part in 1..=40 {
            let place = packed.len() * part / 41;
            let (left, summary) = seen(&held(packed[..place].to_vec()), &Limits::default());
            assert!(!summary.complete, "{packing} cut at {place}");
            let what = &summary.damage[0].what;
            assert!(what.contains("cut short"), "{packing} at {place}: {what}");
            assert!(left.iter().all(|entry| whole.contains(entry)), "{packing}");
            assert!(left.len() >= before, "{packing} cut at {place}");
            before = left.len();
        }
        let (left, summary) = seen(
            &held(packed[..packed.len() - 1].to_vec()),
            &Limits::default(),
        );
        assert_eq!(left.len(), whole.len(), "{packing}");
        assert!(!summary.complete, "{packing}");
    }
}

/// All of it fits into what is looked at to tell what it is.
#[test]
fn a_small_file_that_is_cut_or_has_a_wrong_checksum_is_never_complete() {
    let packs = CODECS.map(|(pack, _)| pack);
    for pack in [gzip as Pack].into_iter().chain(packs) {
        let packed = pack(b"one line\n");
        for place in 8..packed.len() {
            let (_, summary) = seen(&held(packed[..place].to_vec()), &Limits::default());
            assert!(!summary.complete, "{packed:x?} cut at {place}");
        }
    }
    let mut packed = gzip(b"one line\n");
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    let (_, summary) = seen(&held(packed), &Limits::default());
    assert!(!summary.complete, "{summary:?}");
}

#[test]
fn bombs_are_stopped_by_the_ratio() {
    for (pack, packing) in CODECS {
        let bomb = pack(&vec![0; 4 << 20]).repeat(160);
        let mut bytes = 0;
        let summary = read(&held(bomb), &Limits::default(), &mut |_, body| {
            let _ = io::copy(body, &mut io::sink()).map(|read| bytes += read);
            Control::Continue
        })
        .unwrap();
        assert!(summary.bytes < 70 << 20, "{packing}: {}", summary.bytes);
        let what = &summary.damage[0].what;
        assert!(what.contains("ratio"), "{packing}: {what}");
        assert_eq!(bytes, 0);
    }
}

#[test]
fn a_decoder_that_would_need_too_much_memory_is_refused() {
    // `xz --lzma2=dict=256MiB`
    let wide_xz = b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01\x20\0\0\0\x09\x88\xa5\x76\x01\0\x04hello\0\0\0";
    // A window of 512 MiB.
    let wide_zstd = b"\x28\xb5\x2f\xfd\x00\x98\x01\x00\x00";
    for (bytes, tool) in [(&wide_xz[..], "xz -d"), (wide_zstd, "zstd -d --long=31")] {
        let (_, summary) = seen(&held(bytes.to_vec()), &Limits::default());
        let what = &summary.damage[0].what;
        assert!(what.contains("larger than 128 MiB"), "{what}");
        assert!(what.contains(tool), "{what}");
    }
}

#[test]
fn a_flipped_byte_is_noticed_or_changes_nothing() {
    let archive = sample_tar();
    let (whole, _) = seen(&held(archive.clone()), &Limits::default());
    for (pack, packing) in CODECS {
        let packed = pack(&archive);
        for part in 0..24 {
            let mut damaged = packed.clone();
            let place = 12 + (packed.len() - 12) * part / 24;
            damaged[place] ^= 0x55;
            let (left, summary) = seen(&held(damaged), &Limits::default());
            assert!(left == whole || !summary.complete, "{packing} byte {place}");
        }
    }
}
