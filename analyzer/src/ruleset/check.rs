//! What a rule file must fulfil besides its conditions.

use super::RuleFile;
use super::problem::{Problem, place};
use crate::condition::did_you_mean;
use crate::declarations::Declarations;
use crate::rule::{Role, Rule};
use crate::template;
use std::collections::BTreeSet;

/// Distributions that a remedy may be for.
const DISTRIBUTIONS: [&str; 12] = [
    "kubeadm",
    "k3s",
    "rke2",
    "eks",
    "aks",
    "gke",
    "openshift",
    "microshift",
    "microk8s",
    "k0s",
    "talos",
    "generic",
];

/// Checks all files; name, text and rule of each.
pub(super) fn check(
    files: &[(String, String, Rule)],
    facts: &Declarations,
    problems: &mut Vec<Problem>,
) {
    let ids: BTreeSet<&str> = files.iter().map(|(_, _, rule)| rule.id.as_str()).collect();
    let mut seen = BTreeSet::new();
    for (name, text, rule) in files {
        let mut found = Found {
            file: RuleFile {
                name: name.clone(),
                text: text.clone(),
            },
            problems,
        };
        if !seen.insert(rule.id.as_str()) {
            found.add(
                &rule.id,
                format!("the id `{}` is used by another file", rule.id),
            );
        }
        identity(rule, &mut found);
        witnesses(rule, &mut found);
        references(rule, &ids, facts, &mut found);
        templates(rule, &mut found);
        remedies(rule, &mut found);
    }
}

/// The variables that a finding of the rule may have: groups of its patterns and `let`.
pub(super) fn pattern_variables(rule: &Rule) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = rule.variables.keys().cloned().collect();
    for pattern in &rule.log {
        names.extend(groups(&pattern.pattern));
    }
    names
}

/// Names of the groups of a regular expression: `(?P<name>` and `(?<name>`.
fn groups(pattern: &str) -> impl Iterator<Item = String> + '_ {
    pattern.split("(?").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('P').unwrap_or(rest).strip_prefix('<')?;
        let (name, _) = rest.split_once('>')?;
        (!name.starts_with(['=', '!'])).then(|| name.to_owned())
    })
}

struct Found<'a> {
    file: RuleFile,
    problems: &'a mut Vec<Problem>,
}

impl Found<'_> {
    /// `near` is a text of the file that stands where the problem is.
    fn add(&mut self, near: &str, message: String) {
        self.problems.push(Problem {
            place: place(&self.file.text, near, 0),
            file: self.file.name.clone(),
            message,
        });
    }
}

fn identity(rule: &Rule, found: &mut Found<'_>) {
    let kebab = rule.id.starts_with(|c: char| c.is_ascii_lowercase())
        && !rule.id.ends_with('-')
        && !rule.id.contains("--")
        && rule
            .id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !kebab {
        found.add(&rule.id, format!("the id `{}` is not kebab-case", rule.id));
    }
    let mut parts = found
        .file
        .name
        .rsplit('/')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter();
    let stem = parts.next().unwrap_or_default();
    if stem.trim_end_matches(".yaml") != rule.id {
        found.add(
            &rule.id,
            format!("the id `{}` differs from the file name `{stem}`", rule.id),
        );
    }
    if let Some(folder) = parts.next()
        && folder != rule.stage.as_str()
    {
        let stage = rule.stage.as_str();
        found.add(
            stage,
            format!("stage is `{stage}`, but the file is in the folder `{folder}`"),
        );
    }
}

fn witnesses(rule: &Rule, found: &mut Found<'_>) {
    if rule.log.is_empty() && rule.when.is_none() {
        found.add(
            &rule.id,
            "the rule has neither `log` nor `when`, so it can never speak".to_owned(),
        );
    }
    if rule.each.is_some() && rule.when.is_none() {
        found.add("each", "`each` without `when`".to_owned());
    }
    if !rule.proves.is_empty() && rule.role != Role::Progress {
        found.add(
            "proves",
            "only a rule of role progress proves stages".to_owned(),
        );
    }
    for pattern in &rule.log {
        let built = regex::bytes::RegexBuilder::new(&pattern.pattern)
            .unicode(false)
            .build();
        if let Err(error) = built {
            found.add(
                &pattern.pattern,
                format!("not a regular expression: {error}"),
            );
        }
    }
}

fn references(rule: &Rule, ids: &BTreeSet<&str>, facts: &Declarations, found: &mut Found<'_>) {
    let named = rule
        .ends
        .iter()
        .map(|id| ("ends", id))
        .chain(rule.confirmed_by.iter().map(|id| ("confirmed_by", id)));
    for (field, id) in named {
        if !ids.contains(id.as_str()) {
            let hint = did_you_mean(id, ids.iter().copied())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            found.add(
                id,
                format!("`{field}` names `{id}`, but no rule has this id{hint}"),
            );
        }
    }
    for path in &rule.cites {
        if facts.ty(path).is_none() && !is_item_field(path, rule) {
            let hint = did_you_mean(path, facts.paths())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            found.add(path, format!("`cites`: no fact `{path}` is declared{hint}"));
        }
    }
}

fn is_item_field(path: &str, rule: &Rule) -> bool {
    let item = rule
        .each
        .as_deref()
        .and_then(|each| each.split_once(" as "));
    item.is_some_and(|(_, item)| path.split('.').next() == Some(item.trim()))
}

fn templates(rule: &Rule, found: &mut Found<'_>) {
    let known = pattern_variables(rule);
    let mut texts = vec![rule.title.as_str(), rule.meaning.as_str()];
    for remedy in &rule.remedy {
        texts.extend(remedy.steps.iter().chain(&remedy.check).map(String::as_str));
        texts.push(&remedy.risk);
    }
    for text in texts {
        for variable in template::variables(text) {
            if !known.contains(variable) {
                found.add(
                    &format!("{{{variable}}}"),
                    format!("`{{{variable}}}` is neither a group of a pattern nor in `let`"),
                );
            }
        }
    }
}

fn remedies(rule: &Rule, found: &mut Found<'_>) {
    if rule.role == Role::Cause && rule.remedy.is_empty() {
        found.add(&rule.id, "a cause needs a `remedy`".to_owned());
    }
    for remedy in &rule.remedy {
        for name in &remedy.distributions {
            if !DISTRIBUTIONS.contains(&name.as_str()) {
                let known = DISTRIBUTIONS.join(", ");
                found.add(
                    name,
                    format!("unknown distribution `{name}`; known are {known}"),
                );
            }
        }
    }
}
