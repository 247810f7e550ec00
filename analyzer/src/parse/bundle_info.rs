//! `bundle.json`: how, when and by whom the bundle was made.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{ClockReading, Mode};
use crate::parser::Parser;
use crate::source::Source;
use nodebundle_bundle::BundleInfo;

pub(super) const PARSER: Parser = Parser {
    name: "bundle_info",
    kind: "identity of the bundle",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Meta(name) if name == "bundle.json"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let info: BundleInfo = match serde_json::from_str(&text) {
        Ok(info) => info,
        Err(error) => {
            let problem = format!("line {} is not what a bundle says of itself", error.line());
            return evidence.gap(entry.name.as_ref(), problem, &["bundle", "host.time"]);
        }
    };
    let at = |key: &str| {
        Document::key_line(&text, key).map_or_else(|| entry.whole(), |line| entry.at(line))
    };
    let live = info.mode != "root";
    let mode = if live { Mode::Live } else { Mode::Root };
    evidence.push(mode, at("mode"));
    if live {
        let reading = ClockReading {
            time: info.started,
            collection: true,
        };
        evidence.push(reading, at("started"));
    }
    let mode = if live { "live" } else { "root" };
    claim(evidence, "bundle.mode", Witness::Kernel, mode, at("mode"));
    claim(
        evidence,
        "bundle.unprivileged",
        Witness::Kernel,
        info.uid != 0,
        at("uid"),
    );
    if let Some(boot) = info.boot_id {
        claim(
            evidence,
            "host.boot_id",
            Witness::Kernel,
            boot,
            at("boot_id"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::best;
    use std::sync::Arc;

    fn read(mode: &str) -> Evidence {
        let text = format!(
            "{{\"format_version\":1,\"collector_version\":\"0.1.0\",\"node\":\"worker\",\n\"mode\":\"{mode}\",\"started\":\"2026-01-02T03:04:05Z\",\n\"monotonic_seconds\":null,\"boot_id\":null,\"uid\":1000,\"comparable_ids\":false,\"options\":{{}}}}"
        );
        let entry = Entry {
            name: Arc::from("bundle.json"),
            source: Source::Meta("bundle.json".into()),
            bytes: text.into_bytes(),
        };
        let mut evidence = Evidence::default();
        (PARSER.parse)(&entry, &mut evidence);
        evidence
    }

    #[test]
    fn only_a_live_bundle_knows_the_time_of_collection() {
        assert!(crate::clock::collection(&read("live")).is_some());
        assert!(crate::clock::collection(&read("root")).is_none());
    }

    #[test]
    fn a_collector_without_root_says_so() {
        let fact = best(&read("live"), "bundle.unprivileged").unwrap();
        assert_eq!(fact.as_bool(), Some(true));
        assert_eq!(fact.origins[0].line, Some(3));
    }
}
