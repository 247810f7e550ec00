//! The log patterns of all rules, compiled so that a text meets only those that can match it.

use super::{literals, program};
use crate::rule::{LogPattern, Rule};
use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;
use std::sync::OnceLock;

/// Patterns of a rule set.
pub struct PatternSet {
    patterns: Vec<Pattern>,
    literals: AhoCorasick,
    /// Pattern of each literal.
    owners: Vec<usize>,
    /// Patterns that have no literal.
    always: Vec<usize>,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}, log pattern {number}: {problem}")]
pub struct PatternError {
    /// Id of the rule.
    pub rule: String,
    /// Number of the pattern in the rule, from 1.
    pub number: usize,
    /// What is wrong.
    pub problem: String,
}

/// One pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// Index of the rule.
    pub(crate) rule: usize,
    /// Index of the pattern in the rule.
    pub(crate) index: usize,
    /// Matches that make an event.
    pub(crate) min: u32,
    /// Microseconds that `min` matches may be apart.
    pub(crate) within: Option<i64>,
    /// Microseconds after a kubelet start in which matches are ignored.
    pub(crate) after: Option<i64>,
    from: Vec<String>,
    text: String,
    /// `None` inside when it does not compile; [`PatternSet::check`] tells why.
    regex: OnceLock<Option<Regex>>,
}

/// A pattern that matched a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextMatch {
    /// Index in the set.
    pub(crate) pattern: usize,
    /// Offset of the end of the match in the text.
    pub(crate) end: usize,
    /// Named groups in the order of the pattern.
    pub(crate) variables: Vec<(String, String)>,
}

/// The patterns that a program's lines may meet, by index.
pub(crate) type Allowed = Vec<bool>;

impl PatternSet {
    /// Reads the log patterns of rules. Their regexes compile when a text first asks for them; [`Self::check`] compiles all.
    pub fn new(rules: &[Rule]) -> Result<Self, PatternError> {
        let mut patterns = Vec::new();
        let (mut texts, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, (index, pattern)) in rules
            .iter()
            .enumerate()
            .flat_map(|(at, rule)| rule.log.iter().enumerate().map(move |log| (at, log)))
        {
            let error = |problem: String| PatternError {
                rule: rules
                    .get(rule)
                    .map(|rule| rule.id.clone())
                    .unwrap_or_default(),
                number: index + 1,
                problem,
            };
            let hir = parse(&pattern.pattern).map_err(error)?;
            let number = patterns.len();
            match literals::required(&hir) {
                Some(set) => {
                    owners.extend(set.iter().map(|_| number));
                    texts.extend(set);
                }
                None => always.push(number),
            }
            patterns.push(Pattern::new(rule, index, pattern).map_err(error)?);
        }
        let literals = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(&texts)
            .map_err(|error| PatternError {
                rule: String::new(),
                number: 0,
                problem: error.to_string(),
            })?;
        Ok(Self {
            patterns,
            literals,
            owners,
            always,
        })
    }

