//! All rules over one text: a prefilter decides which rules look at all.

use crate::redact::hit::Hit;
use crate::redact::rule::{Rule, Text};
use crate::redact::rules;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::sync::LazyLock;

/// How deep wrapped content (base64, gzip) is searched.
pub(crate) const MAX_DEPTH: u8 = 2;

/// Adds what every rule finds. Hits may overlap.
pub(crate) fn scan(text: &Text<'_>, hits: &mut Vec<Hit>) {
    let wanted = triggered(text.bytes);
    for (number, rule) in rules::ALL.iter().enumerate() {
        if wanted & (1 << number) != 0 {
            (rule.find)(text, hits);
        }
    }
}

/// Whether any rule finds something; used on content that was unwrapped.
pub(crate) fn holds_secret(text: &Text<'_>) -> bool {
    let mut hits = Vec::new();
    scan(text, &mut hits);
    !hits.is_empty()
}

/// One bit per rule of [`rules::ALL`].
fn triggered(bytes: &[u8]) -> u64 {
    let mut wanted = PREFILTER.always;
    if let Some(literals) = &PREFILTER.literals {
        for found in literals.find_overlapping_iter(bytes) {
            wanted |= PREFILTER
                .rules
                .get(found.pattern().as_usize())
                .copied()
                .unwrap_or(u64::MAX);
            if wanted == PREFILTER.all {
                break;
            }
        }
    } else {
        wanted = u64::MAX;
    }
    wanted
}

struct Prefilter {
    /// `None` only if the literals could not be compiled; then every rule looks.
    literals: Option<AhoCorasick>,
    /// Bit of the rule of each literal.
    rules: Vec<u64>,
    always: u64,
    all: u64,
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| Prefilter::new(rules::ALL));

impl Prefilter {
    fn new(rules: &[&Rule]) -> Self {
        let mut literals: Vec<&str> = Vec::new();
        let mut bits = Vec::new();
        let mut always = 0;
        for (number, rule) in rules.iter().enumerate() {
            let bit = 1_u64 << number;
            if rule.triggers.is_empty() {
                always |= bit;
            }
            literals.extend(rule.triggers);
            bits.extend(rule.triggers.iter().map(|_| bit));
        }
        let all = bits.iter().fold(always, |all, bit| all | bit);
        Self {
            literals: AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(literals)
                .ok(),
            rules: bits,
            always,
            all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_and_names_of_rules_are_unique_and_each_rule_says_what_it_does() {
        let ids: BTreeSet<_> = rules::ALL.iter().map(|rule| rule.id()).collect();
        let names: BTreeSet<_> = rules::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(
            (ids.len(), names.len()),
            (rules::ALL.len(), rules::ALL.len())
        );
        assert!(
            rules::ALL.len() <= 64,
            "the prefilter has one bit for each rule"
        );
        for rule in rules::ALL {
            assert!(rule.description().ends_with('.'), "{}", rule.id());
            assert!(!rule.safe_form().is_empty(), "{}", rule.id());
        }
    }

    #[test]
    fn ordinary_log_lines_wake_only_rules_that_look_at_every_line() {
        let line = b"I0823 10:00:00.000001 66 kubelet.go:2412] \"Starting kubelet main sync loop\"";
        assert_eq!(triggered(line), PREFILTER.always);
    }
}
