//! `probes/endpoint.json` of our own bundle: how far the node came on its way to its API servers.

use crate::certificate::Certificate;
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::json::Document;
use crate::observed::Attempt;
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
        livez: http(address, "/livez", "status")
            .and_then(Json::as_i64)
            .map(|status| Fact::new(Value::Int(status), origin.clone())),
        version: http(address, "/version", "git_version")
            .and_then(Json::as_str)
            .and_then(|version| version.parse().ok())
            .map(|version| Fact::new(Value::Version(version), origin.clone())),
        clock_skew: skew
            .and_then(TimeDelta::try_milliseconds)
            .map(|skew| Fact::new(Value::Duration(skew), origin.clone())),
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
        let text = "{\"endpoints\":[\n{\"url\":\"https://api.lab:6443\",\"host\":\"api.lab\",\"port\":6443,\"resolve\":{\"result\":\"ok\",\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},\"addresses\":[{\"address\":\"10.0.0.1\",\"tcp\":\"connected\",\"tls\":\"ok\",\"client_cas\":[\"CN=kubernetes\"],\"http\":[{\"path\":\"/livez\",\"status\":200},{\"path\":\"/version\",\"git_version\":\"v1.36.2\"}],\"clock_skew_ms\":-1500},{\"address\":\"10.0.0.2\",\"tcp\":\"timeout\"}]},\n{\"host\":\"old.lab\",\"port\":443,\"resolve\":{\"result\":\"nxdomain\",\"addresses\":[]}}\n]}";
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
        assert_eq!(first.addresses.len(), 2);
        assert_eq!(
            all[2].value.dns.as_ref().unwrap().as_text(),
            Some("nxdomain")
        );
        assert_eq!(all[2].origin.line, Some(3));
    }
}
