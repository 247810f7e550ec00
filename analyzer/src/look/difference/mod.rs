//! What differs between two nodes, or on one node before and after: facts, configuration, findings, ladder.

mod facts;
mod files;
mod lines;
mod own;

use super::opened::Opened;
use crate::analyze::Read;
use crate::report::{Report, RungState, State};
use crate::rule::Stage;
use files::Files;
use nodebundle_bundle::reader::ReadError;
use own::Own;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

pub use facts::{Differing, Differs, Held};
pub use files::{FileDiffers, Only};
pub use lines::{Change, Hunk};

/// Version of the form.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that differs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The first input.
    pub a: Side,
    /// The second input.
    pub b: Side,
    /// Nothing differs that was compared.
    pub same: bool,
    /// Facts that both know and that differ, by path.
    pub facts: Vec<Differing>,
    /// Facts that differ on any two nodes, or at any two times, and were left out: ids, times, counters.
    pub left_out: u64,
    /// Facts that only one input knows: of A, of B.
    pub known_to_one: (u64, u64),
    /// Text files that both have and that differ.
    pub files: Vec<FileDiffers>,
    /// Configuration that only one input has.
    pub files_of_one: Vec<Only>,
    /// Findings.
    pub findings: Findings,
    /// Rungs that stand differently.
    pub ladder: Vec<RungDiffers>,
}

/// One of the two nodes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// The input as it was named.
    pub input: String,
    /// Name of the node.
    pub node: Option<String>,
    /// How the node is.
    pub state: State,
    /// The verdict in one sentence.
    pub sentence: String,
}

/// Findings of the two, by id, with their titles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Findings {
    /// Only in the first.
    pub only_a: BTreeMap<String, String>,
    /// Only in the second.
    pub only_b: BTreeMap<String, String>,
    /// In both.
    pub both: BTreeMap<String, String>,
}

/// A rung that stands differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RungDiffers {
    /// Which.
    pub stage: Stage,
    /// In the first.
    pub a: RungState,
    /// In the second.
    pub b: RungState,
}

/// One input with what was made of it.
pub struct Compared<'a> {
    /// To read its files.
    pub opened: &'a mut Opened,
    /// Its facts.
    pub read: &'a Read,
    /// Its report.
    pub report: &'a Report,
}

/// Compares two nodes. With `all`, also what differs on any two nodes or at any two times.
pub fn compare(
    a: &mut Compared<'_>,
    b: &mut Compared<'_>,
    all: bool,
) -> Result<Difference, ReadError> {
    let own_a = Own::of(a.read, a.report);
    let own_b = Own::of(b.read, b.report);
    let facts = facts::compare((a.read, &own_a), (b.read, &own_b), all);
    let files_a = Files::read(a.opened)?;
    let files_b = Files::read(b.opened)?;
    let (files, files_of_one) = files::compare((&files_a, &own_a), (&files_b, &own_b));
    let findings = findings(a.report, b.report);
    let ladder = ladder(a.report, b.report);
    Ok(Difference {
        schema_version: SCHEMA_VERSION,
        same: facts.differing.is_empty()
            && files.is_empty()
            && files_of_one.is_empty()
            && findings.only_a.is_empty()
            && findings.only_b.is_empty()
            && ladder.is_empty(),
        a: side(a.report),
        b: side(b.report),
        facts: facts.differing,
        left_out: facts.left_out,
        known_to_one: facts.known_to_one,
        files,
        files_of_one,
        findings,
        ladder,
    })
}

fn side(report: &Report) -> Side {
    Side {
        input: report.input.shown(),
        node: report.node.name.clone(),
        state: report.verdict.state,
        sentence: report.verdict.sentence.clone(),
    }
}

fn findings(a: &Report, b: &Report) -> Findings {
    let of = |report: &Report| -> BTreeMap<String, String> {
        let parts = [
            &report.causes,
            &report.latent,
            &report.symptoms,
            &report.hygiene,
        ];
        let all = parts.into_iter().flatten();
        all.map(|finding| (finding.id.clone(), finding.title.clone()))
            .collect()
    };
    let (a, b) = (of(a), of(b));
    let mut findings = Findings::default();
    for (id, title) in &a {
        let list = if b.contains_key(id) {
            &mut findings.both
        } else {
            &mut findings.only_a
        };
        list.insert(id.clone(), title.clone());
    }
    let only_b = b.into_iter().filter(|(id, _)| !a.contains_key(id));
    findings.only_b = only_b.collect();
    findings
}

fn ladder(a: &Report, b: &Report) -> Vec<RungDiffers> {
    let state = |report: &Report, stage: Stage| {
        let mut rungs = report.ladder.iter();
        rungs
            .find(|rung| rung.stage == stage)
            .map(|rung| rung.state)
    };
    let stages: BTreeSet<Stage> = a.ladder.iter().map(|rung| rung.stage).collect();
    let both = stages
        .into_iter()
        .filter_map(|stage| Some((stage, state(a, stage)?, state(b, stage)?)));
    both.filter(|(_, a, b)| a != b)
        .map(|(stage, a, b)| RungDiffers { stage, a, b })
        .collect()
}
