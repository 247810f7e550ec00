//! What is left of a bundle that was cut or damaged.

use super::*;
use crate::member::MemberHeader;

/// Where members begin.
fn members(bundle: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(header) = bundle.get(at..).and_then(MemberHeader::parse) {
        starts.push(at);
        at += header.member_bytes as usize;
    }
    assert_eq!(at, bundle.len());
    starts
}

/// Numbers between 0 and `below`, the same in every run.
fn places(count: usize, below: usize) -> impl Iterator<Item = usize> {
    let mut state = 1u64;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    })
    .take(count)
}

/// What is left is the beginning of the whole; only the last entry may be shorter, by whole lines.
fn assert_is_beginning(left: &Seen, whole: &Seen, place: usize) {
    for (at, (entry, original)) in left.iter().zip(whole).enumerate() {
        assert_eq!(entry.0, original.0, "cut at {place}");
        if entry.1 != original.1 {
            assert_eq!(
                at,
                left.len() - 1,
                "{} in the middle, cut at {place}",
                entry.0
            );
            assert!(original.1.starts_with(&entry.1), "cut at {place}");
            assert!(entry.1.ends_with(b"\n"), "cut at {place}");
        }
    }
    assert!(left.len() <= whole.len());
}

#[test]
fn a_tar_gz_cut_anywhere_yields_every_member_before_the_cut() {
    let bundle = sample::bundle_of(Container::TarGz, 3000);
    let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
    let starts = members(&bundle);
    assert!(starts.len() >= 7, "{starts:?}");
    let in_members: Vec<usize> = starts
        .iter()
        .map(|start| {
            let before = bundle[..*start].to_vec();
            let (left, _) = seen(&held(before), &Limits::default());
            left.iter().filter(|(name, _)| name != "stdin").count()
        })
        .collect();
    for place in places(300, bundle.len()) {
        let (left, summary) = seen(&held(bundle[..place].to_vec()), &Limits::default());
        if place > 2 {
            assert!(!summary.complete, "cut at {place}");
            assert!(!summary.damage.is_empty(), "cut at {place}");
            assert_is_beginning(&left, &whole, place);
            let member = starts.partition_point(|start| *start <= place) - 1;
            assert!(left.len() >= in_members[member], "cut at {place}");
        }
    }
}

#[test]
fn a_cut_part_is_used_up_to_its_last_whole_line() {
    let bundle = sample::bundle(Container::TarGz);
    let starts = members(&bundle);
    let longest = starts
        .windows(2)
        .max_by_key(|pair| pair[1] - pair[0])
        .unwrap();
    let middle = usize::midpoint(longest[0], longest[1]);
    let mut cut = Vec::new();
    read(
        &held(bundle[..middle].to_vec()),
        &Limits::default(),
        &mut |head, body| {
            if head.cut {
                body.read_to_end(&mut cut).unwrap();
            }
            Control::Continue
        },
    )
    .unwrap();
    assert!(cut.len() > 100_000);
    assert!(cut.ends_with(b"\n"));
}

#[test]
fn a_zip_cut_anywhere_yields_every_entry_before_the_cut() {
    let bundle = sample::bundle_of(Container::Zip, 3000);
    let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
    let ends: Vec<usize> = memchr::memmem::find_iter(&bundle, b"PK\x03\x04")
        .skip(1)
        .collect();
    for place in places(300, bundle.len()) {
        let (left, summary) = seen(&held(bundle[..place].to_vec()), &Limits::default());
        if place < 4 {
            continue;
        }
        assert!(!summary.complete, "cut at {place}");
        assert_is_beginning(&left, &whole, place);
        let before = ends.iter().filter(|end| **end <= place).count();
        assert!(
            left.len() >= before,
            "cut at {place}: {} of {before}",
            left.len()
        );
    }
}

#[test]
fn damage_in_one_member_loses_only_that_member() {
    let bundle = sample::bundle_of(Container::TarGz, 3000);
    let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
    let starts = members(&bundle);
    let ends: Vec<usize> = starts
        .iter()
        .skip(1)
        .copied()
        .chain([bundle.len()])
        .collect();
    for (start, end) in starts.iter().zip(ends).skip(1) {
        let other: Seen = {
            let without = [&bundle[..*start], &bundle[end..]].concat();
            seen(&held(without), &Limits::default()).0
        };
        for place in places(12, end - start) {
            let mut damaged = bundle.clone();
            damaged[start + place] ^= 0x55;
            let (left, summary) = seen(&held(damaged), &Limits::default());
            assert!(
                left == whole || left == other,
                "byte {place} of the member at {start}"
            );
            assert!(left == whole || !summary.complete);
        }
    }
}

#[test]
fn damage_in_the_first_member_loses_only_bundle_json() {
    let bundle = sample::bundle_of(Container::TarGz, 3000);
    let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
    for place in 16..60 {
        let mut damaged = bundle.clone();
        damaged[place] ^= 0x55;
        let (left, _) = seen(&held(damaged), &Limits::default());
        assert!(left == whole || left[..] == whole[1..], "byte {place}");
    }
}

#[test]
fn rubbish_between_two_members_is_passed_over() {
    let bundle = sample::bundle_of(Container::TarGz, 3000);
    let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
    let second = members(&bundle)[1];
    let with = [&bundle[..second], b"rubbish", &bundle[second..]].concat();
    let (left, summary) = seen(&held(with), &Limits::default());
    assert!(left == whole);
    assert_eq!(summary.damage[0].offset, Some(second as u64));
}

#[test]
fn damage_in_one_zip_entry_loses_only_that_entry() {
    let bundle = sample::bundle_of(Container::Zip, 3000);
    let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
    let starts: Vec<usize> = memchr::memmem::find_iter(&bundle, b"PK\x03\x04").collect();
    let mut damaged = bundle;
    damaged[starts[21] - 3] ^= 0x55;
    let (left, summary) = seen(&held(damaged), &Limits::default());
    assert_eq!(left.len(), whole.len() - 1);
    assert!(left.iter().all(|entry| whole.contains(entry)));
    assert!(!summary.complete);
}

#[test]
fn a_flipped_byte_anywhere_never_changes_what_is_read() {
    for container in [Container::TarGz, Container::Zip] {
        let bundle = sample::bundle_of(container, 300);
        let (whole, _) = seen(&held(bundle.clone()), &Limits::default());
        let contents: BTreeSet<&[u8]> = whole.iter().map(|entry| entry.1.as_slice()).collect();
        for place in places(250, bundle.len()) {
            let mut damaged = bundle.clone();
            damaged[place] ^= 1 << (place % 8);
            let (left, _) = seen(&held(damaged.clone()), &Limits::default());
            let is_packed = |entry: &(String, Vec<u8>)| entry.0 == "stdin";
            for entry in left.iter().filter(|entry| !is_packed(entry)) {
                assert!(
                    contents.contains(entry.1.as_slice()),
                    "{} with byte {place}",
                    entry.0
                );
            }
            let _ = names(&held(damaged.clone()), &Limits::default()).unwrap();
            let _ = Reader::new(held(damaged), Limits::default())
                .manifest()
                .unwrap();
        }
    }
}
