//! How far the node's journal can be trusted: where it is kept, what of it is lost or was never written.

use crate::claim::settle;
use crate::derived::Derived;
use crate::fact::{FactDecl, Type};

pub(super) const DERIVED: Derived = Derived {
    name: "journal_state",
    after: &[],
    facts: FACTS,
    derive: |evidence, _| settle(evidence, FACTS),
};

const FILES: &str = "journalctl --header; ls /var/log/journal /run/log/journal";

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "journal.persistent",
        Type::Bool,
        "journal files lie below /var/log/journal, so they outlive a reboot",
    )
    .needs("facts on journal files", FILES),
    FactDecl::new(
        "journal.lost",
        Type::Int,
        "records that should lie between two that are there: the largest such gap",
    )
    .needs("facts on journal files", FILES),
    FactDecl::new(
        "journal.suppressed",
        Type::Records,
        "units whose messages journald left out because there were too many",
    )
    .needs(
        "facts on journal files",
        "journalctl -u systemd-journald | grep Suppressed",
    ),
    FactDecl::new("journal.suppressed[].unit", Type::Text, "the unit"),
    FactDecl::new(
        "journal.suppressed[].messages",
        Type::Int,
        "messages left out",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Witness, claim};
    use crate::evidence::Evidence;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    #[test]
    fn what_is_not_told_stays_unknown() {
        let mut evidence = Evidence::default();
        let at = Origin::line("facts/journal-files.json", 3);
        claim(
            &mut evidence,
            "journal.persistent",
            Witness::Kernel,
            false,
            at,
        );
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool("journal.persistent"), Some(false));
        assert!(evidence.facts.get("journal.lost").is_none());
    }
}
