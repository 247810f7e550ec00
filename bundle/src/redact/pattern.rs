//! Patterns of the rules, compiled when first needed.

use regex::bytes::{Regex, RegexBuilder};

/// Compiles a pattern of ours.
pub(crate) fn compile(pattern: &str) -> Regex {
    #[expect(
        clippy::expect_used,
        reason = "patterns are constants and every rule's test compiles its own; going on without one would let secrets pass"
    )]
    RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .expect("the pattern of a rule compiles")
}
