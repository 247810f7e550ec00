//! What judging a condition yields.

use crate::fact::{Fact, Value};
use crate::logs::{Occurrence, Stamp};
use crate::origin::Origin;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The value of a condition, why it is that, and what was missing to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The value; `None` is unknown.
    pub value: Option<Cow<'a, Value>>,
    /// What would have to be known. Empty where the value is known.
    pub missing: BTreeSet<Missing>,
    /// What decided, in the order of the condition.
    pub decided: Vec<Decided>,
    /// A time whose year was inferred took part.
    pub year_inferred: bool,
    /// Unknown only because log lines have no time.
    pub(super) timeless: bool,
}

/// Something that a condition asked for and the input does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A declared fact, by path.
    Fact(String),
    /// The whole current life in the log of one of these programs.
    Log(Vec<String>),
    /// The node's time.
    Now,
}

/// Something that decided a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// A fact.
    Fact {
        /// Its path, fields of items as `list[].field`.
        path: String,
        /// Its value as text.
        text: String,
        /// Null, or a false `….exists`: the proof of an absence.
        absent: bool,
        /// Where it was read.
        origins: Vec<Origin>,
    },
    /// A line of a log.
    Line(Occurrence),
}

impl<'a> Outcome<'a> {
    pub(super) fn owned(value: Value) -> Self {
        Self::some(Some(Cow::Owned(value)))
    }

    pub(super) fn some(value: Option<Cow<'a, Value>>) -> Self {
        Self {
            value,
            missing: BTreeSet::new(),
            decided: Vec::new(),
            year_inferred: false,
            timeless: false,
        }
    }

    pub(super) fn unknown(missing: Missing) -> Self {
        Self {
            missing: BTreeSet::from([missing]),
            ..Self::some(None)
        }
    }

    /// A known value and what proves it.
    pub fn known(value: Value, decided: Vec<Decided>) -> Self {
        Self {
            decided,
            ..Self::owned(value)
        }
    }

    /// Unknown for want of these.
    pub fn missing(missing: impl IntoIterator<Item = Missing>) -> Self {
        Self {
            missing: missing.into_iter().collect(),
            ..Self::some(None)
        }
    }

    /// A time of a log or clock.
    pub fn at(stamp: Stamp) -> Self {
        Self {
            year_inferred: stamp.year_inferred,
            ..Self::owned(Value::Time(stamp.time))
        }
    }

    /// The time of a line that has none: comparisons with it count as satisfied.
    pub fn timeless() -> Self {
        Self {
            timeless: true,
            ..Self::some(None)
        }
    }

    /// A known fact.
    pub(super) fn fact(path: &str, fact: &'a Fact, origins: &[Origin]) -> Self {
        Self {
            decided: vec![Decided::fact(path, fact, origins)],
            ..Self::some(Some(Cow::Borrowed(&fact.value)))
        }
    }

    /// The truth value; `None` is unknown, and so is null: it is neither.
    pub fn truth(&self) -> Option<bool> {
        match self.value.as_deref() {
            Some(Value::Bool(truth)) => Some(*truth),
            _ => None,
        }
    }

    /// Adds what another part found, with another value.
    pub(super) fn join(mut self, other: Self, value: Option<Value>) -> Self {
        self.value = value.map(Cow::Owned);
        self.decided.extend(other.decided);
        self.missing.extend(other.missing);
        self.year_inferred |= other.year_inferred;
        self.timeless |= other.timeless;
        self
    }

    pub(super) fn with_value(mut self, value: Option<Value>) -> Self {
        self.value = value.map(Cow::Owned);
        self
    }
}

impl Decided {
    /// A fact as a piece of evidence. `origins` stand in where the fact has none of its own.
    pub fn fact(path: &str, fact: &Fact, origins: &[Origin]) -> Self {
        let unset = fact.value == Value::Null;
        let missing = fact.value == Value::Bool(false) && path.ends_with(".exists");
        Self::Fact {
            path: path.to_owned(),
            text: fact.value.to_string(),
            absent: unset || missing,
            origins: if fact.origins.is_empty() {
                origins.to_vec()
            } else {
                fact.origins.clone()
            },
        }
    }
}
