//! Facts and answers of probes as they were made, for those who judge at the end.

use crate::host::wire::Failure;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was made in this collection. Nothing of it is printed but single fields of known names.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    facts: BTreeMap<String, Value>,
    answers: BTreeMap<String, Value>,
    refusals: BTreeMap<String, String>,
}

impl Seen {
    /// Remembers `facts/<topic>.json`.
    pub(crate) fn fact(&mut self, topic: &str, text: &str) {
        if let Ok(value) = serde_json::from_str(text) {
            self.facts.insert(topic.to_owned(), value);
        }
    }

    /// Remembers the answer of a probe, or why there is none.
    pub(crate) fn answer(&mut self, probe: &str, answer: &Result<String, Failure>) {
        match answer {
            Ok(text) => {
                if let Ok(value) = serde_json::from_str(text) {
                    self.answers.insert(probe.to_owned(), value);
                }
            }
            Err(failure) => {
                let why = failure.reason.clone().unwrap_or_default();
                self.refusals.insert(probe.to_owned(), why);
            }
        }
    }

    /// Items of the list that a fact is.
    pub(super) fn list(&self, topic: &str) -> &[Value] {
        items(self.facts.get(topic), topic)
    }

    /// Items of a list in a probe's answer.
    pub(super) fn answers(&self, probe: &str, list: &str) -> &[Value] {
        items(self.answers.get(probe), list)
    }

    /// A fact that is one object.
    pub(super) fn object(&self, topic: &str) -> Option<&Value> {
        self.facts.get(topic)
    }

    /// The API server's reply to the question for this node's own object.
    pub(super) fn own_object(&self) -> Option<&Value> {
        let mut requests = self.answers("node", "requests").iter();
        requests.find(|request| word(request, "question") == "node")
    }

    /// A probe's answer.
    pub(super) fn reply(&self, probe: &str) -> Option<&Value> {
        self.answers.get(probe)
    }

    /// Why a probe has no answer.
    pub(super) fn refusal(&self, probe: &str) -> Option<&str> {
        self.refusals.get(probe).map(String::as_str)
    }
}

fn items<'v>(value: Option<&'v Value>, list: &str) -> &'v [Value] {
    let list = value.and_then(|value| value.get(list)?.as_array());
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Text of a key.
pub(super) fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Number of a key.
pub(super) fn number(value: &Value, key: &str) -> Option<i64> {
    value.get(key)?.as_i64()
}
