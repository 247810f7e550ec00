//! The rules that a report is made by: read, checked and compiled.

mod check;
mod compile;
mod examples;
mod ladder;
mod order;
mod problem;

pub use compile::{Compiled, CompiledEdge};
pub use ladder::{Ladder, LadderPath};
pub use problem::Problem;

use crate::declarations::Declarations;
use crate::logs::{Literals, PatternError, PatternSet};
use crate::rule::Rule;
use compile::Compiler;
use serde::Deserialize;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Rules sorted by id, with what they need to be judged.
#[derive(Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    compiled: Vec<Compiled>,
    index: BTreeMap<String, usize>,
    ladder: Ladder,
    order: Vec<usize>,
    problems: Vec<Problem>,
    /// Name and text of the file of each rule, by index.
    files: Vec<(String, String)>,
    /// Texts that the log patterns require, where they are known without reading the patterns.
    literals: Option<Literals>,
    patterns: OnceLock<PatternSet>,
}

/// A file of rules: its name with `/` and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// `rules/<stage>/<id>.yaml`, or `ladder.yaml`.
    pub name: String,
    /// YAML.
    pub text: String,
}

/// Ladder and rules, without their examples.
const BUILT_IN: &str = include_str!("../../rules.json");

/// Texts that the log patterns of these rules require, so that none has to be read for it.
const BUILT_IN_LITERALS: &str = include_str!("../../literals.json");

#[derive(Deserialize)]
struct CompiledIn {
    ladder: Ladder,
    rules: Vec<Rule>,
}

impl RuleSet {
    /// The rules that are compiled into this program.
    ///
    /// A rule with a problem judges as far as it can; the conformance test keeps the list of problems empty.
    pub fn built_in() -> Self {
        match serde_json::from_str::<CompiledIn>(BUILT_IN) {
            Ok(all) => {
                let rules = all
                    .rules
                    .into_iter()
                    .map(|rule| (format!("rule {}", rule.id), String::new(), rule))
                    .collect();
                Self {
                    literals: serde_json::from_str(BUILT_IN_LITERALS).ok(),
                    ..Self::new(rules, all.ladder, Declarations::all(), Vec::new())
                }
            }
            Err(error) => Self {
                problems: vec![Problem {
                    file: "rules.json".to_owned(),
                    place: Some((error.line(), error.column())),
                    message: error.to_string(),
                }],
                ..Self::default()
            },
        }
    }

    /// Rules from files, checked in full: problems name the file, the place and what to do.
    ///
    /// Without a `ladder.yaml` among them the compiled-in one holds.
    pub fn from_files(files: &[RuleFile], facts: &Declarations) -> Self {
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        let mut ladder = None;
        for file in files {
            if file.name.ends_with("ladder.yaml") {
                match yaml(file) {
                    Ok(read) => ladder = Some(read),
                    Err(problem) => problems.push(problem),
                }
                continue;
            }
            match yaml::<Rule>(file) {
                Ok(rule) => rules.push((file.name.clone(), file.text.clone(), rule)),
                Err(problem) => problems.push(problem),
            }
        }
        let ladder = ladder.unwrap_or_else(built_in_ladder);
        check::check(&rules, facts, &mut problems);
        Self::new(rules, ladder, facts, problems)
    }

    fn new(
        mut files: Vec<(String, String, Rule)>,
        ladder: Ladder,
        facts: &Declarations,
        mut problems: Vec<Problem>,
    ) -> Self {
        files.sort_by(|a, b| a.2.id.cmp(&b.2.id));
        files.dedup_by(|a, b| a.2.id == b.2.id);
        let (files, rules): (Vec<_>, Vec<_>) = files
            .into_iter()
            .map(|(name, text, rule)| ((name, text), rule))
            .unzip();
        let index: BTreeMap<String, usize> = rules
            .iter()
            .enumerate()
            .map(|(number, rule)| (rule.id.clone(), number))
            .collect();
        let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        let variables = vec![OnceCell::new(); rules.len()];
        let compiler = Compiler {
            facts,
            index: &index,
            ids: &ids,
            rules: &rules,
            variables: &variables,
            files: &files,
        };
        let mut compiled = Vec::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate() {
            let (one, found) = compiler.compile(number, rule);
            compiled.push(one);
            problems.extend(found);
        }
        let order = order::by_reference(&rules, &mut compiled, &index, &files, &mut problems);
        order::break_causal_cycles(&rules, &mut compiled, &files, &mut problems);
        problems.extend(ladder.problems().into_iter().map(|message| Problem {
            file: "ladder.yaml".to_owned(),
            place: None,
            message,
        }));
        problems.sort();
        problems.dedup();
        Self {
            rules,
            compiled,
            index,
            ladder,
            order,
            problems,
            files,
            literals: None,
            patterns: OnceLock::new(),
        }
    }

    /// The log patterns, made ready on first use. One that is no regular expression matches nothing.
    pub fn patterns(&self) -> &PatternSet {
        self.patterns.get_or_init(|| {
            let known = self.literals.as_ref();
            let known = known.map(|literals| PatternSet::with_literals(&self.rules, literals));
            if let Some(Ok(patterns)) = known {
                return patterns;
            }
            let mut rules = self.rules.clone();
            loop {
                match PatternSet::new(&rules) {
                    Ok(patterns) => return patterns,
                    Err(error) => drop_pattern(&mut rules, &error),
                }
            }
        })
    }

