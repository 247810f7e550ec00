//! `show`.

use super::arguments::{Display, Form, Reading};
use super::inputs::{inputs_with, options, rules};
use super::pager::{Sheet, paged};
use super::{Exit, Failure};
use crate::analyze::{AnalyzeError, read};
use crate::condition::did_you_mean;
use crate::diagnosis::WhyNot;
use crate::finding::Evidence;
use crate::look::opened::Opened;
use crate::look::shown::{Asked, Excerpt, NotFound, Placed, Shown, Sought, show};
use crate::ruleset::RuleSet;
use crate::terminal::{BOLD, DIM, Paper, escape, place};
use crate::text::evidence::evidence;
use crate::text::finding::{head, remedy_steps, seen};
use clap::Args;
use std::io;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder, log file or journal file, or - for standard input.
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Id of the finding: cgroup-driver-mismatch. Of one that did not fire it is told why not.
    #[arg(value_name = "FINDING")]
    finding: String,
    /// Lines to show before and after each line of the evidence.
    #[arg(short = 'C', long, value_name = "N", default_value_t = 5)]
    context: u64,
    #[command(flatten)]
    display: Display,
    #[command(flatten)]
    reading: Reading,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = rules(arguments.reading.rules.as_ref())?;
    let number = number(&rules, &arguments.finding)?;
    let options = options(&arguments.reading);
    paged(&arguments.display, |sheet| {
        for input in inputs_with(&arguments.input, &arguments.reading.opening)? {
            let read = read(&input, &rules, &options)?;
            let Some(mut shown) = show(&read, &rules, number) else {
                continue;
            };
            if shown.cites() {
                let mut opened = Opened::new(&input, None)?;
                let quoted = shown.quote(&mut opened, arguments.context);
                quoted.map_err(AnalyzeError::from)?;
            }
            match arguments.display.format {
                Form::Json => super::json(&shown, sheet)?,
                Form::Text => text(&shown, sheet)?,
            }
        }
        Ok(Exit::Done)
    })
}

