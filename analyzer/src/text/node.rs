//! The report on one node.

use super::evidence::evidence;
use super::finding::{brief, cause};
use crate::finding::Finding;
use crate::format::View;
use crate::report::{Answer, Report, RungState, State};
use crate::rule_page::place;
use crate::terminal::{DIM, GREEN, Paper, RED, YELLOW, escape};
use std::io;

pub(super) fn render(report: &Report, view: View, paper: &mut Paper<'_>) -> io::Result<()> {
    head(report, paper)?;
    if view == View::Hygiene {
        return findings(
            "Hygiene: worth fixing, explains nothing now",
            &report.hygiene,
            paper,
        );
    }
    if view == View::Full {
        ladder(report, paper)?;
    }
    causes(report, paper)?;
    let next = if report.causes.is_empty() {
        "The kubelet runs, but will not start again before this is mended"
    } else {
        "After this fix, check next"
    };
    findings(next, &report.latent, paper)?;
    symptoms(report, view, paper)?;
    ruled_out(report, paper)?;
    if view == View::Full {
        findings("In the past, over now", &report.history, paper)?;
        findings("Looks bad and is harmless", &report.benign, paper)?;
        findings(
            "Hygiene: worth fixing, explains nothing now",
            &report.hygiene,
            paper,
        )?;
    }
    unexplained(report, view, paper)?;
    unseen(report, view, paper)?;
    upgrade(report, paper)
}

/// Who, the verdict, as of when.
fn head(report: &Report, paper: &mut Paper<'_>) -> io::Result<()> {
    let node = &report.node;
    let name = node.name.as_deref().unwrap_or("node without a name");
    let mut who = vec![name.to_owned()];
    who.extend(node.distribution.clone());
    who.extend(
        node.kubelet_version
            .as_ref()
            .map(|version| format!("kubelet {version}")),
    );
    who.extend(node.runtime.clone());
    who.extend(node.os.clone());
    who.push(format!(
        "registered: {}, ready: {}",
        answer(node.registered),
        answer(node.ready)
    ));
    paper.paragraph("", "  ", &who.join(" · "))?;
    paper.gap()?;
    let word = state(report.verdict.state, paper);
    paper.paragraph(&format!("{word}  "), "  ", &report.verdict.sentence)?;
    let mut remarks = Vec::new();
    if let Some(time) = report.verdict.as_of {
        remarks.push(format!(
            "as of {} by the node's clock",
            time.format("%F %T UTC")
        ));
    }
    if let Some(where_to_act) = report.verdict.place {
        remarks.push(format!("act {}", place(where_to_act)));
    }
    if !report.input.complete {
        remarks.push("the input is incomplete".to_owned());
    }
    if remarks.is_empty() {
        return Ok(());
    }
    let remarks = paper.paint(DIM, &remarks.join("; "));
    paper.line(&remarks)
}

fn causes(report: &Report, paper: &mut Paper<'_>) -> io::Result<()> {
    for (number, finding) in report.causes.iter().enumerate() {
        let heading = match number {
            0 => "Cause",
            _ => "Another cause, independent of the first",
        };
        paper.heading(heading)?;
        let explains: Vec<&Finding> = report
            .symptoms
            .iter()
            .filter(|symptom| symptom.explained_by.contains(&finding.id))
            .collect();
        cause(finding, &explains, paper)?;
    }
    Ok(())
}

/// Explained symptoms stand with their causes; here are the others, and all of them in the full view.
fn symptoms(report: &Report, view: View, paper: &mut Paper<'_>) -> io::Result<()> {
    let (explained, open): (Vec<&Finding>, Vec<&Finding>) = report
        .symptoms
        .iter()
        .partition(|symptom| !symptom.explained_by.is_empty());
    list("Symptoms that nothing here explains", &open, paper)?;
    if view == View::Full {
        list("Symptoms that the causes explain", &explained, paper)?;
    }
    Ok(())
}

fn ruled_out(report: &Report, paper: &mut Paper<'_>) -> io::Result<()> {
    if report.ruled_out.is_empty() {
        return Ok(());
    }
    paper.heading("Ruled out")?;
    for one in &report.ruled_out {
        let text = format!("{} [{}]: no, because", one.title, one.id);
        paper.paragraph("  - ", "    ", &text)?;
        evidence(one.by.get(..SHOWN).unwrap_or(&one.by), paper)?;
    }
    Ok(())
}

