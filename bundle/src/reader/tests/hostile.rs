//! Archives that mean harm.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// A tar with one entry of this name and type, whatever they are.
fn tar_with(name: &[u8], kind: ::tar::EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = ::tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_link_name_literal("/etc/shadow").unwrap();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = ::tar::Builder::new(Vec::new());
    archive.append(&header, content).unwrap();
    let mut good = ::tar::Header::new_ustar();
    good.set_size(4);
    archive
        .append_data(&mut good, "good.txt", &b"good"[..])
        .unwrap();
    archive.into_inner().unwrap()
}

#[test]
fn names_that_lead_outside_are_refused_and_the_rest_is_read() {
    for name in [&b"../etc/passwd"[..], b"a/../../b", b"/etc/passwd", b"a/.."] {
        let archive = tar_with(name, ::tar::EntryType::Regular, b"evil");
        let (entries, summary) = seen(&held(archive), &Limits::default());
        assert_eq!(entries, [("good.txt".to_owned(), b"good".to_vec())]);
        assert_eq!(summary.refused_count, 1);
    }
}

#[test]
fn links_and_devices_are_never_entries() {
    use ::tar::EntryType;
    for kind in [EntryType::Symlink, EntryType::Link] {
        let (entries, summary) = seen(&held(tar_with(b"link", kind, b"")), &Limits::default());
        assert_eq!(entries.len(), 1);
        assert_eq!(summary.links[0].name, "link");
        assert_eq!(summary.links[0].target, "/etc/shadow");
    }
    for kind in [
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
    ] {
        let (entries, summary) = seen(&held(tar_with(b"dev", kind, b"")), &Limits::default());
        assert_eq!(entries.len(), 1);
        assert_eq!(summary.refused[0].name, "dev");
    }
}

#[test]
fn refused_names_are_escaped() {
    let archive = tar_with(b"../\x1b[2Jgone", ::tar::EntryType::Regular, b"evil");
    let (_, summary) = seen(&held(archive), &Limits::default());
    assert_eq!(summary.refused[0].name, "../\\u{1b}[2Jgone");
}

#[test]
fn a_gigabyte_of_zeros_is_stopped_by_the_ratio() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(9));
    packed.write_all(&vec![0; 16 << 20]).unwrap();
    let zeros = packed.finish().unwrap();
    let mut header = ::tar::Header::new_ustar();
    header.set_path("zeros").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    let mut first = GzEncoder::new(Vec::new(), Compression::new(1));
    first.write_all(header.as_bytes()).unwrap();
    let mut bomb = first.finish().unwrap();
    for _ in 0..64 {
        bomb.extend_from_slice(&zeros);
    }
    let (entries, summary) = drained(&held(bomb), &Limits::default());
    assert!(entries <= 1);
    assert!(summary.bytes < 70 << 20, "{}", summary.bytes);
    assert!(
        summary
            .damage
            .iter()
            .any(|damage| damage.what.contains("ratio")),
        "{summary:?}"
    );
}

#[test]
fn a_bomb_of_our_own_members_is_stopped_by_the_total() {
    let mut text = ::tar::Header::new_ustar();
    text.set_path("zeros.log").unwrap();
    text.set_size(7 << 20);
    text.set_cksum();
    let text = [&text.as_bytes()[..], &vec![0; 7 << 20]].concat();
    let bomb = crate::member::pack(&text, 0).unwrap().repeat(40);
    let limits = Limits {
        total_bytes: 100 << 20,
        ..Limits::default()
    };
    let (_, summary) = drained(&held(bomb), &limits);
    assert!(summary.bytes <= 100 << 20);
    assert!(summary.stopped.unwrap().contains("in all"));
}

/// Reads every entry without keeping it.
fn drained(input: &Input, limits: &Limits) -> (u64, ReadSummary) {
    let mut entries = 0;
    let summary = read(input, limits, &mut |_, body| {
        entries += u64::from(io::copy(body, &mut io::sink()).is_ok());
        Control::Continue
    })
    .unwrap();
    (entries, summary)
}

#[test]
fn an_entry_larger_than_allowed_ends_with_an_error_and_the_next_is_read() {
    let archive = tar_with(b"big", ::tar::EntryType::Regular, &[b'x'; 2000]);
    let limits = Limits {
        entry_bytes: 1000,
        ..Limits::default()
    };
    let (entries, summary) = seen(&held(archive), &limits);
    assert_eq!(entries.len(), 1);
    assert!(summary.damage[0].what.contains("larger than allowed"));
}

#[test]
fn too_many_entries_end_the_reading() {
    let limits = Limits {
        entries: 10,
        ..Limits::default()
    };
    let (entries, summary) = seen(&held(sample::bundle_of(Container::TarGz, 100)), &limits);
    assert_eq!(entries.len(), 10);
    assert!(summary.stopped.unwrap().contains("entries"));
}

#[test]
fn overlapping_zip_entries_are_refused() {
    let mut writer = sample::begin(Vec::new(), Container::Zip);
    sample::put(&mut writer, "first", &sample::lines(5)).unwrap();
    sample::put(&mut writer, "second", &sample::lines(6)).unwrap();
    let mut bundle = writer.finish(true, None).unwrap();
    let listed: Vec<usize> = memchr::memmem::find_iter(&bundle, b"PK\x01\x02").collect();
    let offset_of_first = bundle[listed[1] + 42..listed[1] + 46].to_vec();
    bundle[listed[2] + 42..listed[2] + 46].copy_from_slice(&offset_of_first);
    let (entries, summary) = seen(&held(bundle), &Limits::default());
    assert!(
        summary
            .refused
            .iter()
            .any(|refusal| refusal.why.contains("overlaps")),
        "{summary:?}"
    );
    let copies = entries
        .iter()
        .filter(|(_, content)| *content == sample::lines(5));
    assert_eq!(copies.count(), 1);
}

#[test]
fn archives_are_opened_three_deep_and_no_deeper() {
    let mut archive = tar_with(b"inner", ::tar::EntryType::Regular, b"deep");
    for _ in 0..4 {
        archive = tar_with(b"next.tar", ::tar::EntryType::Regular, &archive);
    }
    let (entries, summary) = seen(&held(archive), &Limits::default());
    assert!(
        entries
            .iter()
            .any(|(name, _)| name == "next.tar!/next.tar!/next.tar!/good.txt")
    );
    assert_eq!(entries.len(), 4);
    assert!(summary.refused[0].why.contains("deeper"));
}

#[test]
fn any_bytes_give_a_summary() {
    let mut state = 7u64;
    let headers: [&[u8]; 5] = [
        b"",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b\x08\x00",
        b"\x1f\x8b\x08\x04",
    ];
    for round in 0..200 {
        let noise = (0..3000).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        });
        let bytes = headers[round % 5].iter().copied().chain(noise).collect();
        let (_, summary) = seen(&held(bytes), &Limits::default());
        assert!(summary.entries <= 1);
    }
}

#[test]
fn an_extended_header_that_claims_gigabytes_costs_nothing() {
    let mut archive = tar_with(b"x", ::tar::EntryType::GNULongName, b"name");
    let mut header = ::tar::Header::from_byte_slice(&archive[..512]).clone();
    header.set_size(7 << 30);
    header.set_cksum();
    archive[..512].copy_from_slice(header.as_bytes());
    let (entries, summary) = seen(&held(archive), &Limits::default());
    assert!(entries.is_empty());
    assert!(!summary.complete);
}
