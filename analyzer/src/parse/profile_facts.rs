//! `facts/profiles.json` of our own bundle: the distributions that were found, and whether their kubelets run.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "profile_facts",
    kind: "distributions of the node",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "profiles"),
    parse,
};

/// One distribution that the collector found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its name: `kubeadm`, `k3s`.
    pub name: String,
    /// Whether its kubelet runs; `None` where no processes were known.
    pub running: Option<bool>,
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(
                entry.name.as_ref(),
                problem,
                &["host.distributions_running"],
            );
        }
    };
    for (line, item) in document.items("profiles") {
        if let Some(name) = item.get("name").and_then(Value::as_str) {
            let installation = Installation {
                name: name.to_owned(),
                running: item.get("running").and_then(Value::as_bool),
            };
            let origin = Origin {
                line,
                ..entry.whole()
            };
            evidence.push(installation, origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn installations_are_read_with_their_lines() {
        let evidence = facts(
            &PARSER,
            "profiles",
            "{\"profiles\":[\n{\"name\":\"k3s\",\"because\":[\"/etc/rancher/k3s\"],\"running\":true},\n{\"name\":\"kubeadm\",\"because\":[\"/x\"]}\n]}",
        );
        let found = evidence.all::<Installation>();
        assert_eq!(found[0].value.running, Some(true));
        assert_eq!(found[1].value.name, "kubeadm");
        assert_eq!(found[1].value.running, None);
        assert_eq!(found[1].origin.line, Some(3));
    }
}
