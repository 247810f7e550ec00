//! Output of `docker info`.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::observed::DockerEngine;
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
            "Cgroup Driver" => {
                evidence.push(DockerEngine::CgroupDriver(value.to_owned()), origin);
            }
            "Server Version" => evidence.push(DockerEngine::Version(value.to_owned()), origin),
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
    use crate::testing::{claimed, named};

    #[test]
    fn drivers_and_versions_are_read() {
        let evidence = named(
            &PARSER,
            "Server:\n Server Version: 24.0.7\n Cgroup Driver: cgroupfs\n Cgroup Version: 2\n",
        );
        let said: Vec<&DockerEngine> = evidence.all().iter().map(|piece| &piece.value).collect();
        let version = DockerEngine::Version("24.0.7".into());
        let driver = DockerEngine::CgroupDriver("cgroupfs".into());
        assert_eq!(said, [&version, &driver]);
        assert_eq!(claimed(&evidence, "host.cgroup_version").as_int(), Some(2));
    }
}
