//! The API server as the node sees it: how far it came, what it presented.

use crate::certificate::Certificate;
use crate::chain::{Verdict, verify};
use crate::claim::settle;
use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::credentials;
use crate::observed::{Attempt, ClockReading, Resolution};
use crate::origin::Origin;
use std::net::IpAddr;

pub(super) const DERIVED: Derived = Derived {
    name: "api_server",
    after: &[
        "host_identity",
        "kubelet_kubeconfig",
        "kubelet_bootstrap",
        "kubelet_client_cert",
    ],
    facts: FACTS,
    derive,
};

const CURL: &str = "curl -vk https://SERVER:PORT/livez";
const S_CLIENT: &str = "openssl s_client -connect SERVER:PORT -showcerts";

const FACTS: &[FactDecl] = &[
    FactDecl::new("apiserver.host", Type::Text, "host of the API server in the kubeconfig that the kubelet uses, else in the bootstrap one, else the one that was asked")
        .needs("kubeconfig of the kubelet", "grep server: /etc/kubernetes/kubelet.conf"),
    FactDecl::new("apiserver.port", Type::Int, "its port").needs("kubeconfig of the kubelet", "grep server: /etc/kubernetes/kubelet.conf"),
    FactDecl::new("apiserver.dns", Type::Text, "ok, nxdomain, servfail, timeout, refused, or literal for an address").needs("look-up of the API server's name", "nslookup SERVER"),
    FactDecl::new("apiserver.tcp", Type::Text, "connected, refused, timeout, unreachable or reset; one connection that came about wins").needs("connection to the API server", CURL),
    FactDecl::new("apiserver.tls", Type::Text, "ok, not-tls, alert, eof or timeout; one handshake that came about wins").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.subject", Type::Text, "subject of the certificate that it presents").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.issuer", Type::Text, "issuer of it").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.not_before", Type::Time, "begin of its validity").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.not_after", Type::Time, "end of its validity").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.sans", Type::Texts, "names and addresses that it is valid for").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.host_in_san", Type::Bool, "the host in the kubeconfig is among them").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.chain", Type::Text, "verified or refuted against the CA of the kubeconfig").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.cert.chain_reason", Type::Text, "why it is not verified").null_is("it is verified").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.livez", Type::Int, "HTTP status of /livez or /healthz").needs("request to the API server", CURL),
    FactDecl::new("apiserver.version", Type::Version, "version that it states").needs("request to the API server", "curl -k https://SERVER:PORT/version"),
    FactDecl::new("apiserver.clock_skew", Type::Duration, "clock of the node minus clock of the server; positive: the node is ahead").needs("time in an answer of the API server", "date -u; curl -vk https://SERVER:PORT/livez"),
    FactDecl::new("apiserver.client_cas", Type::Texts, "names of the CAs whose client certificates it accepts").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("apiserver.client_issuer_offered", Type::Bool, "the issuer of the kubelet's client certificate is among them").needs("TLS handshake with the API server", S_CLIENT),
    FactDecl::new("kubelet.health", Type::Text, "answer of the kubelet's health port: ok, refused, timeout, or `status N`").needs("local health of the kubelet", "curl -s http://127.0.0.1:10248/healthz"),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    settle(evidence, FACTS);
    target(evidence);
    let attempts = to_target(evidence);
    let mut found: Vec<(&'static str, Fact)> = Vec::new();
    let mut note = |path, fact: Option<Fact>| found.extend(fact.map(|fact| (path, fact)));
    note("apiserver.dns", dns(evidence, &attempts));
    note(
        "apiserver.tcp",
        furthest(&attempts, |attempt| attempt.tcp.as_ref(), "connected"),
    );
    note(
        "apiserver.tls",
        furthest(&attempts, |attempt| attempt.tls.as_ref(), "ok"),
    );
    note(
        "apiserver.livez",
        first(&attempts, |attempt| attempt.livez.as_ref()),
    );
    note(
        "apiserver.version",
        first(&attempts, |attempt| attempt.version.as_ref()),
    );
    note("apiserver.clock_skew", skew(evidence, &attempts));
    let cas = first(&attempts, |attempt| attempt.client_cas.as_ref());
    note(
        "apiserver.client_issuer_offered",
        cas.as_ref().and_then(|cas| issuer_offered(evidence, cas)),
    );
    note("apiserver.client_cas", cas);
    found.extend(certificate(evidence, &attempts));
    for (path, fact) in found {
        evidence.facts.set(path, fact);
    }
}

