//! Whether the mapping of AWS roles that was sent can work.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type};
use crate::parse::aws_auth::{MappingProblem, RoleMapping};

pub(super) const DERIVED: Derived = Derived {
    name: "aws_auth",
    after: &[],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[FactDecl::new(
    "aws_auth.problems",
    Type::Texts,
    "what keeps a mapping of AWS roles to nodes from working: wrong keys, wrong ARNs",
)
.needs(
    "the ConfigMap aws-auth of the cluster",
    "kubectl -n kube-system get configmap aws-auth -o yaml",
)];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let Some(read) = evidence.all::<RoleMapping>().first() else {
        return;
    };
    let origin = read.origin.clone();
    let problems = evidence
        .all::<MappingProblem>()
        .iter()
        .map(|piece| Fact::text(piece.value.0.as_str(), piece.origin.clone()));
    let fact = Fact::list_at(problems.collect(), &origin);
    evidence.facts.set("aws_auth.problems", fact);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogDigest;
    use crate::origin::Origin;

    #[test]
    fn a_mapping_without_problems_is_an_empty_list_and_none_is_unknown() {
        let logs = LogDigest::default();
        let context = Context {
            logs: &logs,
            now: None,
        };
        let mut evidence = Evidence::default();
        derive(&mut evidence, &context);
        assert!(evidence.facts.get("aws_auth.problems").is_none());
        evidence.push(RoleMapping, Origin::line("aws-auth.yaml", 3));
        derive(&mut evidence, &context);
        let fact = evidence.facts.get("aws_auth.problems").unwrap();
        assert!(fact.items().is_empty());
    }
}
