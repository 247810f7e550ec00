//! What texts mean to the rules, whatever numbers are in them.

use super::klog::Level;
use super::patterns::{PatternSet, TextMatch};
use super::tally::{Key, Tally};
use super::templates;
use std::sync::Arc;

/// What a text means, whoever wrote it when, and whatever numbers are in it.
pub(crate) struct Verdict {
    pub(super) answers: Vec<Answer>,
    /// Not all of them are the same for all numbers.
    pub(super) varies: bool,
    /// It states something; what, its numbers may tell.
    pub(super) states: bool,
    pub(super) template: templates::Slot,
}

impl Verdict {
    /// Whether a record of this level needs no judging: nothing matches, it states nothing, and it is no error.
    pub(crate) fn is_silent(&self, level: Level) -> bool {
        self.answers.is_empty() && !self.states && level < Level::Error
    }

    /// The match that all records of it have, where they have one and tell nothing else.
    pub(crate) fn only_match(&self) -> Option<Judged> {
        match self.answers.as_slice() {
            [Answer::Match(judged)] if !self.states => Some(*judged),
            _ => None,
        }
    }

    /// Whether judging a record of this level looks at its text once more.
    pub(crate) fn reads_text(&self, level: Level) -> bool {
        let counts = self.answers.is_empty() && level >= Level::Error;
        self.varies || self.states || counts && self.template.get().is_none()
    }
}

/// What a pattern says to a text.
pub(super) enum Answer {
    /// It matches whatever numbers are in the text, and captures none.
    Match(Judged),
    /// It matches whatever numbers are in the text.
    Captures(usize, TextMatch),
    /// It has to be asked again for other numbers.
    Ask(usize),
}

/// A match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    pub(super) key: usize,
    pub(super) pattern: usize,
    pub(super) end: usize,
}

impl Answer {
    /// What a pattern says to a text, as far as the text's numbers do not matter; `None` when it never matches.
    pub(super) fn new(
        number: usize,
        patterns: &PatternSet,
        tally: &mut Tally,
        program: Option<&Arc<str>>,
        text: &[u8],
    ) -> Option<Self> {
        let pattern = patterns.pattern(number)?;
        if !pattern.takes_digits_alike() {
            let may = pattern.may_match_renumbered(text);
            return may.then_some(Self::Ask(number));
        }
        let found = pattern.find(text)?;
        if found.captures_digits(text) {
            return Some(Self::Captures(number, found));
        }
        let judged = Judged::new(number, &found, tally, program, text);
        Some(Self::Match(judged))
    }

    /// The match that it stands for in this very text.
    pub(super) fn judged(
        &self,
        patterns: &PatternSet,
        tally: &mut Tally,
        program: Option<&Arc<str>>,
        text: &[u8],
    ) -> Option<Judged> {
        match self {
            Self::Match(judged) => Some(*judged),
            Self::Captures(number, found) => {
                Some(Judged::new(*number, found, tally, program, text))
            }
            Self::Ask(number) => {
                let found = patterns.pattern(*number)?.find(text)?;
                Some(Judged::new(*number, &found, tally, program, text))
            }
        }
    }
}

impl Judged {
    fn new(
        pattern: usize,
        found: &TextMatch,
        tally: &mut Tally,
        program: Option<&Arc<str>>,
        text: &[u8],
    ) -> Self {
        Self {
            pattern,
            end: found.end,
            key: tally.key(Key {
                pattern,
                program: program.cloned(),
                variables: found.variables(text),
            }),
        }
    }
}
