//! Everything that was read from one node, typed, with the place of each piece.

use crate::fact::Facts;
use crate::origin::Origin;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
#[derive(Clone, Default)]
pub struct Evidence {
    typed: BTreeMap<TypeId, Box<dyn Pieces>>,
    /// Facts that one entry alone proves; derived facts add theirs.
    pub facts: Facts,
    /// Entries that could not be parsed.
    pub gaps: Vec<Gap>,
    /// What is read belongs to all nodes of a cluster: what one Node object repeats of its machine is kept apart.
    pub(crate) is_shared: bool,
}

/// A list of pieces of one type.
trait Pieces: Any + Send {
    fn copy(&self) -> Box<dyn Pieces>;
    /// Adds the pieces of a list of the same type.
    fn append(&mut self, more: Box<dyn Pieces>);
}

impl<T: Any + Send + Clone> Pieces for Vec<Sourced<T>> {
    fn copy(&self) -> Box<dyn Pieces> {
        Box::new(self.clone())
    }

    fn append(&mut self, more: Box<dyn Pieces>) {
        let more: Box<dyn Any> = more;
        if let Ok(more) = more.downcast::<Self>() {
            self.extend(*more);
        }
    }
}

impl Clone for Box<dyn Pieces> {
    fn clone(&self) -> Self {
        self.as_ref().copy()
    }
}

impl Evidence {
    /// Adds one piece.
    pub fn push<T: Any + Send + Clone>(&mut self, value: T, origin: Origin) {
        let slot = self
            .typed
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(Vec::<Sourced<T>>::new()));
        let slot: &mut dyn Any = slot.as_mut();
        if let Some(list) = slot.downcast_mut::<Vec<Sourced<T>>>() {
            list.push(Sourced { value, origin });
        }
    }

    /// All pieces of one type, in the order of their entries; empty when none was read.
    pub fn all<T: Any + Send>(&self) -> &[Sourced<T>] {
        self.typed
            .get(&TypeId::of::<T>())
            .and_then(|list| {
                let list: &dyn Any = list.as_ref();
                list.downcast_ref::<Vec<Sourced<T>>>()
            })
            .map_or(&[], Vec::as_slice)
    }

    /// Takes out all pieces of one type.
    pub fn take<T: Any + Send>(&mut self) -> Vec<Sourced<T>> {
        let list = self.typed.remove(&TypeId::of::<T>());
        let list = list.map(|list| {
            let list: Box<dyn Any> = list;
            list.downcast::<Vec<Sourced<T>>>()
        });
        match list {
            Some(Ok(list)) => *list,
            _ => Vec::new(),
        }
    }

    /// Adds what was read elsewhere, behind what is here; of facts, those that are not known here.
    pub fn extend(&mut self, more: Self) {
        for (kind, list) in more.typed {
            match self.typed.entry(kind) {
                Entry::Occupied(mut here) => here.get_mut().append(list),
                Entry::Vacant(here) => {
                    here.insert(list);
                }
            }
        }
        self.facts.fill(more.facts);
        self.gaps.extend(more.gaps);
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
