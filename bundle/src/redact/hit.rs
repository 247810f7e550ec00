//! What was found, and how bytes look once it is masked.

use crate::redact::CaseKey;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes to mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The bytes, as a range of the text that was searched.
    pub(crate) range: Range<usize>,
    /// Id of the rule.
    pub(crate) rule: &'static str,
    /// What stands in their place.
    pub(crate) mask: String,
}

/// A placeholder: `REDACTED(kind;fact=value;…)`, made only of ASCII that is safe in YAML, JSON, TOML, INI, units and URLs.
#[derive(Debug)]
pub(crate) struct Placeholder(String);

impl Placeholder {
    pub(crate) fn new(kind: &str) -> Self {
        Self(format!("REDACTED({kind}"))
    }

    /// The id under which equal values can be recognised.
    pub(crate) fn id(self, key: &CaseKey, value: &[u8]) -> Self {
        let id = key.id(value);
        self.fact("id", &id)
    }

    /// A fact about the value. Characters that could break a file are replaced by `_`, long facts are cut.
    pub(crate) fn fact(mut self, name: &str, value: &str) -> Self {
        self.0.push(';');
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(value.chars().take(128).map(|character| {
            let safe = character.is_ascii_alphanumeric() || "._:/@+-".contains(character);
            if safe { character } else { '_' }
        }));
        if self.0.ends_with(':') {
            self.0.push('_');
        }
        self
    }

    pub(crate) fn text(mut self) -> String {
        self.0.push(')');
        self.0
    }
}

/// Sorts hits and lets none overlap: where two do, the one that begins first (then the longer) stays and grows over the other.
/// Of two over the same bytes the one whose mask brings its own quotes stays, then the one that knows more than "a secret".
pub(crate) fn settle(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.retain(|hit| !hit.range.is_empty());
    hits.sort_by_key(|hit| {
        let generic = matches!(hit.rule, "R9" | "learned");
        (
            hit.range.start,
            usize::MAX - hit.range.end,
            !hit.mask.starts_with('"'),
            generic,
        )
    });
    let mut settled: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match settled.last_mut() {
            Some(last) if hit.range.start < last.range.end => {
                last.range.end = last.range.end.max(hit.range.end);
            }
            _ => settled.push(hit),
        }
    }
    settled
}

/// The text with every hit masked, and how often each rule masked. Hits must be settled.
pub(crate) fn apply(text: &[u8], hits: &[Hit]) -> (Vec<u8>, BTreeMap<String, u64>) {
    let mut masked = Vec::with_capacity(text.len());
    let mut counts = BTreeMap::new();
    let mut from = 0;
    for hit in hits {
        masked.extend(text.get(from..hit.range.start).unwrap_or_default());
        let hidden = text.get(hit.range.clone()).unwrap_or_default();
        mask_lines(hidden, &hit.mask, &mut masked);
        from = hit.range.end;
        *counts.entry(hit.rule.to_owned()).or_insert(0) += 1;
    }
    masked.extend(text.get(from..).unwrap_or_default());
    (masked, counts)
}

/// Puts the mask on the first line that has content and a bare mark on each further one, so that the number of lines stays.
fn mask_lines(hidden: &[u8], mask: &str, masked: &mut Vec<u8>) {
    if !hidden.contains(&b'\n') {
        masked.extend(mask.as_bytes());
        return;
    }
    let mut mask = Some(mask);
    for line in hidden.split_inclusive(|byte| *byte == b'\n') {
        let is_frame = |byte: &u8| b" \t\r\n#>\"',\\".contains(byte);
        let Some(start) = line.iter().position(|byte| !is_frame(byte)) else {
            masked.extend(line);
            continue;
        };
        let end = line
            .iter()
            .rposition(|byte| !is_frame(byte))
            .map_or(line.len(), |at| at + 1);
        masked.extend(line.get(..start).unwrap_or_default());
        masked.extend(mask.take().unwrap_or("REDACTED").as_bytes());
        masked.extend(line.get(end..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_of_several_lines_keeps_its_lines_and_its_frame() {
        let text = b"a: |\r\n  one\r\n\r\n  two\r\nb: c";
        let hit = Hit {
            range: 6..22,
            rule: "R9",
            mask: "REDACTED(secret)".to_owned(),
        };
        let (masked, counts) = apply(text, &[hit]);
        assert_eq!(
            masked,
            b"a: |\r\n  REDACTED(secret)\r\n\r\n  REDACTED\r\nb: c"
        );
        assert_eq!(counts["R9"], 1);
    }

    #[test]
    fn overlapping_hits_become_one_that_covers_both() {
        let hit = |range, rule, mask: &str| Hit {
            range,
            rule,
            mask: mask.to_owned(),
        };
        let settled = settle(vec![hit(4..9, "R9", "b"), hit(2..6, "R3", "a")]);
        assert_eq!(settled, vec![hit(2..9, "R3", "a")]);
    }

    #[test]
    fn facts_cannot_break_the_file_they_stand_in() {
        let text = Placeholder::new("jwt")
            .fact("iss", "a: b #\"\\'\n{x}")
            .text();
        assert_eq!(text, "REDACTED(jwt;iss=a:_b_______x_)");
    }
}