/// Host and port: what the kubelet is told, else what was asked by hand.
fn target(evidence: &mut Evidence) {
    for (path, field) in [("apiserver.host", "host"), ("apiserver.port", "port")] {
        let known = ["kubelet.kubeconfig", "kubelet.bootstrap"]
            .iter()
            .find_map(|from| {
                let fact = evidence.facts.get(&format!("{from}.{field}"))?;
                (fact.value != Value::Null).then(|| fact.clone())
            });
        let asked = || {
            evidence.all::<Attempt>().iter().find_map(|piece| {
                let value = match field {
                    "host" => Value::Text(piece.value.host.clone()?),
                    _ => Value::Int(i64::from(piece.value.port?)),
                };
                Some(Fact::new(value, piece.origin.clone()))
            })
        };
        let looked_up = || (field == "host").then(|| only_name(evidence))?;
        if let Some(fact) = known.or_else(asked).or_else(looked_up) {
            evidence.facts.set(path, fact);
        }
    }
}

/// The one name that was looked up by hand, if it is not the node's own.
fn only_name(evidence: &Evidence) -> Option<Fact> {
    let node = evidence.facts.text("host.name").unwrap_or_default();
    let mut named = evidence
        .all::<Resolution>()
        .iter()
        .filter_map(|piece| Some((piece.value.name.as_deref()?, &piece.origin)))
        .filter(|(name, _)| !name.eq_ignore_ascii_case(node));
    let (name, origin) = named.next()?;
    named
        .all(|(other, _)| other == name)
        .then(|| Fact::text(name, origin.clone()))
}

/// Attempts that went to the kubelet's server, as far as they say where they went.
pub(super) fn to_target(evidence: &Evidence) -> Vec<Sourced<Attempt>> {
    let host = evidence.facts.text("apiserver.host");
    let port = evidence.facts.int("apiserver.port");
    evidence
        .all::<Attempt>()
        .iter()
        .filter(|piece| {
            let same_host = match (&piece.value.host, host) {
                (Some(asked), Some(host)) => {
                    asked.eq_ignore_ascii_case(host)
                        || piece.value.addresses.iter().any(|address| address == host)
                }
                _ => true,
            };
            let same_port = piece
                .value
                .port
                .is_none_or(|asked| port.is_none_or(|port| port == i64::from(asked)));
            same_host && same_port
        })
        .cloned()
        .collect()
}

pub(super) fn first(
    attempts: &[Sourced<Attempt>],
    field: fn(&Attempt) -> Option<&Fact>,
) -> Option<Fact> {
    attempts
        .iter()
        .find_map(|piece| field(&piece.value))
        .cloned()
}

/// The best outcome: one success proves the way, however often it failed.
fn furthest(
    attempts: &[Sourced<Attempt>],
    field: fn(&Attempt) -> Option<&Fact>,
    success: &str,
) -> Option<Fact> {
    let facts = || attempts.iter().filter_map(|piece| field(&piece.value));
    facts()
        .find(|fact| fact.as_text() == Some(success))
        .or_else(|| facts().next())
        .cloned()
}

fn dns(evidence: &Evidence, attempts: &[Sourced<Attempt>]) -> Option<Fact> {
    let host = evidence.facts.get("apiserver.host")?;
    let name = host.as_text()?;
    if name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Some(Fact {
            value: "literal".into(),
            origins: host.origins.clone(),
        });
    }
    if let Some(fact) = furthest(attempts, |attempt| attempt.dns.as_ref(), "ok") {
        return Some(fact);
    }
    let asked: Vec<&Sourced<Resolution>> = evidence
        .all::<Resolution>()
        .iter()
        .filter(|piece| {
            piece
                .value
                .name
                .as_deref()
                .is_none_or(|asked| asked.trim_end_matches('.').eq_ignore_ascii_case(name))
        })
        .collect();
    let ok = asked.iter().find(|piece| piece.value.result == "ok");
    if let Some(piece) = ok.or_else(|| asked.first()) {
        return Some(Fact::text(piece.value.result, piece.origin.clone()));
    }
    let reached = attempts
        .iter()
        .find(|piece| !piece.value.addresses.is_empty() || piece.value.tcp.is_some())?;
    Some(Fact::text("ok", reached.origin.clone()))
}

