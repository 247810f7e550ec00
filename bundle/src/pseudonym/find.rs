//! Where a word begins and ends.

use regex::bytes::Regex;
use std::ops::Range;

/// Whether no letter or digit touches the range.
pub(super) fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(range.end);
    !before.is_some_and(u8::is_ascii_alphanumeric) && !after.is_some_and(u8::is_ascii_alphanumeric)
        || escaped(text, range.start) && !after.is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the letter before is that of `\n` or `\t`, as logs and JSON write line breaks and tabs.
fn escaped(text: &[u8], start: usize) -> bool {
    let two = start.checked_sub(2).and_then(|from| text.get(from..start));
    matches!(two, Some(b"\\n" | b"\\t" | b"\\r"))
}

/// Every match of the expression, also those that begin inside a match that `accept` refused.
pub(super) fn each<T>(
    expression: &Regex,
    text: &[u8],
    mut accept: impl FnMut(Range<usize>) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(next) = expression.find_at(text, from) {
        match accept(next.range()) {
            Some(value) => {
                found.push(value);
                from = next.end().max(from + 1);
            }
            None => from = next.start() + 1,
        }
    }
    found
}

/// A compiled expression; one that does not compile matches nothing, and its test fails.
pub(super) fn expression(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}