/// The rule of an id.
fn number(rules: &RuleSet, id: &str) -> Result<usize, Failure> {
    rules.index(id).ok_or_else(|| {
        let ids = rules.rules().iter().map(|rule| rule.id.as_str());
        let hint = did_you_mean(id, ids).map_or_else(
            || "`rules list` prints all ids".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Failure::Usage(format!("no finding has the id `{id}`; {hint}"))
    })
}

fn text(shown: &Shown, sheet: &mut Sheet) -> io::Result<()> {
    let color = sheet.color;
    let mut paper = Paper::new(sheet, color, super::WIDTH);
    for placed in &shown.findings {
        found(placed, &mut paper)?;
    }
    for part in &shown.excerpts {
        excerpt(part, &mut paper)?;
    }
    for placed in &shown.findings {
        for remedy in &placed.finding.remedy {
            remedy_steps(remedy, &mut paper)?;
        }
    }
    let references = shown.findings.first();
    if let Some(placed) = references.filter(|placed| !placed.finding.references.is_empty()) {
        let text = placed.finding.references.join("; ");
        paper.paragraph("\n  See: ", "       ", &text)?;
    }
    match &shown.not_found {
        Some(missing) => not_found(&shown.id, missing, &mut paper),
        None => Ok(()),
    }
}

fn found(placed: &Placed, paper: &mut Paper<'_>) -> io::Result<()> {
    head(&placed.finding, paper)?;
    let part = match placed.part.as_str() {
        "cause" => "A cause of the node's state.",
        "latent" => "Not the first cause; check it after that is mended.",
        "symptom" => "A symptom.",
        "history" => "It is over: it was seen before, and later records speak against it.",
        "progress" => "A step that the node made.",
        "hygiene" => "Worth mending; it explains nothing now.",
        _ => "Looks bad and is harmless.",
    };
    let by = match placed.finding.explained_by.as_slice() {
        [] => String::new(),
        ids => format!(" Explained by {}.", ids.join(", ")),
    };
    paper.paragraph("  ", "  ", &format!("{part}{by}"))?;
    paper.paragraph("  ", "  ", &placed.finding.meaning)?;
    let title = paper.paint(BOLD, "Evidence");
    paper.line(&format!("\n  {title}"))?;
    seen(&placed.finding, paper)?;
    let pieces = placed.finding.evidence.iter();
    let facts = pieces.filter(|piece| !matches!(piece, Evidence::Line { .. }));
    let facts: Vec<Evidence> = facts.cloned().collect();
    evidence(&facts, paper)
}

fn excerpt(excerpt: &Excerpt, paper: &mut Paper<'_>) -> io::Result<()> {
    let entry = paper.paint(DIM, &escape(&excerpt.entry));
    paper.line(&format!("\n  {entry}"))?;
    let mut before = None;
    for line in &excerpt.lines {
        if before.is_some_and(|before| before + 1 != line.line) {
            paper.line("          …")?;
        }
        before = Some(line.line);
        let mark = if line.cited { '>' } else { ' ' };
        paper.quote(&format!("  {mark}{:>6}  ", line.line), &line.text, None)?;
    }
    Ok(())
}

fn not_found(id: &str, missing: &NotFound, paper: &mut Paper<'_>) -> io::Result<()> {
    let title = paper.paint(BOLD, &escape(&missing.title));
    paper.line(&format!("{title} [{id}]: not found"))?;
    paper.paragraph("  ", "  ", &why(&missing.why))?;
    let pieces = match &missing.why {
        WhyNot::RuledOut { by } | WhyNot::Against { by } => by.as_slice(),
        _ => &[],
    };
    evidence(pieces, paper)?;
    if let WhyNot::Unknown { missing } = &missing.why {
        for one in missing {
            let with = one
                .collect_with
                .as_ref()
                .map_or_else(String::new, |command| format!(": {command}"));
            paper.paragraph("    - ", "      ", &format!("{}{with}", one.what))?;
        }
    }
    if !missing.patterns.is_empty() {
        paper.heading("  Lines that it looks for")?;
    }
    let mut said = None;
    for pattern in &missing.patterns {
        let searched = searched(pattern);
        if said.as_ref() != Some(&searched) {
            paper.paragraph("    ", "    ", &searched)?;
        }
        said = Some(searched);
        paper.paragraph("    - ", "      ", &format!("`{}`", pattern.pattern))?;
    }
    facts(missing, paper)?;
    paper.heading("  What it would mean")?;
    paper.paragraph("    ", "    ", &missing.meaning)
}

fn facts(missing: &NotFound, paper: &mut Paper<'_>) -> io::Result<()> {
    let conditions = [("when", &missing.when), ("unless", &missing.unless)];
    if missing.when.is_some() || missing.unless.is_some() {
        paper.heading("  What it asks of the facts")?;
    }
    for (word, condition) in conditions {
        if let Some(condition) = condition {
            paper.paragraph(&format!("    {word} "), "      ", condition)?;
        }
    }
    missing
        .facts
        .iter()
        .try_for_each(|fact| paper.paragraph("    - ", "      ", &stated(fact)))
}

fn stated(fact: &Asked) -> String {
    let place = place(fact.entry.as_deref(), fact.line);
    match (&fact.value, &fact.collect_with) {
        (Some(value), _) => format!("{} = {value}{place}", fact.fact),
        (None, Some(command)) => format!("{}: not known; {command} would tell", fact.fact),
        (None, None) => format!("{}: not known", fact.fact),
    }
}

fn searched(pattern: &Sought) -> String {
    let programs = if pattern.programs.is_empty() {
        "any program".to_owned()
    } else {
        pattern.programs.join(", ")
    };
    let range = match (pattern.first, pattern.last) {
        (Some(first), Some(last)) => {
            format!(
                " from {} to {}",
                first.format("%F %T"),
                last.format("%F %T UTC")
            )
        }
        _ => String::new(),
    };
    match (pattern.records, pattern.matches) {
        (0, _) => format!("no line of {programs} is in the input:"),
        (records, 0) => format!("none of {records} lines of {programs}{range} matches:"),
        (records, matches) => format!("{matches} of {records} lines of {programs}{range} match:"),
    }
}

fn why(why: &WhyNot) -> String {
    match why {
        WhyNot::NotForThisNode {
            versions: Some(versions),
            kubelet,
        } => {
            let own = kubelet.as_deref().unwrap_or("of another version");
            format!("It is for kubelets {versions}; this one is {own}.")
        }
        WhyNot::NotForThisNode { .. } => {
            "It compares several nodes: give all of them to `report`.".to_owned()
        }
        WhyNot::RuledOut { .. } => "A line suggests it, but this speaks against it:".to_owned(),
        WhyNot::Against { .. } => "This speaks against it:".to_owned(),
        WhyNot::Unknown { .. } => {
            "No line shows it, and whether the facts do is not known; this would tell:".to_owned()
        }
        WhyNot::Fault { what } => format!("Its condition could not be judged: {what}"),
        WhyNot::Nothing => "No line shows it, and the facts do not say so.".to_owned(),
    }
}
