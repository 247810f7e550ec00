//! The index of a bundle: what was asked for, what became of it, and where it is.

use crate::{EntryPath, Outcome};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the manifest and of every record in it.
pub const SCHEMA_VERSION: u32 = 1;

/// `bundle.json`: who collected what, when, by which clocks. The first entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleInfo {
    /// Format version; this library writes and reads version 1.
    pub format_version: u32,
    /// Version of the collector.
    pub collector_version: String,
    /// Node name as far as known before collection: the host name, made safe for file names.
    pub node: String,
    /// `live` for the running host, `root` for a mounted file system.
    pub mode: String,
    /// The collector's wall clock at start, UTC.
    pub started: DateTime<Utc>,
    /// Seconds since boot at start; `None` with `--root`.
    pub monotonic_seconds: Option<u64>,
    /// Boot id of the running kernel; `None` with `--root`.
    pub boot_id: Option<String>,
    /// User id of the collector's process; 0 is root.
    pub uid: u32,
    /// Whether placeholder ids can be compared across bundles (a case key was given).
    pub comparable_ids: bool,
    /// Options that shaped the bundle, as given: long name without dashes → value (`true` for a switch).
    pub options: BTreeMap<String, String>,
}

/// One item of the manifest, also when it yielded nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Stable id of the item, unique within the bundle: `<spec>/<name>`.
    pub id: String,
    /// What the item is, in the words of the specs: `kubeconfig`, `unit-file`, `journal`, …
    pub kind: String,
    /// What was declared of it before the node was looked at; `None` for what no spec declares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
    /// Where it is stored; `None` when nothing is. For a stream, the folder of its parts.
    pub path: Option<EntryPath>,
    /// Where it was taken from: an absolute path on the node, `command: …`, `probe: …`, `journal: <unit>`.
    pub source: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Errno name (`EACCES`) behind `denied` and `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<String>,
    /// Exit status of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Why it was skipped, not applicable or cut, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// With `absent`, where the parent folder is missing too: the nearest folder that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// With `absent` of a whole distribution: the nearest folder that exists → the paths below it that do not exist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<String, Vec<String>>,
    /// When work on it began, UTC.
    pub started: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Size of the source in bytes; `None` where unknown or secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_bytes: Option<u64>,
    /// Bytes stored, after redaction, all parts together.
    pub stored_bytes: u64,
    /// Number of parts of a stream; `None` for an ordinary entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
    /// Byte ranges of the source that were kept, when it was cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// SHA-256 of the stored bytes in lower-case hex, all parts in order; empty when nothing is stored.
    pub sha256: String,
    /// Permission bits, owner, times and link target of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// Rule id → how often it masked something.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redactions: BTreeMap<String, u64>,
    /// Where masks stand in the stored bytes, the first 20 of them in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<Masked>,
    /// How many more masks there are than `masked` lists.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub masked_more: u64,
    /// For a journal: line numbers (part, line) of records that were taken without `_SYSTEMD_UNIT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unattributed: Vec<(u32, u64)>,
}

/// What a spec declares of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Declared {
    /// Numbers in the catalog of what a node can tell, spaces between: `K1`, `PK4 PK5`.
    pub catalog: String,
    /// How early and firmly it is taken: `T0` always, `T1` by default, `T2` on request.
    pub tier: String,
    /// How much harm its source could do: `public`, `identifying`, `mixed`, `secret`.
    pub sensitivity: String,
    /// Most bytes taken of one source.
    pub cap: u64,
}

/// The place of a mask in what was stored. It says nothing of the value, not even how long it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Masked {
    /// What the placeholder says was there: `password`, `jwt`, `private-key`, …
    pub kind: String,
    /// Part of a stream, from 1; `None` for an ordinary entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Line of the entry or part, from 1.
    pub line: u64,
    /// Last line of a value that had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_line: Option<u64>,
    /// In an entry of one line: first byte of the placeholder, from 0, and one past its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<(u64, u64)>,
}

/// Places that a record lists; the rest is counted.
pub const MOST_MASKED: usize = 20;

/// A byte range of a source that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// `head`, `tail` or `window`.
    pub what: String,
    /// First byte, from 0.
    pub from: u64,
    /// One past the last byte.
    pub to: u64,
}

/// What the node's file system says of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attributes {
    /// Permission bits in octal, four digits: `0600`.
    pub mode: String,
    /// Owner's user id.
    pub uid: u32,
    /// Owner's group id.
    pub gid: u32,
    /// Last modification, UTC, whole seconds.
    pub mtime: DateTime<Utc>,
    /// Target of the symbolic link that the path names, as written in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Record {
    /// A record that stores nothing yet: times zero, no path.
    pub fn new(
        id: impl Into<String>,
        kind: impl Into<String>,
        source: impl Into<String>,
        outcome: Outcome,
        started: DateTime<Utc>,
    ) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            declared: None,
            path: None,
            source: source.into(),
            outcome,
            errno: None,
            exit: None,
            reason: None,
            below: None,
            absent: BTreeMap::new(),
            started,
            duration_ms: 0,
            source_bytes: None,
            stored_bytes: 0,
            parts: None,
            kept: Vec::new(),
            sha256: String::new(),
            attributes: None,
            redactions: BTreeMap::new(),
            masked: Vec::new(),
            masked_more: 0,
            unattributed: Vec::new(),
        }
    }
}

/// `manifest.json`: all records. The last entry; where it is missing, the parts are joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `false` when collection was cut short.
    pub complete: bool,
    /// Why it is not complete, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Every item, in the order in which they were finished.
    pub records: Vec<Record>,
}

impl Manifest {
    /// JSON with one record a line, so that a record can be cited by its line.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let frame = Self {
            schema_version: self.schema_version,
            complete: self.complete,
            reason: self.reason.clone(),
            records: Vec::new(),
        };
        let mut json = serde_json::to_vec(&frame)?;
        json.truncate(json.len().saturating_sub("]}".len()));
        for (at, record) in self.records.iter().enumerate() {
            json.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
            serde_json::to_writer(&mut json, record)?;
        }
        json.extend_from_slice(b"\n]}\n");
        Ok(json)
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn schema() -> Value {
        schemars::schema_for!(Manifest).into()
    }

    #[test]
    fn every_outcome_is_in_the_schema_as_it_is_written() {
        let schema = schema().to_string();
        for outcome in [Outcome::Ok, Outcome::NotApplicable, Outcome::Skipped] {
            let constant = format!("\"const\":\"{outcome}\"");
            assert!(schema.contains(&constant), "{schema}");
        }
    }

    #[test]
    fn fields_that_may_be_left_out_are_not_required_by_the_schema() {
        let schema = schema();
        let required = schema["$defs"]["Record"]["required"].to_string();
        assert!(required.contains("\"outcome\""), "{required}");
        assert!(!required.contains("errno"), "{required}");
        assert_eq!(schema["$defs"]["EntryPath"]["type"], "string");
    }
}
