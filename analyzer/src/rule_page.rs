//! The page of a rule, in Markdown: what `explain` prints and the rule reference holds.

use crate::rule::{InLife, InTime, Join, Place, Role, Rule, Severity};
use std::fmt::Write as _;

/// The page. It ends with a line break.
pub fn page(rule: &Rule) -> String {
    let mut page = format!("# {}\n\n{}\n\n", rule.id, rule.title);
    let severity = severity(rule.severity);
    let _ = writeln!(
        page,
        "Stage: {} · role: {} · severity: {severity}",
        rule.stage.as_str(),
        role(rule.role)
    );
    if let Some(versions) = &rule.versions {
        let _ = writeln!(page, "Kubelet versions: {versions}");
    }
    section(&mut page, "What it means", &rule.meaning);
    witnesses(&mut page, rule);
    for remedy in &rule.remedy {
        let title = format!(
            "What to do {} ({})",
            place(remedy.on),
            remedy.distributions.join(", ")
        );
        let mut text = list(&remedy.steps);
        for check in &remedy.check {
            let _ = writeln!(text, "- check: {check}");
        }
        if !remedy.risk.is_empty() {
            let _ = writeln!(text, "- risk: {}", remedy.risk);
        }
        section(&mut page, &title, &text);
    }
    let explains: Vec<String> = rule
        .explains
        .iter()
        .map(|edge| explained(&edge.join()))
        .collect();
    section(&mut page, "What it explains", &list(&explains));
    section(
        &mut page,
        "Remarks",
        rule.notes.as_deref().unwrap_or_default(),
    );
    section(&mut page, "References", &list(&rule.references));
    page
}

/// The id, and in words what must join the two.
fn explained(join: &Join) -> String {
    let mut words = Vec::new();
    words.extend(join.time.map(|time| match time {
        InTime::Follows => "it follows".to_owned(),
        InTime::Overlaps => "it goes on at the same time".to_owned(),
    }));
    words.extend(join.life.map(|life| match life {
        InLife::Same => "in the same run of the kubelet".to_owned(),
        InLife::Ends => "runs of the kubelet end with this".to_owned(),
    }));
    if !join.error.is_empty() {
        let classes = join.error.iter().map(|class| class.as_str());
        let classes: Vec<&str> = classes.collect();
        words.push(format!("its lines say {}", classes.join(" or ")));
    }
    if !join.names.is_empty() {
        words.push(format!("its lines name the same {}", join.names.join(", ")));
    }
    if !join.same.is_empty() {
        words.push(format!("the same {}", join.same.join(", ")));
    }
    words.extend(join.condition.as_ref().map(|text| format!("`{text}`")));
    if words.is_empty() {
        return join.id.clone();
    }
    format!("{}: {}", join.id, words.join("; "))
}

fn witnesses(page: &mut String, rule: &Rule) {
    let mut text = String::new();
    for pattern in &rule.log {
        let from = if pattern.from.is_empty() {
            "any program".to_owned()
        } else {
            pattern.from.join(", ")
        };
        let _ = writeln!(text, "- a line of {from} matches `{}`", pattern.pattern);
    }
    if let Some(when) = &rule.when {
        let each = rule
            .each
            .as_ref()
            .map(|each| format!(" for one of {each}"))
            .unwrap_or_default();
        let _ = writeln!(text, "- the facts say{each} `{when}`");
    }
    if rule.when.is_some() && !rule.log.is_empty() && !rule.refutes {
        text.push_str("- facts that say otherwise do not rule out what a line says\n");
    }
    if let Some(unless) = &rule.unless {
        let _ = writeln!(text, "- but not when `{unless}`");
    }
    section(page, "How it is recognised", &text);
}

fn section(page: &mut String, title: &str, text: &str) {
    if !text.trim().is_empty() {
        let _ = write!(page, "\n## {title}\n\n{}\n", text.trim_end());
    }
}

fn list(items: &[String]) -> String {
    items.iter().fold(String::new(), |mut text, item| {
        let _ = writeln!(text, "- {item}");
        text
    })
}

/// The role in one word.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Cause => "cause",
        Role::Contributing => "contributing",
        Role::Symptom => "symptom",
        Role::Progress => "progress",
        Role::Benign => "benign",
        Role::Hygiene => "hygiene",
    }
}

/// The severity in one word.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// Where to act, in words.
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Node => "on this node",
        Place::ControlPlane => "on the control plane",
        Place::Cloud => "at the cloud provider",
        Place::Network => "in the network",
    }
}
