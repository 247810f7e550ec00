//! One finding with everything around it, or why there is none.

use super::opened::Opened;
use crate::analyze::{Read, case, report_on};
use crate::condition::Condition;
use crate::diagnosis::{WhyNot, milestones, why_not};
use crate::fact::Value;
use crate::finding::{Evidence, Finding};
use crate::logs;
use crate::report::Report;
use crate::rule::{Role, Rule};
use crate::ruleset::{Compiled, RuleSet};
use crate::template;
use chrono::{DateTime, Utc};
use nodebundle_bundle::Control;
use nodebundle_bundle::reader::ReadError;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Version of the form.
pub const SCHEMA_VERSION: u32 = 1;

/// What is known of one finding on one node.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Shown {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The input as it was named.
    pub input: String,
    /// Id of the finding.
    pub id: String,
    /// The findings, several where the rule goes through a list. Empty where it did not fire.
    pub findings: Vec<Placed>,
    /// Lines that the evidence stands in, with those around them.
    pub excerpts: Vec<Excerpt>,
    /// Where it did not fire: what it looked for, and what it saw.
    pub not_found: Option<NotFound>,
}

/// A finding and where the report has it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Placed {
    /// `cause`, `latent`, `symptom`, `history`, `hygiene` or `benign`; `progress` of what reports show as the ladder only.
    pub part: String,
    /// As the report shows it.
    pub finding: Finding,
}

/// Lines of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Excerpt {
    /// The entry.
    pub entry: String,
    /// In order; where lines were left out, numbers are not adjacent.
    pub lines: Vec<ExcerptLine>,
}

/// A line of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExcerptLine {
    /// Number from 1; of a journal file the record's sequence number.
    pub line: u64,
    /// Whether the evidence names it.
    pub cited: bool,
    /// The line.
    pub text: String,
}

/// What a rule looked for, and what it saw.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NotFound {
    /// Title of the rule.
    pub title: String,
    /// What a finding of it means.
    pub meaning: String,
    /// Why it found nothing.
    pub why: WhyNot,
    /// Lines that it looks for.
    pub patterns: Vec<Sought>,
    /// Its condition on facts.
    pub when: Option<String>,
    /// What rules it out.
    pub unless: Option<String>,
    /// The facts that it asks for.
    pub facts: Vec<Asked>,
}

/// A pattern, and what of the logs it could see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sought {
    /// Regular expression.
    pub pattern: String,
    /// Programs whose lines it is for; empty for all.
    pub programs: Vec<String>,
    /// Lines that match, also past ones.
    pub matches: u64,
    /// Lines of these programs in the entry that has most.
    pub records: u64,
    /// Time of the first of them.
    pub first: Option<DateTime<Utc>>,
    /// Time of the last of them.
    pub last: Option<DateTime<Utc>>,
}

/// A fact that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Asked {
    /// Its path.
    pub fact: String,
    /// Its value as text; `null` where the input does not tell.
    pub value: Option<String>,
    /// Entry that it was read from.
    pub entry: Option<String>,
    /// Line of that entry.
    pub line: Option<u64>,
    /// Where it is unknown: the command that collects it.
    pub collect_with: Option<String>,
}

/// Shows the finding of the rule of this number, as yet without lines around its evidence.
pub fn show(read: &Read, rules: &RuleSet, number: usize) -> Option<Shown> {
    let (rule, compiled) = rules.get(number)?;
    let findings = if rule.role == Role::Progress {
        progress(read, rules, number)
    } else {
        placed(&report_on(read, rules), &rule.id)
    };
    let not_found = findings
        .is_empty()
        .then(|| not_found(read, rules, number, (rule, compiled)));
    Some(Shown {
        schema_version: SCHEMA_VERSION,
        input: read.input.shown(),
        id: rule.id.clone(),
        findings,
        excerpts: Vec::new(),
        not_found,
    })
}

impl Shown {
    /// Whether the evidence names lines of entries.
    pub fn cites(&self) -> bool {
        !cited(&self.findings).is_empty()
    }

    /// Adds the lines of the evidence, each with `around` lines before and after it.
    pub fn quote(&mut self, opened: &mut Opened, around: u64) -> Result<(), ReadError> {
        self.excerpts = excerpts(opened, &self.findings, around)?;
        Ok(())
    }
}

fn progress(read: &Read, rules: &RuleSet, number: usize) -> Vec<Placed> {
    let findings = milestones(&case(read, rules), number).into_iter();
    findings
        .map(|finding| Placed {
            part: "progress".to_owned(),
            finding,
        })
        .collect()
}

fn placed(report: &Report, id: &str) -> Vec<Placed> {
    let parts = [
        ("cause", &report.causes),
        ("latent", &report.latent),
        ("symptom", &report.symptoms),
        ("history", &report.history),
        ("hygiene", &report.hygiene),
        ("benign", &report.benign),
    ];
    let all = parts
        .iter()
        .flat_map(|(part, findings)| findings.iter().map(move |finding| (*part, finding)));
    all.filter(|(_, finding)| finding.id == id)
        .map(|(part, finding)| Placed {
            part: part.to_owned(),
            finding: finding.clone(),
        })
        .collect()
}

