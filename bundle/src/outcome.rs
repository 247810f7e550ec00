//! What became of an item that the collector was asked to take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of one item; absence is evidence, so every item has one.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Stored whole.
    Ok,
    /// The source exists and holds nothing.
    Empty,
    /// `ENOENT` while the parent folder was opened.
    Absent,
    /// `EACCES` or `EPERM`; the record has the errno.
    Denied,
    /// The item's deadline passed; what was read until then is kept.
    Timeout,
    /// Cut by a cap; the record says which part is kept.
    Truncated,
    /// Any other failure; the record has errno or exit status.
    Error,
    /// The item makes no sense on this node or in this mode.
    NotApplicable,
    /// Left out by plan, budget or a safety rule.
    Skipped,
}

impl Outcome {
    /// The word used in the manifest and in summaries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Empty => "empty",
            Self::Absent => "absent",
            Self::Denied => "denied",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Error => "error",
            Self::NotApplicable => "not-applicable",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
