//! Output of `docker info`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "docker_info",
    kind: "output of docker info",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["docker"]) && {
            let head = entry.head();
            head.contains("Cgroup Driver:") || head.contains("Server Version:")
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        let Some((key, value)) = content.trim().split_once(": ") else {
            continue;
        };
        let (value, origin) = (value.trim(), entry.at(line));
        match key {
            "Cgroup Driver" => claim(
                evidence,
                "runtime.cgroup_driver",
                Witness::Program,
                value,
                origin,
            ),
            "Server Version" => claim(evidence, "runtime.version", Witness::Program, value, origin),
            "Kernel Version" => claim(evidence, "host.kernel", Witness::Hearsay, value, origin),
            "Operating System" => claim(evidence, "host.os", Witness::Hearsay, value, origin),
            "Cgroup Version" => {
                if let Ok(version) = value.parse() {
                    claim(
                        evidence,
                        "host.cgroup_version",
                        Witness::Program,
                        Value::Int(version),
                        origin,
                    );
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, claimed_text, named};

    #[test]
    fn drivers_and_versions_are_read() {
        let evidence = named(
            &PARSER,
            "Server:\n Server Version: 24.0.7\n Cgroup Driver: cgroupfs\n Cgroup Version: 2\n",
        );
        assert_eq!(claimed_text(&evidence, "runtime.cgroup_driver"), "cgroupfs");
        assert_eq!(claimed(&evidence, "host.cgroup_version").as_int(), Some(2));
    }
}
