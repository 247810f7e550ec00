//! `diff`.

use super::arguments::{Display, Form, Opening, Reading};
use super::inputs::{inputs_with, options, rules};
use super::pager::{Sheet, paged};
use super::{Exit, Failure, WIDTH};
use crate::analyze::{AnalyzeError, Options, Read, read, report_on};
use crate::look::difference::{
    Change, Compared, Difference, Differing, Differs, FileDiffers, Held, Side, compare,
};
use crate::look::opened::Opened;
use crate::report::RungState;
use crate::ruleset::RuleSet;
use crate::terminal::{BOLD, DIM, GREEN, Paper, RED, escape, place};
use clap::Args;
use nodebundle_bundle::Input;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bundle, folder or log file: the good node, or the node before.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The bad node, or the node after.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Also facts that differ on any two nodes or at any two times: ids, times, counters.
    #[arg(long)]
    all: bool,
    /// The node of B, where A and B hold several and it is not that of --node.
    #[arg(long, value_name = "NAME")]
    node_b: Option<String>,
    #[command(flatten)]
    display: Display,
    #[command(flatten)]
    reading: Reading,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = rules(arguments.reading.rules.as_ref())?;
    let opening = &arguments.reading.opening;
    let of_a = options(&arguments.reading);
    let mut of_b = options(&arguments.reading);
    if arguments.node_b.is_some() {
        of_b.node.clone_from(&arguments.node_b);
    }
    let input_a = single(&arguments.a, opening)?;
    let input_b = single(&arguments.b, opening)?;
    paged(&arguments.display, |sheet| {
        let difference = compared((&input_a, &of_a), (&input_b, &of_b), &rules, arguments.all)?;
        match arguments.display.format {
            Form::Json => super::json(&difference, sheet)?,
            Form::Text => text(&difference, sheet)?,
        }
        Ok(Exit::Done)
    })
}

/// The one input that a path stands for.
fn single(path: &Path, opening: &Opening) -> Result<Input, Failure> {
    let mut all = inputs_with(path, opening)?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Failure::Usage(format!(
            "{} holds several inputs: give one of them",
            path.display()
        ))),
    }
}

fn compared(
    a: (&Input, &Options),
    b: (&Input, &Options),
    rules: &RuleSet,
    all: bool,
) -> Result<Difference, Failure> {
    let read_a: Read = read(a.0, rules, a.1)?;
    let read_b: Read = read(b.0, rules, b.1)?;
    let (report_a, report_b) = (report_on(&read_a, rules), report_on(&read_b, rules));
    let node = |read: &Read| read.input.part.clone();
    let mut opened_a = Opened::new(a.0, node(&read_a).as_deref())?;
    let mut opened_b = Opened::new(b.0, node(&read_b).as_deref())?;
    let mut a = Compared {
        opened: &mut opened_a,
        read: &read_a,
        report: &report_a,
    };
    let mut b = Compared {
        opened: &mut opened_b,
        read: &read_b,
        report: &report_b,
    };
    let difference = compare(&mut a, &mut b, all).map_err(AnalyzeError::from)?;
    Ok(difference)
}

fn text(difference: &Difference, sheet: &mut Sheet) -> io::Result<()> {
    let color = sheet.color;
    let mut paper = Paper::new(sheet, color, WIDTH);
    side("A", &difference.a, &mut paper)?;
    side("B", &difference.b, &mut paper)?;
    if difference.same {
        paper.line("\nno difference")?;
    }
    facts(difference, &mut paper)?;
    configuration(difference, &mut paper)?;
    findings(difference, &mut paper)?;
    ladder(difference, &mut paper)?;
    let (of_a, of_b) = difference.known_to_one;
    let mut remarks = Vec::new();
    if difference.left_out > 0 {
        remarks.push(format!(
            "{} facts that differ on any two nodes, at any two times or between any two tools are left out (--all shows them)",
            difference.left_out
        ));
    }
    if of_a + of_b > 0 {
        remarks.push(format!(
            "facts that only one input tells are not compared: {of_a} of A, {of_b} of B"
        ));
    }
    if !remarks.is_empty() {
        paper.gap()?;
    }
    remarks
        .iter()
        .try_for_each(|remark| paper.paragraph("", "  ", remark))
}

fn side(letter: &str, side: &Side, paper: &mut Paper<'_>) -> io::Result<()> {
    let node = side.node.as_deref().unwrap_or("a node without a name");
    let text = format!("{node} ({}): {}", side.input, side.sentence);
    paper.paragraph(&format!("{letter}  "), "   ", &text)
}

