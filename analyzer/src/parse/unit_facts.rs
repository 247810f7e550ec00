//! `facts/units.json` of our own bundle.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::json::Document;
use crate::observed::UnitState;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use crate::times;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "unit_facts",
    kind: "states of units",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "units"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(entry.name.as_ref(), problem, &["units", "kubelet.unit"]);
        }
    };
    for (line, item) in document.items("units") {
        let origin = Origin {
            line,
            ..entry.whole()
        };
        if let Some(name) = item.get("Id").and_then(Json::as_str) {
            let state = state(name, item, &origin);
            evidence.push(state, origin);
        }
    }
}

fn state(name: &str, item: &Json, origin: &Origin) -> UnitState {
    let mut state = UnitState::new(name, 0);
    for (property, field) in PROPERTIES {
        let Some(value) = item.get(property) else {
            continue;
        };
        let value = match value {
            Json::String(text) if text.is_empty() => continue,
            Json::String(text) if *field == ACTIVE_SINCE => match times::printed(text) {
                Some(time) => Value::Time(time),
                None => continue,
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Int(number),
                None => continue,
            },
            Json::Array(items) => Fact::texts(items.iter().filter_map(Json::as_str), origin).value,
            Json::Null | Json::Object(_) => continue,
        };
        state.value(field, value, origin.clone());
    }
    state
}

const PROPERTIES: &[(&str, &str)] = &[
    ("LoadState", "load_state"),
    ("ActiveState", "active_state"),
    ("SubState", "sub_state"),
    ("Result", "result"),
    ("UnitFileState", "unit_file_state"),
    ("FragmentPath", "fragment_path"),
    ("DropInPaths", "drop_ins"),
    ("NRestarts", "n_restarts"),
    ("ExecMainStatus", "exec_main_status"),
    ("MainPID", "main_pid"),
    ("NeedDaemonReload", "need_daemon_reload"),
    ("ConditionResult", "condition_result"),
    ("ActiveEnterTimestamp", ACTIVE_SINCE),
];

const ACTIVE_SINCE: &str = "active_since";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use std::sync::Arc;

    #[test]
    fn each_unit_stands_on_its_line() {
        let text = "{\"units\":[\n{\"Id\":\"kubelet.service\",\"LoadState\":\"loaded\",\"NRestarts\":3,\"ActiveEnterTimestamp\":\"2026-11-24T10:00:00Z\",\"DropInPaths\":[\"/a\"],\"NeedDaemonReload\":false},\n{\"Id\":\"b.service\"}\n]}";
        let entry = Entry {
            name: Arc::from("facts/units.json"),
            source: Source::Facts("units".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        assert!((PARSER.accepts)(&entry));
        (PARSER.parse)(&entry, &mut evidence);
        let states = unit_states(&evidence, "kubelet.service");
        assert_eq!(states[0].value.fields["n_restarts"].as_int(), Some(3));
        let since = &states[0].value.fields["active_since"];
        assert_eq!(since.value.to_string(), "2026-11-24T10:00:00Z");
        assert_eq!(
            states[0].value.fields["n_restarts"].origins[0].line,
            Some(2)
        );
        assert_eq!(
            states[0].value.fields["need_daemon_reload"].as_bool(),
            Some(false)
        );
    }
}
