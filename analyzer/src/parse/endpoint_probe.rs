//! `probes/endpoint.json` of our own bundle: how far the node came on its way to its API servers.

use crate::certificate::Certificate;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::json::Document;
use crate::observed::{Attempt, ThroughProxy};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::pem;
use crate::source::Source;
use crate::times;
use chrono::TimeDelta;
use serde_json::Value as Json;

pub(super) const PARSER: Parser = Parser {
    name: "endpoint_probe",
    kind: "probe of API servers",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "endpoint"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["apiserver"]),
    };
    for (line, endpoint) in document.items("endpoints") {
        let origin = Origin {
            line,
            ..entry.whole()
        };
        if let Some(way) = through_proxy(endpoint) {
            evidence.push(way, origin.clone());
        }
        let tried = endpoint.get("addresses").and_then(Json::as_array);
        let tried = tried.map_or(&[][..], Vec::as_slice);
        for address in tried {
            evidence.push(attempt(endpoint, Some(address), &origin), origin.clone());
        }
        if tried.is_empty() {
            evidence.push(attempt(endpoint, None, &origin), origin);
        }
    }
}

fn attempt(endpoint: &Json, address: Option<&Json>, origin: &Origin) -> Attempt {
    let text = |value: Option<&Json>, key: &str| value?.get(key)?.as_str().map(str::to_owned);
    let fact = |text: Option<String>| text.map(|text| Fact::text(text, origin.clone()));
    let resolve = endpoint.get("resolve");
    let resolved = resolve.and_then(|resolve| resolve.get("addresses")?.as_array());
    let skew = address.and_then(|address| address.get("clock_skew_ms")?.as_i64());
    let names = address.and_then(|address| address.get("client_cas")?.as_array());
    let uncertainty = address.and_then(|address| address.get("clock_uncertainty_ms")?.as_i64());
    let greeting = address.and_then(|address| address.get("large_greeting"));
    let status = |path: &str| {
        let status = http(address, path, "status").and_then(Json::as_i64)?;
        Some(Fact::new(Value::Int(status), origin.clone()))
    };
    Attempt {
        host: text(Some(endpoint), "host"),
        port: endpoint
            .get("port")
            .and_then(Json::as_u64)
            .and_then(|port| port.try_into().ok()),
        dns: fact(text(resolve, "result")),
        addresses: resolved
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
        tcp: fact(text(address, "tcp")),
        tls: fact(text(address, "tls")),
        chain: address
            .map(|address| chain(address, origin))
            .unwrap_or_default(),
        client_cas: names.map(|names| Fact::texts(names.iter().filter_map(Json::as_str), origin)),
        livez: status("/livez"),
        readyz: status("/readyz"),
        failed_checks: failed_checks(address, origin),
        speaks: fact(text(address, "speaks")),
        large_greeting: fact(text(greeting, "result")),
        path_mtu: greeting
            .and_then(|greeting| greeting.get("path_mtu")?.as_i64())
            .map(|bytes| Fact::new(Value::Int(bytes), origin.clone())),
        version: http(address, "/version", "git_version")
            .and_then(Json::as_str)
            .and_then(|version| version.parse().ok())
            .map(|version| Fact::new(Value::Version(version), origin.clone())),
        clock_skew: skew
            .and_then(TimeDelta::try_milliseconds)
            .map(|skew| Fact::new(Value::Duration(skew), origin.clone())),
        clock_uncertainty: uncertainty
            .and_then(TimeDelta::try_milliseconds)
            .map(|time| Fact::new(Value::Duration(time), origin.clone())),
        server_time: http(address, "/livez", "date")
            .and_then(Json::as_str)
            .and_then(times::printed)
            .map(|time| Fact::new(Value::Time(time), origin.clone())),
    }
}

fn http<'a>(address: Option<&'a Json>, path: &str, key: &str) -> Option<&'a Json> {
    address?
        .get("http")?
        .as_array()?
        .iter()
        .find(|answer| answer.get("path").and_then(Json::as_str) == Some(path))?
        .get(key)
}

