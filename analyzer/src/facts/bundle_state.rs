//! How the bundle was made.

use crate::claim::settle;
use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type};
use crate::observed::Mode;

pub(super) const DERIVED: Derived = Derived {
    name: "bundle_state",
    after: &[],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "bundle.node",
        Type::Text,
        "the node, as a bundle that holds several names it",
    ),
    FactDecl::new(
        "bundle.complete",
        Type::Bool,
        "collection was not cut short; only our own bundles tell",
    ),
    FactDecl::new(
        "bundle.unprivileged",
        Type::Bool,
        "the collector did not run as root; only our own bundles tell",
    ),
    FactDecl::new(
        "bundle.mode",
        Type::Text,
        "live, root (a mounted file system) or foreign (not made by our collector)",
    ),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    settle(evidence, FACTS);
    if evidence.all::<Mode>().is_empty() {
        evidence
            .facts
            .set("bundle.mode", Fact::built_in("foreign".into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::derive as run;

    #[test]
    fn without_our_identity_it_is_foreign() {
        let mut evidence = Evidence::default();
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.text("bundle.mode"), Some("foreign"));
    }
}
