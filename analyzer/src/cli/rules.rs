//! `explain`, `rules list`, `rules check`.

use super::arguments::{Explain, RulesCheck, RulesList};
use super::inputs::{rule_files, rules};
use super::{Exit, Failure};
use crate::condition::did_you_mean;
use crate::declarations::Declarations;
use crate::rule_page;
use crate::ruleset::RuleSet;
use std::io::{self, Write as _};

pub(super) fn explain(arguments: &Explain) -> Result<Exit, Failure> {
    let rules = rules(arguments.rules.as_ref())?;
    let ids = rules.rules().iter().map(|rule| rule.id.as_str());
    let Some((rule, _)) = rules
        .index(&arguments.id)
        .and_then(|index| rules.get(index))
    else {
        let hint = did_you_mean(&arguments.id, ids).map_or_else(
            || "`rules list` prints all ids".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Failure::Usage(format!(
            "no rule has the id `{}`; {hint}",
            arguments.id
        )));
    };
    write!(io::stdout().lock(), "{}", rule_page::page(rule))?;
    Ok(Exit::Done)
}

pub(super) fn list(arguments: &RulesList) -> Result<Exit, Failure> {
    let rules = rules(arguments.folder.as_ref())?;
    let mut out = io::stdout().lock();
    for rule in rules.rules() {
        let role = rule_page::role(rule.role);
        writeln!(
            out,
            "{:<44} {:<12} {role:<13} {}",
            rule.id,
            rule.stage.as_str(),
            rule.title
        )?;
    }
    Ok(Exit::Done)
}

pub(super) fn check(arguments: &RulesCheck) -> Result<Exit, Failure> {
    let (rules, failed) = match &arguments.folder {
        None => (RuleSet::built_in(), Vec::new()),
        Some(folder) => {
            let rules = RuleSet::from_files(&rule_files(folder)?, Declarations::all());
            let failed = rules.failed_examples(Declarations::all());
            (rules, failed)
        }
    };
    let mut out = io::stdout().lock();
    for problem in rules.problems().iter().chain(&failed) {
        writeln!(out, "{problem}")?;
    }
    let problems = rules.problems().len() + failed.len();
    writeln!(out, "{} rules, {problems} problems", rules.rules().len())?;
    Ok(if problems == 0 {
        Exit::Done
    } else {
        Exit::Usage
    })
}
