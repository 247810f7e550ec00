//! Identity files: `/etc/machine-id`, the boot id.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ids",
    kind: "identity of machine or boot",
    facts: &[],
    accepts: |entry| path_of(entry).is_some(),
    parse,
};

fn path_of(entry: &Entry) -> Option<&'static str> {
    match entry.path()? {
        "/etc/machine-id" => Some("host.machine_id"),
        "/proc/sys/kernel/random/boot_id" => Some("host.boot_id"),
        _ => None,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let Some(path) = path_of(entry) else { return };
    let text = entry.text();
    // systemd writes `uninitialized` into images.
    let id = text.trim();
    if id.len() >= 32
        && id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    {
        claim(
            evidence,
            path,
            Witness::Kernel,
            id.replace('-', ""),
            entry.at(1),
        );
    } else {
        evidence.gap(entry.name.as_ref(), "it does not hold an id", &[path]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, file};

    #[test]
    fn dashes_do_not_matter() {
        let evidence = file(
            &PARSER,
            "/proc/sys/kernel/random/boot_id",
            "5ec8703a-6ab1-407f-b575-4ac2f59fc3d5\n",
        );
        assert_eq!(
            claimed_text(&evidence, "host.boot_id"),
            "5ec8703a6ab1407fb5754ac2f59fc3d5"
        );
        assert_eq!(
            file(&PARSER, "/etc/machine-id", "uninitialized\n")
                .gaps
                .len(),
            1
        );
    }
}
