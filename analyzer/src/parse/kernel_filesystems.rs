//! `/proc/filesystems`: types of file systems that the kernel knows.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "kernel_filesystems",
    kind: "types of file systems",
    facts: &[],
    accepts: |entry| entry.path() == Some("/proc/filesystems"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let names = numbered(&text)
        .filter_map(|(line, content)| {
            let name = content.split_whitespace().last()?;
            Some(Fact::text(name, entry.at(line)))
        })
        .collect();
    claim(
        evidence,
        "host.filesystems",
        Witness::Kernel,
        Fact::list(names).value,
        entry.whole(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, file};

    #[test]
    fn nodev_is_no_type() {
        let evidence = file(&PARSER, "/proc/filesystems", "nodev\tcgroup2\n\text4\n");
        let names: Vec<_> = claimed(&evidence, "host.filesystems")
            .items()
            .iter()
            .filter_map(|item| item.as_text().map(str::to_owned))
            .collect();
        assert_eq!(names, ["cgroup2", "ext4"]);
    }
}
