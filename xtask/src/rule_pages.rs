//! `docs/rules.md` and a file for each stage beside it: every rule as a page, in climbing order.

use crate::index;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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

/// Most log lines shown of one rule.
const EXAMPLES: usize = 2;

/// Rules by stage, and which rules explain which.
struct Reference {
    stages: BTreeMap<String, Vec<Value>>,
    explained_by: BTreeMap<String, BTreeSet<String>>,
    stage_of: BTreeMap<String, String>,
}

/// The whole reference as Markdown: names of files and their texts.
pub(crate) fn render(root: &Path) -> Result<Vec<(String, String)>> {
    let reference = Reference::read(&root.join("rules"))?;
    let mut index = reference.head();
    reference.symptoms(&mut index)?;
    reference.contents(&mut index)?;
    let mut files = vec![("docs/rules.md".to_owned(), index)];
    for (stage, what) in STAGES {
        let mut page = format!("# {stage}\n\nOn this rung {what}. [All rungs](../rules.md)\n");
        for rule in reference.of(stage) {
            page.push_str(&reference.rule_page(rule)?);
        }
        files.push((format!("docs/rules/{stage}.md"), page));
    }
    Ok(files)
}

impl Reference {
    fn read(folder: &Path) -> Result<Self> {
        let mut reference = Self {
            stages: BTreeMap::new(),
            explained_by: BTreeMap::new(),
            stage_of: BTreeMap::new(),
        };
        for path in index::rule_files(folder)? {
            let rule: Value = serde_saphyr::from_str(&fs::read_to_string(&path)?)
                .with_context(|| format!("{} is not YAML", path.display()))?;
            for explained in explains(&rule) {
                let by = reference.explained_by.entry(explained).or_default();
                by.insert(word(&rule, "id").to_owned());
            }
            let stage = word(&rule, "stage").to_owned();
            let id = word(&rule, "id").to_owned();
            reference.stage_of.insert(id, stage.clone());
            reference.stages.entry(stage).or_default().push(rule);
        }
        Ok(reference)
    }

    /// Rules of a stage, by id.
    fn of(&self, stage: &str) -> impl Iterator<Item = &Value> {
        self.stages.get(stage).into_iter().flatten()
    }

    fn head(&self) -> String {
        let count: usize = self.stages.values().map(Vec::len).sum();
        format!(
            "# Why a kubelet does not register, or a node is not Ready\n\n\
             {count} findings, grouped by the rung of the registration ladder that each breaks first. Written by `cargo xtask docs` from `rules/`; \
             `nodebundle-analyzer explain ID` prints one.\n\n\
             A **cause** can be the root; a **contributing** fault helps one; a **symptom** follows from one; **progress** proves that rungs were \
             climbed; **benign** looks bad and is harmless; **hygiene** is worth fixing. Severity: **critical** cannot run or register, **high** is \
             registered and not Ready, **medium** is Ready and does not do its job, **low** is the rest.\n"
        )
    }

    /// From what a person sees to what can be behind it.
    fn symptoms(&self, page: &mut String) -> Result<()> {
        page.push_str(
            "\n## Start from what you see\n\n| What you see | What can be behind it |\n|---|---|\n",
        );
        for (stage, _) in STAGES {
            for rule in self
                .of(stage)
                .filter(|rule| word(rule, "role") == "symptom")
            {
                let id = word(rule, "id");
                let by = self.links_to_explainers(id, "rules/");
                if !by.is_empty() {
                    let title = word(rule, "title");
                    writeln!(page, "| [{title}](rules/{stage}.md#{id}) | {by} |")?;
                }
            }
        }
        Ok(())
    }

    fn contents(&self, page: &mut String) -> Result<()> {
        page.push_str(
            "\n## All findings\n\n| Rung | Finding | Role | Severity |\n|---|---|---|---|\n",
        );
        for (stage, _) in STAGES {
            for rule in self.of(stage) {
                let (id, title) = (word(rule, "id"), word(rule, "title"));
                let (role, severity) = (word(rule, "role"), word(rule, "severity"));
                writeln!(
                    page,
                    "| [{stage}](rules/{stage}.md) | [{id}](rules/{stage}.md#{id}): {title} | {role} | {severity} |"
                )?;
            }
        }
        Ok(())
    }

    fn rule_page(&self, rule: &Value) -> Result<String> {
        let (id, title) = (word(rule, "id"), word(rule, "title"));
        let mut page = format!("\n## {id}\n\n**{title}.** {}", kind(rule));
        write!(page, "\n\n{}\n", word(rule, "meaning"))?;
        witnesses(&mut page, rule)?;
        remedies(&mut page, rule)?;
        let explained: Vec<String> = explains(rule).iter().map(|id| self.link(id, "")).collect();
        if !explained.is_empty() {
            write!(page, "\nExplains: {}\n", explained.join(", "))?;
        }
        let by = self.links_to_explainers(id, "");
        if !by.is_empty() {
            write!(page, "\nCan come from: {by}\n")?;
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

    fn links_to_explainers(&self, id: &str, folder: &str) -> String {
        let by = self.explained_by.get(id).into_iter().flatten();
        by.map(|id| self.link(id, folder))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// A link to a rule's page, from a file that has the pages in `folder`.
    fn link(&self, id: &str, folder: &str) -> String {
        let stage = self.stage_of.get(id).map_or("", String::as_str);
        format!("[{id}]({folder}{stage}.md#{id})")
    }
}

/// What a rule is recognised by, with lines as they look.
fn witnesses(page: &mut String, rule: &Value) -> Result<()> {
    let patterns = rule["log"].as_array().into_iter().flatten().map(pattern);
    list(page, "Seen in the log", patterns)?;
    let examples = rule.pointer("/examples/match").map_or_else(Vec::new, words);
    if !examples.is_empty() {
        let lines: Vec<&str> = examples
            .iter()
            .take(EXAMPLES)
            .map(|line| line.trim_end())
            .collect();
        write!(
            page,
            "\nFor example:\n\n```text\n{}\n```\n",
            lines.join("\n")
        )?;
    }
    if let Some(condition) = rule["when"].as_str() {
        write!(page, "\nFacts: `{condition}`\n")?;
    }
    if let Some(condition) = rule["unless"].as_str() {
        write!(page, "\nNot when: `{condition}`\n")?;
    }
    Ok(())
}

fn remedies(page: &mut String, rule: &Value) -> Result<()> {
    for remedy in rule["remedy"].as_array().into_iter().flatten() {
        let who = format!(
            "What to do ({}; {})",
            words(&remedy["for"]).join(", "),
            word(remedy, "on")
        );
        list(page, &who, words(&remedy["do"]).into_iter())?;
        list(page, "Check", words(&remedy["check"]).into_iter())?;
        if !word(remedy, "risk").is_empty() {
            write!(page, "\nRisk: {}\n", word(remedy, "risk"))?;
        }
    }
    Ok(())
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

/// Ids of the findings that a rule explains.
fn explains(rule: &Value) -> Vec<String> {
    let id = |edge: &Value| Some(edge.as_str().or_else(|| edge["id"].as_str())?.to_owned());
    rule["explains"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(id)
        .collect()
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
