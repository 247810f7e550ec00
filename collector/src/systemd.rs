//! `facts/units.json` and `facts/systemd.json`: from systemd over D-Bus, else `systemctl show`, else files and links.

use crate::bus::{About, SystemdAnswer, UNIT_PROPERTIES};
use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::node::units::{SEARCH, Unit, patterns};
use crate::spec::{KIB, matches};
use chrono::{NaiveDateTime, SecondsFormat};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `facts/units.json`.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
pub(crate) fn states(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut units: BTreeMap<String, Value> = BTreeMap::new();
    for unit in &node.units {
        units.insert(unit.name.clone(), file_state(unit));
    }
    let mut head = vec![("from", json!("files"))];
    if host.is_live() {
        let (from, live, incomplete) = running(host, node);
        if !live.is_empty() {
            head = vec![("from", json!(from))];
        }
        head.extend(incomplete.map(|why| ("incomplete", json!(why))));
        // A unit that systemd knows under several names is one unit.
        let aliases = live
            .values()
            .filter_map(|unit| unit.get("Names")?.as_array());
        let aliases = aliases.flatten().filter_map(Value::as_str);
        for alias in aliases {
            units.remove(alias);
        }
        units.extend(live);
    }
    let units: Vec<Value> = units.into_values().collect();
    Ok(facts::document(&head, &[("units", &units)]))
}

/// `facts/systemd.json`: failed units, jobs, what the kubelet's unit needs or follows, and the default target.
pub(crate) fn manager(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let target = default_target(host);
    if !host.is_live() {
        return Ok(facts::document(&[("default_target", target)], &[]));
    }
    let about = About::Manager(kubelet_unit(node));
    let answer = host.systemd(about, bus_runs(node))?;
    let mut head = vec![
        ("from", json!(answer.from)),
        ("default_target", target),
        ("manager", Value::Object(answer.manager)),
    ];
    head.extend(answer.incomplete.map(|why| ("incomplete", json!(why))));
    let lists: [(&str, &[Value]); 3] = [
        ("failed", &answer.units),
        ("jobs", &answer.jobs),
        ("kubelet_needs", &answer.needs),
    ];
    Ok(facts::document(&head, &lists))
}

/// Units by name as the running systemd knows them, who said so, and why that is not all.
fn running(host: &mut Host, node: &Node) -> (String, BTreeMap<String, Value>, Option<String>) {
    let names = node.units.iter().map(|unit| unit.name.clone()).collect();
    match host.systemd(About::Units(names), bus_runs(node)) {
        Ok(SystemdAnswer {
            from,
            units,
            incomplete,
            ..
        }) => (from, by_name(units), incomplete),
        Err(failure) => {
            let why = failure.reason.unwrap_or_default();
            host.note(format!("systemd was not asked over D-Bus: {why}"));
            let shown = if may_show(node) {
                shown(host, node)
            } else {
                BTreeMap::new()
            };
            let incomplete = shown.is_empty().then_some(why);
            ("systemctl".to_owned(), shown, incomplete)
        }
    }
}

fn by_name(units: Vec<Value>) -> BTreeMap<String, Value> {
    let named = units.into_iter().filter_map(|unit| {
        let name = unit.get("Id")?.as_str()?.to_owned();
        Some((name, unit))
    });
    named.collect()
}

/// The bus is connected only while it runs: its socket is systemd's, and a connection would start it.
fn bus_runs(node: &Node) -> bool {
    let units = node
        .processes
        .iter()
        .filter_map(|process| process.unit.as_deref());
    units.into_iter().any(|unit| BUS_UNITS.contains(&unit))
}

/// Without root `systemctl` asks over the bus, and would start it.
fn may_show(node: &Node) -> bool {
    bus_runs(node) || rustix::process::geteuid().is_root()
}

/// The unit of the first kubelet: the one that runs, else the one that a unit would start.
fn kubelet_unit(node: &Node) -> String {
    let declared = node
        .kubelets
        .first()
        .map(|kubelet| kubelet.declared_by.as_str());
    let pid = declared.and_then(|by| by.strip_prefix("process ")?.parse().ok());
    let process = node
        .processes
        .iter()
        .find(|process| Some(process.pid) == pid);
    let unit = process.map_or(declared, |process| process.unit.as_deref());
    unit.unwrap_or("kubelet.service").to_owned()
}

