//! What a derived fact is. Each file in `facts/` declares one.

use crate::evidence::Evidence;
use crate::fact::FactDecl;
use crate::logs::LogDigest;
use chrono::{DateTime, Utc};

/// Facts that need several entries: certificate chains, effective flags, clock skew.
#[derive(Debug)]
pub struct Derived {
    /// File name in `facts/`, without ending.
    pub name: &'static str,
    /// Names of the derived facts that must have been computed before.
    pub after: &'static [&'static str],
    /// Facts that it sets.
    pub facts: &'static [FactDecl],
    /// Computes them and puts them into `evidence.facts`.
    pub derive: fn(&mut Evidence, &Context<'_>),
}

/// What derived facts see besides the evidence.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What the logs hold.
    pub logs: &'a LogDigest,
    /// The node's time; `None` when nothing in the input tells it.
    pub now: Option<DateTime<Utc>>,
}
