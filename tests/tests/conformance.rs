//! Walks whole families: indexes, rules, documents, sizes, layers.

use crate::programs::{analyzer, text};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// All files below a folder of the workspace with an ending, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![workspace().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else if path.extension().is_some_and(|own| own == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn indexes_and_compiled_rules_are_fresh() {
    xtask(&["index", "--check"]);
}

#[test]
fn generated_documents_are_fresh() {
    xtask(&["docs", "--check"]);
}

fn xtask(arguments: &[&str]) {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace())
        .arg("xtask")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn every_rule_holds_its_own_examples() {
    let output = analyzer()
        .args(["rules", "check"])
        .arg(workspace().join("rules"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn there_are_at_least_eighty_rules_and_every_stage_has_some() {
    let mut stages: BTreeMap<String, usize> = BTreeMap::new();
    for rule in files("rules", "yaml")
        .iter()
        .filter(|path| !path.ends_with("ladder.yaml"))
    {
        let stage = rule
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        *stages.entry(stage).or_default() += 1;
    }
    assert!(stages.values().sum::<usize>() >= 80, "{stages:?}");
    assert_eq!(stages.len(), 13, "{stages:?}");
}

#[test]
fn no_source_file_is_longer_than_a_room_to_find_things_in() {
    let mut long = Vec::new();
    for crate_folder in [
        "bundle/src",
        "journal/src",
        "collector/src",
        "analyzer/src",
        "fixtures/src",
        "xtask/src",
    ] {
        for path in files(crate_folder, "rs") {
            if path.ends_with("tests.rs") {
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let tests = [
                "#[cfg(test)]\nmod tests",
                "#[cfg(test)]\npub(crate) mod tests",
            ];
            let end = tests.iter().filter_map(|head| source.find(head)).min();
            let own = &source[..end.unwrap_or(source.len())];
            if own.lines().count() > 400 {
                long.push(format!("{}: {}", path.display(), own.lines().count()));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn crates_depend_in_one_direction() {
    let allowed: [(&str, &[&str]); 4] = [
        ("bundle", &[]),
        ("journal", &[]),
        ("collector", &["nodebundle-bundle", "nodebundle-journal"]),
        ("analyzer", &["nodebundle-bundle", "nodebundle-journal"]),
    ];
    for (name, may_use) in allowed {
        let manifest = fs::read_to_string(workspace().join(name).join("Cargo.toml")).unwrap();
        let normal = manifest.split("[dev-dependencies]").next().unwrap();
        let uses = normal
            .lines()
            .skip_while(|line| *line != "[dependencies]")
            .filter(|line| line.starts_with("nodebundle-"));
        for line in uses {
            let used = line.split(['.', ' ']).next().unwrap();
            assert!(may_use.contains(&used), "{name} must not use {used}");
        }
    }
    assert!(
        !fs::read_to_string(workspace().join("xtask/Cargo.toml"))
            .unwrap()
            .contains("nodebundle-")
    );
}

#[test]
fn parsers_and_rules_of_the_analyzer_do_no_input_or_output() {
    for folder in [
        "analyzer/src/parse",
        "analyzer/src/facts",
        "analyzer/src/condition",
        "analyzer/src/diagnosis",
    ] {
        for path in files(folder, "rs") {
            let source = fs::read_to_string(&path).unwrap();
            for door in [
                "std::fs",
                "TcpStream",
                "UdpSocket",
                "UnixStream",
                "ToSocketAddrs",
                "std::process",
                "std::env",
                "SystemTime",
            ] {
                assert!(!source.contains(door), "{} uses {door}", path.display());
            }
        }
    }
}

#[test]
fn each_packages_clippy_file_repeats_the_thresholds_of_the_workspace() {
    let root = fs::read_to_string(workspace().join("clippy.toml")).unwrap();
    for name in ["collector", "analyzer"] {
        let own = fs::read_to_string(workspace().join(name).join("clippy.toml")).unwrap();
        for line in root
            .lines()
            .filter(|line| line.contains(" = ") && !line.starts_with('#'))
        {
            assert!(own.contains(line), "{name}/clippy.toml lacks `{line}`");
        }
        assert!(
            own.contains("disallowed-methods"),
            "{name}/clippy.toml closes no door"
        );
    }
}

#[test]
fn the_collector_never_maps_a_journal_and_stays_small() {
    let lines = tree("nodebundle-collector");
    for banned in [
        "memmap2",
        "openssl",
        "openssl-sys",
        "xz2",
        "liblzma-sys",
        "systemd-journal-sdk",
        "cmake",
        "tokio",
        "nodebundle-analyzer",
    ] {
        assert!(
            !lines.contains(&banned.to_owned()),
            "{banned} is in the collector"
        );
    }
    assert!(
        lines.len() <= 110,
        "the collector has {} packages",
        lines.len()
    );
    assert!(tree("nodebundle-analyzer").len() <= 120);
}

/// Names of the packages that are linked into one of the programs.
fn tree(package: &str) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let arguments = [
        "tree",
        "--offline",
        "--prefix",
        "none",
        "--no-dedupe",
        "-e",
        "normal,no-proc-macro",
        "--format",
        "{p}",
        "-p",
        package,
    ];
    let output = Command::new(cargo)
        .current_dir(workspace())
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut names: Vec<String> = text(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn paths_that_the_development_guide_names_exist() {
    let guide = fs::read_to_string(workspace().join("docs/development.md")).unwrap();
    let named = regex::Regex::new(
        r"`((?:analyzer|bundle|collector|docs|fixtures|rules|tests|xtask)/[A-Za-z0-9_./-]+)`",
    )
    .unwrap();
    let mut count = 0;
    for capture in named.captures_iter(&guide) {
        assert!(
            workspace().join(&capture[1]).exists(),
            "docs/development.md names {}",
            &capture[1]
        );
        count += 1;
    }
    assert!(count >= 6);
}

#[test]
fn the_report_in_the_readme_is_a_real_one() {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let golden = workspace().join("fixtures/nodes/csr-not-approved/report.txt");
    let report = fs::read_to_string(golden).unwrap();
    assert!(
        readme.contains(report.trim_end()),
        "copy fixtures/nodes/csr-not-approved/report.txt into README.md"
    );
}
