//! The kubelet's version: what the running one logged, else what its program prints, else what others say.

use crate::claim;
use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_version",
    after: &[],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[FactDecl::new(
    "kubelet.version",
    Type::Version,
    "version of the kubelet, without the suffix of a distribution",
)
.needs("log of the kubelet from its start", "kubelet --version")];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let logged = context.logs.stated.get("version").and_then(|(text, at)| {
        let version = text.trim_matches('"').parse().ok()?;
        Some(Fact::new(Value::Version(version), at.origin.clone()))
    });
    if let Some(fact) = logged.or_else(|| claim::best(evidence, "kubelet.version")) {
        evidence.facts.set("kubelet.version", fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Witness;
    use crate::logs::{LogDigest, Occurrence};
    use crate::origin::Origin;

    #[test]
    fn the_running_kubelet_is_believed_before_its_program() {
        let mut evidence = Evidence::default();
        let printed = Value::Version("1.30.0".parse().unwrap());
        let origin = Origin::entry("kubelet-version.txt");
        claim::claim(
            &mut evidence,
            "kubelet.version",
            Witness::Program,
            printed.clone(),
            origin,
        );
        let mut logs = LogDigest::default();
        derive(
            &mut evidence,
            &Context {
                logs: &logs,
                now: None,
            },
        );
        assert_eq!(
            evidence.facts.get("kubelet.version").unwrap().value,
            printed
        );
        let at = Occurrence {
            origin: Origin::line("kubelet.log", 4),
            text: String::new(),
            time: None,
            sequence: 0,
        };
        logs.stated
            .insert("version".into(), ("v1.29.3+k3s1".into(), at));
        derive(
            &mut evidence,
            &Context {
                logs: &logs,
                now: None,
            },
        );
        let logged = Value::Version("1.29.3".parse().unwrap());
        assert_eq!(evidence.facts.get("kubelet.version").unwrap().value, logged);
    }
}
