//! Whether the journal was read and holds no word of the kubelet.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::parse::journal_facts::JournalFact;

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_silent",
    after: &["kubelet_unit", "units"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[FactDecl::new(
    "kubelet.silent",
    Type::Bool,
    "the journal was read, other units wrote to it, and the kubelet's unit did not: it was never started in this time",
)
.needs("journal of the kubelet's unit", "journalctl --unit=kubelet --boot")];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let unit = evidence
        .facts
        .get("kubelet.unit.name")
        .and_then(Fact::as_text);
    let unit = unit.unwrap_or("kubelet.service").to_owned();
    let journals = evidence.all::<JournalFact>();
    let fact = |records: bool, unit: Option<&str>| {
        let fits = |one: &&Sourced<JournalFact>| {
            one.value.from_files
                && (one.value.records > 0) == records
                && unit.is_none_or(|unit| one.value.unit == unit)
        };
        journals.iter().find(fits)
    };
    let (Some(other), Some(own)) = (
        fact(true, None),
        fact(false, Some(&unit)).or(fact(true, Some(&unit))),
    ) else {
        return;
    };
    let silent = Fact {
        value: Value::Bool(own.value.records == 0),
        origins: vec![own.origin.clone(), other.origin.clone()],
    };
    evidence.facts.set("kubelet.silent", silent);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    fn silent(journals: &[(&str, u64)]) -> Option<bool> {
        let mut evidence = Evidence::default();
        for (line, (unit, records)) in (3..).zip(journals) {
            let fact = JournalFact {
                unit: (*unit).to_owned(),
                records: *records,
                from_files: true,
            };
            evidence.push(fact, Origin::line("facts/journals.json", line));
        }
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        match evidence.facts.get("kubelet.silent")?.value {
            Value::Bool(silent) => Some(silent),
            _ => None,
        }
    }

    #[test]
    fn a_kubelet_without_a_line_beside_a_runtime_with_lines_was_never_started() {
        assert_eq!(
            silent(&[("kubelet.service", 0), ("containerd.service", 60)]),
            Some(true)
        );
        assert_eq!(
            silent(&[("kubelet.service", 9), ("containerd.service", 60)]),
            Some(false)
        );
    }

    #[test]
    fn an_empty_journal_proves_nothing() {
        assert_eq!(
            silent(&[("kubelet.service", 0), ("containerd.service", 0)]),
            None
        );
        assert_eq!(silent(&[]), None);
    }
}
