//! What could not be known, and what would tell.

use super::Case;
use super::judge::Judged;
use crate::condition::Missing;
use crate::finding::Finding;
use crate::report::{Gap, Rung, RungState, Unknown};
use crate::rule::{Role, Rule, Severity, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries listed.
const SHOWN: usize = 10;
/// How much more a rule counts that would explain what nothing explains.
const ANSWERS: usize = 10;

/// The entry that would hold something missing, and the command that collects it. `None` where no one entry would.
pub(super) fn needs(case: &Case<'_>, missing: &Missing) -> Option<(String, String)> {
    match missing {
        Missing::Fact(path) => {
            let declared = case.declared.get(path)?;
            let needs = (declared.needs.to_owned(), declared.collect_with.to_owned());
            (!needs.0.is_empty()).then_some(needs)
        }
        Missing::Log(programs) => {
            let program = programs.first()?;
            Some((
                format!("log of {program} since its last start"),
                log_command(program),
            ))
        }
        Missing::Now => Some((
            "the node's time".to_owned(),
            "date --utc +%FT%TZ".to_owned(),
        )),
    }
}

fn log_command(program: &str) -> String {
    match program {
        "kernel" => "journalctl --dmesg --output=short-iso".to_owned(),
        "systemd" => "journalctl --boot --output=short-iso".to_owned(),
        unit => format!("journalctl --unit={unit} --boot --output=short-iso"),
    }
}

/// Missing entries by how much they would decide; only for rungs that are not proven, for symptoms that nothing
/// explains, and for what the Node object would tell.
///
/// What could explain a symptom that nothing explains yet would change the answer, so it counts most.
pub(super) fn unknown(
    case: &Case<'_>,
    judged: &Judged,
    rungs: &[Rung],
    symptoms: &[Finding],
) -> Vec<Unknown> {
    #[derive(Default)]
    struct Group {
        collect_with: String,
        rules: BTreeSet<String>,
        stages: BTreeSet<Stage>,
        weight: usize,
    }
    let open: BTreeSet<Stage> = rungs
        .iter()
        .filter(|rung| rung.state != RungState::Ok)
        .map(|rung| rung.stage)
        .collect();
    let unexplained: BTreeSet<&str> = symptoms
        .iter()
        .filter(|symptom| symptom.explained_by.is_empty())
        .map(|symptom| symptom.id.as_str())
        .collect();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (number, missing) in &judged.unknown {
        let Some((rule, _)) = case.rules.get(*number) else {
            continue;
        };
        // A rung that was proven once may be broken by now, and a Ready node may be tainted.
        let concerns = open.contains(&rule.stage)
            || answers(rule, &unexplained)
            || missing.iter().any(is_of_node_object);
        if rule.role != Role::Cause || !concerns {
            continue;
        }
        for (entry, collect_with) in missing.iter().filter_map(|one| needs(case, one)) {
            let group = groups.entry(entry).or_default();
            group.collect_with = collect_with;
            group.stages.insert(rule.stage);
            if group.rules.insert(rule.id.clone()) {
                group.weight += weight(rule, &unexplained);
            }
        }
    }
    let mut sorted: Vec<(String, Group)> = groups.into_iter().collect();
    sorted.sort_by(|a, b| (b.1.weight, &a.0).cmp(&(a.1.weight, &b.0)));
    sorted
        .into_iter()
        .take(SHOWN)
        .map(|(needs, group)| Unknown {
            needs,
            collect_with: group.collect_with,
            rules: group.rules.into_iter().collect(),
            stages: group.stages.into_iter().collect(),
        })
        .collect()
}

fn weight(rule: &Rule, unexplained: &BTreeSet<&str>) -> usize {
    let severity = match rule.severity {
        Severity::Critical => 4,
        Severity::High => 3,
        Severity::Medium => 2,
        Severity::Low => 1,
    };
    if answers(rule, unexplained) {
        severity * ANSWERS
    } else {
        severity
    }
}

/// Whether the Node object would tell it.
fn is_of_node_object(missing: &Missing) -> bool {
    matches!(missing, Missing::Fact(path) if path.starts_with("node."))
}

/// Whether it could explain what nothing explains.
fn answers(rule: &Rule, unexplained: &BTreeSet<&str>) -> bool {
    let mut edges = rule.explains.iter();
    edges.any(|edge| unexplained.contains(edge.id()))
}

/// Entries that could not be read, with the rules that ask for their facts; rules that failed are gaps too.
pub(super) fn gaps(case: &Case<'_>, judged: &Judged) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = case
        .evidence
        .gaps
        .iter()
        .map(|gap| Gap {
            entry: gap.entry.clone(),
            problem: gap.problem.clone(),
            rules: asking(case, &gap.facts),
        })
        .collect();
    for (number, fault) in &judged.faults {
        if let Some((rule, _)) = case.rules.get(*number) {
            gaps.push(Gap {
                entry: format!("rule {}", rule.id),
                problem: fault.to_string(),
                rules: vec![rule.id.clone()],
            });
        }
    }
    gaps.sort_by(|a, b| (&a.entry, &a.problem).cmp(&(&b.entry, &b.problem)));
    gaps.dedup();
    gaps
}

/// Ids of the rules that name a fact below one of these prefixes.
fn asking(case: &Case<'_>, prefixes: &[String]) -> Vec<String> {
    let below = |name: &str| {
        prefixes.iter().any(|prefix| {
            name.strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    (0..case.rules.rules().len())
        .filter_map(|number| case.rules.get(number))
        .filter(|(_, compiled)| {
            let conditions = compiled.when.iter().chain(&compiled.unless);
            let list = compiled.each.as_ref().map(|(list, _)| list.as_str());
            conditions
                .flat_map(crate::condition::Condition::names)
                .chain(list)
                .any(below)
        })
        .map(|(rule, _)| rule.id.clone())
        .collect()
}
