//! SELinux: `getenforce`, `sestatus`, `/sys/fs/selinux/enforce`, `/etc/selinux/config`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "selinux",
    kind: "state of SELinux",
    facts: &[],
    accepts: |entry| {
        matches!(
            entry.path(),
            Some("/sys/fs/selinux/enforce" | "/etc/selinux/config")
        ) || entry.is_command(&["getenforce"])
            || entry.may_be_output_of(&["sestatus"]) && entry.head().contains("SELinux status:")
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        let content = content.trim();
        let (key, value) = content.split_once([':', '=']).unwrap_or(("", content));
        let (word, witness) = match (entry.path(), key) {
            (Some("/etc/selinux/config"), "SELINUX") => (value, Witness::Configured),
            (Some("/etc/selinux/config"), _) => continue,
            (Some(_), _) => (value, Witness::Kernel),
            (None, "" | "Current mode" | "SELinux status") => (value, Witness::Program),
            (None, _) => continue,
        };
        let mode = match first_word(word).to_ascii_lowercase().as_str() {
            "enforcing" | "1" => "enforcing",
            "permissive" | "0" => "permissive",
            "disabled" => "disabled",
            _ => continue,
        };
        claim(evidence, "host.selinux", witness, mode, entry.at(line));
    }
}

/// `Disabled (no mountpoint)`
fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, command, file};

    #[test]
    fn all_sources_use_one_word() {
        assert_eq!(
            claimed_text(
                &command(&PARSER, "getenforce", "Enforcing\n"),
                "host.selinux"
            ),
            "enforcing"
        );
        assert_eq!(
            claimed_text(
                &file(&PARSER, "/sys/fs/selinux/enforce", "0"),
                "host.selinux"
            ),
            "permissive"
        );
        let sestatus =
            "SELinux status:                 enabled\nCurrent mode:                   enforcing\n";
        assert_eq!(
            claimed_text(&command(&PARSER, "sestatus", sestatus), "host.selinux"),
            "enforcing"
        );
        let config = "# enforcing - yes\nSELINUX=disabled\nSELINUXTYPE=targeted\n";
        assert_eq!(
            claimed_text(
                &file(&PARSER, "/etc/selinux/config", config),
                "host.selinux"
            ),
            "disabled"
        );
    }
}