    /// Compiles every pattern.
    pub fn check(&self, rules: &[Rule]) -> Result<(), PatternError> {
        for pattern in &self.patterns {
            if let Err(error) = compile(&pattern.text) {
                return Err(PatternError {
                    rule: rules
                        .get(pattern.rule)
                        .map(|rule| rule.id.clone())
                        .unwrap_or_default(),
                    number: pattern.index + 1,
                    problem: error.to_string(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn pattern(&self, index: usize) -> Option<&Pattern> {
        self.patterns.get(index)
    }

    /// Patterns that lines of a program meet; all of them when it is not known.
    pub(crate) fn allowed(&self, program: Option<&str>) -> Allowed {
        self.patterns
            .iter()
            .map(|pattern| program.is_none_or(|program| pattern.reads(program)))
            .collect()
    }

    /// The allowed patterns that match a normalised text, by index.
    pub(crate) fn matches(&self, text: &[u8], allowed: &Allowed) -> Vec<TextMatch> {
        let mut candidates: Vec<usize> = self
            .literals
            .find_overlapping_iter(text)
            .filter_map(|found| self.owners.get(found.pattern().as_usize()).copied())
            .chain(self.always.iter().copied())
            .filter(|&pattern| allowed.get(pattern) == Some(&true))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
            .into_iter()
            .filter_map(|pattern| self.matching(pattern, text))
            .collect()
    }

    fn matching(&self, pattern: usize, text: &[u8]) -> Option<TextMatch> {
        let regex = self.patterns.get(pattern)?.regex()?;
        if regex.captures_len() == 1 {
            return Some(TextMatch {
                pattern,
                end: regex.find(text)?.end(),
                variables: Vec::new(),
            });
        }
        let captures = regex.captures(text)?;
        let variables = regex
            .capture_names()
            .flatten()
            .filter_map(|name| {
                let value = captures.name(name)?.as_bytes();
                Some((name.to_owned(), String::from_utf8_lossy(value).into_owned()))
            })
            .collect();
        Some(TextMatch {
            pattern,
            end: captures.get(0)?.end(),
            variables,
        })
    }
}

impl Pattern {
    fn new(rule: usize, index: usize, pattern: &LogPattern) -> Result<Self, String> {
        let micros = |text: &Option<String>| {
            text.as_deref()
                .map(|text| {
                    duration(text).ok_or_else(|| {
                        format!("`{text}` is not a duration such as `30s`, `2m` or `1h`")
                    })
                })
                .transpose()
        };
        Ok(Self {
            rule,
            index,
            min: pattern.min.unwrap_or(1).max(1),
            within: micros(&pattern.within)?,
            after: micros(&pattern.after)?,
            from: pattern
                .from
                .iter()
                .map(|name| program::canonical(name).to_owned())
                .collect(),
            text: pattern.pattern.clone(),
            regex: OnceLock::new(),
        })
    }

    fn reads(&self, program: &str) -> bool {
        self.from.is_empty()
            || self
                .from
                .iter()
                .any(|from| from == program || program::embedded(program).contains(&from.as_str()))
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

fn parse(pattern: &str) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .build()
        .parse(pattern)
        .map_err(|error| error.to_string())
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .dot_matches_new_line(true)
        .build()
}

/// Microseconds of `30s`, `2m`, `1h`, `100ms`.
fn duration(text: &str) -> Option<i64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let unit = match unit {
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rule::{ConfidenceTable, Examples, Role, Scope, Severity, Stage};

    /// A rule with nothing but patterns.
    pub(crate) fn rule(id: &str, log: Vec<LogPattern>) -> Rule {
        Rule {
            id: id.to_owned(),
            title: String::new(),
            stage: Stage::Process,
            role: Role::Cause,
            severity: Severity::Low,
            scope: Scope::Node,
            versions: None,
            log,
            when: None,
            each: None,
            variables: std::collections::BTreeMap::new(),
            cites: Vec::new(),
            unless: None,
            confidence: ConfidenceTable::default(),
            confirmed_by: Vec::new(),
            explains: Vec::new(),
            ends: Vec::new(),
            proves: Vec::new(),
            meaning: String::new(),
            remedy: Vec::new(),
            references: Vec::new(),
            notes: None,
            examples: Examples::default(),
        }
    }

    /// A pattern read from these programs.
    pub(crate) fn pattern(from: &[&str], text: &str) -> LogPattern {
        LogPattern {
            from: from.iter().map(|&name| name.to_owned()).collect(),
            pattern: text.to_owned(),
            min: None,
            within: None,
            after: None,
            every: None,
        }
    }

    #[test]
    fn a_line_of_an_embedding_program_meets_the_patterns_of_all_it_embeds() {
        let rules = [rule("a", vec![pattern(&["kubelet"], "some text here")])];
        let set = PatternSet::new(&rules).unwrap();
        let hits = |program| {
            set.matches(b"with Some Text here", &set.allowed(program))
                .len()
        };
        assert_eq!(hits(Some("kubelet")), 0);
        let hits = |program| {
            set.matches(b"with some text here", &set.allowed(program))
                .len()
        };
        assert_eq!(hits(Some("kubelet")), 1);
        assert_eq!(hits(Some("k3s")), 1);
        assert_eq!(hits(None), 1);
        assert_eq!(hits(Some("containerd")), 0);
    }

    /// Lines as kubelets, systemd and runtimes write them, and some that almost match.
    fn lines() -> Vec<String> {
        let subjects = ["node", "pod", "lease", "container runtime", "certificate"];
        let errors = [
            "connection refused",
            "context deadline exceeded",
            "x509: certificate has expired or is not yet valid",
            "Unauthorized",
            "node \"w-1\" not found",
            "",
        ];
        let mut lines = vec![
            "kubelet.service: Main process exited, code=exited, status=1/FAILURE".to_owned(),
            "failed to run Kubelet: running with swap on is not supported".to_owned(),
            "UNKNOWN FLAG: --x".to_owned(),
            "unknown flag: --network-plugin".to_owned(),
            "\u{fffd}\0 short".to_owned(),
        ];
        for subject in subjects {
            for (number, error) in errors.iter().enumerate() {
                lines.push(format!(
                    "\"Failed to update {subject}\" err=\"{error}\" n={number}"
                ));
                lines.push(format!("Unable to reach {subject} {number}: {error}"));
            }
        }
        lines
    }

    #[test]
    fn literals_and_memo_agree_with_every_pattern_on_every_line() {
        let texts = [
            "(?i)unknown flag: --\\S+",
            "connection refused|context deadline exceeded",
            "node \"(?P<node>[^\"]+)\" not found",
            "\\bn=\\d+$",
            "^Unable to reach (?:node|pod) [0-3]",
            "x509: .*(?:expired|not yet)",
            "(?:Un)?authorized",
            "lease|certificate",
            "err=\"\"",
            "swap on",
            "Main process exited, code=(?P<code>\\w+)",
            ".",
            "Failed to update (?:lease)+\"",
        ];
        let rules: Vec<Rule> = texts
            .iter()
            .map(|text| rule("r", vec![pattern(&[], text)]))
            .collect();
        let set = PatternSet::new(&rules).unwrap();
        let allowed = set.allowed(None);
        let mut memo = crate::logs::memo::Memo::new();
        for line in lines().iter().chain(&lines()) {
            let naive: Vec<usize> = texts
                .iter()
                .enumerate()
                .filter(|(_, text)| compile(text).unwrap().is_match(line.as_bytes()))
                .map(|(number, _)| number)
                .collect();
            let found = memo.verdict(0, line.as_bytes(), || {
                set.matches(line.as_bytes(), &allowed)
            });
            let found: Vec<usize> = found.iter().map(|found| found.pattern).collect();
            assert_eq!(found, naive, "{line}");
        }
    }

    #[test]
    fn named_groups_become_variables() {
        let rules = [rule(
            "a",
            vec![pattern(&[], r"unknown flag: --(?P<flag>[\w-]+)")],
        )];
        let set = PatternSet::new(&rules).unwrap();
        let found = set.matches(b"x unknown flag: --cloud-config y", &set.allowed(None));
        assert_eq!(
            found[0].variables,
            [("flag".to_owned(), "cloud-config".to_owned())]
        );
        assert_eq!(found[0].end, 30);
    }

    #[test]
    fn a_bad_pattern_names_its_rule() {
        let error = PatternSet::new(&[rule("bad", vec![pattern(&[], "(")])])
            .err()
            .unwrap();
        assert_eq!((error.rule.as_str(), error.number), ("bad", 1));
        let mut slow = pattern(&[], "x");
        slow.within = Some("soon".into());
        let error = PatternSet::new(&[rule("slow", vec![slow])]).err().unwrap();
        assert!(error.to_string().contains("`soon` is not a duration"));
    }
}
