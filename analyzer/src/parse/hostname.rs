//! The host name: `hostname`, `hostnamectl`, `/etc/hostname`, `/proc/sys/kernel/hostname`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "hostname",
    kind: "host name",
    facts: &[],
    accepts: |entry| {
        matches!(
            entry.path(),
            Some("/etc/hostname" | "/proc/sys/kernel/hostname")
        ) || entry.is_command(&["hostname"])
            || entry.may_be_output_of(&["hostnamectl"]) && entry.head().contains("Static hostname:")
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    if text.contains("Static hostname:") {
        return hostnamectl(entry, &text, evidence);
    }
    let Some((line, name)) = numbered(&text)
        .map(|(line, text)| (line, text.trim()))
        .find(|(_, text)| !text.is_empty() && !text.starts_with('#'))
    else {
        return;
    };
    let origin = entry.at(line);
    let full = entry.is_command(&["-f"]) || entry.is_command(&["--fqdn"]);
    if full && (name.contains("not known") || name.contains("failure in name resolution")) {
        claim(
            evidence,
            "host.name_resolves",
            Witness::Program,
            false,
            origin,
        );
    } else if name.contains(char::is_whitespace) {
        let problem = format!("line {line} is not a host name");
        evidence.gap(entry.name.as_ref(), problem, &["host.name"]);
    } else if full {
        claim(
            evidence,
            "host.name_resolves",
            Witness::Program,
            true,
            origin,
        );
    } else {
        let witness = match entry.path() {
            Some("/etc/hostname") => Witness::Configured,
            _ => Witness::Kernel,
        };
        claim(evidence, "host.name", witness, name, origin);
    }
}

fn hostnamectl(entry: &Entry, text: &str, evidence: &mut Evidence) {
    for (line, content) in numbered(text) {
        let Some((key, value)) = content.trim().split_once(": ") else {
            continue;
        };
        let path = match key {
            "Static hostname" | "Transient hostname" => "host.name",
            "Operating System" => "host.os",
            "Machine ID" => "host.machine_id",
            "Boot ID" => "host.boot_id",
            _ => continue,
        };
        claim(
            evidence,
            path,
            Witness::Program,
            value.trim(),
            entry.at(line),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, claimed_text, command, file};

    #[test]
    fn the_name_is_the_word_that_was_printed() {
        let evidence = command(&PARSER, "hostname", "worker-1\n");
        assert_eq!(claimed_text(&evidence, "host.name"), "worker-1");
        let evidence = file(&PARSER, "/etc/hostname", "# set by hand\nworker-2\n");
        assert_eq!(claimed_text(&evidence, "host.name"), "worker-2");
        let evidence = command(
            &PARSER,
            "hostnamectl",
            " Static hostname: w3\n Operating System: Debian 12\n",
        );
        assert_eq!(claimed_text(&evidence, "host.os"), "Debian 12");
    }

    #[test]
    fn a_failed_look_up_is_no_name() {
        let evidence = command(
            &PARSER,
            "hostname -f",
            "hostname: Name or service not known\n",
        );
        assert_eq!(
            claimed(&evidence, "host.name_resolves").as_bool(),
            Some(false)
        );
        let evidence = command(&PARSER, "hostname", "bash: hostname: command not found\n");
        assert_eq!(evidence.gaps.len(), 1);
    }
}
