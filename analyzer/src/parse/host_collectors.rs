//! What host collectors of replicatedhq/troubleshoot write as JSON: time, system, kernel settings and modules.

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
    accepts: |entry| matches!(entry.source, Source::Named(_)) && form(&entry.head()).is_some(),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Time,
    System,
    Settings,
    Modules,
}

/// The form of a JSON object, from the keys at its beginning.
fn form(head: &str) -> Option<Form> {
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
    let document = match yaml::parse(&entry.text()) {
        Ok(document) => document.root,
        Err(error) => {
            let line = error.line().unwrap_or(1);
            return evidence.gap(
                entry.name.as_ref(),
                format!("line {line} is not JSON"),
                &["host"],
            );
        }
    };
    match form(&entry.head()) {
        Some(Form::Time) => time(&document, entry, evidence),
        Some(Form::System) => system(&document, entry, evidence),
        Some(Form::Settings) => settings(&document, entry, evidence),
        Some(Form::Modules) => modules(&document, entry, evidence),
        None => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, claimed_text, named};

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
        assert_eq!(form("{\"name\": \"x\", \"a.b\": 1}"), None);
    }
}
