//! The tests that a rule carries.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tests of a rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Examples {
    /// Raw lines that some pattern matches.
    #[serde(rename = "match")]
    pub matching: Vec<String>,
    /// Raw lines that no pattern matches.
    pub no_match: Vec<String>,
    /// Facts, and what `when` makes of them.
    pub facts: Vec<FactsExample>,
}

impl Examples {
    pub(super) fn is_empty(&self) -> bool {
        self.matching.is_empty() && self.no_match.is_empty() && self.facts.is_empty()
    }
}

/// Facts, and what `when` makes of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsExample {
    /// Dotted path → value. Times are RFC 3339 text, durations `24h`, versions `1.36`; the declared type decides.
    pub given: BTreeMap<String, serde_json::Value>,
    /// `true`, `false` or `unknown`.
    pub expect: Expect,
}

/// The three values of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Known to hold.
    True,
    /// Known not to hold.
    False,
    /// A source is missing.
    Unknown,
}

impl Serialize for Expect {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::True => serializer.serialize_bool(true),
            Self::False => serializer.serialize_bool(false),
            Self::Unknown => serializer.serialize_str("unknown"),
        }
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(true) => Ok(Self::True),
            serde_json::Value::Bool(false) => Ok(Self::False),
            serde_json::Value::String(word) if word == "unknown" => Ok(Self::Unknown),
            _ => Err(serde::de::Error::custom("expected true, false or unknown")),
        }
    }
}