/// Measured by the probe, else the time in an answer against the node's nearest printed one.
fn skew(evidence: &Evidence, attempts: &[Sourced<Attempt>]) -> Option<Fact> {
    if let Some(fact) = first(attempts, |attempt| attempt.clock_skew.as_ref()) {
        return Some(fact);
    }
    let server = first(attempts, |attempt| attempt.server_time.as_ref())?;
    let Value::Time(server_time) = server.value else {
        return None;
    };
    let node = evidence
        .all::<ClockReading>()
        .iter()
        .min_by_key(|reading| (reading.value.time - server_time).abs())?;
    let mut fact = Fact::new(
        Value::Duration(node.value.time - server_time),
        node.origin.clone(),
    );
    fact.origins.extend(server.origins);
    Some(fact)
}

fn issuer_offered(evidence: &Evidence, cas: &Fact) -> Option<Fact> {
    let issuer = evidence.facts.get("kubelet.client_cert.issuer")?;
    let name = issuer.as_text()?;
    let offered = cas.items().iter().any(|item| item.as_text() == Some(name));
    // A server may offer no names at all and accept every one.
    if cas.items().is_empty() {
        return None;
    }
    let mut fact = Fact {
        value: Value::Bool(offered),
        origins: cas.origins.clone(),
    };
    fact.origins.extend(issuer.origins.clone());
    Some(fact)
}

/// The presented certificate, from the attempt that holds its bytes, else from a print.
fn certificate(evidence: &Evidence, attempts: &[Sourced<Attempt>]) -> Vec<(&'static str, Fact)> {
    let chains = || {
        attempts
            .iter()
            .filter(|piece| !piece.value.chain.is_empty())
    };
    let whole = chains().find(|piece| piece.value.chain.iter().any(|(_, one)| one.der.is_some()));
    let Some(piece) = whole.or_else(|| chains().next()) else {
        return Vec::new();
    };
    let Some((line, leaf)) = piece.value.chain.first() else {
        return Vec::new();
    };
    let origin = Origin {
        line: *line,
        ..piece.origin.clone()
    };
    let mut facts = describe(leaf, &origin);
    if leaf.der.is_some() {
        facts.extend(names(evidence, leaf, &origin));
        let intermediates: Vec<&Certificate> = piece
            .value
            .chain
            .iter()
            .skip(1)
            .map(|(_, one)| one)
            .collect();
        let (verdict, trusted) = against_cas(evidence, leaf, &intermediates);
        let reason = verdict.reason().map_or(Value::Null, Value::from);
        let chain = verdict
            .word()
            .map(|word| ("apiserver.cert.chain", Value::from(word)));
        for (path, value) in chain
            .into_iter()
            .chain([("apiserver.cert.chain_reason", reason)])
        {
            let mut fact = Fact::new(value, origin.clone());
            fact.origins.extend(trusted.clone());
            facts.push((path, fact));
        }
    }
    facts
}

fn describe(leaf: &Certificate, origin: &Origin) -> Vec<(&'static str, Fact)> {
    let text =
        |path, text: &str| (!text.is_empty()).then(|| (path, Fact::text(text, origin.clone())));
    let time = |path, time: Option<_>| {
        time.map(|time| (path, Fact::new(Value::Time(time), origin.clone())))
    };
    [
        text("apiserver.cert.subject", &leaf.subject),
        text("apiserver.cert.issuer", &leaf.issuer),
        time("apiserver.cert.not_before", leaf.not_before),
        time("apiserver.cert.not_after", leaf.not_after),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn names(evidence: &Evidence, leaf: &Certificate, origin: &Origin) -> Vec<(&'static str, Fact)> {
    let mut facts = vec![(
        "apiserver.cert.sans",
        Fact::texts(leaf.sans.iter().cloned(), origin),
    )];
    if let Some(host) = evidence.facts.get("apiserver.host") {
        let name = host.as_text().unwrap_or_default();
        let mut fact = Fact::new(
            Value::Bool(leaf.sans.iter().any(|san| covers(san, name))),
            origin.clone(),
        );
        fact.origins.extend(host.origins.clone());
        facts.push(("apiserver.cert.host_in_san", fact));
    }
    facts
}

/// Whether a name of a certificate covers a host: addresses by value, names without case, `*` for one label.
fn covers(san: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    if let Ok(address) = host.parse::<IpAddr>() {
        return san.parse::<IpAddr>() == Ok(address);
    }
    if let Some(domain) = san.strip_prefix("*.") {
        return host
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain));
    }
    san.eq_ignore_ascii_case(host)
}