fn ladder(report: &Report, paper: &mut Paper<'_>) -> io::Result<()> {
    paper.heading("How far the node climbs")?;
    for rung in &report.ladder {
        let (style, word) = match rung.state {
            RungState::Ok => (GREEN, "ok"),
            RungState::Failed => (RED, "failed"),
            RungState::Degraded => (YELLOW, "degraded"),
            RungState::Unknown => (DIM, "unknown"),
            RungState::NotReached => (DIM, "not reached"),
        };
        let word = paper.paint(style, &format!("{word:<12}"));
        let why = if rung.because.is_empty() {
            rung.missing
                .iter()
                .map(|entry| format!("needs {entry}"))
                .collect::<Vec<_>>()
                .join("; ")
        } else {
            rung.because.join(", ")
        };
        paper.line(&format!(
            "  {:<12}{word}{}",
            rung.stage.as_str(),
            escape(&why)
        ))?;
    }
    Ok(())
}

/// Error texts that no rule claims: without a cause they are the best lead there is.
fn unexplained(report: &Report, view: View, paper: &mut Paper<'_>) -> io::Result<()> {
    let wanted = view == View::Full || report.causes.is_empty();
    if !wanted || report.unexplained.is_empty() {
        return Ok(());
    }
    paper.heading("Errors that no rule knows")?;
    for one in &report.unexplained {
        paper.quote("  - ", &format!("{}× {}", one.count, one.template), None)?;
    }
    Ok(())
}

/// What a planned upgrade would break, in full: it is to be repaired first.
fn upgrade(report: &Report, paper: &mut Paper<'_>) -> io::Result<()> {
    let Some(upgrade) = &report.upgrade else {
        return Ok(());
    };
    paper.heading(&format!("If the kubelet is upgraded to {}", upgrade.to))?;
    if upgrade.findings.is_empty() {
        return paper.line("  Nothing that was read speaks against it.");
    }
    for finding in &upgrade.findings {
        cause(finding, &[], paper)?;
    }
    Ok(())
}

/// What is missing or unreadable, and how to get it.
fn unseen(report: &Report, view: View, paper: &mut Paper<'_>) -> io::Result<()> {
    if !report.gaps.is_empty() {
        paper.heading("What could not be read")?;
        for gap in &report.gaps {
            paper.paragraph("  - ", "    ", &format!("{}: {}", gap.entry, gap.problem))?;
        }
    }
    if report.unknown.is_empty() || report.verdict.state == State::Healthy {
        return Ok(());
    }
    paper.heading("What we could not see")?;
    // With a cause at hand the rest matters less.
    let shown = match view {
        View::Triage if !report.causes.is_empty() => SHOWN,
        _ => report.unknown.len(),
    };
    for one in report.unknown.iter().take(shown) {
        let stages: Vec<&str> = one.stages.iter().map(|stage| stage.as_str()).collect();
        let mut text = format!("{}, would tell of {}", one.needs, stages.join(", "));
        if !one.collect_with.is_empty() {
            text.push_str(": ");
            text.push_str(&one.collect_with);
        }
        paper.paragraph("  - ", "    ", &text)?;
    }
    Ok(())
}

fn findings(title: &str, findings: &[Finding], paper: &mut Paper<'_>) -> io::Result<()> {
    list(title, &findings.iter().collect::<Vec<_>>(), paper)
}

fn list(title: &str, findings: &[&Finding], paper: &mut Paper<'_>) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    paper.heading(title)?;
    findings
        .iter()
        .try_for_each(|finding| brief(finding, paper))
}

const SHOWN: usize = 3;

/// The state in capitals and colour.
pub(super) fn state(state: State, paper: &Paper<'_>) -> String {
    match state {
        State::Healthy => paper.paint(GREEN, "HEALTHY"),
        State::Broken => paper.paint(RED, "BROKEN"),
        State::Degraded => paper.paint(YELLOW, "DEGRADED"),
        State::NotJoined => paper.paint(YELLOW, "NOT JOINED"),
        State::Undetermined => paper.paint(YELLOW, "UNDETERMINED"),
    }
}

fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "not known",
    }
}
