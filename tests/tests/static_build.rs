//! The collector needs nothing of the node: no interpreter, no libraries, no name service.

use crate::programs::folder;
use std::fs;

const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;

#[test]
fn the_collector_has_no_interpreter_and_no_needed_libraries() {
    let image = fs::read(folder().join("nodebundle-collector")).unwrap();
    let headers = program_headers(&image);
    assert!(
        headers.iter().all(|header| header.kind != PT_INTERP),
        "it has an interpreter"
    );
    for header in headers.iter().filter(|header| header.kind == PT_DYNAMIC) {
        let section = &image[header.offset..header.offset + header.size];
        let needed = section
            .chunks_exact(16)
            .filter(|entry| u64_at(entry, 0) == DT_NEEDED)
            .count();
        assert_eq!(needed, 0, "it needs shared libraries");
    }
}

#[test]
fn the_collector_holds_no_name_service_lookups() {
    let image = fs::read(folder().join("nodebundle-collector")).unwrap();
    for symbol in [
        "getaddrinfo",
        "getpwuid_r",
        "getpwnam_r",
        "getgrgid_r",
        "__nss_lookup",
    ] {
        assert!(
            !symbols(&image).contains(&symbol.to_owned()),
            "{symbol} is in the collector"
        );
    }
}

struct Header {
    kind: u32,
    offset: usize,
    size: usize,
}

fn program_headers(image: &[u8]) -> Vec<Header> {
    assert_eq!(&image[..5], b"\x7fELF\x02", "a 64-bit ELF file");
    let (start, size, count) = (
        usize_at(image, 32),
        usize::from(u16_at(image, 54)),
        u16_at(image, 56),
    );
    (0..usize::from(count))
        .map(|index| &image[start + index * size..])
        .map(|header| Header {
            kind: u32_at(header, 0),
            offset: usize_at(header, 8),
            size: usize_at(header, 32),
        })
        .collect()
}

/// All names of the symbol table; the programs under test are not stripped.
fn symbols(image: &[u8]) -> Vec<String> {
    let (start, size, count) = (
        usize_at(image, 40),
        usize::from(u16_at(image, 58)),
        u16_at(image, 60),
    );
    let sections: Vec<&[u8]> = (0..usize::from(count))
        .map(|index| &image[start + index * size..])
        .collect();
    let table = sections
        .iter()
        .find(|section| u32_at(section, 4) == 2)
        .expect("a symbol table");
    let names = usize_at(sections[usize::try_from(u32_at(table, 40)).unwrap()], 24);
    let (offset, length) = (usize_at(table, 24), usize_at(table, 32));
    image[offset..offset + length]
        .chunks_exact(24)
        .map(|symbol| {
            let name = &image[names + usize::try_from(u32_at(symbol, 0)).unwrap()..];
            let end = name.iter().position(|byte| *byte == 0).unwrap();
            String::from_utf8_lossy(&name[..end]).into_owned()
        })
        .collect()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn usize_at(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64_at(bytes, at)).unwrap()
}
