//! A copy of a file proves that the file exists.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::observed::Exists;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "stored_file",
    kind: "copy of a file",
    facts: &[],
    accepts: |entry| entry.path().is_some(),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    if let Some(path) = entry.path() {
        let path = path.to_owned();
        evidence.push(Exists { path, link: None }, entry.whole());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::presence;
    use crate::source::Source;
    use std::sync::Arc;

    #[test]
    fn what_was_sent_exists() {
        let entry = Entry {
            name: Arc::from("etc/hosts"),
            source: Source::File("/etc/hosts".into()),
            bytes: Vec::new(),
        };
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        assert_eq!(presence(&evidence, "/etc/hosts").known(), Some(true));
        assert_eq!(presence(&evidence, "/etc/hostname").known(), None);
    }
}
