//! What happened on the node, in order, on one axis: the node's own clock, in UTC.

mod certificates;
mod clock;
mod logs;

use crate::analyze::Read;
use crate::origin::Origin;
use crate::report::Report;
use crate::rule::Stage;
use crate::ruleset::RuleSet;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// Version of the form of a timeline.
pub const SCHEMA_VERSION: u32 = 1;

/// Events of one node in time order.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Timeline {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The input as it was named.
    pub input: String,
    /// The node's clock against another one; `null` when nothing in the input tells.
    pub skew: Option<Skew>,
    /// By time; of the same time those that were read first.
    pub events: Vec<Event>,
}

/// How far the node's clock is from another one.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Skew {
    /// Which other one.
    pub against: Against,
    /// Seconds; positive: the node is ahead.
    pub seconds: f64,
    /// Seconds by which it may be wrong; `null` when nothing tells.
    pub uncertainty: Option<f64>,
    /// Where it was measured.
    pub place: Option<Spot>,
}

/// The clock that the node's is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// That of the API server, by the time in its answers.
    ApiServer,
    /// The right time, by the node's own time service.
    TimeService,
    /// That of who signed certificates that begin after the node's time: the node is behind it by the seconds told or more.
    Signer,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// When, by the node's clock.
    pub time: DateTime<Utc>,
    /// The line has no year; it was inferred.
    pub year_inferred: bool,
    /// When by the other clock; only where the two differ by more than a second and it is known by how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_time: Option<DateTime<Utc>>,
    /// What kind of event.
    pub kind: Kind,
    /// What happened.
    pub what: String,
    /// Id of the rule that knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// For lines about certificates and identities: which ones of those in the input were valid then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
    /// Where it stands; `null` for what several places tell together.
    pub place: Option<Spot>,
}

/// A place in the input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Spot {
    /// Entry.
    pub entry: String,
    /// Line from 1; `null` where the whole entry is meant.
    pub line: Option<u64>,
}

/// Kinds of events, in the order in which those of one instant are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The node began to run.
    Boot,
    /// The clock was set, or a log is out of order.
    ClockStep,
    /// A certificate begins to be valid.
    CertificateBegins,
    /// A certificate ends to be valid.
    CertificateEnds,
    /// A kubelet process began, or the log begins inside its life.
    KubeletStarts,
    /// A rung of the ladder was proven in a life of the kubelet.
    Proof,
    /// A finding was seen first.
    First,
    /// A finding was seen last.
    Last,
    /// A kubelet process ended.
    KubeletEnds,
    /// The newest record of the logs.
    LogEnds,
    /// The node was looked at.
    Collected,
}

impl Kind {
    /// As text shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::ClockStep => "clock",
            Self::CertificateBegins => "cert begins",
            Self::CertificateEnds => "cert ends",
            Self::KubeletStarts => "kubelet starts",
            Self::Proof => "proof",
            Self::First => "first",
            Self::Last => "last",
            Self::KubeletEnds => "kubelet ends",
            Self::LogEnds => "log ends",
            Self::Collected => "collected",
        }
    }
}

/// The timeline of one input. Findings are those of its report.
pub fn timeline(read: &Read, rules: &RuleSet, report: &Report) -> Timeline {
    let skew = clock::skew(&read.evidence, read.now);
    let apart = skew.as_ref().and_then(Skew::apart);
    let mut events = logs::events(&read.logs, rules, report);
    for event in &mut events {
        event.certificates = certificates_then(event, apart, read, rules);
    }
    events.extend(certificates::events(&read.evidence));
    events.extend(clock::events(read));
    if let Some(apart) = apart {
        // Certificates are dated by their signer, whatever the node's clock says.
        let dated =
            |event: &Event| matches!(event.kind, Kind::CertificateBegins | Kind::CertificateEnds);
        for event in events.iter_mut().filter(|event| !dated(event)) {
            event.server_time = Some(event.time - apart);
        }
    }
    events.sort_by(|a, b| {
        let key = |event: &Event| (event.time, event.kind);
        (key(a), &a.place, &a.what).cmp(&(key(b), &b.place, &b.what))
    });
    events.dedup();
    Timeline {
        schema_version: SCHEMA_VERSION,
        input: read.input.shown(),
        skew,
        events,
    }
}

/// What certificates were worth when a line about them was first written: the server's by the node's clock, the node's by the
/// server's.
fn certificates_then(
    event: &Event,
    apart: Option<TimeDelta>,
    read: &Read,
    rules: &RuleSet,
) -> Vec<String> {
    let by_server = event.time - apart.unwrap_or_default();
    let rule = event
        .rule
        .as_ref()
        .and_then(|id| rules.get(rules.index(id)?));
    let Some((rule, _)) = rule.filter(|_| event.kind == Kind::First) else {
        return Vec::new();
    };
    let sides: &[bool] = match rule.stage {
        Stage::Credentials | Stage::Authn => &[false],
        Stage::Tls => &[false, true],
        _ => &[],
    };
    sides
        .iter()
        .filter_map(|&server| {
            let at = if server { event.time } else { by_server };
            certificates::state_at(&read.evidence, at, server)
        })
        .collect()
}

impl Skew {
    /// The difference, where it matters.
    fn apart(&self) -> Option<TimeDelta> {
        #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
        let apart = TimeDelta::try_milliseconds((self.seconds * 1000.0) as i64)?;
        (self.against != Against::Signer && apart.abs() > TimeDelta::seconds(1)).then_some(apart)
    }
}

impl From<&Origin> for Spot {
    fn from(origin: &Origin) -> Self {
        Self {
            entry: origin.entry.to_string(),
            line: origin.line,
        }
    }
}

impl Event {
    fn new(time: DateTime<Utc>, kind: Kind, what: impl Into<String>) -> Self {
        Self {
            time,
            year_inferred: false,
            server_time: None,
            kind,
            what: what.into(),
            rule: None,
            certificates: Vec::new(),
            place: None,
        }
    }

    fn at(self, origin: Option<&Origin>) -> Self {
        Self {
            place: origin.map(Spot::from),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
