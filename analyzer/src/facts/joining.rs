//! What a cluster tells anybody who wants to join, against what the node was told: bootstrap token, CA, join token.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{ClusterInfo, Supervisor, TokenHash};

pub(super) const DERIVED: Derived = Derived {
    name: "joining",
    after: &["kubelet_kubeconfig", "kubelet_bootstrap"],
    facts: FACTS,
    derive,
};

const CLUSTER_INFO: &str =
    "curl -k https://SERVER:PORT/api/v1/namespaces/kube-public/configmaps/cluster-info";
const SUPERVISOR: &str = "curl -k https://SERVER:9345/cacerts | sha256sum";

const fn info(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs("anonymous request for cluster-info", CLUSTER_INFO)
}

const fn joined(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs("probe of the supervisor", SUPERVISOR)
}

const FACTS: &[FactDecl] = &[
    info(
        "cluster_info.status",
        Type::Int,
        "HTTP status of an anonymous request for kube-public/cluster-info",
    ),
    info(
        "cluster_info.token_known",
        Type::Bool,
        "the cluster still knows the bootstrap token: cluster-info is signed with it",
    ),
    info(
        "cluster_info.ca_matches",
        Type::Bool,
        "the CA in cluster-info is that of the kubeconfig that the kubelet uses, else of the bootstrap one",
    ),
    joined(
        "supervisor.tcp",
        Type::Text,
        "connected, refused, timeout, unreachable or reset: the server that k3s or RKE2 joins through; one connection that came about wins",
    ),
    joined(
        "supervisor.configured_tcp",
        Type::Text,
        "the same of the servers that a configuration names",
    ),
    joined(
        "supervisor.balancer_tcp",
        Type::Text,
        "the same of the servers that only the saved state of the local balancer names",
    ),
    joined(
        "supervisor.ca_matches_token",
        Type::Bool,
        "the CA that the server hands out is the one that the join token was made for",
    ),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let found = [
        ("cluster_info.status", status(evidence)),
        ("cluster_info.token_known", token_known(evidence)),
        ("cluster_info.ca_matches", ca_matches(evidence)),
        ("supervisor.tcp", tcp(evidence, |_| true)),
        (
            "supervisor.configured_tcp",
            tcp(evidence, |server| !server.only_balancer),
        ),
        (
            "supervisor.balancer_tcp",
            tcp(evidence, |server| server.only_balancer),
        ),
        ("supervisor.ca_matches_token", ca_matches_token(evidence)),
    ];
    for (path, fact) in found {
        if let Some(fact) = fact {
            evidence.facts.set(path, fact);
        }
    }
}

fn told(evidence: &Evidence) -> Option<&Sourced<ClusterInfo>> {
    evidence.all::<ClusterInfo>().first()
}

fn status(evidence: &Evidence) -> Option<Fact> {
    let info = told(evidence)?;
    Some(Fact::new(
        Value::Int(info.value.status),
        info.origin.clone(),
    ))
}

fn token_known(evidence: &Evidence) -> Option<Fact> {
    let info = told(evidence)?;
    let id = evidence.facts.get("kubelet.bootstrap.token_id")?;
    let own = id.as_text()?;
    let known = info.value.token_ids.as_ref()?.iter().any(|one| one == own);
    let mut fact = Fact::new(Value::Bool(known), info.origin.clone());
    fact.origins.extend(id.origins.clone());
    Some(fact)
}

fn ca_matches(evidence: &Evidence) -> Option<Fact> {
    let info = told(evidence)?;
    let paths = ["kubelet.kubeconfig.ca_spki", "kubelet.bootstrap.ca_spki"];
    let mut known = paths.iter().filter_map(|path| {
        let fact = evidence.facts.get(path)?;
        Some((fact.as_text()?, &fact.origins))
    });
    let (own, origins) = known.next()?;
    let mut spkis = info
        .value
        .certificates
        .iter()
        .filter_map(|one| one.spki.as_deref())
        .peekable();
    spkis.peek()?;
    let same = spkis.any(|spki| spki == own);
    let mut fact = Fact::new(Value::Bool(same), info.origin.clone());
    fact.origins.extend(origins.clone());
    Some(fact)
}

