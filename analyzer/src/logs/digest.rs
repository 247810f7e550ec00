//! What remains of the logs of one node: matches, lives, times and unexplained texts. Bounded.

use crate::origin::Origin;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A time, and whether its year was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The instant, UTC.
    pub time: DateTime<Utc>,
    /// The line has no year; it was inferred from the entry or its neighbours. Where nothing in the input tells a year
    /// ([`LogDigest::newest`] is `None`), times are counted from the year 2000: right among each other, nothing else.
    pub year_inferred: bool,
}

/// Everything that rules and derived facts need to know of the logs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogDigest {
    /// Runs of the kubelet process, in time order (file order where lines have no time). The last is the current life.
    pub lives: Vec<Life>,
    /// Matches, sorted by rule, then by first sequence.
    pub hits: Vec<Hit>,
    /// Places at which the node's clock was set, in time order.
    pub clock_steps: Vec<ClockStep>,
    /// Error texts that no pattern matches, most frequent first.
    pub unexplained: Vec<Template>,
    /// Newest time of any record; `None` when no record has a time, or nothing tells the year.
    pub newest: Option<Stamp>,
    /// Oldest time of any record.
    pub oldest: Option<Stamp>,
    /// Programs of which at least one line was read, or that a program of which one was read holds, sorted.
    pub programs: Vec<String>,
    /// Which time the lines of each of them cover.
    pub spans: BTreeMap<String, Span>,
    /// Values that kubelet lines state about the process itself: `version`, `flag.<name>`, `node`, `runtime.name`,
    /// `runtime.version`; the latest wins.
    pub stated: BTreeMap<String, (String, Occurrence)>,
}

/// The lines of one program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// Time of the first; `None` when it has none.
    pub first: Option<Stamp>,
    /// Time of the last.
    pub last: Option<Stamp>,
    /// How many there are in the entry that has most.
    pub records: u64,
}

/// One run of the kubelet process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Boot id, where the format has it.
    pub boot: Option<String>,
    /// Process id, where known.
    pub pid: Option<u32>,
    /// Whether its start was seen: a start line of the kubelet or of systemd. Else the log begins inside it.
    pub start_seen: bool,
    /// Whether its end was seen.
    pub end_seen: bool,
    /// Whether records in it are known to be missing: dropped by a cap, suppressed, or cut out of the file.
    pub cut: bool,
    /// Time of its first record.
    pub first: Option<Stamp>,
    /// Time of its last record.
    pub last: Option<Stamp>,
    /// Where its first record stands.
    pub from: Option<Origin>,
    /// Where its last record stands.
    pub to: Option<Origin>,
    /// Sequence of its first record.
    pub first_sequence: u64,
    /// Sequence of its last record.
    pub last_sequence: u64,
    /// Number of kubelet records in it.
    pub records: u64,
}

impl Life {
    /// How long it ran, from first to last record; `None` without times.
    pub fn age(&self) -> Option<TimeDelta> {
        Some(self.last?.time - self.first?.time)
    }
}

/// The node's clock was set, or the records of a log stand in no order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockStep {
    /// By how much; negative: back. Forward steps are only known where records have the time since the boot, and a node that
    /// slept shows the same.
    pub by: TimeDelta,
    /// Time of the first record behind the step, by the clock that was set.
    pub after: Stamp,
    /// Where that record stands.
    pub origin: Origin,
}

/// All matches of one pattern in one life with the same captured variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Index of the rule in the rule set.
    pub rule: usize,
    /// Index of the pattern in the rule.
    pub pattern: usize,
    /// Program of the lines, where known.
    pub program: Option<Arc<str>>,
    /// Index into [`LogDigest::lives`], for lines that fall into a life by stream or, for other programs, by time.
    pub life: Option<usize>,
    /// Number of matching records.
    pub count: u64,
    /// The first of them.
    pub first: Occurrence,
    /// The last of them.
    pub last: Occurrence,
    /// Named groups of the pattern.
    pub variables: Arc<BTreeMap<String, String>>,
}

/// One record of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Where it stands: the line that holds the decisive text.
    pub origin: Origin,
    /// That line as it stands in the entry, lossy UTF-8, at most [`crate::finding::Evidence::MAX_TEXT`] bytes.
    pub text: String,
    /// Its time.
    pub time: Option<Stamp>,
    /// Its place in the order of all records: by time where known, else by file order.
    pub sequence: u64,
}

/// An error text with its variable parts taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The text with variable parts as `<*>`.
    pub text: String,
    /// Program of its lines.
    pub program: Option<String>,
    /// How often it was seen.
    pub count: u64,
    /// Number of them in the current life.
    pub current: u64,
    /// The first record.
    pub first: Occurrence,
    /// Time of the last record.
    pub last: Option<Stamp>,
}