/// Those of all health pages that answered.
fn failed_checks(address: Option<&Json>, origin: &Origin) -> Option<Fact> {
    let answers = address?.get("http")?.as_array()?;
    let pages = answers.iter().filter(|answer| {
        let path = answer.get("path").and_then(Json::as_str);
        matches!(path, Some("/livez" | "/readyz"))
    });
    let names = pages.filter_map(|page| page.get("failed_checks")?.as_array());
    let mut names: Vec<&str> = names.flatten().filter_map(Json::as_str).collect();
    names.sort_unstable();
    names.dedup();
    (!answers.is_empty()).then(|| Fact::texts(names, origin))
}

fn through_proxy(endpoint: &Json) -> Option<ThroughProxy> {
    let way = endpoint.get("through_proxy")?;
    let text = |key: &str| way.get(key).and_then(Json::as_str);
    let status = way.get("connect_status").and_then(Json::as_u64);
    let result = match (text("tcp"), status, text("tls")) {
        (_, _, Some("ok")) => "ok".to_owned(),
        (_, _, Some(word)) => format!("tls {word}"),
        (_, Some(status), None) => format!("status {status}"),
        (Some("connected"), None, None) => "no answer".to_owned(),
        (Some(word), None, None) => format!("tcp {word}"),
        (None, None, None) => return None,
    };
    Some(ThroughProxy {
        host: endpoint.get("host")?.as_str()?.to_owned(),
        port: endpoint.get("port").and_then(Json::as_u64)?.try_into().ok(),
        result,
    })
}

fn chain(address: &Json, origin: &Origin) -> Vec<(Option<u64>, Certificate)> {
    let blocks = address.get("chain").and_then(Json::as_array);
    blocks
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .flat_map(pem::blocks)
        .filter_map(|block| Some((origin.line, Certificate::from_der(block.certificate()?)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn each_layer_of_each_address_is_read() {
        let text = "{\"endpoints\":[\n{\"url\":\"https://api.lab:6443\",\"host\":\"api.lab\",\"port\":6443,\"resolve\":{\"result\":\"ok\",\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},\"addresses\":[{\"address\":\"10.0.0.1\",\"tcp\":\"connected\",\"tls\":\"ok\",\"client_cas\":[\"CN=kubernetes\"],\"http\":[{\"path\":\"/livez\",\"status\":200},{\"path\":\"/readyz\",\"status\":500,\"failed_checks\":[\"etcd\"]},{\"path\":\"/version\",\"git_version\":\"v1.36.2\"}],\"clock_skew_ms\":-1500,\"clock_uncertainty_ms\":510,\"large_greeting\":{\"bytes\":3200,\"result\":\"timeout\",\"path_mtu\":1500}},{\"address\":\"10.0.0.2\",\"tcp\":\"timeout\"}],\"through_proxy\":{\"address\":\"10.0.0.9\",\"tcp\":\"connected\",\"connect_status\":407}},\n{\"host\":\"old.lab\",\"port\":443,\"resolve\":{\"result\":\"nxdomain\",\"addresses\":[]}}\n]}";
        let entry = Entry {
            name: Arc::from("probes/endpoint.json"),
            source: Source::Probe("endpoint".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        assert!((PARSER.accepts)(&entry));
        (PARSER.parse)(&entry, &mut evidence);
        let all = evidence.all::<Attempt>();
        assert_eq!(all.len(), 3);
        let first = &all[0].value;
        assert_eq!(first.livez.as_ref().unwrap().as_int(), Some(200));
        assert_eq!(
            first.clock_skew.as_ref().unwrap().value,
            Value::Duration(TimeDelta::milliseconds(-1500))
        );
        assert_eq!(first.readyz.as_ref().unwrap().as_int(), Some(500));
        let failed = first.failed_checks.as_ref().unwrap().items();
        assert_eq!(failed[0].as_text(), Some("etcd"));
        assert_eq!(
            first.large_greeting.as_ref().unwrap().as_text(),
            Some("timeout")
        );
        assert_eq!(first.path_mtu.as_ref().unwrap().as_int(), Some(1500));
        assert_eq!(evidence.all::<ThroughProxy>()[0].value.result, "status 407");
        assert_eq!(first.addresses.len(), 2);
        assert_eq!(
            all[2].value.dns.as_ref().unwrap().as_text(),
            Some("nxdomain")
        );
        assert_eq!(all[2].origin.line, Some(3));
    }
}
