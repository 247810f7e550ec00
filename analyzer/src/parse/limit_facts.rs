//! `facts/limits.json`: what the kernel limits, and how much of it is used.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::json::Document;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "limit_facts",
    kind: "facts on limits of the kernel",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "limits"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host.limits"]),
    };
    let limits = document.items("limits").filter_map(|(line, item)| {
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        let name = item.get("name").and_then(Json::as_str)?;
        let number = |key: &str| item.get(key).and_then(Json::as_i64);
        let user = item.get("user").and_then(Json::as_str);
        let (used, limit) = (number("used"), number("limit"));
        let fields = [
            ("name", Some(Value::from(name))),
            ("user", user.map(Value::from)),
            ("used", used.map(Value::Int)),
            ("limit", limit.map(Value::Int)),
            ("percent", percent(used, limit).map(Value::Int)),
        ];
        Some(Fact::record(fields, &origin))
    });
    let limits = Fact::list_at(limits.collect(), &entry.whole());
    claim(
        evidence,
        "host.limits",
        Witness::Kernel,
        limits.value,
        entry.whole(),
    );
}

/// Percent, rounded down; `None` without a limit.
fn percent(used: Option<i64>, limit: Option<i64>) -> Option<i64> {
    let percent = i128::from(used?)
        .checked_mul(100)?
        .checked_div(i128::from(limit?))?;
    i64::try_from(percent).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, facts};

    #[test]
    fn what_is_used_of_a_limit_becomes_percent() {
        let text = "{\n \"limits\": [\n  {\"name\":\"conntrack entries\",\"used\":262100,\"limit\":262144},\n  {\"name\":\"inotify instances\",\"user\":\"0\",\"used\":null,\"limit\":128},\n  {\"name\":\"x\",\"used\":1,\"limit\":0}\n ]\n}";
        let limits = claimed(&facts(&PARSER, "limits", text), "host.limits");
        let percent = |index: usize| {
            limits.items()[index]
                .field("percent")
                .and_then(Fact::as_int)
        };
        assert_eq!((percent(0), percent(1), percent(2)), (Some(99), None, None));
        assert_eq!(
            limits.items()[1].field("user").and_then(Fact::as_text),
            Some("0")
        );
    }
}
