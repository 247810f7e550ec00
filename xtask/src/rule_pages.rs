//! `docs/rules.md`: every rule as a page, grouped by stage in climbing order.

use crate::index;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The rungs in climbing order, with what must hold on each.
const STAGES: [(&str, &str); 13] = [
    (
        "unit",
        "a kubelet unit exists, is loaded, enabled and started",
    ),
    ("process", "the binary runs and stays up"),
    (
        "config",
        "flags and configuration are valid for this kubelet version",
    ),
    ("host", "the operating system gives what the kubelet needs"),
    ("runtime", "the container runtime answers and fits"),
    ("credentials", "a usable client credential exists"),
    ("network", "the API server can be reached"),
    ("tls", "both sides trust each other"),
    ("authn", "the server accepts the identity"),
    ("authz", "the server accepts what the identity does"),
    ("registered", "the Node object exists and is this machine"),
    ("heartbeat", "lease and status updates succeed in time"),
    ("ready", "nothing holds the node back from Ready"),
];

/// The whole reference as Markdown.
pub(crate) fn render(root: &Path) -> Result<String> {
    let mut stages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for path in index::rule_files(&root.join("rules"))? {
        let rule: Value = serde_saphyr::from_str(&fs::read_to_string(&path)?)
            .with_context(|| format!("{} is not YAML", path.display()))?;
        stages
            .entry(word(&rule, "stage").to_owned())
            .or_default()
            .push(rule);
    }
    let count: usize = stages.values().map(Vec::len).sum();
    let mut page = format!(
        "# Rules\n\nWritten by `cargo xtask docs` from `rules/`. {count} rules, grouped by the rung of the registration \
         ladder that the fault breaks first.\nRoles: a **cause** can be the root; a **symptom** follows from one; \
         **progress** proves that rungs were climbed; **benign** looks bad and is harmless; **hygiene** is worth fixing.\n"
    );
    for (stage, what) in STAGES {
        write!(page, "\n## {stage}\n\nOn this rung {what}.\n")?;
        for rule in stages.get(stage).into_iter().flatten() {
            page.push_str(&rule_page(rule)?);
        }
    }
    Ok(page)
}

fn rule_page(rule: &Value) -> Result<String> {
    let mut page = format!(
        "\n### {}\n\n**{}.** {}",
        word(rule, "id"),
        word(rule, "title"),
        kind(rule)
    );
    write!(page, "\n\n{}\n", word(rule, "meaning"))?;
    list(
        &mut page,
        "Seen in the log",
        rule["log"].as_array().into_iter().flatten().map(pattern),
    )?;
    if let Some(condition) = rule["when"].as_str() {
        write!(page, "\nFacts: `{condition}`\n")?;
    }
    for remedy in rule["remedy"].as_array().into_iter().flatten() {
        let who = format!(
            "What to do ({}; {})",
            words(&remedy["for"]).join(", "),
            word(remedy, "on")
        );
        list(&mut page, &who, words(&remedy["do"]).into_iter())?;
        list(&mut page, "Check", words(&remedy["check"]).into_iter())?;
        if !word(remedy, "risk").is_empty() {
            write!(page, "\nRisk: {}\n", word(remedy, "risk"))?;
        }
    }
    let explained: Vec<String> = rule["explains"]
        .as_array()
        .into_iter()
        .flatten()
        .map(edge)
        .collect();
    if !explained.is_empty() {
        write!(page, "\nExplains: {}\n", explained.join(", "))?;
    }
    if let Some(notes) = rule["notes"].as_str() {
        write!(page, "\nNote: {notes}\n")?;
    }
    list(
        &mut page,
        "References",
        words(&rule["references"]).into_iter(),
    )?;
    Ok(page)
}

fn kind(rule: &Value) -> String {
    let severity = rule["severity"]
        .as_str()
        .map_or(String::new(), |severity| format!(", {severity}"));
    let versions = rule["versions"]
        .as_str()
        .map_or(String::new(), |range| format!(", kubelet {range}"));
    format!("Role: {}{severity}{versions}.", word(rule, "role"))
}

fn pattern(log: &Value) -> String {
    let from = words(&log["from"]);
    let programs = if from.is_empty() {
        String::new()
    } else {
        format!(" ({})", from.join(", "))
    };
    format!("`{}`{programs}", word(log, "pattern"))
}

fn edge(edge: &Value) -> String {
    let id = edge
        .as_str()
        .or_else(|| edge["id"].as_str())
        .unwrap_or_default();
    format!("[{id}](#{id})")
}

fn list(page: &mut String, heading: &str, items: impl Iterator<Item = String>) -> Result<()> {
    let items: Vec<String> = items.map(|item| format!("- {item}\n")).collect();
    if !items.is_empty() {
        write!(page, "\n{heading}:\n\n{}", items.concat())?;
    }
    Ok(())
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn words(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|word| Some(word.as_str()?.to_owned()))
        .collect()
}
