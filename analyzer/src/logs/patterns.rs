//! The log patterns of all rules, compiled so that a text meets only those that can match it.

use super::message::plain_quotes;
use super::prefilter::Prefilter;
use super::{literals, program};
use crate::rule::{LogPattern, Role, Rule};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Patterns of a rule set.
pub struct PatternSet {
    patterns: Vec<Pattern>,
    prefilter: Prefilter<{ literals::LONG }>,
    /// Of patterns that require no longer text.
    short: Prefilter<{ literals::SHORT }>,
    /// Patterns that no text rules out.
    always: Vec<usize>,
}

/// Rule → for each of its log patterns the texts of which every match contains one, in lower case; `None` where there are none.
pub type Literals = BTreeMap<String, Vec<Option<Vec<String>>>>;

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
    /// It tells what is wrong with the node.
    pub(crate) accuses: bool,
    /// It tells that something is wrong with the node, and not what.
    pub(crate) complains: bool,
    from: Vec<String>,
    text: String,
    /// `None` inside when it does not compile; [`PatternSet::check`] tells why.
    machine: OnceLock<Option<Machine>>,
    /// It cannot tell one digit from another: texts that differ in nothing else match alike, at the same places.
    digits_alike: OnceLock<bool>,
    /// The pattern with any digits.
    loose: OnceLock<Option<Regex>>,
}

/// Most of a match that is told, in bytes: its end.
const MOST_SHOWN: usize = 400;

/// A compiled pattern.
#[derive(Debug)]
struct Machine {
    regex: Regex,
    /// Named groups in the order of the pattern.
    names: Vec<(usize, Arc<str>)>,
}

/// How a pattern matched a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextMatch {
    /// Offset of the end of the match in the text.
    pub(crate) end: usize,
    /// Named groups in the order of the pattern, and where they are in the text.
    pub(crate) groups: Vec<(Arc<str>, Range<usize>)>,
}

impl TextMatch {
    /// Named groups and what they hold in the text that matched.
    pub(crate) fn variables(&self, text: &[u8]) -> Vec<(String, String)> {
        let value = |place: &Range<usize>| {
            String::from_utf8_lossy(text.get(place.clone()).unwrap_or_default()).into_owned()
        };
        let groups = self.groups.iter();
        groups
            .map(|(name, place)| (name.to_string(), value(place)))
            .collect()
    }

    /// Whether a digit is in a named group.
    pub(crate) fn captures_digits(&self, text: &[u8]) -> bool {
        let mut groups = self.groups.iter();
        groups.any(|(_, place)| {
            let value = text.get(place.clone());
            value.is_some_and(|value| value.iter().any(u8::is_ascii_digit))
        })
    }
}

/// The patterns that a program's lines may meet, by index.
pub(crate) type Allowed = Vec<bool>;

impl PatternSet {
    /// Reads the log patterns of rules. Their regexes compile when a text first asks for them; [`Self::check`] compiles all.
    pub fn new(rules: &[Rule]) -> Result<Self, PatternError> {
        Self::filtered(rules, |_, _, pattern| literals::required_by(pattern))
    }

    /// The same for rules whose required texts are known, so that no pattern is read before a text asks for it.
    pub fn with_literals(rules: &[Rule], literals: &Literals) -> Result<Self, PatternError> {
        Self::filtered(rules, |rule, index, _| {
            let known = literals
                .get(rule)
                .and_then(|known| known.get(index)?.as_ref());
            Ok(known.map(|texts| texts.iter().map(|text| text.clone().into_bytes()).collect()))
        })
    }

