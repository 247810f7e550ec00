//! Facts that several entries can tell: each parser claims what its entry says, and the best witness wins.

use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Value};
use crate::origin::Origin;

/// What one entry says about one fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Path of the fact.
    pub path: &'static str,
    /// The value.
    pub value: Value,
    /// How good the witness is.
    pub witness: Witness,
}

/// How good a witness is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// The kernel, or our collector that asked it.
    Kernel,
    /// A program that reports the running state.
    Program,
    /// Another object or entry that repeats it.
    Hearsay,
    /// A file that says how it should be.
    Configured,
}

/// Notes what an entry says about a fact.
pub fn claim(
    evidence: &mut Evidence,
    path: &'static str,
    witness: Witness,
    value: impl Into<Value>,
    origin: Origin,
) {
    let value = value.into();
    evidence.push(
        Claim {
            path,
            value,
            witness,
        },
        origin,
    );
}

/// Sets each declared fact that somebody claimed, by the best witness, the first of equals.
pub fn settle(evidence: &mut Evidence, facts: &[FactDecl]) {
    for declared in facts {
        if let Some(fact) = best(evidence, declared.path) {
            evidence.facts.set(declared.path, fact);
        }
    }
}

/// The best claim for one path; `None` when nobody said anything.
pub fn best(evidence: &Evidence, path: &str) -> Option<Fact> {
    evidence
        .all::<Claim>()
        .iter()
        .filter(|piece| piece.value.path == path)
        .min_by_key(|piece| piece.value.witness)
        .map(|piece| Fact::new(piece.value.value.clone(), piece.origin.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Type;

    const NAME: &[FactDecl] = &[FactDecl {
        path: "host.name",
        ty: Type::Text,
        meaning: "",
        null: "",
        needs: "",
        collect_with: "",
    }];

    #[test]
    fn the_kernel_is_believed_before_a_file() {
        let mut evidence = Evidence::default();
        claim(
            &mut evidence,
            "host.name",
            Witness::Configured,
            "planned",
            Origin::line("etc/hostname", 1),
        );
        claim(
            &mut evidence,
            "host.name",
            Witness::Kernel,
            "running",
            Origin::line("hostname.txt", 1),
        );
        settle(&mut evidence, NAME);
        assert_eq!(evidence.facts.text("host.name"), Some("running"));
    }

    #[test]
    fn what_nobody_claims_stays_unknown() {
        let mut evidence = Evidence::default();
        settle(&mut evidence, NAME);
        assert!(evidence.facts.get("host.name").is_none());
    }
}
