//! One input → one report: read, parse, scan, derive, diagnose.

use crate::clock;
use crate::declarations::Declarations;
use crate::derived::{Context, Derived};
use crate::diagnosis::{Case, diagnose};
use crate::evidence::Evidence;
use crate::fact::{Fact, Facts, Value};
use crate::logs::{LogDigest, Stamp};
use crate::origin::Origin;
use crate::report::{self, Report};
use crate::ruleset::RuleSet;
use crate::version::Version;
use crate::{facts, intake, upgrade};
use chrono::{DateTime, Utc};
use nodebundle_bundle::Input;
use nodebundle_bundle::reader::ReadError;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How to analyse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The node's time, instead of the one the input tells.
    pub now: Option<DateTime<Utc>>,
    /// Log records before this are left out.
    pub since: Option<DateTime<Utc>>,
    /// Log records after this are left out.
    pub until: Option<DateTime<Utc>>,
    /// Version that the kubelet is to be upgraded to.
    pub plan_upgrade: Option<Version>,
}

/// Why an input could not be analysed at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyzeError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It holds nothing that could be read.
    #[error("{name}: {why}")]
    Nothing {
        /// As the person named it.
        name: String,
        /// Why, and what to do.
        why: String,
    },
    /// A fault of this program.
    #[error("{name}: internal error, please report it with the bundle: {what}")]
    Panic {
        /// As the person named it.
        name: String,
        /// What the program said.
        what: String,
    },
}

impl AnalyzeError {
    /// Whether another attempt may succeed: the disk or network failed, not the input.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(ReadError::Open { why, .. }) => !matches!(
                why.kind(),
                std::io::ErrorKind::NotFound
                    | std::io::ErrorKind::PermissionDenied
                    | std::io::ErrorKind::Other
            ),
            _ => false,
        }
    }
}

/// Everything that was read from one input.
pub struct Read {
    /// What the report says of the input.
    pub input: report::Input,
    /// Facts, parsed and derived, and gaps.
    pub evidence: Evidence,
    /// What the logs hold.
    pub logs: LogDigest,
    /// The node's time.
    pub now: Option<Stamp>,
    /// When the bundle was collected.
    pub collected_at: Option<DateTime<Utc>>,
}

/// Reports on all inputs, several at a time, in their order. A fault in one is its own error.
pub fn analyze_all(
    inputs: &[Input],
    rules: &RuleSet,
    options: &Options,
) -> Vec<Result<Report, AnalyzeError>> {
    let report = |input| guarded(input, || analyze(input, rules, options));
    match inputs {
        [] => Vec::new(),
        [input] => vec![report(input)],
        several => several.par_iter().map(report).collect(),
    }
}

/// Reports on one input.
pub fn analyze(input: &Input, rules: &RuleSet, options: &Options) -> Result<Report, AnalyzeError> {
    let read = read(input, rules, options)?;
    let mut report = report_on(&read, rules);
    if let Some(version) = options.plan_upgrade {
        let planned = read_as(input, rules, options, Some(version))?;
        report.upgrade = Some(upgrade::upgrade(version, &read, &planned, rules));
    }
    Ok(report)
}

/// Reports on what was read.
pub fn report_on(read: &Read, rules: &RuleSet) -> Report {
    let case = Case {
        rules,
        declared: Declarations::all(),
        evidence: &read.evidence,
        logs: &read.logs,
        now: read.now,
        collected_at: read.collected_at,
    };
    diagnose(&case, read.input.clone())
}

/// Reads one input: everything that is known before a rule is asked.
pub fn read(input: &Input, rules: &RuleSet, options: &Options) -> Result<Read, AnalyzeError> {
    read_as(input, rules, options, None)
}

/// Reads one input, as it would be with a planned version of the kubelet.
fn read_as(
    input: &Input,
    rules: &RuleSet,
    options: &Options,
    planned: Option<Version>,
) -> Result<Read, AnalyzeError> {
    let taken = intake::take(input, rules, options)?;
    let mut evidence = taken.evidence;
    let logs = taken.logs;
    let now = now(&evidence, &logs, options.now);
    let context = Context {
        logs: &logs,
        now: now.map(|stamp| stamp.time),
    };
    derive(&mut evidence, &context, planned);
    let collected_at = clock::collection(&evidence).map(|(time, _)| time);
    let mut input = taken.input;
    input.complete &= is_complete(&evidence.facts);
    Ok(Read {
        input,
        evidence,
        logs,
        now,
        collected_at,
    })
}

/// Yields the derived facts; with a planned version, as they would be with it.
fn derive(evidence: &mut Evidence, context: &Context<'_>, planned: Option<Version>) {
    for derived in in_order(facts::ALL) {
        (derived.derive)(evidence, context);
        if let Some(version) = planned.filter(|_| sets_version(derived)) {
            let fact = Fact::new(Value::Version(version), Origin::entry("--plan-upgrade"));
            evidence.facts.set(VERSION, fact);
        }
    }
}

fn sets_version(derived: &Derived) -> bool {
    derived.facts.iter().any(|fact| fact.path == VERSION)
}

const VERSION: &str = "kubelet.version";

/// The node's time; its year is inferred when it comes from a log line that has none.
fn now(evidence: &Evidence, logs: &LogDigest, given: Option<DateTime<Utc>>) -> Option<Stamp> {
    let time = clock::now(evidence, logs, given)?;
    let from_log = given.is_none() && clock::collection(evidence).is_none();
    let newest = logs.newest.filter(|newest| from_log && newest.time == time);
    Some(Stamp {
        time,
        year_inferred: newest.is_some_and(|newest| newest.year_inferred),
    })
}

fn is_complete(facts: &Facts) -> bool {
    facts
        .get("bundle.complete")
        .is_none_or(|fact| fact.value != Value::Bool(false))
}

/// Derived facts, each after those that it builds on; by file name otherwise.
fn in_order(all: &[&'static Derived]) -> Vec<&'static Derived> {
    let mut done: Vec<&'static Derived> = Vec::with_capacity(all.len());
    let mut left: Vec<&'static Derived> = all.to_vec();
    while !left.is_empty() {
        let is_ready = |derived: &Derived, done: &[&Derived]| {
            derived.after.iter().all(|name| {
                done.iter().any(|one| one.name == *name) || !all.iter().any(|one| one.name == *name)
            })
        };
        let (ready, waiting): (Vec<_>, Vec<_>) = left
            .iter()
            .copied()
            .partition(|derived| is_ready(derived, &done));
        // A circle cannot be put in order; the conformance test refuses it.
        if ready.is_empty() {
            done.extend(waiting);
            break;
        }
        done.extend(ready);
        left = waiting;
    }
    done
}

/// Turns a panic into an error of this input.
fn guarded<T>(
    input: &Input,
    work: impl FnOnce() -> Result<T, AnalyzeError>,
) -> Result<T, AnalyzeError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|what| (*what).to_owned()))
            .unwrap_or_default();
        Err(AnalyzeError::Panic {
            name: input.name(),
            what,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_facts_stand_after_those_that_they_build_on() {
        let order = in_order(facts::ALL);
        assert_eq!(order.len(), facts::ALL.len());
        for (position, derived) in order.iter().enumerate() {
            for name in derived.after {
                let before = order[..position].iter().any(|one| one.name == *name);
                assert!(before, "{} needs {name}", derived.name);
            }
        }
    }
}
