//! Findings and their evidence, as reports show them.

use crate::rule::{Confidence, Place, Role, Severity, Stage};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// One result of a rule, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Id of the rule.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Rung that it concerns.
    pub stage: Stage,
    /// Its role in the diagnosis.
    pub role: Role,
    /// Effect on this node.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// How many log records matched; 0 when only facts speak.
    pub count: u64,
    /// Time of the first record, UTC; `null` when no record has a time.
    pub first: Option<DateTime<Utc>>,
    /// Time of the last record, UTC.
    pub last: Option<DateTime<Utc>>,
    /// Present and true where the year of `first` and `last` was inferred.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub year_inferred: bool,
    /// What it means on this node.
    pub meaning: String,
    /// Where it can be seen; never empty.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remedy: Vec<Remedy>,
    /// Titles of documents.
    pub references: Vec<String>,
    /// For symptoms: ids of the findings that explain it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explained_by: Vec<String>,
}

/// One place where a finding can be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Evidence {
    /// A line of an entry.
    Line {
        /// Entry in the bundle.
        entry: String,
        /// Line, from 1.
        line: u64,
        /// The line as it stands there, at most [`Evidence::MAX_TEXT`] bytes of it.
        text: String,
        /// What of it the rule looks for, without backslashes before quotes; `null` where the whole line is meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        matched: Option<String>,
    },
    /// A fact.
    Fact {
        /// Its path.
        fact: String,
        /// Its value as text.
        value: String,
        /// Entry that it was read from; `null` for a built-in default.
        entry: Option<String>,
        /// Line of that entry; `null` where the whole entry is meant.
        line: Option<u64>,
    },
    /// A path that is proven to be absent.
    Absent {
        /// The path on the node.
        absent: String,
        /// What proves it.
        by: Proof,
    },
}

impl Evidence {
    /// Longest quoted text, in bytes.
    pub const MAX_TEXT: usize = 2000;
}

/// The record that proves an absence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Proof {
    /// Entry in the bundle.
    pub entry: String,
    /// Line, from 1, where it has one.
    pub line: Option<u64>,
}

/// What to do, for this node's distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Remedy {
    /// Who must act.
    pub on: Place,
    /// Steps, in order.
    #[serde(rename = "do")]
    pub steps: Vec<String>,
    /// How to see that it worked.
    pub check: Vec<String>,
    /// What it can break; empty when nothing.
    pub risk: String,
}
