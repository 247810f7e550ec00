//! Tests over the patterns and examples of all rules of this program.

#![expect(
    clippy::disallowed_methods,
    reason = "the rules of the repository are no input"
)]

use super::patterns::{Pattern, PatternSet};
use super::scanner::{Options, Scanner};
use super::shapes::{Outline, Outlined, Shapes};
use super::stream::At;
use super::{clean, message, transport};
use crate::declarations::Declarations;
use crate::rule::{Edge, Role, Rule};
use crate::ruleset::{RuleFile, RuleSet};
use crate::source::Source;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn all_rules() -> RuleSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files = Vec::new();
    let mut open = vec![folder];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(RuleFile {
                    name: path.display().to_string(),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    RuleSet::from_files(&files, Declarations::all())
}

/// What patterns see of every example line of every rule, those that match and those that must not.
fn texts(rules: &RuleSet) -> Vec<Vec<u8>> {
    let examples = rules.rules().iter().flat_map(|rule| {
        let examples = &rule.examples;
        examples.matching.iter().chain(&examples.no_match)
    });
    let mut texts: Vec<Vec<u8>> = examples
        .flat_map(|example| example.lines())
        .map(|line| {
            let line = clean::clean(line.as_bytes());
            let envelope = transport::open(&line);
            message::read(&envelope.text).text.into_owned()
        })
        .collect();
    texts.sort();
    texts.dedup();
    texts
}

fn patterns(set: &PatternSet) -> Vec<&Pattern> {
    (0..).map_while(|at| set.pattern(at)).collect()
}

/// The text with other digits.
fn renumbered(text: &[u8]) -> Vec<u8> {
    let other = |byte: u8| (byte - b'0' + 7) % 10 + b'0';
    text.iter()
        .map(|&byte| {
            if byte.is_ascii_digit() {
                other(byte)
            } else {
                byte
            }
        })
        .collect()
}

#[test]
fn every_edge_says_what_joins_cause_and_effect() {
    let rules = all_rules();
    let bare = |rule: &Rule| {
        let edges = rule.explains.iter();
        let bare = edges.filter(|edge| matches!(edge, Edge::Id(_)));
        bare.map(|edge| format!("{} → {}", rule.id, edge.id()))
            .collect::<Vec<_>>()
    };
    let bare: Vec<String> = rules.rules().iter().flat_map(bare).collect();
    assert_eq!(bare, Vec::<String>::new());
}

#[test]
fn required_texts_never_hide_a_match_in_an_example_of_any_rule() {
    let rules = all_rules();
    let built_in = RuleSet::built_in();
    let (set, read) = (built_in.patterns(), PatternSet::new(rules.rules()).unwrap());
    let everything = set.allowed(None);
    let mut matches = 0;
    for text in texts(&rules) {
        let candidates = set.candidates(&text, &everything);
        assert_eq!(candidates, read.candidates(&text, &everything));
        for (at, pattern) in patterns(set).into_iter().enumerate() {
            if candidates.binary_search(&at).is_err() {
                assert_eq!(
                    pattern.find(&text),
                    None,
                    "{}, log pattern {}: {}",
                    built_in.rules()[pattern.rule].id,
                    pattern.index + 1,
                    String::from_utf8_lossy(&text)
                );
            } else {
                matches += usize::from(pattern.find(&text).is_some());
            }
        }
    }
    assert!(matches > patterns(set).len());
}

#[test]
fn a_pattern_that_takes_digits_alike_matches_every_example_with_other_numbers_at_the_same_places() {
    let rules = all_rules();
    let set = PatternSet::new(rules.rules()).unwrap();
    let everything = set.allowed(None);
    let mut found = 0;
    for text in texts(&rules) {
        let other = renumbered(&text);
        let candidates = set.candidates(&text, &everything);
        assert_eq!(candidates, set.candidates(&other, &everything));
        for pattern in candidates.iter().filter_map(|&at| set.pattern(at)) {
            if pattern.takes_digits_alike() {
                found += usize::from(pattern.find(&text).is_some());
                assert_eq!(pattern.find(&text), pattern.find(&other));
            }
        }
    }
    assert!(found > 0);
}

#[test]
fn a_pattern_that_may_not_match_renumbered_texts_matches_no_example_with_other_numbers() {
    let rules = all_rules();
    let set = PatternSet::new(rules.rules()).unwrap();
    let mut refused = 0;
    for text in texts(&rules) {
        let other = renumbered(&text);
        for pattern in patterns(&set) {
            if !pattern.takes_digits_alike() && !pattern.may_match_renumbered(&text) {
                refused += 1;
                assert_eq!(pattern.find(&text), None);
                assert_eq!(pattern.find(&other), None);
            } else if pattern.find(&text).is_some() {
                assert!(pattern.may_match_renumbered(&other));
            }
        }
    }
    assert!(refused > 0);
}

/// Example lines of all rules as several carriers bring them, twice, and with other numbers.
fn carried_lines(rules: &RuleSet) -> Vec<String> {
    let examples = rules.rules().iter().flat_map(|rule| {
        let examples = &rule.examples;
        examples.matching.iter().chain(&examples.no_match)
    });
    let mut lines = Vec::new();
    for (number, line) in (0..).zip(examples.flat_map(|example| example.lines())) {
        let (second, pid) = (number % 60, 100 + number % 7);
        let own = format!("{:02}{:02} 07:22:{second:02}", number % 14, number % 33);
        let carried = [
            line.to_owned(),
            format!("Nov 22 07:22:{second:02} n kubelet[{pid}]: {line}"),
            format!(
                "Nov 22 07:22:{second:02} n k3s[{pid}]: time=\"2026-11-22T07:22:{second:02}Z\" level=error msg=\"{line}\""
            ),
            format!(
                "2026-11-22T07:22:{second:02}.123456Z n kubelet[{pid}]: E{own}.5 {pid} a.go:{number}] {line}"
            ),
            format!("2026-11-22T07:22:{second:02}Z n systemd[1]: {line}"),
            format!("I{own}.123456    {pid} kubelet.go:{number}] {line} #{number}"),
        ];
        for line in carried {
            let other = renumbered(line.as_bytes());
            lines.extend([line.clone(), line]);
            lines.push(String::from_utf8_lossy(&other).into_owned());
        }
    }
    lines
}

/// Nothing may depend on what was seen before but for its numbers.
#[test]
fn a_line_of_a_known_shape_is_taken_in_as_if_it_were_new() {
    let set = PatternSet::new(all_rules().rules()).unwrap();
    let lines = carried_lines(&all_rules());
    let entry: Arc<str> = Arc::from("kubelet.log");
    let mut repeats = 0;
    let mut digest = |forgets: bool| {
        let mut scanner = Scanner::new(&set, Options::default());
        let number = scanner.stream(&entry, &Source::File("/var/log/kubelet.log".into()));
        for (line, text) in (1..).zip(&lines) {
            if forgets {
                scanner.shapes = Shapes::default();
            }
            let at = At {
                entry: &entry,
                line,
                raw: text.as_bytes(),
            };
            let home = scanner.home(number);
            let outlined = Outlined {
                line: at.raw,
                outline: Outline::of(at.raw),
            };
            let [found] = scanner.shapes.find(&[outlined], home);
            repeats += usize::from(scanner.shapes.get(found, home).is_some());
            scanner.line(number, at);
        }
        scanner.finish()
    };
    let (known, new) = (digest(false), digest(true));
    assert!(repeats > lines.len() / 3, "{repeats} of {}", lines.len());
    assert!(known == new);
}

/// `analyzer/literals.json` lists them as `null`: every new text of a log meets them.
#[test]
fn few_patterns_have_no_required_text() {
    let rules = RuleSet::built_in();
    let set = rules.patterns();
    let unfiltered: Vec<(&str, usize)> = set
        .unfiltered()
        .map(|(rule, index)| (rules.rules()[rule].id.as_str(), index + 1))
        .collect();
    assert!(
        20 * unfiltered.len() <= patterns(set).len(),
        "give more patterns a text of 3 letters that every match contains: {unfiltered:?}"
    );
}

/// A line belongs to one cause. Another may see it too only where it is listed: one explains the other, or steps back for it.
#[test]
fn a_line_of_one_rule_fires_no_other_cause() {
    let rules = all_rules();
    let plain: Vec<Rule> = rules.rules().iter().map(without_counts).collect();
    let set = PatternSet::new(&plain).unwrap();
    let mut strangers = Vec::new();
    for (number, rule) in rules.rules().iter().enumerate() {
        for example in &rule.examples.matching {
            for other in fired(&set, example)
                .into_iter()
                .filter(|other| *other != number)
            {
                let other = &rules.rules()[other];
                if other.role == Role::Cause && !is_listed(rule, other) {
                    strangers.push(format!("{} of {}: {example}", other.id, rule.id));
                }
            }
        }
    }
    assert!(
        strangers.is_empty(),
        "{}\n{}",
        strangers.len(),
        strangers.join("\n")
    );
}

fn without_counts(rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    for pattern in &mut rule.log {
        (pattern.min, pattern.within, pattern.after) = (None, None, None);
    }
    rule
}

/// Numbers of the rules that a text fires.
fn fired(set: &PatternSet, text: &str) -> BTreeSet<usize> {
    let mut scanner = Scanner::new(set, Options::default());
    let source = Source::Named("example".to_owned());
    scanner
        .scan("example", &source, &mut text.as_bytes())
        .unwrap();
    scanner.finish().hits.iter().map(|hit| hit.rule).collect()
}

fn is_listed(rule: &Rule, other: &Rule) -> bool {
    let steps_back = other
        .unless
        .as_ref()
        .is_some_and(|unless| unless.contains(&format!("\"{}\"", rule.id)));
    let refusal_of_a_known_node =
        rule.role == Role::Progress && other.id == "rbac-node-authorizer-off";
    explains(rule, other) || explains(other, rule) || steps_back || refusal_of_a_known_node
}

fn explains(rule: &Rule, other: &Rule) -> bool {
    rule.explains.iter().any(|edge| edge.id() == other.id)
}