fn facts(difference: &Difference, paper: &mut Paper<'_>) -> io::Result<()> {
    let mut group = "";
    for one in &difference.facts {
        let own = one.fact.split(['.', '[']).next().unwrap_or(&one.fact);
        if own != group {
            paper.heading(&format!("Facts: {own}"))?;
            group = own;
        }
        fact(one, paper)?;
    }
    Ok(())
}

fn fact(one: &Differing, paper: &mut Paper<'_>) -> io::Result<()> {
    let name = paper.paint(BOLD, &escape(&one.fact));
    paper.line(&format!("  {name}"))?;
    match &one.how {
        Differs::Values { a, b } => {
            held("A", Some(a), paper)?;
            held("B", Some(b), paper)
        }
        Differs::OnlyA(a) => {
            held("A", Some(a), paper)?;
            held("B", None, paper)
        }
        Differs::OnlyB(b) => {
            held("A", None, paper)?;
            held("B", Some(b), paper)
        }
    }
}

fn held(letter: &str, held: Option<&Held>, paper: &mut Paper<'_>) -> io::Result<()> {
    let Some(held) = held else {
        return paper.line(&format!("    {letter}  not listed"));
    };
    let place = match &held.entry {
        Some(entry) => place(Some(entry), held.line),
        None => "  (default of this version)".to_owned(),
    };
    let place = paper.paint(DIM, &escape(&place));
    let value: String = held.value.chars().take(LONGEST).collect();
    paper.line(&format!("    {letter}  {}{place}", escape(&value)))
}

fn configuration(difference: &Difference, paper: &mut Paper<'_>) -> io::Result<()> {
    for file in &difference.files {
        hunks(file, paper)?;
    }
    if !difference.files_of_one.is_empty() {
        paper.heading("Configuration that only one input has")?;
    }
    for only in &difference.files_of_one {
        let letter = if only.in_a { "A" } else { "B" };
        paper.line(&format!("  {letter}  {}", escape(&only.path)))?;
    }
    Ok(())
}

fn hunks(file: &FileDiffers, paper: &mut Paper<'_>) -> io::Result<()> {
    paper.heading(&escape(&file.path))?;
    paper.line(&format!("--- A {}", escape(&file.a)))?;
    paper.line(&format!("+++ B {}", escape(&file.b)))?;
    for hunk in &file.hunks {
        let of_a = hunk
            .lines
            .iter()
            .filter(|line| !matches!(line, Change::New(_)));
        let of_b = hunk
            .lines
            .iter()
            .filter(|line| !matches!(line, Change::Gone(_)));
        let place = format!(
            "@@ -{},{} +{},{} @@",
            hunk.a,
            of_a.count(),
            hunk.b,
            of_b.count()
        );
        let place = paper.paint(DIM, &place);
        paper.line(&place)?;
        for line in &hunk.lines {
            let (sign, text, style) = match line {
                Change::Same(text) => (" ", text, None),
                Change::Gone(text) => ("-", text, Some(RED)),
                Change::New(text) => ("+", text, Some(GREEN)),
            };
            let text: String = text.chars().take(LONGEST).collect();
            let line = format!("{sign}{}", crate::terminal::escape_text(&text));
            let line = style.map_or_else(|| line.clone(), |style| paper.paint(style, &line));
            paper.line(&line)?;
        }
    }
    Ok(())
}

fn findings(difference: &Difference, paper: &mut Paper<'_>) -> io::Result<()> {
    let findings = &difference.findings;
    for (title, list) in [
        ("Findings only in A", &findings.only_a),
        ("Findings only in B", &findings.only_b),
        ("Findings in both", &findings.both),
    ] {
        if difference.same || list.is_empty() {
            continue;
        }
        paper.heading(title)?;
        for (id, title) in list {
            paper.paragraph("  - ", "    ", &format!("{title} [{id}]"))?;
        }
    }
    Ok(())
}

fn ladder(difference: &Difference, paper: &mut Paper<'_>) -> io::Result<()> {
    if !difference.ladder.is_empty() {
        paper.heading("Ladder")?;
    }
    for rung in &difference.ladder {
        let line = format!(
            "  {:<12} A {:<12} B {}",
            rung.stage.as_str(),
            state(rung.a),
            state(rung.b)
        );
        paper.line(&line)?;
    }
    Ok(())
}

fn state(state: RungState) -> &'static str {
    match state {
        RungState::Ok => "ok",
        RungState::Failed => "failed",
        RungState::Degraded => "degraded",
        RungState::Unknown => "unknown",
        RungState::NotReached => "not reached",
    }
}

/// Characters of a value or a line that are shown.
const LONGEST: usize = 160;
