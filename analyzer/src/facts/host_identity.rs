//! Who the node is: name, system, kernel, ids.

use crate::claim::settle;
use crate::derived::Derived;
use crate::fact::{FactDecl, Type};

pub(super) const DERIVED: Derived = Derived {
    name: "host_identity",
    after: &[],
    facts: FACTS,
    derive: |evidence, _| settle(evidence, FACTS),
};

const FACTS: &[FactDecl] = &[
    FactDecl::new("host.name", Type::Text, "host name, as the kernel has it")
        .needs("host name", "hostname"),
    FactDecl::new("host.os", Type::Text, "operating system in words")
        .needs("/etc/os-release", "cat /etc/os-release"),
    FactDecl::new("host.kernel", Type::Text, "release of the running kernel")
        .needs("kernel release", "uname -a"),
    FactDecl::new(
        "host.arch",
        Type::Text,
        "machine, as uname writes it: x86_64",
    )
    .needs("kernel release", "uname -a"),
    FactDecl::new(
        "host.boot_id",
        Type::Text,
        "id of the current boot, 32 hexadecimal digits",
    )
    .needs(
        "/proc/sys/kernel/random/boot_id",
        "cat /proc/sys/kernel/random/boot_id",
    ),
    FactDecl::new(
        "host.machine_id",
        Type::Text,
        "id of the installed system, 32 hexadecimal digits",
    )
    .needs("/etc/machine-id", "cat /etc/machine-id"),
    FactDecl::new("host.uptime", Type::Duration, "time since boot").needs("/proc/uptime", "uptime"),
    FactDecl::new(
        "host.selinux",
        Type::Text,
        "enforcing, permissive or disabled",
    )
    .needs("state of SELinux", "getenforce"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Witness, claim};
    use crate::evidence::Evidence;
    use crate::origin::Origin;
    use crate::testing::derive;

    #[test]
    fn the_running_name_wins_over_the_configured_one() {
        let mut evidence = Evidence::default();
        claim(
            &mut evidence,
            "host.name",
            Witness::Configured,
            "old",
            Origin::entry("etc/hostname"),
        );
        claim(
            &mut evidence,
            "host.name",
            Witness::Program,
            "new",
            Origin::entry("uname.txt"),
        );
        derive(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.text("host.name"), Some("new"));
        assert!(evidence.facts.get("host.os").is_none());
    }
}
