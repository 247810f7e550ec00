//! `facts/network.json` of our own bundle.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{Address, AllRoutes, Link, Route};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "network_facts",
    kind: "links, addresses and routes",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "network"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => {
            return evidence.gap(
                entry.name.as_ref(),
                problem,
                &["host.addresses", "host.routes", "host.links"],
            );
        }
    };
    let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let at = |line| Origin {
        line,
        ..entry.whole()
    };
    for (line, item) in document.items("links") {
        if let (Some(name), Some(state)) = (text(item, "name"), text(item, "state")) {
            let mtu = item.get("mtu").and_then(Value::as_i64);
            evidence.push(Link { name, state, mtu }, at(line));
        }
    }
    for (line, item) in document.items("addresses") {
        if let (Some(link), Some(address)) = (text(item, "link"), text(item, "address")) {
            evidence.push(Address { link, address }, at(line));
        }
    }
    for (line, item) in document.items("routes") {
        if let Some(destination) = text(item, "destination") {
            let (via, dev) = (text(item, "via"), text(item, "dev"));
            evidence.push(
                Route {
                    destination,
                    via,
                    dev,
                },
                at(line),
            );
        }
    }
    if document.value.get("routes").is_some_and(Value::is_array) {
        evidence.push(AllRoutes, entry.whole());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn each_list_is_read() {
        let evidence = facts(
            &PARSER,
            "network",
            "{\"links\":[\n{\"name\":\"eth0\",\"state\":\"up\",\"mtu\":1500}\n],\"addresses\":[\n{\"link\":\"eth0\",\"address\":\"10.0.0.5\",\"prefix\":24}\n],\"routes\":[\n{\"destination\":\"default\",\"via\":\"10.0.0.1\",\"dev\":\"eth0\"}\n]}",
        );
        assert_eq!(evidence.all::<Link>()[0].value.mtu, Some(1500));
        assert_eq!(evidence.all::<Address>()[0].origin.line, Some(4));
        assert_eq!(evidence.all::<Route>()[0].origin.line, Some(6));
    }
}
