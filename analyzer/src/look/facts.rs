//! Everything that is known of a node before a rule is asked, one value after the other.

use crate::analyze::Read;
use crate::fact::{Fact, Facts, Value};
use schemars::JsonSchema;
use serde::Serialize;

/// Version of the form of a list of facts.
pub const SCHEMA_VERSION: u32 = 1;

/// The facts of one input.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FactList {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The input as it was named.
    pub input: String,
    /// Facts by path.
    pub facts: Vec<Stated>,
}

/// One value and where it was read.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Stated {
    /// Path: `kubelet.effective.cgroup_driver`; of the items of a list `host.mounts[0].path`.
    pub fact: String,
    /// `null` when it is known to be unset; times, spans and versions are texts.
    pub value: serde_json::Value,
    /// The value as text shows it.
    #[serde(skip)]
    pub text: String,
    /// Entry that it was read from; `null` for a built-in default.
    pub entry: Option<String>,
    /// Line of that entry; `null` where the whole entry is meant.
    pub line: Option<u64>,
}

impl FactList {
    /// The facts that were read whose path begins with one of `asked`; all when there are none.
    pub fn new(read: &Read, asked: &[String]) -> Self {
        let mut facts = stated(&read.evidence.facts);
        let wanted =
            |fact: &Stated| asked.is_empty() || asked.iter().any(|one| fact.fact.starts_with(one));
        facts.retain(wanted);
        Self {
            schema_version: SCHEMA_VERSION,
            input: read.input.shown(),
            facts,
        }
    }
}

/// All values, sorted by path; records and lists of records are opened.
pub fn stated(facts: &Facts) -> Vec<Stated> {
    let mut all = Vec::new();
    for (name, fact) in facts.root() {
        open(name, fact, &mut all);
    }
    all
}

fn open(path: &str, fact: &Fact, all: &mut Vec<Stated>) {
    match &fact.value {
        Value::Record(fields) => {
            for (name, field) in fields {
                open(&format!("{path}.{name}"), field, all);
            }
        }
        Value::List(items) if items.iter().any(is_record) => {
            for (number, item) in items.iter().enumerate() {
                open(&format!("{path}[{number}]"), item, all);
            }
        }
        value => {
            let origin = fact.origins.first();
            all.push(Stated {
                fact: path.to_owned(),
                value: json(value),
                text: value.to_string(),
                entry: origin.map(|origin| origin.entry.to_string()),
                line: origin.and_then(|origin| origin.line),
            });
        }
    }
}

fn is_record(item: &Fact) -> bool {
    matches!(item.value, Value::Record(_))
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(|item| json(&item.value)).collect(),
        Value::Time(_) | Value::Duration(_) | Value::Version(_) | Value::Record(_) => {
            value.to_string().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    #[test]
    fn lists_of_records_are_opened_and_lists_of_texts_are_one_value() {
        let origin = Origin::line("ss.txt", 3);
        let socket = Fact::record([("port", Some(Value::Int(10250)))], &origin);
        let mut facts = Facts::default();
        facts.set("host.sockets", Fact::list(vec![socket]));
        facts.set("host.names", Fact::texts(["a", "b"], &origin));
        let all = stated(&facts);
        let paths: Vec<_> = all.iter().map(|fact| fact.fact.as_str()).collect();
        assert_eq!(paths, ["host.names", "host.sockets[0].port"]);
        assert_eq!(all[0].value, serde_json::json!(["a", "b"]));
        assert_eq!((all[1].text.as_str(), all[1].line), ("10250", Some(3)));
    }
}
