//! What host collectors of replicatedhq/troubleshoot write of one thing as JSON: time, system, kernel settings and modules, memory,
//! processors, control groups.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::observed::Sysctl;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

pub(super) const PARSER: Parser = Parser {
    name: "host_collectors",
    kind: "result of a host collector",
    facts: &[],
    accepts: |entry| form(entry).is_some(),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Time,
    System,
    Settings,
    Modules,
    Memory,
    Processors,
    Groups,
}

/// The collector's folder and the file of a result, below `host-collectors/` and its node.
pub(super) fn collector(entry: &Entry) -> Option<(&str, &str)> {
    match &entry.source {
        Source::Named(name) => name.strip_prefix("host-collectors/")?.split_once('/'),
        _ => None,
    }
}

/// The form of a result, by its name where its keys are anybody's.
fn form(entry: &Entry) -> Option<Form> {
    match collector(entry) {
        Some(("system", "memory.json")) => Some(Form::Memory),
        Some(("system", "cpu.json")) => Some(Form::Processors),
        Some(("system", "cgroups.json")) => Some(Form::Groups),
        _ if matches!(entry.source, Source::Named(_)) => by_keys(&entry.head()),
        _ => None,
    }
}

/// The form of a JSON object, from the keys at its beginning.
fn by_keys(head: &str) -> Option<Form> {
    let object = head.trim_start().strip_prefix('{')?.trim_start();
    let has = |keys: &[&str]| keys.iter().all(|key| head.contains(&format!("\"{key}\":")));
    if has(&["timezone", "ntp_synchronized", "ntp_active"]) {
        return Some(Form::Time);
    }
    if has(&["name", "kernelVersion", "platformFamily"]) {
        return Some(Form::System);
    }
    if has(&["size", "instances", "status"]) && !head.contains('[') {
        return Some(Form::Modules);
    }
    let groups = [
        "abi", "crypto", "debug", "dev", "fs", "kernel", "net", "user", "vm",
    ];
    let first = object.strip_prefix('"')?.split('"').next()?;
    let (group, _) = first.split_once('.')?;
    groups.contains(&group).then_some(Form::Settings)
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    read_by(form(entry).map(Form::reader), &["host"], entry, evidence);
}

/// Reads the JSON of one result into evidence.
pub(super) type Read = fn(&Node, &Entry, &mut Evidence);

/// Reads a result, or notes that it is no JSON and which facts that leaves unknown.
pub(super) fn read_by(
    reader: Option<Read>,
    facts: &[&str],
    entry: &Entry,
    evidence: &mut Evidence,
) {
    let Some(read) = reader else { return };
    match yaml::parse_json(&entry.text()) {
        Ok(document) => read(&document.root, entry, evidence),
        Err(problem) => evidence.gap(entry.name.as_ref(), problem, facts),
    }
}

impl Form {
    fn reader(self) -> Read {
        match self {
            Self::Time => time,
            Self::System => system,
            Self::Settings => settings,
            Self::Modules => modules,
            Self::Memory => memory,
            Self::Processors => processors,
            Self::Groups => groups,
        }
    }
}

fn time(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for (key, path) in [
        ("ntp_synchronized", "host.time.synchronized"),
        ("ntp_active", "host.time.service_active"),
    ] {
        if let Some(pair) = document.pair(key)
            && let Some(value) = pair.value.bool()
        {
            claim(evidence, path, Witness::Program, value, entry.at(pair.line));
        }
    }
}

fn system(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for (key, path) in [("name", "host.name"), ("kernelVersion", "host.kernel")] {
        if let Some(pair) = document.pair(key)
            && let Some(value) = pair.value.text().filter(|value| !value.is_empty())
        {
            let origin = entry.at(pair.line);
            claim(evidence, path, Witness::Program, value, origin);
        }
    }
}

fn settings(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for pair in document.pairs() {
        if let Some(value) = pair.value.scalar() {
            let name = pair.key.clone();
            evidence.push(Sysctl { name, value }, entry.at(pair.line));
        }
    }
}

