//! Several nodes: one line each, grouped by primary cause.

use super::node::state;
use crate::fleet::fleet;
use crate::report::Report;
use crate::terminal::{BOLD, DIM, Paper, escape};
use std::collections::BTreeMap;
use std::io;

pub(super) fn render(reports: &[Report], paper: &mut Paper<'_>) -> io::Result<()> {
    let fleet = fleet(reports);
    let counts: Vec<String> = fleet
        .states
        .iter()
        .map(|(one, count)| format!("{count} {}", state(*one, paper)))
        .collect();
    paper.line(&format!("{} nodes: {}", fleet.nodes, counts.join(", ")))?;
    for group in &fleet.causes {
        let nodes: Vec<&Report> = group
            .nodes
            .iter()
            .filter_map(|node| reports.get(*node))
            .collect();
        let Some(cause) = nodes.first().and_then(|report| report.causes.first()) else {
            continue;
        };
        let id = paper.paint(BOLD, &group.id);
        paper.line(&format!(
            "\n{id} on {}: {}",
            count(nodes.len()),
            escape(&cause.title)
        ))?;
        for report in nodes {
            node_line(report, paper)?;
        }
    }
    without_cause(reports, paper)
}

fn without_cause(reports: &[Report], paper: &mut Paper<'_>) -> io::Result<()> {
    let mut others: BTreeMap<_, Vec<&Report>> = BTreeMap::new();
    for report in reports.iter().filter(|report| report.causes.is_empty()) {
        others.entry(report.verdict.state).or_default().push(report);
    }
    for (one, nodes) in others {
        let word = state(one, paper);
        paper.line(&format!("\n{word}, {} without a cause", count(nodes.len())))?;
        for report in nodes {
            node_line(report, paper)?;
        }
    }
    Ok(())
}

fn node_line(report: &Report, paper: &mut Paper<'_>) -> io::Result<()> {
    let name = report.node.name.as_deref().unwrap_or("(no name)");
    let path = paper.paint(DIM, &escape(&report.input.shown()));
    let what = match report.causes.first() {
        Some(cause) => &cause.meaning,
        None => &report.verdict.sentence,
    };
    paper.line(&format!("  {}  {}  {path}", escape(name), escape(what)))
}

fn count(nodes: usize) -> String {
    if nodes == 1 {
        "1 node".to_owned()
    } else {
        format!("{nodes} nodes")
    }
}