/// What the system starts into: the link's text and where it stands. Null where no folder has it.
fn default_target(host: &mut Host) -> Value {
    let links = SEARCH.iter().find_map(|folder| {
        let path = format!("{folder}/default.target");
        let link = host.stat(&path).ok()?.attributes.link?;
        Some(json!({"path": path, "link": link}))
    });
    links.unwrap_or(Value::Null)
}

fn file_state(unit: &Unit) -> Value {
    let mut fields = Map::new();
    fields.insert("Id".into(), json!(unit.name));
    if let Some(state) = unit.load_state() {
        fields.insert("LoadState".into(), json!(state));
    }
    if let Some(state) = &unit.file_state {
        fields.insert("UnitFileState".into(), json!(state));
    }
    if let Some(path) = &unit.fragment {
        fields.insert("FragmentPath".into(), json!(path));
        fields.insert("DropInPaths".into(), json!(unit.drop_ins));
    }
    Value::Object(fields)
}

/// Asks `systemctl show`; empty when there is no systemd to answer.
fn shown(host: &mut Host, node: &Node) -> BTreeMap<String, Value> {
    let properties = format!("--property={}", UNIT_PROPERTIES.join(","));
    let mut argv = vec![
        "/usr/bin/systemctl",
        "show",
        "--no-pager",
        &properties,
        "--",
    ];
    // A template is no unit: its name alone would make systemctl fail.
    let names = node.units.iter().map(|unit| unit.name.as_str());
    argv.extend(names.filter(|name| !name.contains("@.")));
    for pattern in patterns().filter(|pattern| pattern.contains('*')) {
        argv.push(pattern);
    }
    match host.run(&argv, 512 * KIB) {
        Ok((ran, output)) if !ran.timed_out => {
            let text = String::from_utf8_lossy(&output);
            text.split("\n\n").filter_map(parse_show).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// One unit of `systemctl show`: numbers, booleans, times and lists get their types.
fn parse_show(block: &str) -> Option<(String, Value)> {
    let mut fields = Map::new();
    for line in block.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let value = match (name, value) {
            ("DropInPaths" | "Names", paths) => json!(paths.split_whitespace().collect::<Vec<_>>()),
            (_, "yes") => json!(true),
            (_, "no") => json!(false),
            (_, "" | "[not set]" | "infinity" | "n/a") => continue,
            (name, text) if name.ends_with("Timestamp") => match utc(text) {
                Some(time) => json!(time),
                None => continue,
            },
            (_, text) => text
                .parse::<i64>()
                .map_or_else(|_| json!(text), |number| json!(number)),
        };
        fields.insert(name.to_owned(), value);
    }
    // Conditions that were never checked are said to have failed.
    for check in ["Condition", "Assert"] {
        if !fields.contains_key(&format!("{check}Timestamp")) {
            fields.remove(&format!("{check}Result"));
        }
    }
    let id = fields.get("Id")?.as_str()?.to_owned();
    let wanted = patterns().any(|pattern| matches(pattern, &id));
    wanted.then_some((id, Value::Object(fields)))
}

/// `Tue 2026-11-24 10:00:00 UTC`, as RFC 3339.
fn utc(text: &str) -> Option<String> {
    let time = NaiveDateTime::parse_from_str(text, "%a %Y-%m-%d %H:%M:%S UTC").ok()?;
    Some(time.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Units that are the system bus.
const BUS_UNITS: &[&str] = &["dbus.service", "dbus-broker.service"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemctl_output_gets_types() {
        let block = "Id=kubelet.service\nNRestarts=5\nNeedDaemonReload=no\nDropInPaths=/a /b\nMemoryMax=infinity\nConditionResult=no\nConditionTimestamp=\n\
            ActiveEnterTimestamp=Tue 2026-11-24 10:00:00 UTC\n";
        let (id, unit) = parse_show(block).unwrap();
        assert_eq!(id, "kubelet.service");
        assert_eq!(
            unit,
            json!({"Id": "kubelet.service", "NRestarts": 5, "NeedDaemonReload": false, "DropInPaths": ["/a", "/b"],
                "ActiveEnterTimestamp": "2026-11-24T10:00:00Z"})
        );
    }
}