/// The cited lines by entry.
fn cited(findings: &[Placed]) -> BTreeMap<&str, BTreeSet<u64>> {
    let mut cited: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for evidence in findings.iter().flat_map(|placed| &placed.finding.evidence) {
        let place = match evidence {
            Evidence::Line { entry, line, .. } => Some((entry, *line)),
            Evidence::Fact { entry, line, .. } => entry.as_ref().zip(*line),
            Evidence::Absent { by, .. } => by.line.map(|line| (&by.entry, line)),
        };
        if let Some((entry, line)) = place {
            cited.entry(entry).or_default().insert(line);
        }
    }
    cited
}

fn excerpts(
    opened: &mut Opened,
    findings: &[Placed],
    around: u64,
) -> Result<Vec<Excerpt>, ReadError> {
    let cited = cited(findings);
    let mut left = cited.len();
    let mut excerpts = Vec::new();
    opened.read(&mut |place, body| {
        let Some(lines) = cited.get(place.name) else {
            return Control::Continue;
        };
        left -= 1;
        let last = lines.last().map_or(0, |last| last.saturating_add(around));
        let near = |number: u64| {
            let from = number.saturating_sub(around);
            let to = number.saturating_add(around);
            lines.range(from..=to).next().is_some()
        };
        // What is damaged has been reported; there is no excerpt of it.
        let found = logs::excerpt(body, last, &near).unwrap_or_default();
        let line = |(number, text): (u64, Vec<u8>)| ExcerptLine {
            line: number,
            cited: lines.contains(&number),
            text: String::from_utf8_lossy(&text).into_owned(),
        };
        excerpts.push(Excerpt {
            entry: place.name.to_owned(),
            lines: found.into_iter().map(line).collect(),
        });
        if left == 0 {
            Control::Stop
        } else {
            Control::Continue
        }
    })?;
    Ok(excerpts)
}

fn not_found(
    read: &Read,
    rules: &RuleSet,
    number: usize,
    (rule, compiled): (&Rule, &Compiled),
) -> NotFound {
    let open = |text: &str| template::fill(text, |name| Some(format!("<{name}>")));
    NotFound {
        title: open(&rule.title),
        meaning: open(&rule.meaning),
        why: why_not(&case(read, rules), number),
        patterns: sought(read, number, rule),
        when: rule.when.clone(),
        unless: rule.unless.clone(),
        facts: asked(read, compiled),
    }
}

fn sought(read: &Read, number: usize, rule: &Rule) -> Vec<Sought> {
    let hits = |pattern: usize| {
        let hits = read.logs.hits.iter();
        hits.filter(move |hit| hit.rule == number && hit.pattern == pattern)
            .map(|hit| hit.count)
            .sum()
    };
    let patterns = rule.log.iter().enumerate();
    patterns
        .map(|(at, pattern)| {
            let spans = read.logs.spans.iter();
            let own = spans
                .filter(|(name, _)| pattern.from.is_empty() || pattern.from.contains(name))
                .map(|(_, span)| span);
            let own: Vec<_> = own.collect();
            let time = |stamp: Option<logs::Stamp>| stamp.map(|stamp| stamp.time);
            Sought {
                pattern: pattern.pattern.clone(),
                programs: pattern.from.clone(),
                matches: hits(at),
                records: own.iter().map(|span| span.records).sum(),
                first: own.iter().filter_map(|span| time(span.first)).min(),
                last: own.iter().filter_map(|span| time(span.last)).max(),
            }
        })
        .collect()
}

fn asked(read: &Read, compiled: &Compiled) -> Vec<Asked> {
    let conditions = compiled.when.iter().chain(&compiled.unless);
    let list = compiled.each.as_ref().map(|(list, _)| list.as_str());
    let names: BTreeSet<&str> = conditions.flat_map(Condition::names).chain(list).collect();
    let declared = crate::declarations::Declarations::all();
    let declared = names
        .into_iter()
        .filter_map(|name| Some((name, declared.get(name)?)));
    declared
        .map(|(name, declaration)| {
            let fact = read.evidence.facts.get(name);
            let origin = fact.and_then(|fact| fact.origins.first());
            Asked {
                fact: name.to_owned(),
                value: fact.map(|fact| match &fact.value {
                    Value::List(items) if items.len() > 3 => format!("{} items", items.len()),
                    value => value.to_string(),
                }),
                entry: origin.map(|origin| origin.entry.to_string()),
                line: origin.and_then(|origin| origin.line),
                collect_with: fact
                    .is_none()
                    .then(|| declaration.collect_with.to_owned())
                    .filter(|command| !command.is_empty()),
            }
        })
        .collect()
}
