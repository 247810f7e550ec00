//! Texts that every match of a pattern must contain, so that most lines never meet the pattern itself.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind, Repetition};

/// Shorter texts are in many lines, and only looked for where a pattern has none that is longer.
pub(crate) const LONG: usize = 6;
/// Shorter texts are in too many lines to be worth looking for.
pub(crate) const SHORT: usize = 3;
/// More alternatives than this find candidates no better than the pattern does.
const MAX_SETS: usize = 32;

/// Lower-case texts of which every match of a pattern contains at least one, letters of any case; `None` when there is no such set.
/// An error says why it is no pattern.
pub(crate) fn required_by(pattern: &str) -> Result<Option<Vec<Vec<u8>>>, String> {
    let set = best(&parse(pattern)?);
    Ok(set.filter(|set| set.iter().all(|text| text.len() >= SHORT)))
}

/// Whether a pattern cannot tell one digit from another, so that texts which differ in nothing else match alike.
pub(crate) fn takes_digits_alike(pattern: &str) -> bool {
    parse(pattern).is_ok_and(|hir| is_blind(&hir))
}

/// A pattern that matches whatever this one would match if other digits stood in it.
pub(crate) fn with_any_digits(pattern: &str) -> Option<String> {
    Some(loosened(&parse(pattern).ok()?).to_string())
}

/// Every digit in it is any digit.
fn loosened(hir: &Hir) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(loosened).collect();
    match hir.kind() {
        HirKind::Literal(literal) => {
            let bytes = literal.0.iter();
            Hir::concat(bytes.map(|&byte| loosened_byte(byte)).collect())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges().iter();
            let mut class = ClassBytes::new(ranges.copied());
            if class
                .ranges()
                .iter()
                .any(|range| range.start() <= b'9' && range.end() >= b'0')
            {
                class.push(digits());
            }
            Hir::class(Class::Bytes(class))
        }
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(loosened(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => loosened(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
        HirKind::Class(Class::Unicode(_)) | HirKind::Empty | HirKind::Look(_) => hir.clone(),
    }
}

fn loosened_byte(byte: u8) -> Hir {
    if byte.is_ascii_digit() {
        Hir::class(Class::Bytes(ClassBytes::new([digits()])))
    } else {
        Hir::literal([byte])
    }
}

fn digits() -> ClassBytesRange {
    ClassBytesRange::new(b'0', b'9')
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

/// Every class has all digits or none, and no literal has one.
fn is_blind(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => !literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(Class::Bytes(class)) => class.ranges().iter().all(|range| {
            let (start, end) = (range.start(), range.end());
            end < b'0' || start > b'9' || start <= b'0' && end >= b'9'
        }),
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Capture(capture) => is_blind(&capture.sub),
        HirKind::Repetition(repetition) => is_blind(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_blind),
        HirKind::Empty | HirKind::Look(_) => true,
    }
}

type Set = Vec<Vec<u8>>;

/// The set that is found least often in logs.
fn best(hir: &Hir) -> Option<Set> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Alternation(branches) => of_alternation(branches),
        HirKind::Class(class) => letter(class).map(|letter| vec![vec![letter]]),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

fn of_alternation(branches: &[Hir]) -> Option<Set> {
    let mut set = Vec::new();
    for branch in branches {
        set.extend(best(branch)?);
    }
    set.sort();
    set.dedup();
    (set.len() <= MAX_SETS).then_some(set)
}

/// Neighbouring literals and letters of any case make one text; the rarest of all sets wins.
fn of_concat(parts: &[Hir]) -> Option<Set> {
    let mut sets = Vec::new();
    let mut run = Vec::new();
    for part in parts {
        if let Some(text) = exact(part) {
            run.extend(text);
        } else {
            sets.push(vec![std::mem::take(&mut run)]);
            sets.extend(best(part));
        }
    }
    sets.push(vec![run]);
    sets.into_iter()
        .filter(|set| set.iter().all(|literal| !literal.is_empty()))
        .max_by_key(|set| {
            (
                is_long(set),
                set.iter().map(|literal| rarity(literal)).min(),
            )
        })
}

fn is_long(set: &Set) -> bool {
    set.iter().all(|literal| literal.len() >= LONG)
}

/// The one text that a part matches, letters of any case.
fn exact(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_ascii_lowercase()),
        HirKind::Class(class) => letter(class).map(|letter| vec![letter]),
        HirKind::Capture(capture) => exact(&capture.sub),
        _ => None,
    }
}

/// A class that is one letter in both cases.
fn letter(class: &Class) -> Option<u8> {
    let Class::Bytes(class) = class else {
        return None;
    };
    let [upper, lower] = class.ranges() else {
        return None;
    };
    let pair = upper.start() == upper.end()
        && lower.start() == lower.end()
        && upper.start().is_ascii_uppercase()
        && upper.start().to_ascii_lowercase() == lower.start();
    pair.then_some(lower.start())
}

/// Long texts are rare; words that most lines of a kubelet have are not.
fn rarity(literal: &[u8]) -> usize {
    const COMMON: [&[u8]; 12] = [
        b"failed to ",
        b"error: ",
        b" err=\"",
        b"unable to ",
        b"container",
        b"kubelet",
        b"kubernetes",
        b"forbidden",
        b"not found",
        b"connect: ",
        b"rpc error: ",
        b"node \"",
    ];
    let common: usize = COMMON
        .iter()
        .filter(|word| memchr::memmem::find(literal, word).is_some())
        .map(|word| word.len())
        .sum();
    (4 * literal.len()).saturating_sub(3 * common)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Option<Vec<String>> {
        required_by(pattern).unwrap().map(|set| {
            set.into_iter()
                .map(|literal| String::from_utf8(literal).unwrap())
                .collect()
        })
    }

    #[test]
    fn a_text_that_every_match_contains_is_found() {
        assert_eq!(
            of("Failed to .* swap on is"),
            Some(vec![" swap on is".into()])
        );
        assert_eq!(of("(?i)Swap ON is"), Some(vec!["swap on is".into()]));
        assert_eq!(
            of("x(?:first branch|second branch)y"),
            Some(vec!["first branch".into(), "second branch".into()])
        );
        assert_eq!(
            of("(?P<n>literal text)+"),
            Some(vec!["literal text".into()])
        );
    }

    #[test]
    fn a_short_text_is_better_than_none() {
        assert_eq!(of("short.*no"), Some(vec!["short".into()]));
    }

    #[test]
    fn a_pattern_without_one_says_so() {
        for pattern in [
            "no",
            r"\w+ \d+",
            "(?:long enough|no)",
            "(?:long enough)?",
            "a*b*",
        ] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_tells_digits_apart_says_so() {
        for pattern in [
            r"\d+ of [0-9a-f]{3}",
            "(?i)no [^ ]* .",
            r"\bx(?:y|\S+)$",
            "",
        ] {
            assert!(takes_digits_alike(pattern), "{pattern}");
        }
        for pattern in ["v1", "[1-9]", "(?:a|[^5])", "x{2}[0-8]*", "("] {
            assert!(!takes_digits_alike(pattern), "{pattern}");
        }
    }
}
