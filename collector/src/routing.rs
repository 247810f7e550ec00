//! `facts/routing.json`: routes of every table, rules and neighbours, as the kernel tells them over netlink.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::netlink::{Message, attributes, messages, word};
use crate::node::Node;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Builds the fact; only a running host has these tables.
pub(crate) fn facts(host: &mut Host, _: &Node) -> Result<String, Failure> {
    if !host.is_live() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "a mounted tree has no routing tables",
        ));
    }
    let links = links(host);
    let routes = host.rtnetlink(GET_ROUTE)?;
    let rules = host.rtnetlink(GET_RULE).unwrap_or_default();
    let neighbours = host.rtnetlink(GET_NEIGHBOUR).unwrap_or_default();
    let all = |bytes: &[u8], each: &dyn Fn(Message<'_>) -> Option<Value>| -> Vec<Value> {
        messages(bytes).filter_map(each).take(MAX_ITEMS).collect()
    };
    Ok(facts::document(
        &[],
        &[
            ("routes", &all(&routes, &|message| route(message, &links))),
            ("rules", &all(&rules, &|message| rule(message))),
            (
                "neighbours",
                &all(&neighbours, &|message| neighbour(message, &links)),
            ),
        ],
    ))
}

/// Index of a link → its name.
fn links(host: &mut Host) -> BTreeMap<u32, String> {
    let Ok(listing) = host.list("/sys/class/net") else {
        return BTreeMap::new();
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    names
        .filter_map(|name| {
            let index = host.line(&format!("/sys/class/net/{name}/ifindex"))?;
            Some((index.parse().ok()?, name))
        })
        .collect()
}

/// Local, broadcast and multicast routes follow from the addresses and are left out.
fn route(message: Message<'_>, links: &BTreeMap<u32, String>) -> Option<Value> {
    let [
        family,
        prefix,
        from_prefix,
        _,
        table,
        protocol,
        scope,
        kind,
        ..,
    ] = *message.body
    else {
        return None;
    };
    if message.kind != NEW_ROUTE || !matches!(kind, 1 | 6..=9) {
        return None;
    }
    let mut fields = Map::new();
    fields.insert("table".into(), json!(table_name(u32::from(table))));
    fields.insert("destination".into(), json!("default"));
    for (kind, value) in attributes(message.body.get(12..)?) {
        match kind {
            1 => insert(&mut fields, "destination", network(value, prefix)),
            2 => insert(&mut fields, "from", network(value, from_prefix)),
            4 => insert(&mut fields, "dev", link_name(value, links)),
            5 => insert(&mut fields, "via", address(value)),
            6 => insert(&mut fields, "metric", word(value, 0)),
            7 => insert(&mut fields, "source", address(value)),
            15 => insert(&mut fields, "table", word(value, 0).map(table_name)),
            9 => insert(&mut fields, "hops", Some(value.len())),
            _ => {}
        }
    }
    fields.insert("family".into(), json!(family_name(family)));
    fields.insert("protocol".into(), json!(protocol));
    fields.insert("scope".into(), json!(scope));
    if kind != 1 {
        let word = match kind {
            6 => "blackhole",
            7 => "unreachable",
            8 => "prohibit",
            _ => "throw",
        };
        fields.insert("type".into(), json!(word));
    }
    Some(Value::Object(fields))
}

fn rule(message: Message<'_>) -> Option<Value> {
    let [family, to_prefix, from_prefix, _, table, _, _, action, ..] = *message.body else {
        return None;
    };
    if message.kind != NEW_RULE {
        return None;
    }
    let mut fields = Map::new();
    fields.insert("priority".into(), json!(0));
    fields.insert("family".into(), json!(family_name(family)));
    fields.insert("table".into(), json!(table_name(u32::from(table))));
    fields.insert("action".into(), json!(action));
    for (kind, value) in attributes(message.body.get(12..)?) {
        match kind {
            1 => insert(&mut fields, "to", network(value, to_prefix)),
            2 => insert(&mut fields, "from", network(value, from_prefix)),
            3 => insert(&mut fields, "iif", Some(text(value))),
            6 => insert(&mut fields, "priority", word(value, 0)),
            10 => insert(&mut fields, "mark", word(value, 0)),
            15 => insert(&mut fields, "table", word(value, 0).map(table_name)),
            17 => insert(&mut fields, "oif", Some(text(value))),
            _ => {}
        }
    }
    Some(Value::Object(fields))
}

fn neighbour(message: Message<'_>, links: &BTreeMap<u32, String>) -> Option<Value> {
    if message.kind != NEW_NEIGHBOUR {
        return None;
    }
    let index = word(message.body, 4)?;
    let state = message.body.get(8..10)?;
    let state = u16::from_ne_bytes(state.try_into().ok()?);
    // Links without neighbour discovery list every address as NOARP.
    if state & 0x40 != 0 {
        return None;
    }
    let mut fields = Map::new();
    fields.insert("dev".into(), json!(links.get(&index)));
    for (kind, value) in attributes(message.body.get(12..)?) {
        match kind {
            1 => insert(&mut fields, "address", address(value)),
            2 if value.len() == 6 => insert(&mut fields, "mac", Some(mac(value))),
            _ => {}
        }
    }
    fields.insert("state".into(), json!(neighbour_state(state)));
    fields.get("address")?;
    Some(Value::Object(fields))
}

fn insert<T: serde::Serialize>(fields: &mut Map<String, Value>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        fields.insert(key.to_owned(), json!(value));
    }
}