/// Against the CA of the kubeconfig that the kubelet uses, else of the one that it bootstraps with.
fn against_cas(
    evidence: &Evidence,
    leaf: &Certificate,
    intermediates: &[&Certificate],
) -> (Verdict, Option<Origin>) {
    let trusted = credentials::kubeconfig(evidence)
        .and_then(|used| used.access?.ca)
        .or_else(|| credentials::bootstrap(evidence).and_then(|used| used.access?.ca));
    let cas = trusted.and_then(|ca| credentials::certificates_of(evidence, &ca));
    let Some(cas) = cas else {
        let reason = "the CA that the kubelet trusts is not in the bundle";
        return (Verdict::Unchecked(reason.to_owned()), None);
    };
    let origin = cas.first().map(|ca| ca.origin.clone());
    let cas: Vec<&Certificate> = cas.iter().map(|ca| &ca.value).collect();
    (verify(leaf, &cas, intermediates), origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::derive as run;
    use chrono::{DateTime, TimeDelta};

    fn at(name: &str) -> Origin {
        Origin::line(name, 1)
    }

    fn attempt(host: &str, tcp: &str) -> Attempt {
        Attempt {
            host: Some(host.into()),
            port: Some(6443),
            tcp: Some(Fact::text(tcp, at("curl.txt"))),
            ..Attempt::default()
        }
    }

    #[test]
    fn one_connection_that_came_about_outweighs_a_time_out() {
        let mut evidence = Evidence::default();
        evidence.push(attempt("10.0.0.1", "timeout"), at("curl.txt"));
        evidence.push(attempt("10.0.0.1", "connected"), at("s_client.txt"));
        run(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.text("apiserver.tcp"), Some("connected"));
        assert_eq!(evidence.facts.text("apiserver.dns"), Some("literal"));
        assert_eq!(evidence.facts.int("apiserver.port"), Some(6443));
    }

    #[test]
    fn another_server_tells_nothing_of_the_kubelets() {
        let mut evidence = Evidence::default();
        evidence.facts.set(
            "kubelet.kubeconfig.host",
            Fact::text("api.lab", at("kubelet.conf")),
        );
        evidence.facts.set(
            "kubelet.kubeconfig.port",
            Fact::new(Value::Int(6443), at("kubelet.conf")),
        );
        evidence.push(attempt("10.9.9.9", "refused"), at("probe"));
        let missing = Resolution {
            name: Some("api.lab".into()),
            result: "nxdomain",
            addresses: Vec::new(),
        };
        evidence.push(missing, at("nslookup.txt"));
        run(&mut evidence, &[&DERIVED]);
        assert!(evidence.facts.get("apiserver.tcp").is_none());
        assert_eq!(evidence.facts.text("apiserver.dns"), Some("nxdomain"));
    }

    #[test]
    fn the_nodes_clock_is_compared_with_the_servers() {
        let time = |second: i64| DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap();
        let mut evidence = Evidence::default();
        let server_time = Some(Fact::new(Value::Time(time(0)), at("curl.txt")));
        evidence.push(
            Attempt {
                server_time,
                ..attempt("10.0.0.1", "connected")
            },
            at("curl.txt"),
        );
        for second in [-600, -7200] {
            evidence.push(
                ClockReading {
                    time: time(second),
                    collection: false,
                },
                at("date.txt"),
            );
        }
        run(&mut evidence, &[&DERIVED]);
        let skew = evidence.facts.get("apiserver.clock_skew").unwrap();
        assert_eq!(skew.value, Value::Duration(TimeDelta::seconds(-600)));
    }

    #[test]
    fn wildcards_cover_one_label() {
        assert!(covers("*.lab", "api.lab"));
        assert!(!covers("*.lab", "a.api.lab"));
        assert!(covers("API.lab", "api.lab"));
        assert!(covers("fd00::1", "[fd00:0::1]"));
        assert!(!covers("10.0.0.1", "10.0.0.10"));
    }
}
