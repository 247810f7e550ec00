//! The examples of a rule: raw lines, read as logs are.

use super::patterns::PatternSet;
use super::scanner::{Options, Scanner};
use crate::rule::{LogPattern, Rule};
use crate::source::Source;
use std::collections::BTreeSet;

/// Indexes of the rule's log patterns that match an example: a raw line with or without its carrier, or the lines of one
/// record. How often and how late after a start a pattern wants to match does not count here.
pub fn matching_patterns(rule: &Rule, example: &str) -> BTreeSet<usize> {
    // A line counts once for a rule, so each pattern is a rule of its own here.
    let alone = |pattern: &LogPattern| Rule {
        log: vec![LogPattern {
            min: None,
            within: None,
            after: None,
            ..pattern.clone()
        }],
        ..rule.clone()
    };
    let rules: Vec<Rule> = rule.log.iter().map(alone).collect();
    let Ok(patterns) = PatternSet::new(&rules) else {
        return BTreeSet::new();
    };
    let mut scanner = Scanner::new(&patterns, Options::default());
    let source = Source::Named("example".to_owned());
    // Reading from memory cannot fail.
    if scanner
        .scan("example", &source, &mut example.as_bytes())
        .is_err()
    {
        return BTreeSet::new();
    }
    scanner.finish().hits.iter().map(|hit| hit.rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::patterns::tests::{pattern, rule};

    #[test]
    fn an_example_is_read_like_a_log() {
        let mut late = pattern(&["kubelet"], "node \"\\S+\" not found");
        late.min = Some(5);
        late.after = Some("60s".into());
        let rule = rule(
            "r",
            vec![
                late,
                pattern(&["kubelet"], "unknown .* labels"),
                pattern(&["containerd"], "not found"),
            ],
        );
        let of = |example: &str| {
            matching_patterns(&rule, example)
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(
                "Nov 22 07:22:29 n kubelet[76]: E1122 07:22:29.934915      76 kubelet.go:1] \"Error getting node\" err=\"node \\\"x\\\" not found\""
            ),
            [0]
        );
        assert_eq!(
            of(
                "Nov 22 07:22:29 n kubelet[76]: E1122 07:22:29.934915      76 run.go:72] \"command failed\" err=<\nNov 22 07:22:29 n kubelet[76]:         unknown 'kubernetes.io' labels\nNov 22 07:22:29 n kubelet[76]:  >"
            ),
            [1]
        );
        assert_eq!(of("node \"x\" not found"), [0, 2]);
        assert!(of("Nov 22 07:22:29 n etcd[76]: node \"x\" not found").is_empty());
    }
}