fn network(value: &[u8], prefix: u8) -> Option<String> {
    Some(format!("{}/{prefix}", address(value)?))
}

fn address(value: &[u8]) -> Option<String> {
    let address: IpAddr = match value.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into(),
        _ => return None,
    };
    Some(address.to_string())
}

fn link_name(value: &[u8], links: &BTreeMap<u32, String>) -> Option<String> {
    let index = word(value, 0)?;
    let name = links.get(&index).cloned();
    Some(name.unwrap_or_else(|| index.to_string()))
}

fn text(value: &[u8]) -> String {
    let text = value.strip_suffix(b"\0").unwrap_or(value);
    String::from_utf8_lossy(text).into_owned()
}

fn mac(value: &[u8]) -> String {
    let bytes: Vec<String> = value.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

fn table_name(table: u32) -> String {
    match table {
        253 => "default".to_owned(),
        254 => "main".to_owned(),
        255 => "local".to_owned(),
        other => other.to_string(),
    }
}

fn family_name(family: u8) -> &'static str {
    match family {
        2 => "ipv4",
        10 => "ipv6",
        _ => "other",
    }
}

fn neighbour_state(state: u16) -> &'static str {
    match state {
        0x01 => "incomplete",
        0x02 => "reachable",
        0x04 => "stale",
        0x08 => "delay",
        0x10 => "probe",
        0x20 => "failed",
        0x80 => "permanent",
        _ => "none",
    }
}

const GET_ROUTE: u16 = 26;
const NEW_ROUTE: u16 = 24;
const GET_RULE: u16 = 34;
const NEW_RULE: u16 = 32;
const GET_NEIGHBOUR: u16 = 30;
const NEW_NEIGHBOUR: u16 = 28;
/// Of a table with more, the first are kept.
const MAX_ITEMS: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::written;

    fn links() -> BTreeMap<u32, String> {
        BTreeMap::from([(2, "eth0".to_owned())])
    }

    #[test]
    fn a_route_of_another_table_is_read() {
        let fixed = [2, 16, 0, 0, 252, 3, 0, 1, 0, 0, 0, 0];
        let bytes = written(
            NEW_ROUTE,
            &fixed,
            &[
                (15, &1000u32.to_ne_bytes()),
                (1, &[10, 1, 0, 0]),
                (5, &[10, 0, 0, 1]),
                (4, &2u32.to_ne_bytes()),
            ],
        );
        let message = messages(&bytes).next().unwrap();
        let route = route(message, &links()).unwrap();
        assert_eq!(route["table"], "1000");
        assert_eq!(route["destination"], "10.1.0.0/16");
        assert_eq!(route["via"], "10.0.0.1");
        assert_eq!(route["dev"], "eth0");
    }

    #[test]
    fn a_default_route_has_no_destination_attribute_and_a_local_route_is_left_out() {
        let bytes = written(NEW_ROUTE, &[2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0], &[]);
        let found = route(messages(&bytes).next().unwrap(), &links()).unwrap();
        assert_eq!(found["destination"], "default");
        let bytes = written(NEW_ROUTE, &[2, 32, 0, 0, 255, 2, 254, 2, 0, 0, 0, 0], &[]);
        assert!(route(messages(&bytes).next().unwrap(), &links()).is_none());
    }

    #[test]
    fn a_neighbour_that_does_not_answer_is_failed() {
        let fixed = [2, 0, 0, 0, 2, 0, 0, 0, 0x20, 0, 0, 0];
        let bytes = written(NEW_NEIGHBOUR, &fixed, &[(1, &[10, 0, 0, 1])]);
        let found = neighbour(messages(&bytes).next().unwrap(), &links()).unwrap();
        assert_eq!(
            found,
            json!({"dev": "eth0", "address": "10.0.0.1", "state": "failed"})
        );
    }
}
