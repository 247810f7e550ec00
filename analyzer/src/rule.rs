//! Rules: data that can yield a finding. The form of `rules/<stage>/<id>.yaml`.

mod confidence;
mod edge;
mod examples;

pub use confidence::ConfidenceTable;
pub use edge::{Edge, ErrorClass, InLife, InTime, Join};
pub use examples::{Examples, Expect, FactsExample};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One rule, as written. `ruleset` checks it and compiles its patterns and conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case name of the fault, equal to the file name.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Rung of the ladder that the fault breaks first.
    pub stage: Stage,
    /// What a finding of this rule is in a diagnosis.
    pub role: Role,
    /// Effect on this node; progress and benign rules have `low`.
    #[serde(default = "Severity::low")]
    pub severity: Severity,
    /// One node, or several nodes compared.
    #[serde(default)]
    pub scope: Scope,
    /// Kubelet versions the rule applies to; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    /// The log witness: any of these patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogPattern>,
    /// The facts witness: a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether `when` being false rules out what lines say. Not so where it names one of several ways to prove the fault, or what
    /// may have changed since.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub refutes: bool,
    /// `<list> as <name>`: judge `when` once per item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// Template variable → expression, used when no line gave the variable.
    #[serde(default, rename = "let", skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Fact paths to cite besides those that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cites: Vec<String>,
    /// True rules the finding out; unknown limits it to `likely`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<String>,
    /// Confidence by witness.
    #[serde(default)]
    pub confidence: ConfidenceTable,
    /// Findings whose presence raises `facts` to confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed_by: Vec<String>,
    /// Findings that this one explains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explains: Vec<Edge>,
    /// Events after which the fault is past.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<String>,
    /// For progress: stages that it proves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proves: Vec<Stage>,
    /// For symptoms: the kubelet does not run, or each of its runs ends soon. What explains only such and settings is an effect that a
    /// running kubelet will show at its next start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kubelet_down: bool,
    /// What it means on this node; `{name}` is a variable.
    pub meaning: String,
    /// What to do, by distribution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedy: Vec<Remedy>,
    /// Titles of documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Remarks for maintainers and the rule page: false positives, traps, provenance of wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Its tests. Left out of the compiled-in copy.
    #[serde(default, skip_serializing_if = "Examples::is_empty")]
    pub examples: Examples,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_yes(refutes: &bool) -> bool {
    *refutes
}

/// A rung of the registration ladder, in climbing order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A kubelet unit exists, is loaded, enabled and started.
    Unit,
    /// The binary runs and stays up.
    Process,
    /// Flags and configuration are valid for this version; every file opened at start exists.
    Config,
    /// The operating system gives what the kubelet needs.
    Host,
    /// The container runtime answers and fits.
    Runtime,
    /// A usable client credential exists.
    Credentials,
    /// The API server can be reached.
    Network,
    /// Both sides trust each other.
    Tls,
    /// The server accepts the identity.
    Authn,
    /// The server accepts what the identity does.
    Authz,
    /// The Node object exists and is this machine.
    Registered,
    /// Lease and status updates succeed in time.
    Heartbeat,
    /// Nothing holds the node back from Ready.
    Ready,
}

impl Stage {
    /// All rungs, in climbing order.
    pub const ALL: [Self; 13] = [
        Self::Unit,
        Self::Process,
        Self::Config,
        Self::Host,
        Self::Runtime,
        Self::Credentials,
        Self::Network,
        Self::Tls,
        Self::Authn,
        Self::Authz,
        Self::Registered,
        Self::Heartbeat,
        Self::Ready,
    ];

    /// The word used in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Process => "process",
            Self::Config => "config",
            Self::Host => "host",
            Self::Runtime => "runtime",
            Self::Credentials => "credentials",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Authn => "authn",
            Self::Authz => "authz",
            Self::Registered => "registered",
            Self::Heartbeat => "heartbeat",
            Self::Ready => "ready",
        }
    }
}

/// What a finding is in a diagnosis.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Can be the root.
    Cause,
    /// Makes a cause worse or likelier.
    Contributing,
    /// Follows from a cause.
    Symptom,
    /// Proves that stages were climbed.
    Progress,
    /// Looks bad and is harmless.
    Benign,
    /// Worth fixing, explains nothing now.
    Hygiene,
}

impl Role {
    /// Whether a finding of this role is something wrong with the node.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Cause | Self::Contributing | Self::Symptom)
    }
}

/// Effect on this node, least first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Anything less than medium.
    Low,
    /// Ready, but does not do its job, or stops at a known date within 7 days.
    Medium,
    /// Registered, not Ready.
    High,
    /// Cannot run or register.
    Critical,
}

impl Severity {
    fn low() -> Self {
        Self::Low
    }
}

/// How sure a finding is, least first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Evidence is incomplete.
    Possible,
    /// One witness.
    Likely,
    /// Independent evidence agrees.
    Confirmed,
}

/// Whether a rule sees one node or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One node.
    #[default]
    Node,
    /// Several nodes compared.
    Fleet,
}

/// One pattern of the log witness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPattern {
    /// Programs whose lines it reads; a line of an unknown program is read by all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Regular expression on the normalised message, Unicode off, not anchored.
    pub pattern: String,
    /// How many matches make an event; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Window for `min`: `2m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Matches earlier than this after a kubelet start are ignored: `120s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Period of a line that repeats as long as the fault lasts: `10s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
}

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// Distributions it is for; `generic` is the fallback.
    #[serde(rename = "for")]
    pub distributions: Vec<String>,
    /// Who must act.
    pub on: Place,
    /// Commands or steps, in order.
    #[serde(rename = "do")]
    pub steps: Vec<String>,
    /// How to see that it worked.
    #[serde(default)]
    pub check: Vec<String>,
    /// What it can break; empty when nothing.
    #[serde(default)]
    pub risk: String,
}

/// Who must act.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Somebody on this node.
    Node,
    /// Somebody on the control plane.
    ControlPlane,
    /// Somebody at the cloud provider's console.
    Cloud,
    /// Somebody at the network between.
    Network,
}
