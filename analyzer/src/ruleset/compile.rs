//! Rules as written → conditions, edges and spans that can be judged.

use super::check::pattern_variables;
use super::problem::{Problem, place};
use crate::condition::{Condition, Error, Names};
use crate::declarations::Declarations;
use crate::duration;
use crate::rule::{Edge, Join, Rule};
use crate::version::VersionRange;
use chrono::TimeDelta;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule asks, ready to be judged. A part that has a problem is left out, which judges like unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compiled {
    /// The facts witness.
    pub when: Option<Condition>,
    /// Path of the list that `when` goes through, and the name of its items.
    pub each: Option<(String, String)>,
    /// Rules the finding out.
    pub unless: Option<Condition>,
    /// Values of template variables.
    pub variables: BTreeMap<String, Condition>,
    /// What it explains.
    pub edges: Vec<CompiledEdge>,
    /// Kubelet versions it is for.
    pub versions: Option<VersionRange>,
    /// Periods of the log patterns that repeat as long as the fault lasts, in their order.
    pub every: Vec<Option<TimeDelta>>,
}

/// An edge of the causal graph.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledEdge {
    /// Index of the rule that is explained.
    pub target: usize,
    /// What must join the two, as written.
    pub join: Join,
    /// Its `if`.
    pub condition: Option<Condition>,
}

/// Everything that compiling one rule needs to know of the others.
pub(super) struct Compiler<'a> {
    pub(super) facts: &'a Declarations,
    pub(super) index: &'a BTreeMap<String, usize>,
    pub(super) ids: &'a BTreeSet<&'a str>,
    pub(super) rules: &'a [Rule],
    /// Template variables by rule, found when an edge first asks for them: few do, and every start of the program waits.
    pub(super) variables: &'a [OnceCell<BTreeSet<String>>],
    /// Name and text of the file of each rule; the text is empty for compiled-in rules.
    pub(super) files: &'a [(String, String)],
}

/// One rule and the problems found in it.
struct Work<'a> {
    compiler: &'a Compiler<'a>,
    rule: &'a Rule,
    number: usize,
    problems: Vec<Problem>,
}

impl Compiler<'_> {
    fn variables(&self, number: usize) -> Option<&BTreeSet<String>> {
        let rule = self.rules.get(number)?;
        let known = self.variables.get(number)?;
        Some(known.get_or_init(|| pattern_variables(rule)))
    }

    pub(super) fn compile(&self, number: usize, rule: &Rule) -> (Compiled, Vec<Problem>) {
        let mut work = Work {
            compiler: self,
            rule,
            number,
            problems: Vec::new(),
        };
        let compiled = work.compile();
        (compiled, work.problems)
    }
}

impl Work<'_> {
    fn compile(&mut self) -> Compiled {
        let each = self.each();
        let item = each
            .as_ref()
            .map(|(list, variable)| (variable.as_str(), list.as_str()));
        let names = Names {
            facts: self.compiler.facts,
            item,
            edge: None,
            rules: self.compiler.ids,
        };
        let rule = self.rule;
        let outer = Names {
            item: None,
            ..names
        };
        let when = self.condition(rule.when.as_deref(), &names);
        let unless = self.condition(
            rule.unless.as_deref(),
            if each.is_some() { &names } else { &outer },
        );
        let mut variables = BTreeMap::new();
        for (name, text) in &rule.variables {
            match Condition::expression(text, &names) {
                Ok(expression) => {
                    variables.insert(name.clone(), expression);
                }
                Err(error) => self.misread(text, &error),
            }
        }
        let edges = rule
            .explains
            .iter()
            .filter_map(|edge| self.edge(edge))
            .collect();
        Compiled {
            when,
            unless,
            variables,
            edges,
            versions: self.versions(),
            every: self.every(),
            each,
        }
    }

    fn condition(&mut self, text: Option<&str>, names: &Names<'_>) -> Option<Condition> {
        let text = text?;
        match Condition::new(text, names) {
            Ok(condition) => Some(condition),
            Err(error) => {
                self.misread(text, &error);
                None
            }
        }
    }

    fn each(&mut self) -> Option<(String, String)> {
        let text = self.rule.each.as_deref()?;
        let parts = text
            .split_once(" as ")
            .map(|(list, item)| (list.trim(), item.trim()));
        let Some((list, item)) = parts else {
            self.problem(text, format!("`each: {text}` is not `<list> as <name>`"));
            return None;
        };
        if self.compiler.facts.ty(list).is_none() {
            self.problem(text, format!("`each`: no list `{list}` is declared"));
            return None;
        }
        Some((list.to_owned(), item.to_owned()))
    }

    fn edge(&mut self, edge: &Edge) -> Option<CompiledEdge> {
        let join = edge.join();
        let id = &join.id;
        let Some(target) = self.compiler.index.get(id).copied() else {
            self.problem(id, format!("explains `{id}`, but no rule has this id"));
            return None;
        };
        let (compiler, number, none) = (self.compiler, self.number, BTreeSet::new());
        let own = || compiler.variables(number).unwrap_or(&none);
        let other = || compiler.variables(target).unwrap_or(&none);
        for name in join.names.iter().filter(|name| !own().contains(*name)) {
            let message = format!("`names: [{name}]`, but this rule has no such variable");
            self.problem(name, message);
        }
        for name in &join.same {
            if !own().contains(name) || !other().contains(name) {
                let message = format!(
                    "`same: [{name}]` needs the variable in both rules, this one and `{id}`"
                );
                self.problem(name, message);
            }
        }
        // An edge whose condition cannot be judged must not fold as if it had none.
        let condition = match join.condition.as_deref() {
            Some(text) => {
                let names = Names {
                    facts: compiler.facts,
                    item: None,
                    edge: Some((own(), other())),
                    rules: compiler.ids,
                };
                Some(self.condition(Some(text), &names)?)
            }
            None => None,
        };
        Some(CompiledEdge {
            target,
            join,
            condition,
        })
    }

    fn versions(&mut self) -> Option<VersionRange> {
        let text = self.rule.versions.as_deref()?;
        let range = text.parse().ok();
        if range.is_none() {
            let message = format!("`versions: {text}` is not a range such as \">=1.20 <1.24\"");
            self.problem(text, message);
        }
        range
    }

    /// The log digest applies the other spans; all of them are checked here.
    fn every(&mut self) -> Vec<Option<TimeDelta>> {
        let rule = self.rule;
        rule.log
            .iter()
            .map(|pattern| {
                self.span(pattern.within.as_deref());
                self.span(pattern.after.as_deref());
                self.span(pattern.every.as_deref())
            })
            .collect()
    }

    fn span(&mut self, text: Option<&str>) -> Option<TimeDelta> {
        let text = text?;
        let span = duration::parse(text);
        if span.is_none() {
            self.problem(
                text,
                format!("`{text}` is not a duration such as 90s or 7d"),
            );
        }
        span
    }

    fn misread(&mut self, text: &str, error: &Error) {
        let (file, source) = self.file();
        let place = place(&source, text, error.at);
        self.problems.push(Problem {
            file,
            place,
            message: error.message.clone(),
        });
    }

    /// `near` is a text of the file that stands where the problem is.
    fn problem(&mut self, near: &str, message: String) {
        let (file, source) = self.file();
        self.problems.push(Problem {
            file,
            place: place(&source, near, 0),
            message,
        });
    }

    fn file(&self) -> (String, String) {
        self.compiler
            .files
            .get(self.number)
            .cloned()
            .unwrap_or_default()
    }
}
