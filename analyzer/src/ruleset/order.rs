//! Orders over rules: who asks about whom, and who explains whom. Neither may have a cycle.

use super::compile::Compiled;
use super::problem::{Problem, place};
use crate::condition::Query;
use crate::rule::Rule;
use std::collections::BTreeMap;

/// Rules sorted so that each stands after those whose presence it asks about. A rule on a cycle loses its conditions.
pub(super) fn by_reference(
    rules: &[Rule],
    compiled: &mut [Compiled],
    index: &BTreeMap<String, usize>,
    files: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> Vec<usize> {
    let graph: Vec<Vec<usize>> = compiled
        .iter()
        .map(|compiled| {
            let conditions = compiled.when.iter().chain(&compiled.unless);
            conditions
                .flat_map(|condition| condition.queries())
                .filter(|(query, _)| *query == Query::Present)
                .filter_map(|(_, id)| index.get(id).copied())
                .collect()
        })
        .collect();
    let (order, cycles) = sorted(&graph);
    for cycle in cycles {
        let Some(first) = cycle.first().copied() else {
            continue;
        };
        problems.push(cycle_problem(&cycle, rules, files, "ask about each other"));
        if let Some(compiled) = compiled.get_mut(first) {
            compiled.when = None;
            compiled.unless = None;
        }
    }
    order
}

/// Takes out the edge that closes each cycle of `explains`.
pub(super) fn break_causal_cycles(
    rules: &[Rule],
    compiled: &mut [Compiled],
    files: &[(String, String)],
    problems: &mut Vec<Problem>,
) {
    let graph: Vec<Vec<usize>> = compiled
        .iter()
        .map(|compiled| compiled.edges.iter().map(|edge| edge.target).collect())
        .collect();
    for cycle in sorted(&graph).1 {
        problems.push(cycle_problem(&cycle, rules, files, "explain each other"));
        if let (Some(first), Some(last)) = (cycle.first(), cycle.last())
            && let Some(compiled) = compiled.get_mut(*last)
        {
            compiled.edges.retain(|edge| edge.target != *first);
        }
    }
}

fn cycle_problem(
    cycle: &[usize],
    rules: &[Rule],
    files: &[(String, String)],
    what: &str,
) -> Problem {
    let ids: Vec<&str> = cycle
        .iter()
        .filter_map(|number| rules.get(*number))
        .map(|rule| rule.id.as_str())
        .collect();
    let (file, source) = cycle
        .first()
        .and_then(|first| files.get(*first))
        .cloned()
        .unwrap_or_default();
    Problem {
        place: ids
            .get(1)
            .or(ids.first())
            .and_then(|id| place(&source, id, 0)),
        file,
        message: format!("these rules {what} in a circle: {}", ids.join(" → ")),
    }
}

/// Depth-first order (what is pointed at first) and the cycles met on the way.
fn sorted(graph: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut walk = Walk {
        graph,
        state: vec![State::New; graph.len()],
        path: Vec::new(),
        order: Vec::new(),
        cycles: Vec::new(),
    };
    for number in 0..graph.len() {
        walk.visit(number);
    }
    (walk.order, walk.cycles)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk<'a> {
    graph: &'a [Vec<usize>],
    state: Vec<State>,
    path: Vec<usize>,
    order: Vec<usize>,
    cycles: Vec<Vec<usize>>,
}

impl Walk<'_> {
    fn visit(&mut self, number: usize) {
        match self.state.get(number) {
            Some(State::New) => {}
            Some(State::Open) => {
                let cycle = self.path.iter().skip_while(|&&on_path| on_path != number);
                self.cycles.push(cycle.copied().collect());
                return;
            }
            _ => return,
        }
        self.mark(number, State::Open);
        self.path.push(number);
        for &target in self.graph.get(number).into_iter().flatten() {
            self.visit(target);
        }
        self.path.pop();
        self.mark(number, State::Done);
        self.order.push(number);
    }

    fn mark(&mut self, number: usize, state: State) {
        if let Some(slot) = self.state.get_mut(number) {
            *slot = state;
        }
    }
}
