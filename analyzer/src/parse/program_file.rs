//! Programs, or what stands in their place: only whether they begin like one.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;

/// Looks at the first bytes of programs.
pub const PARSER: Parser = Parser {
    name: "program_file",
    kind: "program",
    facts: &[],
    accepts,
    parse,
};

/// The beginning of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramFile {
    /// Absolute path on the node.
    pub path: String,
    /// Whether it begins like an ELF file.
    pub is_elf: bool,
}

fn accepts(entry: &Entry) -> bool {
    entry.path().is_some_and(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let in_programs = path.contains("/bin/") || path.contains("/sbin/");
        in_programs && matches!(name, "kubelet" | "hyperkube" | "k3s" | "rke2" | "kubelite")
    })
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    if let Some(path) = entry.path() {
        let file = ProgramFile {
            path: path.to_owned(),
            is_elf: entry.bytes.starts_with(b"\x7fELF"),
        };
        evidence.push(file, entry.whole());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn an_error_page_in_the_place_of_a_program_is_no_program() {
        let mut evidence = Evidence::default();
        for bytes in [&b"\x7fELF\x02\x01"[..], b"<?xml version=\"1.0\"?>"] {
            let entry = Entry {
                name: "usr/bin/kubelet".into(),
                source: Source::File("/usr/bin/kubelet".into()),
                bytes: bytes.to_vec(),
            };
            assert!(accepts(&entry));
            parse(&entry, &mut evidence);
        }
        let files = evidence.all::<ProgramFile>();
        assert!(files[0].value.is_elf && !files[1].value.is_elf);
    }
}
