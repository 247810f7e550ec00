//! Images of the container runtime: `ctr -n k8s.io images ls`, `crictl images`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{AllImages, Image};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "images",
    kind: "list of images",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["ctr", "crictl", "nerdctl"])
            && entry
                .head()
                .lines()
                .take(3)
                .any(|line| columns(line).is_some())
    },
    parse,
};

/// Whether name and tag are two columns.
fn columns(line: &str) -> Option<bool> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["REF", "TYPE", "DIGEST", ..] => Some(false),
        ["IMAGE" | "REPOSITORY", "TAG", ..] => Some(true),
        _ => None,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut tagged = None;
    for (line, content) in numbered(&text) {
        if let Some(columns) = columns(content) {
            tagged = Some(columns);
            continue;
        }
        let words: Vec<&str> = content.split_whitespace().collect();
        let image = match (tagged, words.as_slice()) {
            (Some(true), [name, tag, ..]) => format!("{name}:{tag}"),
            (Some(false), [name, _, ..]) => (*name).to_owned(),
            _ => continue,
        };
        evidence.push(Image(image), entry.at(line));
    }
    evidence.push(AllImages, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    #[test]
    fn names_carry_their_tag() {
        for text in [
            "REF TYPE DIGEST SIZE PLATFORMS LABELS\nregistry.k8s.io/pause:3.9 application/x sha256:1 1 KiB linux/amd64 a=b\n",
            "IMAGE                   TAG   IMAGE ID   SIZE\nregistry.k8s.io/pause   3.9   1234       311kB\n",
        ] {
            assert_eq!(
                named(&PARSER, text).all::<Image>()[0].value.0,
                "registry.k8s.io/pause:3.9"
            );
        }
    }
}
