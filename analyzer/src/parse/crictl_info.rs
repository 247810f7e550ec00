//! Output of `crictl info`: what the runtime says of itself.

use crate::claim::{Witness, claim};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::origin::Origin;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "crictl_info",
    kind: "output of crictl info",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["crictl"]) && {
            let text = entry.text();
            text.contains("\"RuntimeReady\"")
                || text.contains("\"NetworkReady\"")
                || text.contains("lastCNILoadStatus")
        }
    },
    parse,
};

/// Read line by line: people paste it with their prompt, or only a part of it.
fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut kind = "";
    for (line, content) in numbered(&text) {
        let Some((key, value)) = content.trim().split_once(':') else {
            continue;
        };
        let value = value.trim().trim_end_matches(',').trim_matches('"');
        let origin = entry.at(line);
        match key.trim().trim_matches('"') {
            "type" if value == "NetworkReady" || value == "RuntimeReady" => {
                kind = if value == "NetworkReady" {
                    "network"
                } else {
                    "runtime"
                };
            }
            key if kind == "network" => network(key, value, origin, evidence),
            "lastCNILoadStatus" if value != "OK" && value.contains("cni") => {
                claim(
                    evidence,
                    "runtime.network_ready",
                    Witness::Hearsay,
                    false,
                    origin.clone(),
                );
                claim(
                    evidence,
                    "runtime.network_reason",
                    Witness::Hearsay,
                    value,
                    origin,
                );
            }
            "systemdCgroup" | "SystemdCgroup" if kind.is_empty() || kind == "runtime" => {
                let driver = if value == "true" {
                    "systemd"
                } else {
                    "cgroupfs"
                };
                claim(
                    evidence,
                    "runtime.cgroup_driver",
                    Witness::Program,
                    driver,
                    origin,
                );
            }
            _ => {}
        }
        if content.trim() == "}," && kind == "network" {
            kind = "";
        }
    }
}

fn network(key: &str, value: &str, origin: Origin, evidence: &mut Evidence) {
    match (key, value) {
        ("status", "true") => claim(
            evidence,
            "runtime.network_ready",
            Witness::Program,
            true,
            origin,
        ),
        ("status", "false") => claim(
            evidence,
            "runtime.network_ready",
            Witness::Program,
            false,
            origin,
        ),
        ("message" | "reason", text) if !text.is_empty() => {
            let witness = if key == "message" {
                Witness::Kernel
            } else {
                Witness::Program
            };
            claim(evidence, "runtime.network_reason", witness, text, origin);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, claimed_text, named};

    #[test]
    fn the_network_condition_is_read() {
        let evidence = named(
            &PARSER,
            "# crictl info\n{\n  \"status\": {\n    \"conditions\": [\n      {\n        \"message\": \"\",\n        \"type\": \"RuntimeReady\",\n        \"status\": true\n      },\n      {\n        \"type\": \"NetworkReady\",\n        \"status\": false,\n        \"reason\": \"NetworkPluginNotReady\",\n        \"message\": \"cni plugin not initialized\"\n      }\n    ]\n  }\n}\n",
        );
        let fact = claimed(&evidence, "runtime.network_ready");
        assert_eq!(
            (fact.as_bool(), fact.origins[0].line),
            (Some(false), Some(12))
        );
        assert_eq!(
            claimed_text(&evidence, "runtime.network_reason"),
            "cni plugin not initialized"
        );
    }

    #[test]
    fn a_failed_load_of_the_cni_configuration_is_no_network() {
        let evidence = named(
            &PARSER,
            " \"lastCNILoadStatus\": \"cni config load failed: no network config found in /etc/cni/net.d\",\n",
        );
        assert_eq!(
            claimed(&evidence, "runtime.network_ready").as_bool(),
            Some(false)
        );
    }
}
