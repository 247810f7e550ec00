//! What our collector measured on the way to the API server: large packets, proxy, clock, health pages.

use super::api_server::{first, to_target};
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{Attempt, ThroughProxy};

pub(super) const DERIVED: Derived = Derived {
    name: "api_server_path",
    after: &["api_server"],
    facts: FACTS,
    derive,
};

const fn probed(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(
        "probe of the API server",
        "nodebundle-collector, on the running node",
    )
}

const FACTS: &[FactDecl] = &[
    probed("apiserver.readyz", Type::Int, "HTTP status of /readyz"),
    probed(
        "apiserver.failed_checks",
        Type::Texts,
        "checks that its health pages call failed",
    ),
    probed(
        "apiserver.speaks",
        Type::Text,
        "http, tls or other: what its port speaks, where that is not what the URL says",
    ),
    probed(
        "apiserver.large_greeting",
        Type::Text,
        "ok, alert, eof, not-tls or timeout: what became of a TLS greeting that needs several packets, after an ordinary one was answered",
    )
    .null_is("none was sent"),
    probed(
        "apiserver.path_mtu",
        Type::Int,
        "largest packet in bytes that the kernel sends to it",
    ),
    probed(
        "apiserver.clock_uncertainty",
        Type::Duration,
        "by how much apiserver.clock_skew can be wrong: half the round trip, and half a second for times in whole seconds",
    ),
    probed(
        "apiserver.through_proxy",
        Type::Text,
        "ok, else how far a request came through the proxy that the kubelet would use: tcp refused, status 407, tls alert",
    )
    .null_is("the kubelet would use none"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let attempts = to_target(evidence);
    let found = [
        (
            "apiserver.readyz",
            first(&attempts, |one| one.readyz.as_ref()),
        ),
        (
            "apiserver.failed_checks",
            first(&attempts, |one| one.failed_checks.as_ref()),
        ),
        (
            "apiserver.speaks",
            first(&attempts, |one| one.speaks.as_ref()),
        ),
        (
            "apiserver.large_greeting",
            large_greeting(evidence, &attempts),
        ),
        (
            "apiserver.path_mtu",
            first(&attempts, |one| one.path_mtu.as_ref()),
        ),
        (
            "apiserver.clock_uncertainty",
            first(&attempts, |one| one.clock_uncertainty.as_ref()),
        ),
        ("apiserver.through_proxy", through_proxy(evidence)),
    ];
    for (path, fact) in found {
        if let Some(fact) = fact {
            evidence.facts.set(path, fact);
        }
    }
}

/// Null where the ordinary greeting is known and nobody sent a large one.
fn large_greeting(evidence: &Evidence, attempts: &[Sourced<Attempt>]) -> Option<Fact> {
    first(attempts, |one| one.large_greeting.as_ref()).or_else(|| {
        let ordinary = evidence.facts.get("apiserver.tls")?;
        Some(Fact {
            value: Value::Null,
            origins: ordinary.origins.clone(),
        })
    })
}

fn through_proxy(evidence: &Evidence) -> Option<Fact> {
    let host = evidence.facts.text("apiserver.host")?;
    let port = evidence.facts.int("apiserver.port");
    let ways = evidence.all::<ThroughProxy>().iter();
    let mut own = ways.filter(|way| {
        let same_port = way.value.port.map(i64::from) == port;
        way.value.host.eq_ignore_ascii_case(host) && same_port
    });
    if let Some(way) = own.next() {
        return Some(Fact::text(way.value.result.clone(), way.origin.clone()));
    }
    let direct = evidence.facts.get("kubelet.proxy.applies_to_api")?;
    (direct.as_bool() == Some(false)).then(|| Fact {
        value: Value::Null,
        origins: direct.origins.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use crate::testing::derive as run;

    #[test]
    fn the_large_greeting_and_the_proxy_of_the_kubelets_server_are_told() {
        let at = || Origin::line("probes/endpoint.json", 3);
        let mut evidence = Evidence::default();
        evidence
            .facts
            .set("apiserver.host", Fact::text("api.lab", at()));
        evidence
            .facts
            .set("apiserver.port", Fact::new(Value::Int(6443), at()));
        let attempt = Attempt {
            host: Some("api.lab".to_owned()),
            port: Some(6443),
            large_greeting: Some(Fact::text("timeout", at())),
            ..Attempt::default()
        };
        evidence.push(attempt, at());
        for (host, result) in [("other.lab", "ok"), ("api.lab", "status 403")] {
            let way = ThroughProxy {
                host: host.to_owned(),
                port: Some(6443),
                result: result.to_owned(),
            };
            evidence.push(way, at());
        }
        run(&mut evidence, &[&DERIVED]);
        let facts = &evidence.facts;
        assert_eq!(facts.text("apiserver.large_greeting"), Some("timeout"));
        assert_eq!(facts.text("apiserver.through_proxy"), Some("status 403"));
        assert!(facts.get("apiserver.path_mtu").is_none());
    }
}
