//! One finding in text.

use super::evidence::evidence;
use crate::finding::{Finding, Remedy};
use crate::rule::Confidence;
use crate::rule_page::{place, severity};
use crate::terminal::{BOLD, DIM, Paper, RED, escape};
use chrono::{DateTime, Datelike as _, Utc};
use std::cmp::Reverse;
use std::io;

/// A cause: what it means, why we believe it, what to do.
pub(super) fn cause(
    finding: &Finding,
    explains: &[&Finding],
    paper: &mut Paper<'_>,
) -> io::Result<()> {
    head(finding, paper)?;
    paper.paragraph("  ", "  ", &finding.meaning)?;
    let why = paper.paint(BOLD, "Why we believe it");
    paper.line(&format!("\n  {why}"))?;
    seen(finding, paper)?;
    evidence(&finding.evidence, paper)?;
    explained(explains, paper)?;
    for remedy in &finding.remedy {
        remedy_steps(remedy, paper)?;
    }
    if !finding.references.is_empty() {
        paper.paragraph("\n  See: ", "       ", &finding.references.join("; "))?;
    }
    Ok(())
}

/// The noise that goes away with the cause: the loudest first, each once.
fn explained(symptoms: &[&Finding], paper: &mut Paper<'_>) -> io::Result<()> {
    if symptoms.is_empty() {
        return Ok(());
    }
    let mut loudest = symptoms.to_vec();
    loudest.sort_by_key(|symptom| (Reverse(symptom.count), symptom.id.as_str()));
    let title = paper.paint(BOLD, "It also explains");
    paper.line(&format!("\n  {title}"))?;
    for symptom in loudest {
        let times = match symptom.count {
            0 => String::new(),
            count => format!("{count}× "),
        };
        let text = format!("{times}{} [{}]", symptom.title, symptom.id);
        paper.paragraph("    - ", "      ", &text)?;
    }
    Ok(())
}

/// One line with id, confidence and severity.
pub(crate) fn head(finding: &Finding, paper: &mut Paper<'_>) -> io::Result<()> {
    let title = paper.paint(RED, &escape(&finding.title));
    let tags = format!(
        "[{}, {}, {}]",
        finding.id,
        confidence(finding.confidence),
        severity(finding.severity)
    );
    let tags = paper.paint(DIM, &tags);
    paper.line(&format!("{title} {tags}"))
}

/// A finding that needs no proof on the page.
pub(super) fn brief(finding: &Finding, paper: &mut Paper<'_>) -> io::Result<()> {
    let seen = match (finding.count, finding.last) {
        (0, _) => String::new(),
        (count, Some(last)) => format!(" ({count}×, last {})", instant(finding, last)),
        (count, None) => format!(" ({count}×)"),
    };
    let by = match finding.explained_by.as_slice() {
        [] => String::new(),
        ids => format!(", explained by {}", ids.join(", ")),
    };
    let text = format!("{}: {}{seen}{by}", finding.id, finding.title);
    paper.paragraph("  - ", "    ", &text)
}

/// Date and time of a line; no year where nothing tells it.
fn instant(finding: &Finding, time: DateTime<Utc>) -> String {
    let has_year = !finding.year_inferred || time.year() > NO_YEAR;
    time.format(if has_year { "%F %T" } else { "%m-%d %T" })
        .to_string()
}

/// Times without a year, of which nothing tells it, are in this one and the next.
const NO_YEAR: i32 = 2001;

/// How often and when its lines were seen.
pub(crate) fn seen(finding: &Finding, paper: &mut Paper<'_>) -> io::Result<()> {
    let (Some(first), Some(last)) = (finding.first, finding.last) else {
        return Ok(());
    };
    let year = match finding.year_inferred {
        true if last.year() <= NO_YEAR => " (the log tells no year)",
        true => " (year inferred)",
        false => "",
    };
    let (first, last) = (instant(finding, first), instant(finding, last));
    let text = match finding.count {
        1 => format!("seen once, at {last} UTC{year}"),
        count if first == last => {
            format!("seen {count} times within a second, at {last} UTC{year}")
        }
        count => format!("seen {count} times from {first} to {last} UTC{year}"),
    };
    paper.paragraph("    ", "    ", &text)
}

/// What to do, step by step.
pub(crate) fn remedy_steps(remedy: &Remedy, paper: &mut Paper<'_>) -> io::Result<()> {
    let title = paper.paint(BOLD, &format!("What to do {}", place(remedy.on)));
    paper.line(&format!("\n  {title}"))?;
    for (number, step) in remedy.steps.iter().enumerate() {
        paper.paragraph(&format!("    {}. ", number + 1), "       ", step)?;
    }
    for check in &remedy.check {
        paper.paragraph("    check: ", "           ", check)?;
    }
    if !remedy.risk.is_empty() {
        paper.paragraph("    risk:  ", "           ", &remedy.risk)?;
    }
    Ok(())
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Possible => "possible",
        Confidence::Likely => "likely",
        Confidence::Confirmed => "confirmed",
    }
}
