//! Every recorded node through both programs, against its golden report.

use crate::programs::{causes, collect, report, report_output, text};
use nodebundle_fixtures::{Scratch, names, nodes};
use serde_json::Value;
use std::fs;
use std::path::Path;

#[test]
fn every_recorded_node_gets_the_diagnosis_its_case_expects() {
    let failures: Vec<String> = names()
        .iter()
        .filter_map(|name| check(name).err())
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn check(name: &str) -> Result<(), String> {
    let case = nodes().join(name);
    let scratch = Scratch::new();
    let bundle = scratch.path().join("bundle.tar.gz");
    collect(&case.join("root"), &bundle, &[]);
    let expected: Value =
        serde_saphyr::from_str(&fs::read_to_string(case.join("case.yaml")).unwrap()).unwrap();
    verdict(name, &expected["expect"], &report(&bundle, &[]))?;
    golden(&case.join("report.txt"), &bundle)
}

fn verdict(name: &str, expect: &Value, report: &Value) -> Result<(), String> {
    let got = causes(report);
    let wanted: Vec<&str> = expect["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let never: Vec<&str> = expect["never"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    if report["verdict"]["state"] != expect["state"] {
        return Err(format!(
            "{name}: state {} instead of {}",
            report["verdict"]["state"], expect["state"]
        ));
    }
    if got.first().map(String::as_str) != wanted.first().copied() {
        return Err(format!("{name}: causes {got:?}, expected first {wanted:?}"));
    }
    match got.iter().find(|id| never.contains(&id.as_str())) {
        Some(id) => Err(format!("{name}: {id} must not be a cause")),
        None => Ok(()),
    }
}

/// Compares the text report with the committed one; `cargo xtask accept` sets the variable that rewrites it.
fn golden(path: &Path, bundle: &Path) -> Result<(), String> {
    let output = report_output(bundle, "text", &["--color", "never"]);
    let shown = text(&output.stdout).replace(&bundle.display().to_string(), "bundle.tar.gz");
    if std::env::var_os("NODEBUNDLE_ACCEPT").is_some() {
        fs::write(path, shown).unwrap();
        return Ok(());
    }
    let wanted = fs::read_to_string(path).unwrap_or_default();
    if shown == wanted {
        return Ok(());
    }
    let difference = shown
        .lines()
        .zip(wanted.lines())
        .find(|(new, old)| new != old);
    Err(format!(
        "{} is stale (`cargo xtask accept` rewrites it): {difference:?}",
        path.display()
    ))
}

#[test]
fn a_report_does_not_depend_on_when_the_dead_nodes_disk_was_read() {
    for name in names() {
        let scratch = Scratch::new();
        let (now, later) = (
            scratch.path().join("now.tar.gz"),
            scratch.path().join("later.tar.gz"),
        );
        let root = nodes().join(&name).join("root");
        collect(&root, &now, &[]);
        collect(&root, &later, &["--now", "2031-11-25T00:00:00Z"]);
        assert_eq!(
            report(&now, &[])["causes"],
            report(&later, &[])["causes"],
            "{name}"
        );
    }
}