/// Modules that are loaded; the others could be.
fn modules(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    let loaded = document
        .pairs()
        .iter()
        .filter(|pair| pair.value.get("status").and_then(Node::text) == Some("loaded"));
    let names = loaded.map(|pair| Fact::text(pair.key.as_str(), entry.at(pair.line)));
    let names = Fact::list(names.collect()).value;
    claim(
        evidence,
        "host.modules",
        Witness::Program,
        names,
        entry.whole(),
    );
}

fn memory(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    if let Some(bytes) = document.get("total").and_then(Node::int) {
        let path = "host.memory.total";
        claim(evidence, path, Witness::Program, bytes, entry.whole());
    }
}

fn processors(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    if let Some(arch) = document.get("machineArch").and_then(Node::text) {
        claim(evidence, "host.arch", Witness::Program, arch, entry.whole());
    }
}

/// Control groups; both versions are never reported as enabled.
fn groups(document: &Node, entry: &Entry, evidence: &mut Evidence) {
    for (key, version) in [("cgroup-v1", 1), ("cgroup-v2", 2)] {
        let Some(pair) = document.pair(key) else {
            continue;
        };
        if pair.value.get("enabled").and_then(Node::bool) != Some(true) {
            continue;
        }
        let origin = entry.at(pair.line);
        let path = "host.cgroup_version";
        claim(evidence, path, Witness::Program, version, origin.clone());
        let names = pair.value.get("controllers").map(Node::items);
        let names = names.unwrap_or_default().iter().filter_map(Node::text);
        let names = Fact::texts(names, &origin).value;
        let path = "host.cgroup_controllers";
        claim(evidence, path, Witness::Program, names, origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, claimed_text, host_collected, named};

    #[test]
    fn each_collector_is_told_by_its_keys() {
        let time = named(
            &PARSER,
            "{\n \"timezone\": \"UTC\",\n \"ntp_synchronized\": false,\n \"ntp_active\": true\n}",
        );
        let synced = claimed(&time, "host.time.synchronized");
        assert_eq!(
            (synced.as_bool(), synced.origins[0].line),
            (Some(false), Some(3))
        );
        let system = named(
            &PARSER,
            "{\n \"name\": \"w1\",\n \"kernelVersion\": \"6.1.0\",\n \"platformVersion\": \"12\",\n \"platform\": \"debian\",\n \"platformFamily\": \"debian\"\n}",
        );
        assert_eq!(claimed_text(&system, "host.name"), "w1");
        let settings = named(
            &PARSER,
            "{\"net.ipv4.ip_forward\":\"0\",\"vm.swappiness\":\"60\"}",
        );
        assert_eq!(settings.all::<Sysctl>()[0].value.value, "0");
        let modules = named(
            &PARSER,
            "{\n \"br_netfilter\": {\"size\": 1, \"instances\": 0, \"status\": \"loadable\"},\n \"overlay\": {\"size\": 1, \"instances\": 2, \"status\": \"loaded\"}\n}",
        );
        let loaded = claimed(&modules, "host.modules");
        assert_eq!(loaded.items().len(), 1);
        assert_eq!(by_keys("{\"name\": \"x\", \"a.b\": 1}"), None);
    }

    #[test]
    fn results_with_anybodys_keys_are_told_by_their_name() {
        let read =
            |file: &str, text: &str| host_collected(&PARSER, &format!("system/{file}"), text);
        let memory = read("memory.json", "{\"total\":8326029312}");
        let total = claimed(&memory, "host.memory.total").value;
        assert_eq!(total, 8_326_029_312_i64.into());
        let cpu = read(
            "cpu.json",
            "{\"logicalCount\":4,\"machineArch\":\"x86_64\"}",
        );
        assert_eq!(claimed_text(&cpu, "host.arch"), "x86_64");
        let groups = read(
            "cgroups.json",
            "{\"cgroup-enabled\":true,\"cgroup-v1\":{\"enabled\":false,\"mountPoint\":\"\",\"controllers\":[]},\"cgroup-v2\":{\"enabled\":true,\"mountPoint\":\"/sys/fs/cgroup\",\"controllers\":[\"cpu\"]}}",
        );
        assert_eq!(claimed(&groups, "host.cgroup_version").value, 2.into());
        assert_eq!(claimed(&groups, "host.cgroup_controllers").items().len(), 1);
    }
}
