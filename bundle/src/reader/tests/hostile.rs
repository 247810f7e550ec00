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

#[test]
fn names_that_lead_outside_are_refused_behind_every_compression() {
    let archive = tar_with(b"a/../../b", ::tar::EntryType::Regular, b"evil");
    for (pack, packing) in compressed::CODECS {
        let (entries, summary) = seen(&held(pack(&archive)), &Limits::default());
        assert_eq!(entries.len(), 1, "{packing}");
        assert_eq!(summary.refused_count, 1, "{packing}");
    }
    let zip = foreign::zip_of(&[("../../b", b"evil"), ("/etc/c", b"evil"), ("good", b"good")]);
    let (entries, summary) = seen(&held(zip), &Limits::default());
    assert_eq!(entries, [("good".to_owned(), b"good".to_vec())]);
    assert_eq!(summary.refused_count, 2);
}

#[test]
fn of_two_entries_with_one_name_both_are_read_and_that_is_said() {
    let tar = foreign::tar_of(&[("t/a", b"1"), ("t/b", b"2"), ("./t/a", b"3")]);
    for archive in [tar.clone(), foreign::gzip(&tar)] {
        let (entries, summary) = seen(&held(archive), &Limits::default());
        let of_a = entries.iter().filter(|(name, _)| name == "a");
        assert_eq!(of_a.count(), 2);
        assert_eq!(summary.repeated, ["a"]);
        assert!(summary.complete);
    }
    let (_, summary) = seen(&held(sample::bundle(Container::TarGz)), &Limits::default());
    assert!(summary.repeated.is_empty());
}

/// An extended header with these records, then a file of so many bytes by its own header.
fn extended(
    kind: ::tar::EntryType,
    records: &[(&str, &str)],
    size: u64,
    content: &[u8],
) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        while format!("{length}{rest}").len() != length {
            length += 1;
        }
        text.push_str(&length.to_string());
        text.push_str(&rest);
    }
    let block = |kind, name: &str, size| {
        let mut header = ::tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    let padded = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    };
    let regular = ::tar::EntryType::Regular;
    [
        block(kind, "pax", text.len() as u64),
        padded(text.as_bytes()),
        block(regular, "plain", size),
        padded(content),
        block(regular, "next", 4),
        padded(b"next"),
        vec![0; 1024],
    ]
    .concat()
}

#[test]
fn extended_headers_change_what_they_may_and_lead_nowhere() {
    use ::tar::EntryType::{XGlobalHeader, XHeader};
    let read = |archive: Vec<u8>| seen(&held(archive), &Limits::default());
    let named = |entries: &Seen| -> Vec<(String, usize)> {
        let of = |entry: &(String, Vec<u8>)| (entry.0.clone(), entry.1.len());
        entries.iter().map(of).collect()
    };
    let next = ("next".to_owned(), 4);
    let (entries, _) = read(extended(XHeader, &[("path", "real/name")], 3, b"abc"));
    assert_eq!(named(&entries), [("real/name".to_owned(), 3), next.clone()]);
    let (entries, summary) = read(extended(XHeader, &[("path", "../../evil")], 3, b"abc"));
    assert_eq!(
        (named(&entries), summary.refused_count),
        (vec![next.clone()], 1)
    );
    let (entries, _) = read(extended(XHeader, &[("size", "600")], 3, &[b'x'; 600]));
    assert_eq!(named(&entries), [("plain".to_owned(), 600), next.clone()]);
    let (entries, _) = read(extended(
        XGlobalHeader,
        &[("path", "../evil"), ("size", "9")],
        3,
        b"abc",
    ));
    assert_eq!(named(&entries), [("plain".to_owned(), 3), next.clone()]);
    let sparse = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.realsize", "999999999999"),
    ];
    let (entries, summary) = read(extended(XHeader, &sparse, 3, b"abc"));
    assert_eq!(named(&entries), [next]);
    assert!(summary.refused[0].why.contains("sparse"));
    for size in ["18446744073709551615", "-1", "x", ""] {
        let (entries, _) = read(extended(XHeader, &[("size", size)], 3, b"abc"));
        assert!(entries.len() <= 2, "{size}");
    }
}

#[test]
fn archives_that_multiply_are_stopped() {
    let mut zip = foreign::zip_of(&[("zeros", &vec![0; 4 << 20])]);
    for level in 0..6 {
        let names: Vec<String> = (0..16).map(|copy| format!("{level}-{copy}.zip")).collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &*zip)).collect();
        zip = foreign::zip_of(&entries);
    }
    let limits = Limits {
        total_bytes: 200 << 20,
        ..Limits::default()
    };
    let (_, summary) = drained(&held(zip), &limits);
    assert!(summary.bytes <= 200 << 20);
    assert!(
        summary.stopped.is_some() || summary.refused_count > 0,
        "{summary:?}"
    );
    assert!(!summary.complete || summary.refused[0].why.contains("deeper"));
}

#[test]
fn a_hundred_thousand_entries_are_read() {
    let names: Vec<String> = (0..100_000)
        .map(|number| format!("t/{}/{number}", number % 97))
        .collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"x"[..]))
        .collect();
    let tar = foreign::tar_of(&entries);
    for archive in [foreign::gzip(&tar), foreign::zip_of(&entries)] {
        let (entries, summary) = drained(&held(archive), &Limits::default());
        assert_eq!(entries, 100_000);
        assert!(summary.complete, "{summary:?}");
    }
}

#[test]
fn names_that_are_no_text_are_read_under_a_readable_name() {
    let archive = tar_with(b"var/log/\xff\xfe.log", ::tar::EntryType::Regular, b"line");
    let (entries, summary) = seen(&held(archive), &Limits::default());
    assert_eq!(entries[0].0, "var/log/\u{fffd}\u{fffd}.log");
    assert_eq!(summary.refused_count, 0);
}
