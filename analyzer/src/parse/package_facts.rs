//! `facts/packages.json` of our own bundle: the package that the kubelet was installed from.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::json::{Document, text};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use crate::version::Version;

pub(super) const PARSER: Parser = Parser {
    name: "package_facts",
    kind: "packages",
    facts: FACTS,
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "packages"),
    parse,
};

const FACTS: &[FactDecl] = &[FactDecl::new(
    "kubelet.package_version",
    Type::Version,
    "version of the installed package of the kubelet",
)
.null_is("no package of that name is installed")
.needs("packages", "dpkg -l kubelet; rpm -q kubelet")];

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["kubelet"]),
    };
    let mut fact = Fact::new(Value::Null, entry.whole());
    for (line, item) in document.items("packages") {
        let is_installed = text(item, "state").is_none_or(|state| state.ends_with(" installed"));
        if text(item, "name") != Some("kubelet") || !is_installed {
            continue;
        }
        let Some(version) = text(item, "version").and_then(version) else {
            return;
        };
        let origin = Origin {
            line,
            ..entry.whole()
        };
        fact = Fact::new(Value::Version(version), origin);
    }
    evidence.facts.set("kubelet.package_version", fact);
}

/// `1.29.3-1.1`, `0:1.29.3-150500.1.1`.
pub(super) fn version(text: &str) -> Option<Version> {
    let text = text.split_once(':').map_or(text, |(_, rest)| rest);
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn the_package_of_the_kubelet_is_read_when_it_is_installed() {
        let read = |package: &str| {
            let text = format!("{{\"packages\": [{package}]}}");
            let evidence = facts(&PARSER, "packages", &text);
            let fact = evidence.facts.get("kubelet.package_version").unwrap();
            fact.value.to_string()
        };
        let dpkg = r#"{"name":"kubelet","state":"hold ok installed","version":"1.29.3-1.1"}"#;
        assert_eq!(read(dpkg), "1.29.3");
        assert_eq!(
            read(r#"{"name":"kubelet","version":"0:1.30.1-150500.1.1"}"#),
            "1.30.1"
        );
        let removed =
            r#"{"name":"kubelet","state":"deinstall ok config-files","version":"1.29.3-1.1"}"#;
        assert_eq!(read(removed), "unset");
    }
}
