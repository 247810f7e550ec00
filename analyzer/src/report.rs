//! The report on one node: what `report --format json` prints.

use crate::finding::{Evidence, Finding};
use crate::rule::{Place, Stage};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// Version of the report's form.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that is said of one node.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What made it.
    pub tool: Tool,
    /// What it was made from.
    pub input: Input,
    /// The answer in one sentence.
    pub verdict: Verdict,
    /// Who the node is.
    pub node: Node,
    /// All rungs, in the order in which this node climbs them.
    pub ladder: Vec<Rung>,
    /// Ranked; the first is the primary root cause. Empty means what `verdict.state` says.
    pub causes: Vec<Finding>,
    /// Static findings behind the first cause: after this fix, check next.
    pub latent: Vec<Finding>,
    /// What the causes explain, and symptoms that nothing explains.
    pub symptoms: Vec<Finding>,
    /// Faults that are past.
    pub history: Vec<Finding>,
    /// Worth fixing, explains nothing now.
    pub hygiene: Vec<Finding>,
    /// Looks bad and is harmless.
    pub benign: Vec<Finding>,
    /// Rules whose line was seen and whose facts speak against it.
    pub ruled_out: Vec<RuledOut>,
    /// What could not be known, most decisive first, at most 10.
    pub unknown: Vec<Unknown>,
    /// Entries that could not be read.
    pub gaps: Vec<Gap>,
    /// Error texts that no rule claims, at most 10.
    pub unexplained: Vec<Unexplained>,
    /// What a planned upgrade would break; left out where none was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Upgrade>,
}

/// What would break with another version of the kubelet.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Upgrade {
    /// The version, `1.36.0`.
    pub to: String,
    /// What facts say of that version and not of the present one.
    pub findings: Vec<Finding>,
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tool {
    /// `nodebundle-analyzer`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many rules it judged by.
    pub rules: usize,
}

/// The input of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Input {
    /// As given.
    pub path: String,
    /// Which node of the input, where it holds several: its name, below the folder or archive of its bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// SHA-256 of the file in lower-case hex; `null` for a folder.
    pub sha256: Option<String>,
    /// Name of the layout.
    pub layout: String,
    /// `false` when the bundle was cut short or damaged.
    pub complete: bool,
}

impl Input {
    /// The path, and which node in it where it holds several.
    pub fn shown(&self) -> String {
        match &self.part {
            Some(part) => format!("{} ({part})", self.path),
            None => self.path.clone(),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verdict {
    /// In one word.
    pub state: State,
    /// In one sentence.
    pub sentence: String,
    /// The node's time that it holds for; `null` when the input has no time.
    pub as_of: Option<DateTime<Utc>>,
    /// Where to act; `null` when there is nothing to do.
    #[serde(rename = "where")]
    pub place: Option<Place>,
}

/// The verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// No cause, and progress is proven.
    Healthy,
    /// Cannot run, register or be Ready.
    Broken,
    /// Ready, but does not do its job.
    Degraded,
    /// Never asked to join.
    NotJoined,
    /// The evidence does not tell.
    Undetermined,
}

/// Who the node is; `null` where the input does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Node {
    /// Name that the kubelet registers under.
    pub name: Option<String>,
    /// SHA-256 of the cluster CA's public key, in lower-case hex.
    pub cluster: Option<String>,
    /// `kubeadm`, `k3s`, …
    pub distribution: Option<String>,
    /// Version of the kubelet, `1.36.2`.
    pub kubelet_version: Option<String>,
    /// Runtime and version, `containerd 1.6.20`.
    pub runtime: Option<String>,
    /// Operating system, as it calls itself.
    pub os: Option<String>,
    /// When the bundle was collected.
    pub collected_at: Option<DateTime<Utc>>,
    /// Whether the Node object exists and is this machine.
    pub registered: Answer,
    /// Whether the node is Ready.
    pub ready: Answer,
}

/// Yes, no, or the input does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The input does not tell.
    #[default]
    Unknown,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rung {
    /// Which.
    pub stage: Stage,
    /// How it stands.
    pub state: RungState,
    /// Ids of the findings that say so.
    pub because: Vec<String>,
    /// Entries that would tell, when unknown.
    pub missing: Vec<String>,
}

/// How a rung stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RungState {
    /// Proven.
    Ok,
    /// A finding that nothing refutes breaks it.
    Failed,
    /// Proven, with a cause on it.
    Degraded,
    /// Nothing tells.
    Unknown,
    /// Nothing tells, and a rung before it failed.
    NotReached,
}

/// A fault that the facts speak against, though a line or the symptoms suggest it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuledOut {
    /// Id of the rule.
    pub id: String,
    /// Title of the rule.
    pub title: String,
    /// What speaks against it.
    pub by: Vec<Evidence>,
}

/// An entry that the input does not have and that would tell something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unknown {
    /// The entry: a node path or a command.
    pub needs: String,
    /// Command that collects it.
    pub collect_with: String,
    /// Rules that could not look.
    pub rules: Vec<String>,
    /// Rungs that they would tell of.
    pub stages: Vec<Stage>,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gap {
    /// The entry.
    pub entry: String,
    /// What is wrong with it.
    pub problem: String,
    /// Rules that could not look.
    pub rules: Vec<String>,
}

/// An error text that no rule claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unexplained {
    /// The text with its variable parts as `<*>`.
    pub template: String,
    /// How often it was seen.
    pub count: u64,
    /// First time seen.
    pub first: Option<DateTime<Utc>>,
    /// Last time seen.
    pub last: Option<DateTime<Utc>>,
    /// One of its lines.
    pub example: Evidence,
}
