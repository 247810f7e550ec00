//! Several nodes: grouped by primary cause, so that one fault that hits many is seen as one.

use crate::report::{Report, State};
use crate::rule::Stage;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Several reports and what they have in common.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FleetReport {
    /// [`crate::report::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// One per node, in the order of the inputs.
    pub reports: Vec<Report>,
    /// What they have in common.
    pub fleet: Fleet,
}

/// What several nodes have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fleet {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of nodes by verdict.
    pub states: BTreeMap<State, usize>,
    /// Nodes by primary cause, the most frequent first.
    pub causes: Vec<Group>,
}

/// Nodes with the same primary cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Group {
    /// Id of the primary cause.
    pub id: String,
    /// Its rung.
    pub stage: Stage,
    /// Positions of the nodes in `reports`, from 0.
    pub nodes: Vec<usize>,
}

/// Groups reports.
pub fn fleet(reports: &[Report]) -> Fleet {
    let mut states = BTreeMap::new();
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for (position, report) in reports.iter().enumerate() {
        *states.entry(report.verdict.state).or_insert(0) += 1;
        if let Some(cause) = report.causes.first() {
            groups
                .entry(&cause.id)
                .or_insert_with(|| Group {
                    id: cause.id.clone(),
                    stage: cause.stage,
                    nodes: Vec::new(),
                })
                .nodes
                .push(position);
        }
    }
    let mut causes: Vec<Group> = groups.into_values().collect();
    causes.sort_by(|a, b| (b.nodes.len(), &a.id).cmp(&(a.nodes.len(), &b.id)));
    Fleet {
        nodes: reports.len(),
        states,
        causes,
    }
}
