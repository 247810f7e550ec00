//! `facts/cni.json` of our own bundle: the folders in which the runtime looks for configurations of the pod network.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::{Document, text};
use crate::observed::CniFolder;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "cni_facts",
    kind: "folders of CNI configurations",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "cni"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["cni.config_present"]),
    };
    let configs: Vec<&str> = document
        .items("configs")
        .filter_map(|(_, item)| text(item, "path"))
        .collect();
    let read = document.value.get("config_folders_read");
    let read = read.and_then(Value::as_array).into_iter().flatten();
    for folder in read.filter_map(Value::as_str) {
        let has_config = configs.iter().any(|path| {
            path.rsplit_once('/')
                .is_some_and(|(above, _)| above == folder)
        });
        let found = CniFolder {
            path: folder.to_owned(),
            has_config,
        };
        evidence.push(found, entry.whole());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn only_folders_that_were_read_tell_whether_they_hold_a_configuration() {
        let evidence = facts(
            &PARSER,
            "cni",
            r#"{"config_folders": ["/a", "/b", "/c"], "config_folders_read": ["/a", "/b"],
                "configs": [{"path": "/b/10-x.conflist"}, {"path": "/a/deeper/x.conf"}]}"#,
        );
        let found = evidence.all::<CniFolder>().iter();
        let told: Vec<_> = found
            .map(|one| (one.value.path.as_str(), one.value.has_config))
            .collect();
        assert_eq!(told, [("/a", false), ("/b", true)]);
    }
}
