//! Limits of the kernel and modules that Kubernetes needs, as our collector counted them.

use crate::claim::settle;
use crate::derived::Derived;
use crate::fact::{FactDecl, Type};

pub(super) const DERIVED: Derived = Derived {
    name: "host_limits",
    after: &[],
    facts: FACTS,
    derive: |evidence, _| settle(evidence, FACTS),
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.limits",
        Type::Records,
        "what the kernel limits: open files, threads of pid_max, threads of threads-max, tasks of the pids controller, conntrack entries, inotify instances by user",
    )
    .needs(
        "limits of the kernel",
        "sysctl fs.file-nr kernel.pid_max net.netfilter.nf_conntrack_count fs.inotify.max_user_instances",
    ),
    FactDecl::new("host.limits[].name", Type::Text, "what is limited"),
    FactDecl::new("host.limits[].user", Type::Text, "user id, where each user has a limit"),
    FactDecl::new("host.limits[].used", Type::Int, "number in use"),
    FactDecl::new("host.limits[].limit", Type::Int, "most that may be in use"),
    FactDecl::new("host.limits[].percent", Type::Int, "used part of the limit, rounded down"),
    FactDecl::new(
        "host.kernel_modules",
        Type::Records,
        "modules that Kubernetes and its networks can need",
    )
    .needs("modules of the running kernel", "lsmod; cat /lib/modules/$(uname -r)/modules.builtin"),
    FactDecl::new("host.kernel_modules[].name", Type::Text, "name with underscores"),
    FactDecl::new("host.kernel_modules[].loaded", Type::Bool, "it is loaded"),
    FactDecl::new(
        "host.kernel_modules[].built_in",
        Type::Bool,
        "it is part of the running kernel",
    ),
    FactDecl::new(
        "host.kernel_modules[].available",
        Type::Bool,
        "there is a file of it for the running kernel",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Witness, claim};
    use crate::evidence::Evidence;
    use crate::fact::{Fact, Value};
    use crate::origin::Origin;
    use crate::testing::derive as run;

    #[test]
    fn what_was_counted_is_a_fact() {
        let mut evidence = Evidence::default();
        let at = Origin::line("facts/limits.json", 3);
        let limit = Fact::record([("name", Some(Value::from("open files")))], &at);
        let list = Fact::list(vec![limit]).value;
        claim(&mut evidence, "host.limits", Witness::Kernel, list, at);
        run(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("host.limits").is_some());
        assert!(evidence.facts.get("host.kernel_modules").is_none());
    }
}