    /// The rules, sorted by id. Their index is the one that log matches carry.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// One rule and what it asks, by index.
    pub fn get(&self, index: usize) -> Option<(&Rule, &Compiled)> {
        Some((self.rules.get(index)?, self.compiled.get(index)?))
    }

    /// Index of the rule with this id.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Indexes in an order in which every rule stands after those that it asks about.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Orders of the rungs.
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// What is wrong with the rules, sorted; empty when all is well.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// Takes out what cannot be used, so that one bad pattern costs one rule its log half and no more.
fn drop_pattern(rules: &mut [Rule], error: &PatternError) {
    match rules.iter_mut().find(|rule| rule.id == error.rule) {
        Some(rule) if !rule.log.is_empty() => rule.log.clear(),
        _ => rules.iter_mut().for_each(|rule| rule.log.clear()),
    }
}

fn built_in_ladder() -> Ladder {
    #[derive(Deserialize)]
    struct OnlyLadder {
        ladder: Ladder,
    }
    serde_json::from_str::<OnlyLadder>(BUILT_IN)
        .map(|all| all.ladder)
        .unwrap_or_default()
}

fn yaml<T: serde::de::DeserializeOwned>(file: &RuleFile) -> Result<T, Problem> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(&file.text, options).map_err(|error| {
        let place = error.location().map(|at| {
            let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            (number(at.line()), number(at.column()))
        });
        Problem {
            file: file.name.clone(),
            place,
            message: error.without_snippet().to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{FactDecl, Type};

    static FACTS: [FactDecl; 1] = [FactDecl {
        path: "host.swap.active",
        ty: Type::Bool,
        meaning: "",
        null: "",
        needs: "",
        collect_with: "",
    }];

    const GOOD: &str = "id: swap-on\ntitle: Swap is on\nstage: host\nrole: cause\nseverity: critical\nwhen: host.swap.active\nmeaning: It is on\nremedy: [{for: [generic], on: node, do: [swapoff -a]}]\nexamples:\n  facts: [{given: {host.swap.active: true}, expect: true}]\n";

    fn problems(files: &[(&str, String)]) -> Vec<String> {
        let files: Vec<RuleFile> = files
            .iter()
            .map(|(name, text)| RuleFile {
                name: (*name).to_owned(),
                text: text.clone(),
            })
            .collect();
        let facts = Declarations::new(FACTS.iter());
        let rules = RuleSet::from_files(&files, &facts);
        let failed = rules.failed_examples(&facts);
        rules
            .problems()
            .iter()
            .chain(&failed)
            .map(ToString::to_string)
            .collect()
    }

    fn changed(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from));
        problems(&[("host/swap-on.yaml", GOOD.replace(from, to))])
    }

    #[test]
    fn the_rules_of_this_program_have_no_problems() {
        let rules = RuleSet::built_in();
        assert_eq!(rules.problems(), &[]);
        assert!(!rules.rules().is_empty());
    }

    /// What is changed in the good rule, to what, where the problem is, and words of the message.
    const SLIPS: &[(&str, &str, &str, &str)] = &[
        (
            "when: host.swap.active",
            "when: host.swap.activ",
            "6:7",
            "did you mean `host.swap.active`?",
        ),
        (
            "id: swap-on",
            "id: swap-off",
            "1:5",
            "differs from the file name",
        ),
        ("stage: host", "stage: tls", "3:8", "in the folder `host`"),
        (
            "It is on",
            "It is {how}",
            "7:16",
            "neither a group of a pattern nor in `let`",
        ),
        (
            "[generic]",
            "[debian]",
            "8:17",
            "unknown distribution `debian`",
        ),
        (
            "expect: true",
            "expect: false",
            "10:3",
            "expected false, but `when` is true",
        ),
        (
            "role: cause",
            "role: cause\nends: [nothing]",
            "5:8",
            "no rule has this id",
        ),
        (
            "role: cause",
            "role: cause\nlog: [{pattern: '('}]",
            "5:18",
            "not a regular expression",
        ),
        (
            "severity: critical",
            "severity: critical\nversions: new",
            "6:11",
            "is not a range",
        ),
        (
            "severity: critical",
            "severity: dreadful",
            "5:11",
            "dreadful",
        ),
    ];

    #[test]
    fn a_good_rule_passes_and_each_slip_is_named_with_its_place() {
        assert_eq!(problems(&[("host/swap-on.yaml", GOOD.to_owned())]), [""; 0]);
        for (from, to, place, words) in SLIPS {
            let found = changed(from, to);
            assert!(
                found.iter().any(
                    |one| one.starts_with(&format!("host/swap-on.yaml:{place}: "))
                        && one.contains(words)
                ),
                "{to}: {found:#?}"
            );
        }
    }

    #[test]
    fn rules_must_not_explain_or_ask_about_each_other_in_a_circle() {
        let rule = |id: &str, rest: &str| {
            (GOOD.replace("swap-on", id)).replace("examples:", &format!("{rest}\nexamples:"))
        };
        let explains = problems(&[
            ("host/a.yaml", rule("a", "explains: [b]")),
            ("host/b.yaml", rule("b", "explains: [a]")),
        ]);
        assert!(
            explains[0].contains("explain each other in a circle: a → b"),
            "{explains:?}"
        );
        let asks = problems(&[
            ("host/a.yaml", rule("a", "unless: 'present(\"b\")'")),
            ("host/b.yaml", rule("b", "unless: 'present(\"a\")'")),
        ]);
        assert!(
            asks[0].contains("ask about each other in a circle: a → b"),
            "{asks:?}"
        );
    }
}
