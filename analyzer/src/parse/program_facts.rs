//! `facts/programs.json` of our own bundle: programs that units name or a kubelet needs.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{Absence, FileKind, Listed, Listing};
use crate::origin::Origin;
use crate::parse::program_file::ProgramFile;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "program_facts",
    kind: "programs of the node",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "programs"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["kubelet.binary"]),
    };
    for (line, item) in document.items("programs") {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        let exists = item.get("exists").and_then(Value::as_bool);
        let (Some(path), Some(exists)) = (text("path"), exists) else {
            continue;
        };
        let origin = Origin {
            line,
            ..entry.whole()
        };
        if !exists {
            evidence.push(Absence { path, below: None }, origin);
            continue;
        }
        if let Some(listing) = listing(&path, item, line) {
            evidence.push(listing, origin.clone());
        }
        if let Some(kind) = text("kind").filter(|kind| kind != "unknown") {
            let is_elf = kind == "elf";
            evidence.push(ProgramFile { path, is_elf }, origin);
        }
    }
}

/// The program as one name of its folder.
fn listing(path: &str, item: &Value, line: Option<u64>) -> Option<Listing> {
    let (folder, name) = path.rsplit_once('/')?;
    Some(Listing {
        path: folder.to_owned(),
        complete: false,
        entries: vec![Listed {
            name: name.to_owned(),
            kind: FileKind::File,
            mode: item.get("mode").and_then(Value::as_str).map(str::to_owned),
            size: item.get("size").and_then(Value::as_u64),
            link: None,
            line,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use crate::testing::facts;

    #[test]
    fn programs_exist_or_do_not() {
        let evidence = facts(
            &PARSER,
            "programs",
            "{\"programs\":[\n{\"exists\":true,\"kind\":\"elf\",\"mode\":\"0755\",\"path\":\"/usr/bin/kubelet\"},\n{\"exists\":false,\"path\":\"/usr/bin/runc\"}\n]}",
        );
        assert_eq!(presence(&evidence, "/usr/bin/kubelet").known(), Some(true));
        let missing = presence(&evidence, "/usr/bin/runc");
        assert_eq!(missing.known(), Some(false));
        assert_eq!(missing.origin().unwrap().line, Some(3));
        assert!(evidence.all::<ProgramFile>()[0].value.is_elf);
    }
}
