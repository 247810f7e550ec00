//! Bundles of other tools, searched for secrets and copied without them.

use crate::leaks::{LEARNED, LOGGED, PLANTED, poisoned};
use crate::programs::{analyzer, causes, collect, entries, report, text};
use nodebundle_fixtures::{NodeFixture, names};
use std::fs;
use std::path::Path;
use std::process::Output;

fn run(command: &str, arguments: &[&str], input: &Path) -> Output {
    analyzer()
        .arg(command)
        .args(arguments)
        .arg(input)
        .output()
        .unwrap()
}

fn scrub(input: &Path, copy: &Path) {
    let output = run("scrub", &["-o", &copy.display().to_string()], input);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// The tree of a node as a tool without redaction packs it.
fn packed(node: &NodeFixture) -> std::path::PathBuf {
    let path = node.output().join("sosreport.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    archive.follow_symlinks(false);
    archive.append_dir_all("sosreport", node.root()).unwrap();
    archive.finish().unwrap();
    path
}

#[test]
fn no_planted_secret_is_left_in_a_scrubbed_report() {
    let node = poisoned();
    let (report, copy) = (packed(&node), node.output().join("scrubbed.tar.gz"));
    let found = run("verify", &[], &report);
    assert_eq!(found.status.code(), Some(1), "{}", text(&found.stderr));
    scrub(&report, &copy);
    let planted = PLANTED.iter().map(|(kind, secret, ..)| (kind, secret));
    let logged = LOGGED.iter().map(|(kind, secret, _)| (kind, secret));
    let learned = LEARNED.iter().map(|(kind, secret, _)| (kind, secret));
    let all: Vec<_> = planted.chain(logged).chain(learned).collect();
    let mut leaks = Vec::new();
    for (name, bytes) in entries(&copy) {
        let content = text(&bytes);
        for (kind, secret) in &all {
            if content.contains(**secret) {
                leaks.push(format!("{kind} in {name}"));
            }
            assert!(
                !text(&found.stdout).contains(**secret),
                "verify told the {kind}"
            );
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    let clean = run("verify", &["--json"], &copy);
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stdout));
}

#[test]
fn a_scrubbed_node_has_the_same_causes() {
    for name in names() {
        let node = NodeFixture::case(&name);
        let (bundle, copy) = (
            node.output().join("b.tar.gz"),
            node.output().join("c.tar.gz"),
        );
        collect(&node.root(), &bundle, &[]);
        scrub(&bundle, &copy);
        assert_eq!(
            causes(&report(&copy, &[])),
            causes(&report(&bundle, &[])),
            "{name}"
        );
    }
}

#[test]
fn an_output_that_is_there_is_never_replaced() {
    let node = NodeFixture::ready();
    let (report, copy) = (packed(&node), node.output().join("c.tar.gz"));
    fs::write(&copy, "theirs").unwrap();
    let output = run("scrub", &["-o", &copy.display().to_string()], &report);
    assert!(!output.status.success());
    assert_eq!(fs::read_to_string(&copy).unwrap(), "theirs");
}

#[test]
fn a_partial_file_that_is_there_is_left_alone() {
    let node = NodeFixture::ready();
    let (report, copy) = (packed(&node), node.output().join("c.tar.gz"));
    let partial = node.output().join("c.tar.gz.partial");
    fs::write(&partial, "theirs").unwrap();
    let output = run("scrub", &["-o", &copy.display().to_string()], &report);
    assert!(!output.status.success());
    assert_eq!(fs::read_to_string(&partial).unwrap(), "theirs");
    assert!(!copy.exists());
}
