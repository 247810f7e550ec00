//! Control groups: `/proc/cgroups`, `/sys/fs/cgroup/cgroup.controllers`, `stat -fc %T /sys/fs/cgroup`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "cgroups",
    kind: "control groups",
    facts: &[],
    accepts: |entry| {
        matches!(
            entry.path(),
            Some("/proc/cgroups" | "/sys/fs/cgroup/cgroup.controllers")
        ) || entry
            .command()
            .is_some_and(|command| command.starts_with("stat"))
            || is_table(entry)
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    match entry.path() {
        Some("/proc/cgroups") => controllers(entry, &text, evidence),
        None if is_table(entry) => controllers(entry, &text, evidence),
        Some(_) => {
            claim(
                evidence,
                "host.cgroup_version",
                Witness::Kernel,
                2,
                entry.whole(),
            );
            let names = Fact::texts(text.split_whitespace(), &entry.at(1));
            claim(
                evidence,
                "host.cgroup_controllers",
                Witness::Kernel,
                names.value,
                entry.at(1),
            );
        }
        None => {
            for (line, content) in numbered(&text) {
                match content.trim() {
                    "cgroup2fs" => claim(
                        evidence,
                        "host.cgroup_version",
                        Witness::Program,
                        2,
                        entry.at(line),
                    ),
                    "tmpfs" => claim(
                        evidence,
                        "host.cgroup_version",
                        Witness::Program,
                        1,
                        entry.at(line),
                    ),
                    _ => {}
                }
            }
        }
    }
}

/// Whether this is `/proc/cgroups` by its heading, where nothing tells the file.
fn is_table(entry: &Entry) -> bool {
    entry.may_be_output_of(&["cat"]) && entry.head().starts_with("#subsys_name")
}

/// `cpuset  3  47  1`: name, hierarchy, number of groups, enabled.
fn controllers(entry: &Entry, text: &str, evidence: &mut Evidence) {
    let names = numbered(text)
        .filter(|(_, line)| !line.starts_with('#'))
        .filter_map(|(line, content)| {
            let words: Vec<&str> = content.split_whitespace().collect();
            match words.as_slice() {
                [name, _, _, "1"] => Some(Fact::text(*name, entry.at(line))),
                _ => None,
            }
        })
        .collect();
    claim(
        evidence,
        "host.cgroup_controllers",
        Witness::Program,
        Fact::list(names).value,
        entry.whole(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, command, file, named};

    #[test]
    fn only_enabled_controllers_count() {
        let evidence = file(
            &PARSER,
            "/proc/cgroups",
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t47\t1\nmemory\t0\t1\t0\n",
        );
        let fact = claimed(&evidence, "host.cgroup_controllers");
        assert_eq!(fact.items().len(), 1);
        assert_eq!(fact.items()[0].as_text(), Some("cpu"));
    }

    #[test]
    fn a_posted_table_is_told_by_its_heading() {
        let posted = named(
            &PARSER,
            "#subsys_name hierarchy num_cgroups enabled\nmemory 0 41 0\npids 0 41 1\n",
        );
        let fact = claimed(&posted, "host.cgroup_controllers");
        assert_eq!(fact.items().len(), 1);
    }

    #[test]
    fn the_version_is_that_of_the_mounted_hierarchy() {
        let two = file(&PARSER, "/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        assert_eq!(claimed(&two, "host.cgroup_version").as_int(), Some(2));
        let one = command(&PARSER, "stat -fc %T /sys/fs/cgroup/", "tmpfs\n");
        assert_eq!(claimed(&one, "host.cgroup_version").as_int(), Some(1));
    }
}
