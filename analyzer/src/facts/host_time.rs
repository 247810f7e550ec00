//! The node's clock.

use crate::claim::{Claim, settle};
use crate::clock;
use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};

pub(super) const DERIVED: Derived = Derived {
    name: "host_time",
    after: &["units"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "host.time.now",
        Type::Time,
        "the node's time: of collection, else of its newest log record, else the newest printed",
    )
    .needs("time of the node", "date --iso-8601=seconds"),
    FactDecl::new(
        "host.time.synchronized",
        Type::Bool,
        "the kernel or the time service calls the clock synchronised",
    )
    .needs("state of the clock", "timedatectl"),
    FactDecl::new(
        "host.time.service_active",
        Type::Bool,
        "a time service runs",
    )
    .needs("state of the time service", "timedatectl; chronyc tracking"),
    FactDecl::new(
        "host.time.offset",
        Type::Duration,
        "what the time service still has to correct; positive: the node is ahead",
    )
    .needs("state of the time service", "chronyc tracking"),
];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    settle(evidence, FACTS);
    if let Some(fact) = service(evidence) {
        evidence.facts.set("host.time.service_active", fact);
    }
    let Some(now) = context.now else { return };
    let read = [clock::collection(evidence), clock::printed(evidence)];
    let origin = read
        .into_iter()
        .flatten()
        .find(|(time, _)| *time == now)
        .map(|(_, origin)| origin);
    let mut fact = Fact::built_in(Value::Time(now));
    fact.origins.extend(origin);
    evidence.facts.set("host.time.now", fact);
}

/// Any service that runs will do; several tools each see only one of them.
fn service(evidence: &Evidence) -> Option<Fact> {
    let yes = evidence
        .all::<Claim>()
        .iter()
        .find(|piece| {
            piece.value.path == "host.time.service_active" && piece.value.value == Value::Bool(true)
        })
        .map(|piece| piece.origin.clone());
    let unit = || {
        let units = evidence.facts.get("units")?.items().iter();
        units
            .filter(|unit| {
                let text = |field| unit.field(field).and_then(Fact::as_text);
                text("name").is_some_and(|name| SERVICES.contains(&name))
                    && text("active_state") == Some("active")
            })
            .find_map(|unit| unit.origins.first().cloned())
    };
    Some(Fact::new(Value::Bool(true), yes.or_else(unit)?))
}

const SERVICES: &[&str] = &[
    "chrony.service",
    "chronyd.service",
    "ntp.service",
    "ntpd.service",
    "ntpsec.service",
    "systemd-timesyncd.service",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Witness, claim};
    use crate::origin::Origin;
    use crate::testing::derive as run;

    #[test]
    fn one_running_service_is_enough() {
        let mut evidence = Evidence::default();
        let path = "host.time.service_active";
        claim(
            &mut evidence,
            path,
            Witness::Program,
            false,
            Origin::entry("timedatectl.txt"),
        );
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool(path), Some(false));
        claim(
            &mut evidence,
            path,
            Witness::Hearsay,
            true,
            Origin::entry("chronyc.txt"),
        );
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool(path), Some(true));
    }
}
