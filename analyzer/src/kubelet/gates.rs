//! Feature gates that a version of the kubelet refuses. Gates that are in no table may be those of a distribution.

use super::versions::{self, Gate};
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::version::Version;

/// Names of the gates that are set and that this version does not have: too old, too new. `None` where either is unknown.
pub fn unknown(evidence: &Evidence, version: Option<Version>) -> Option<Fact> {
    let version = version?;
    refused(evidence, &|gate, _| is_unknown(gate, version))
}

/// Names of the gates that are set to another value than the only one that this version takes. `None` where either is unknown.
pub fn locked(evidence: &Evidence, version: Option<Version>) -> Option<Fact> {
    let version = version?;
    refused(evidence, &|gate, value| {
        let locked = gate.locked.filter(|(since, _)| version >= *since);
        !is_unknown(gate, version)
            && locked.is_some_and(|(_, only)| value.is_some_and(|value| value != only))
    })
}

fn is_unknown(gate: Gate, version: Version) -> bool {
    !versions::has(version, gate.since, gate.gone)
}

fn refused(evidence: &Evidence, refuses: &dyn Fn(Gate, Option<bool>) -> bool) -> Option<Fact> {
    let gates = evidence.facts.get("kubelet.effective.feature_gates")?;
    let names = gates.items().iter().filter_map(|one| {
        let name = one.field("name")?;
        let gate = versions::gate(name.as_text()?)?;
        refuses(gate, one.field("value").and_then(Fact::as_bool)).then(|| name.clone())
    });
    let mut list = Fact::list(names.collect());
    if list.origins.is_empty() {
        list.origins.clone_from(&gates.origins);
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Value;
    use crate::origin::Origin;

    fn refused_by(version: &str, set: &[(&str, bool)]) -> (Vec<String>, Vec<String>) {
        let at = Origin::line("files/var/lib/kubelet/config.yaml", 3);
        let gates = set.iter().map(|(name, value)| {
            let fields = [
                ("name", Some(Value::from(*name))),
                ("value", Some(Value::Bool(*value))),
            ];
            Fact::record(fields, &at)
        });
        let mut evidence = Evidence::default();
        let gates = Fact::list_at(gates.collect(), &at);
        evidence.facts.set("kubelet.effective.feature_gates", gates);
        let version = Some(version.parse().unwrap());
        let names = |fact: Option<Fact>| -> Vec<String> {
            let fact = fact.unwrap();
            let texts = fact.items().iter().filter_map(Fact::as_text);
            texts.map(str::to_owned).collect()
        };
        (
            names(unknown(&evidence, version)),
            names(locked(&evidence, version)),
        )
    }

    #[test]
    fn a_gate_is_unknown_before_it_came_and_after_it_went() {
        let set = [("NodeSwap", true), ("DynamicKubeletConfig", true)];
        assert_eq!(refused_by("1.21.9", &set).0, ["NodeSwap"]);
        assert!(refused_by("1.22.0", &set).0.is_empty());
        assert!(refused_by("1.25.16", &set).0.is_empty());
        assert_eq!(refused_by("1.26.0", &set).0, ["DynamicKubeletConfig"]);
        assert!(
            refused_by("1.26.0", &[("AGateOfADistribution", true)])
                .0
                .is_empty()
        );
    }

    #[test]
    fn a_locked_gate_takes_its_own_value_only() {
        let off = [("NodeSwap", false)];
        assert!(refused_by("1.33.7", &off).1.is_empty());
        assert_eq!(refused_by("1.34.0", &off).1, ["NodeSwap"]);
        assert!(refused_by("1.34.0", &[("NodeSwap", true)]).1.is_empty());
        let gone = refused_by("1.33.0", &[("CPUManager", false)]);
        assert_eq!((gone.0.len(), gone.1.len()), (1, 0));
    }
}
