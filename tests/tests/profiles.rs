//! One small tree per distribution: found, collected, explained, and its secrets left where they are.

use crate::programs::{causes, collect, collector, entries, report, text};
use nodebundle_fixtures::profiles::{ProfileTree, tree, trees};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn every_distribution_is_found_collected_and_explained() {
    let failures: Vec<String> = trees().flat_map(check).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn check(tree: &ProfileTree) -> Vec<String> {
    let fixture = tree.build();
    let bundle = fixture.output().join("bundle.tar.gz");
    collect(&fixture.root(), &bundle, &[]);
    let entries = entries(&bundle);
    let mut problems = stored(tree, &entries);
    problems.extend(leaked(tree, &entries));
    problems.extend(explained(tree, &bundle));
    problems.extend(planned(tree, &fixture.root()));
    problems
        .into_iter()
        .map(|problem| format!("{}: {problem}", tree.name))
        .collect()
}

fn stored(tree: &ProfileTree, entries: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let wanted = tree.entries.iter();
    let missing = wanted.filter(|name| !entries.contains_key(**name));
    let mut problems: Vec<String> = missing.map(|name| format!("{name} is missing")).collect();
    let facts: Value = serde_json::from_slice(&entries["facts/profiles.json"]).unwrap();
    let found: Vec<&str> = facts["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    if found != [tree.profile] {
        problems.push(format!("found {found:?}"));
    }
    problems
}

fn leaked(tree: &ProfileTree, entries: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut problems = Vec::new();
    for path in tree.never {
        if entries.contains_key(&format!("files/{path}")) {
            problems.push(format!("{path} was stored"));
        }
    }
    for (name, bytes) in entries {
        let text = text(bytes);
        if !tree.secret.is_empty() && text.contains(tree.secret) {
            problems.push(format!("the secret is in {name}"));
        }
        if text.contains("PRIVATE KEY-----\nMI") {
            problems.push(format!("a key is in {name}"));
        }
    }
    problems
}

fn explained(tree: &ProfileTree, bundle: &Path) -> Vec<String> {
    let report = report(bundle, &["--now", NOW]);
    let mut problems = Vec::new();
    let distribution = &report["node"]["distribution"];
    if distribution != tree.distribution {
        problems.push(format!("the report says {distribution}"));
    }
    let version = &report["node"]["kubelet_version"];
    if tree.version.is_some_and(|wanted| version != wanted) {
        problems.push(format!("the kubelet is said to be {version}"));
    }
    let causes = causes(&report);
    if let Some(wanted) = tree.cause
        && causes.first().map(String::as_str) != Some(wanted)
    {
        problems.push(format!("the causes are {causes:?}"));
    }
    problems
}

/// `plan --root` shows the distribution and the files that the bundle will have.
fn planned(tree: &ProfileTree, root: &Path) -> Vec<String> {
    let mut command = collector();
    let output = command.arg("plan").arg("--root").arg(root).output();
    let plan = text(&output.unwrap().stdout);
    let files = tree
        .entries
        .iter()
        .filter_map(|entry| entry.strip_prefix("files"));
    let mut problems: Vec<String> = files
        .filter(|path| !plan.contains(*path))
        .map(|path| format!("the plan does not show {path}"))
        .collect();
    if !plan.contains(&format!("Found: {}, because of /", tree.profile)) {
        problems.push("the plan does not name the distribution".to_owned());
    }
    problems
}

#[test]
fn a_named_profile_leaves_out_what_only_others_have() {
    let k3s = tree("k3s");
    let fixture = k3s.build().with_file("/etc/eks/config.json", "{}\n");
    let bundle = fixture.output().join("bundle.tar.gz");
    collect(&fixture.root(), &bundle, &["--profile", "k3s"]);
    let narrowed = entries(&bundle);
    assert!(narrowed.contains_key("files/etc/rancher/k3s/config.yaml"));
    assert!(!narrowed.contains_key("files/etc/eks/config.json"));
    let facts = text(&narrowed["facts/profiles.json"]);
    assert!(
        facts.contains("\"eks\"") && facts.contains("\"k3s\""),
        "{facts}"
    );
}

#[test]
fn two_kubelets_of_two_distributions_are_the_cause() {
    let kind = tree("kind");
    let mut fixture = kind
        .build()
        .with_file("/etc/rancher/k3s/config.yaml", "node-name: n\n");
    for (pid, comm, unit) in [
        (700, "kubelet", "kubelet.service"),
        (800, "k3s-agent", "k3s-agent.service"),
    ] {
        fixture = fixture
            .with_file(&format!("/proc/{pid}/comm"), format!("{comm}\n"))
            .with_file(
                &format!("/proc/{pid}/cmdline"),
                format!("/usr/bin/{comm}\0"),
            )
            .with_file(
                &format!("/proc/{pid}/cgroup"),
                format!("0::/system.slice/{unit}\n"),
            );
    }
    let bundle = fixture.output().join("bundle.tar.gz");
    collect(&fixture.root(), &bundle, &[]);
    let causes = causes(&report(&bundle, &["--now", NOW]));
    assert!(
        causes.contains(&"kubelet-second-instance".to_owned()),
        "{causes:?}"
    );
}

const NOW: &str = "2026-11-22T08:00:00Z";
