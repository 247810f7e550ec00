//! Everything that was read from one node, typed, with the place of each piece.

use crate::fact::Facts;
use crate::origin::Origin;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;

/// A typed piece of evidence and where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The piece.
    pub value: T,
    /// Where it was read.
    pub origin: Origin,
}

/// Something that could not be read, and what could therefore not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Entry with the problem.
    pub entry: String,
    /// What is wrong, with the place: `line 14 is not YAML`. Never a quotation of a value.
    pub problem: String,
    /// Prefixes of the facts that this entry would have given: `kubelet.effective`.
    pub facts: Vec<String>,
}

/// Typed evidence of one node: parsers put values of their own types in, derived facts take them out.
///
/// Values of one type keep the order of the entries they came from.
#[derive(Default)]
pub struct Evidence {
    typed: BTreeMap<TypeId, Box<dyn Any + Send>>,
    /// Facts that one entry alone proves; derived facts add theirs.
    pub facts: Facts,
    /// Entries that could not be parsed.
    pub gaps: Vec<Gap>,
}

impl Evidence {
    /// Adds one piece.
    pub fn push<T: Any + Send>(&mut self, value: T, origin: Origin) {
        let slot = self
            .typed
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(Vec::<Sourced<T>>::new()));
        if let Some(list) = slot.downcast_mut::<Vec<Sourced<T>>>() {
            list.push(Sourced { value, origin });
        }
    }

    /// All pieces of one type, in the order of their entries; empty when none was read.
    pub fn all<T: Any + Send>(&self) -> &[Sourced<T>] {
        self.typed
            .get(&TypeId::of::<T>())
            .and_then(|list| list.downcast_ref::<Vec<Sourced<T>>>())
            .map_or(&[], Vec::as_slice)
    }

    /// Notes an entry, or a part of it, that could not be parsed.
    pub fn gap(&mut self, entry: impl Into<String>, problem: impl Into<String>, facts: &[&str]) {
        self.gaps.push(Gap {
            entry: entry.into(),
            problem: problem.into(),
            facts: facts.iter().map(|&prefix| prefix.to_owned()).collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_own_list_in_order() {
        let mut evidence = Evidence::default();
        evidence.push(7_u8, Origin::line("a", 1));
        evidence.push("text", Origin::line("a", 2));
        evidence.push(8_u8, Origin::line("b", 1));
        let bytes: Vec<u8> = evidence
            .all::<u8>()
            .iter()
            .map(|piece| piece.value)
            .collect();
        assert_eq!(bytes, [7, 8]);
        assert!(evidence.all::<u64>().is_empty());
    }
}