    fn filtered(
        rules: &[Rule],
        required: impl Fn(&str, usize, &str) -> Result<Option<Vec<Vec<u8>>>, String>,
    ) -> Result<Self, PatternError> {
        let (mut patterns, mut always) = (Vec::new(), Vec::new());
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for (number, rule) in rules.iter().enumerate() {
            for (index, pattern) in rule.log.iter().enumerate() {
                let error = |problem| PatternError {
                    rule: rule.id.clone(),
                    number: index + 1,
                    problem,
                };
                match required(&rule.id, index, &pattern.pattern).map_err(error)? {
                    Some(set) => {
                        let is_long = set.iter().all(|text| text.len() >= literals::LONG);
                        let texts = if is_long { &mut long } else { &mut short };
                        texts.extend(set.into_iter().map(|text| (patterns.len(), text)));
                    }
                    None => always.push(patterns.len()),
                }
                let mut pattern = Pattern::new(number, index, pattern).map_err(error)?;
                pattern.accuses = rule.role == Role::Cause;
                pattern.complains = rule.role.is_fault() && !pattern.accuses;
                patterns.push(pattern);
            }
        }
        Ok(Self {
            patterns,
            prefilter: Prefilter::new(long.into_iter()),
            short: Prefilter::new(short.into_iter()),
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

    /// Rule and number of the patterns that have no required text, so that every new text meets them.
    pub fn unfiltered(&self) -> impl Iterator<Item = (usize, usize)> {
        let patterns = self.always.iter().filter_map(|&at| self.pattern(at));
        patterns.map(|pattern| (pattern.rule, pattern.index))
    }

    /// What of a line a pattern of a rule matches, at most the last 400 bytes of it, without backslashes before quotes; `None` where it wants less than the line.
    pub(crate) fn part(&self, rule: usize, index: usize, line: &str) -> Option<String> {
        let mut patterns = self.patterns.iter();
        let pattern = patterns.find(|one| (one.rule, one.index) == (rule, index))?;
        let text = plain_quotes(line.as_bytes());
        let range = pattern.machine()?.regex.find(&text)?.range();
        let end = range.start.max(range.end.saturating_sub(MOST_SHOWN))..range.end;
        Some(String::from_utf8_lossy(text.get(end)?).into_owned())
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

    /// The allowed patterns that can match a normalised text, or one that differs from it in the value of digits, by index.
    pub(crate) fn candidates(&self, text: &[u8], allowed: &Allowed) -> Vec<usize> {
        let mut found = self.always.clone();
        self.prefilter.find(text, &mut found);
        self.short.find(text, &mut found);
        found.retain(|&pattern| allowed.get(pattern) == Some(&true));
        found.sort_unstable();
        found.dedup();
        found
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
            accuses: true,
            complains: false,
            from: pattern
                .from
                .iter()
                .map(|name| program::canonical(name).to_owned())
                .collect(),
            text: pattern.pattern.clone(),
            machine: OnceLock::new(),
            digits_alike: OnceLock::new(),
            loose: OnceLock::new(),
        })
    }

    /// How it matches a normalised text.
    pub(crate) fn find(&self, text: &[u8]) -> Option<TextMatch> {
        let Machine { regex, names } = self.machine()?;
        if names.is_empty() {
            return Some(TextMatch {
                end: regex.find(text)?.end(),
                groups: Vec::new(),
            });
        }
        let captures = regex.captures(text)?;
        let groups = names
            .iter()
            .filter_map(|(group, name)| Some((Arc::clone(name), captures.get(*group)?.range())));
        Some(TextMatch {
            end: captures.get(0)?.end(),
            groups: groups.collect(),
        })
    }

    /// Whether texts that differ in nothing but the value of digits match alike, at the same places.
    pub(crate) fn takes_digits_alike(&self) -> bool {
        *self
            .digits_alike
            .get_or_init(|| literals::takes_digits_alike(&self.text))
    }

    /// Whether it may match a text whose digits are others. The pattern itself need not be compiled for it.
    pub(crate) fn may_match_renumbered(&self, text: &[u8]) -> bool {
        let loose = || compile(&literals::with_any_digits(&self.text)?).ok();
        let loose = self.loose.get_or_init(loose).as_ref();
        loose.is_none_or(|loose| loose.is_match(text))
    }

    fn reads(&self, program: &str) -> bool {
        self.from.is_empty()
            || self
                .from
                .iter()
                .any(|from| from == program || program::embedded(program).contains(&from.as_str()))
    }

    fn machine(&self) -> Option<&Machine> {
        let made = self.machine.get_or_init(|| {
            let regex = compile(&self.text).ok()?;
            let names = regex.capture_names().enumerate();
            Some(Machine {
                names: names
                    .filter_map(|(group, name)| Some((group, Arc::from(name?))))
                    .collect(),
                regex,
            })
        });
        made.as_ref()
    }
}

/// Each pattern sees few texts, and those are short: building a DFA for it takes longer than it saves, and memory.
fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .dot_matches_new_line(true)
        .dfa_size_limit(0)
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
pub(crate) mod tests;
