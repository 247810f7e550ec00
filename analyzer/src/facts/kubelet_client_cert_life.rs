//! The kubelet's client certificate against the life of the running kubelet.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_client_cert_life",
    after: &["kubelet_client_cert"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[FactDecl::new(
    "kubelet.client_cert.renewed_after_start",
    Type::Bool,
    "its file begins to be valid after the running kubelet began, which may still hold the one before; some signers date certificates back, so false proves nothing",
)
.needs("start of the kubelet", "journalctl -u kubelet")];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let running = context
        .logs
        .lives
        .last()
        .filter(|life| life.start_seen && !life.end_seen && context.logs.newest.is_some());
    let Some(start) = running.and_then(|life| life.first) else {
        return;
    };
    let Some(fact) = evidence.facts.get("kubelet.client_cert.not_before") else {
        return;
    };
    let Value::Time(begin) = fact.value else {
        return;
    };
    let mut origins = fact.origins.clone();
    origins.extend(running.and_then(|life| life.from.clone()));
    let renewed = Fact {
        value: Value::Bool(begin > start.time),
        origins,
    };
    evidence
        .facts
        .set("kubelet.client_cert.renewed_after_start", renewed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Life, LogDigest, Stamp};
    use crate::origin::Origin;
    use chrono::{DateTime, Utc};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn renewed(begin: i64, start: i64, end_seen: bool) -> Option<bool> {
        let stamp = |second| {
            Some(Stamp {
                time: at(second),
                year_inferred: false,
            })
        };
        let life = Life {
            boot: None,
            pid: Some(61),
            start_seen: true,
            end_seen,
            cut: false,
            first: stamp(start),
            last: stamp(start + 60),
            from: Some(Origin::line("kubelet.log", 3)),
            to: None,
            first_sequence: 0,
            last_sequence: 9,
            records: 10,
        };
        let logs = LogDigest {
            lives: vec![life],
            newest: stamp(start + 60),
            ..LogDigest::default()
        };
        let mut evidence = Evidence::default();
        let fact = Fact::new(Value::Time(at(begin)), Origin::line("certs.txt", 2));
        evidence.facts.set("kubelet.client_cert.not_before", fact);
        let context = Context {
            logs: &logs,
            now: None,
        };
        derive(&mut evidence, &context);
        evidence
            .facts
            .bool("kubelet.client_cert.renewed_after_start")
    }

    #[test]
    fn a_certificate_that_begins_after_the_running_kubelet_was_renewed_since() {
        assert_eq!(renewed(50, 10, false), Some(true));
        assert_eq!(renewed(10, 50, false), Some(false));
        assert_eq!(renewed(50, 10, true), None);
    }
}
