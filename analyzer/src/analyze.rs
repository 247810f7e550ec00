//! One input → one report: read, parse, scan, derive, diagnose.

use crate::clock;
use crate::declarations::Declarations;
use crate::derived::{Context, Derived};
use crate::diagnosis::{Case, diagnose};
use crate::evidence::Evidence;
use crate::fact::{Fact, Facts, Value};
use crate::intake::Taken;
use crate::logs::{LogDigest, Stamp};
use crate::node_names::{self, Names};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The node's time, instead of the one the input tells.
    pub now: Option<DateTime<Utc>>,
    /// Log records before this are left out.
    pub since: Option<DateTime<Utc>>,
    /// Log records after this are left out.
    pub until: Option<DateTime<Utc>>,
    /// Version that the kubelet is to be upgraded to.
    pub plan_upgrade: Option<Version>,
    /// The one node to look at, of an input that holds several: its name, with or without domain, or [`report::Input::part`].
    pub node: Option<String>,
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
    /// It holds several nodes, and one has to be named.
    #[error("{name} holds {}: name one of them with --node", nodes.join(", "))]
    Several {
        /// As the person named it.
        name: String,
        /// Its nodes.
        nodes: Vec<String>,
    },
    /// It does not hold the node that was named.
    #[error("{name} holds no node {node}, only {}", nodes.join(", "))]
    NoSuchNode {
        /// As the person named it.
        name: String,
        /// The node that was named.
        node: String,
        /// Its nodes.
        nodes: Vec<String>,
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

    /// Whether the input could be analysed: what was asked of it does not fit.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Several { .. } | Self::NoSuchNode { .. })
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

/// Reports on all nodes of all inputs, several inputs at a time, in their order. A fault in one is its own error.
pub fn analyze_all(
    inputs: &[Input],
    rules: &RuleSet,
    options: &Options,
) -> Vec<Result<Report, AnalyzeError>> {
    let reports = |input| match guarded(input, || analyze(input, rules, options)) {
        Ok(reports) => reports.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    };
    match inputs {
        [] => Vec::new(),
        [input] => reports(input),
        several => several.par_iter().flat_map_iter(reports).collect(),
    }
}

/// Reports on one input: on each of its nodes.
pub fn analyze(
    input: &Input,
    rules: &RuleSet,
    options: &Options,
) -> Result<Vec<Report>, AnalyzeError> {
    let read = read_all(input, rules, options, None)?;
    let mut reports: Vec<Report> = read.iter().map(|read| report_on(read, rules)).collect();
    if let Some(version) = options.plan_upgrade {
        let planned = read_all(input, rules, options, Some(version))?;
        for (report, (read, planned)) in reports.iter_mut().zip(read.iter().zip(&planned)) {
            report.upgrade = Some(upgrade::upgrade(version, read, planned, rules));
        }
    }
    Ok(reports)
}

/// What a report on a node is made of.
pub fn case<'a>(read: &'a Read, rules: &'a RuleSet) -> Case<'a> {
    Case {
        rules,
        declared: Declarations::all(),
        evidence: &read.evidence,
        logs: &read.logs,
        now: read.now,
        collected_at: read.collected_at,
    }
}

/// Reports on what was read.
pub fn report_on(read: &Read, rules: &RuleSet) -> Report {
    diagnose(&case(read, rules), read.input.clone())
}

/// Reads one node of an input: everything that is known before a rule is asked. Of several nodes one has to be named.
pub fn read(input: &Input, rules: &RuleSet, options: &Options) -> Result<Read, AnalyzeError> {
    let mut all = read_all(input, rules, options, None)?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => Err(AnalyzeError::Several {
            name: input.name(),
            nodes: all
                .iter()
                .chain(&last)
                .map(|read| read.names().shown())
                .collect(),
        }),
    }
}

/// Reads the nodes of an input that were asked for, as they would be with a planned version of the kubelet.
fn read_all(
    input: &Input,
    rules: &RuleSet,
    options: &Options,
    planned: Option<Version>,
) -> Result<Vec<Read>, AnalyzeError> {
    let taken = intake::take(input, rules, options)?;
    let mut all: Vec<Read> = taken
        .into_iter()
        .map(|taken| derived(taken, options, planned))
        .collect();
    if let Some(node) = &options.node {
        let names: Vec<Names> = all.iter().map(Read::names).collect();
        let own = called(node, &names, input)?;
        let mut number = 0..;
        all.retain(|_| number.next().is_some_and(|number| own.contains(&number)));
    }
    Ok(all)
}

fn derived(taken: Taken, options: &Options, planned: Option<Version>) -> Read {
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
    Read {
        input,
        evidence,
        logs,
        now,
        collected_at,
    }
}

impl Read {
    fn names(&self) -> Names {
        let label = self.input.part.as_deref().unwrap_or_default();
        Names::new(label, node_names::of(&self.evidence.facts))
    }
}

/// The nodes that were asked for, by number; at least one.
pub(crate) fn called(
    asked: &str,
    nodes: &[Names],
    input: &Input,
) -> Result<Vec<usize>, AnalyzeError> {
    let meant = node_names::meant(asked, nodes);
    if meant.is_empty() {
        return Err(AnalyzeError::NoSuchNode {
            name: input.name(),
            node: asked.to_owned(),
            nodes: nodes.iter().map(Names::shown).collect(),
        });
    }
    Ok(meant)
}

/// Yields the derived facts; with a planned version, as they would be with it.
pub(crate) fn derive(evidence: &mut Evidence, context: &Context<'_>, planned: Option<Version>) {
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
