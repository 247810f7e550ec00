//! All rules over one text: a prefilter decides which rules look at all.

use crate::pem;
use crate::redact::hit::{Hit, Placeholder};
use crate::redact::rule::{Rule, Text};
use crate::redact::{rules, value};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::ops::Range;
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
    if text.depth < MAX_DEPTH {
        wrapped(text, hits);
    }
}

/// Base64 of text that holds a secret. What the rules know by how its base64 begins they have found before.
fn wrapped(text: &Text<'_>, hits: &mut Vec<Hit>) {
    let mut at = 0;
    while let Some(run) = next_run(text.bytes, at) {
        at = run.end + 1;
        let Some(content) = printable(text.slice(run.clone())) else {
            continue;
        };
        let inner = Text {
            bytes: &content,
            config: true,
            depth: text.depth + 1,
            ..*text
        };
        let mut found = Vec::new();
        scan(&inner, &mut found);
        found.retain(|hit| !hit.range.is_empty());
        let named = found.iter().find(|hit| hit.rule != "R9");
        if let Some(first) = named.or(found.first()) {
            hits.push(Hit {
                mask: Placeholder::new("wrapped")
                    .fact("in", "base64")
                    .id(text.key, text.slice(run.clone()))
                    .text(),
                range: run,
                rule: first.rule,
            });
        }
    }
}

/// Shorter base64 wraps no secret that can be told from chance, in letters.
const MIN_RUN: usize = 28;

/// The next long run of the base64 alphabet. Looks at every 28th byte only while there is none.
fn next_run(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut start = from;
    loop {
        let probe = bytes.get(start..start + MIN_RUN)?;
        if let Some(other) = probe.iter().rposition(|byte| !is_letter(*byte)) {
            start += other + 1;
            continue;
        }
        let run = bytes.get(start..)?;
        let length = run.iter().take_while(|byte| is_letter(**byte)).count();
        let padding = run.iter().skip(length).take(2);
        let padding = padding.take_while(|byte| **byte == b'=').count();
        return Some(start..start + length + padding);
    }
}

/// Padding only ends a run: in `name=value` the value is one.
fn is_letter(byte: u8) -> bool {
    pem::is_base64(byte) && byte != b'='
}

/// What base64 of at most 64 KiB decodes to, if that is text.
fn printable(run: &[u8]) -> Option<Vec<u8>> {
    let is_text = |bytes: &[u8]| {
        bytes
            .iter()
            .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..))
    };
    let start = value::base64(run.get(..16)?)?;
    if !is_text(&start) || !start.is_ascii() {
        return None;
    }
    let run = run.get(..run.len().min(64 * 1024))?;
    let content = value::base64(run.get(..run.len() - usize::from(run.len() % 4 == 1))?)?;
    is_text(&content).then_some(content)
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
