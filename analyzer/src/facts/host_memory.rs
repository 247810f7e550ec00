//! Memory and swap.

use crate::claim::settle;
use crate::derived::Derived;
use crate::fact::{FactDecl, Type};

pub(super) const DERIVED: Derived = Derived {
    name: "host_memory",
    after: &[],
    facts: FACTS,
    derive: |evidence, _| settle(evidence, FACTS),
};

const FACTS: &[FactDecl] = &[
    FactDecl::new("host.memory.total", Type::Int, "memory in bytes").needs("/proc/meminfo", "free"),
    FactDecl::new(
        "host.memory.available",
        Type::Int,
        "memory that programs can still get, in bytes",
    )
    .needs("/proc/meminfo", "free"),
    FactDecl::new("host.swap.active", Type::Bool, "swap is in use")
        .needs("/proc/swaps", "swapon --show"),
    FactDecl::new(
        "host.swap.devices",
        Type::Texts,
        "files and partitions used for swap",
    )
    .needs("/proc/swaps", "swapon --show"),
    FactDecl::new(
        "host.swap.in_fstab",
        Type::Bool,
        "swap is switched on at boot",
    )
    .needs("/etc/fstab", "cat /etc/fstab"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Witness, claim};
    use crate::evidence::Evidence;
    use crate::origin::Origin;
    use crate::testing::derive;

    #[test]
    fn the_kernels_list_wins_over_the_table_of_free() {
        let mut evidence = Evidence::default();
        claim(
            &mut evidence,
            "host.swap.active",
            Witness::Hearsay,
            false,
            Origin::entry("free.txt"),
        );
        claim(
            &mut evidence,
            "host.swap.active",
            Witness::Kernel,
            true,
            Origin::entry("proc/swaps"),
        );
        derive(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool("host.swap.active"), Some(true));
    }
}
