//! Fuzz targets: one call on bytes that anybody may have sent. None may panic, hang or take much memory.
//!
//! `tests/seeds/<target>/` holds the inputs that every test run tries; `cargo xtask fuzz` grows them under libFuzzer.

use nodebundle_analyzer::analyze::{Options, analyze};
use nodebundle_analyzer::declarations::Declarations;
use nodebundle_analyzer::entry::Entry;
use nodebundle_analyzer::evidence::Evidence;
use nodebundle_analyzer::parts::Parts;
use nodebundle_analyzer::ruleset::{RuleFile, RuleSet};
use nodebundle_analyzer::source::Source;
use nodebundle_analyzer::{layouts, parse};
use nodebundle_bundle::{Control, Input, Limits, Reader};
use nodebundle_journal::Pass;
use std::io;
use std::sync::{Arc, LazyLock};

/// One thing to be called with bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name, and that of the folder of its seeds.
    pub name: &'static str,
    /// The call.
    pub run: fn(&[u8]),
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    Target {
        name: "journal",
        run: journal,
    },
    Target {
        name: "layouts",
        run: layouts,
    },
    Target {
        name: "parsers",
        run: parsers,
    },
    Target {
        name: "reader",
        run: reader,
    },
    Target {
        name: "report",
        run: report,
    },
    Target {
        name: "rules",
        run: rules,
    },
];

/// Caps that keep one call short.
fn limits() -> Limits {
    Limits {
        entries: 1000,
        entry_bytes: 4 << 20,
        total_bytes: 8 << 20,
        ..Limits::default()
    }
}

fn held(bytes: &[u8]) -> Input {
    Input::Held {
        name: "input".to_owned(),
        bytes: bytes.into(),
    }
}

/// An input of any container: every entry is read to its end, twice, and once as it is stored.
fn reader(bytes: &[u8]) {
    let mut reader = Reader::new(held(bytes), limits());
    let _ = reader.names();
    let mut whole = |_: nodebundle_bundle::EntryHead<'_>, body: &mut dyn io::BufRead| {
        let _ = io::copy(body, &mut io::sink());
        Control::Continue
    };
    let _ = reader.read(&mut whole);
    let _ = reader.read_stored(&mut whole);
}

/// An entry, its source in the first line: every parser that accepts it reads it.
fn parsers(bytes: &[u8]) {
    let entry = entry(bytes);
    for parser in parse::ALL.iter().filter(|parser| (parser.accepts)(&entry)) {
        (parser.parse)(&entry, &mut Evidence::default());
    }
}

/// The entry that a seed of [`parsers`] stands for: `file:/etc/hosts`, a line end, the content.
pub fn entry(bytes: &[u8]) -> Entry {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let (head, content) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head);
    let (kind, name) = head.split_once(':').unwrap_or(("named", &head));
    let name = name.to_owned();
    let source = match kind {
        "file" => Source::File(name.clone()),
        "command" => Source::Command(name.clone()),
        "facts" => Source::Facts(name.clone()),
        "probe" => Source::Probe(name.clone()),
        "listing" => Source::Listing(name.clone()),
        "journal" => Source::Journal(name.clone()),
        "meta" => Source::Meta(name.clone()),
        _ => Source::Named(name.clone()),
    };
    Entry {
        name: Arc::from(name),
        source,
        bytes: content.get(1..).unwrap_or_default().to_vec(),
    }
}

/// Names of entries, one a line: every layout looks at them.
fn layouts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let names: Vec<String> = text.lines().map(str::to_owned).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    for layout in layouts::ALL {
        let _ = (layout.detect)(&all);
        for name in &all {
            let _ = (layout.source)(name);
            let _ = layout.node.map(|node| node(name).map(str::len));
        }
    }
    let parts = Parts::of(&names);
    assert!(!parts.nodes().is_empty(), "an input is at least one node");
    for name in &all {
        let _ = (parts.owner(name), parts.source(name));
    }
}

/// A rule file.
fn rules(bytes: &[u8]) {
    let file = RuleFile {
        name: "rules/host/fuzzed.yaml".to_owned(),
        text: String::from_utf8_lossy(bytes).into_owned(),
    };
    let rules = RuleSet::from_files(&[file], Declarations::all());
    let _ = rules.problems().iter().map(ToString::to_string).count();
}

/// A systemd journal file.
fn journal(bytes: &[u8]) {
    const FIELDS: &[&str] = &["MESSAGE", "_SYSTEMD_UNIT", "_PID", "PRIORITY"];
    if let Ok(Ok(mut pass)) = Pass::new(bytes, FIELDS) {
        while let Ok(Some(_)) = pass.next_entry() {}
    }
}

/// Anything that is given to `report`.
fn report(bytes: &[u8]) {
    static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);
    if let Ok(reports) = analyze(&held(bytes), &RULES, &Options::default()) {
        for report in reports {
            let _ = serde_json::to_vec(&report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_its_source() {
        let entry = entry(b"file:/etc/hosts\n127.0.0.1 a\n");
        assert_eq!(entry.source, Source::File("/etc/hosts".to_owned()));
        assert_eq!(entry.bytes, b"127.0.0.1 a\n");
    }
}
