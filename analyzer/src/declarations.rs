//! All declared facts: what conditions may name, and what is missing when one is unknown.

use crate::fact::{FactDecl, Type};
use crate::{facts, parse};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Declarations by path.
#[derive(Debug, Clone, Default)]
pub struct Declarations(BTreeMap<&'static str, &'static FactDecl>);

impl Declarations {
    /// Those of all parsers and derived facts of this program.
    pub fn all() -> &'static Self {
        static ALL: OnceLock<Declarations> = OnceLock::new();
        ALL.get_or_init(|| {
            let parsers = parse::ALL.iter().flat_map(|parser| parser.facts);
            let derived = facts::ALL.iter().flat_map(|derived| derived.facts);
            Self::new(parsers.chain(derived))
        })
    }

    /// These; of two with one path the first counts.
    pub fn new(facts: impl Iterator<Item = &'static FactDecl>) -> Self {
        let mut by_path = BTreeMap::new();
        for fact in facts {
            by_path.entry(fact.path).or_insert(fact);
        }
        Self(by_path)
    }

    /// The declaration of one path.
    pub fn get(&self, path: &str) -> Option<&'static FactDecl> {
        self.0.get(path).copied()
    }

    /// Type of one path.
    pub fn ty(&self, path: &str) -> Option<Type> {
        self.get(path).map(|fact| fact.ty)
    }

    /// All of them, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = &'static FactDecl> {
        self.0.values().copied()
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