/// How far a connection came to one of these servers, the best of all.
fn tcp(evidence: &Evidence, which: fn(&Supervisor) -> bool) -> Option<Fact> {
    let all = evidence.all::<Supervisor>();
    let words = || {
        let told = all.iter().filter(|one| one.value.tcp.is_some());
        told.filter(move |one| which(&one.value))
    };
    let best = words().find(|one| one.value.tcp.as_deref() == Some("connected"));
    let one = best.or_else(|| words().next())?;
    Some(Fact::text(one.value.tcp.clone()?, one.origin.clone()))
}

fn ca_matches_token(evidence: &Evidence) -> Option<Fact> {
    let token = evidence.all::<TokenHash>().first()?;
    let all = evidence.all::<Supervisor>().iter();
    let hashes: Vec<_> = all.filter(|one| one.value.ca_hash.is_some()).collect();
    let same = hashes
        .iter()
        .find(|one| one.value.ca_hash.as_deref() == Some(token.value.0.as_str()));
    let one = same.or_else(|| hashes.first())?;
    let mut fact = Fact::new(Value::Bool(same.is_some()), one.origin.clone());
    fact.origins.push(token.origin.clone());
    Some(fact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    fn at() -> Origin {
        Origin::line("probes/x.json", 3)
    }

    #[test]
    fn a_token_that_cluster_info_is_not_signed_with_is_gone() {
        for (ids, known) in [
            (vec!["abcdef"], Some(true)),
            (vec!["other1"], Some(false)),
            (vec![], Some(false)),
        ] {
            let mut evidence = Evidence::default();
            let info = ClusterInfo {
                status: 200,
                token_ids: Some(ids.into_iter().map(str::to_owned).collect()),
                certificates: Vec::new(),
            };
            evidence.push(info, at());
            evidence
                .facts
                .set("kubelet.bootstrap.token_id", Fact::text("abcdef", at()));
            run(&mut evidence, &[&DERIVED]);
            assert_eq!(evidence.facts.bool("cluster_info.token_known"), known);
            assert!(evidence.facts.get("cluster_info.ca_matches").is_none());
        }
    }

    #[test]
    fn a_join_token_of_another_ca_does_not_match() {
        for (hash, same) in [("aa", true), ("bb", false)] {
            let mut evidence = Evidence::default();
            evidence.push(TokenHash("aa".to_owned()), at());
            let supervisor = Supervisor {
                url: "https://a:9345".to_owned(),
                tcp: Some("connected".to_owned()),
                ca_hash: Some(hash.to_owned()),
                only_balancer: false,
            };
            evidence.push(supervisor, at());
            run(&mut evidence, &[&DERIVED]);
            assert_eq!(
                evidence.facts.bool("supervisor.ca_matches_token"),
                Some(same)
            );
            assert_eq!(evidence.facts.text("supervisor.tcp"), Some("connected"));
        }
    }

    #[test]
    fn dead_servers_of_a_saved_balancer_are_told_apart_from_the_configured_one() {
        let mut evidence = Evidence::default();
        for (tcp, only_balancer) in [("connected", false), ("timeout", true), ("refused", true)] {
            let server = Supervisor {
                tcp: Some(tcp.to_owned()),
                only_balancer,
                ..Supervisor::default()
            };
            evidence.push(server, at());
        }
        run(&mut evidence, &[&DERIVED]);
        let told = |path: &str| evidence.facts.text(path).map(str::to_owned);
        assert_eq!(
            told("supervisor.configured_tcp").as_deref(),
            Some("connected")
        );
        assert_eq!(told("supervisor.balancer_tcp").as_deref(), Some("timeout"));
        assert_eq!(told("supervisor.tcp").as_deref(), Some("connected"));
    }
}
