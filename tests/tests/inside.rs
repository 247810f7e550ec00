//! Looking inside an input without unpacking it: what the subcommands print, and that nothing in an input steers a terminal.

use crate::programs::{analyzer, collect};
use nodebundle_fixtures::Scratch;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn tree(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/nodes")
        .join(case)
        .join("root")
}

/// Runs the analyzer and returns its exit code with what it printed.
fn run(arguments: &[&str], input: &Path, more: &[&str]) -> (i32, String, String) {
    let output: Output = analyzer()
        .args(arguments)
        .arg(input)
        .args(more)
        .output()
        .expect("the analyzer starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn json(arguments: &[&str], input: &Path, more: &[&str]) -> Value {
    let mut all = more.to_vec();
    all.extend(["--format", "json"]);
    let (_, out, fault) = run(arguments, input, &all);
    let value: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} {fault}"));
    assert_eq!(value["schema_version"], 1);
    value
}

fn bundle(scratch: &Scratch, case: &str) -> PathBuf {
    let path = scratch.path().join(format!("{case}.tar.gz"));
    collect(&tree(case), &path, &["--now", "2026-11-22T08:00:00Z"]);
    path
}

#[test]
fn a_bundle_is_listed_and_its_entries_are_found_by_name_path_and_unit() {
    let scratch = Scratch::new();
    let bundle = bundle(&scratch, "csr-not-approved");
    let listing = json(&["ls"], &bundle, &[]);
    let entries = listing["entries"].as_array().unwrap();
    let entry = |name: &str| {
        let mut all = entries.iter();
        all.find(|entry| entry["name"] == name)
            .unwrap_or_else(|| panic!("{name} is listed"))
    };
    let config = entry("files/var/lib/kubelet/config.yaml");
    assert_eq!(config["outcome"], "ok");
    assert_eq!(config["source"]["file"], "/var/lib/kubelet/config.yaml");
    assert_eq!(
        config["kinds"],
        serde_json::json!(["kubelet configuration"])
    );
    assert_eq!(
        entry("journal/kubelet.service/0001.log")["log"],
        "journal text"
    );
    let absent = listing["not_stored"].as_array().unwrap();
    assert!(absent.iter().any(|item| item["outcome"] == "absent"));

    let own =
        fs::read_to_string(tree("csr-not-approved").join("var/lib/kubelet/config.yaml")).unwrap();
    for name in [
        "files/var/lib/kubelet/config.yaml",
        "/var/lib/kubelet/config.yaml",
    ] {
        let (code, out, _) = run(&["cat"], &bundle, &[name]);
        assert_eq!((code, out.as_str()), (0, own.as_str()), "{name}");
    }
    let (_, by_unit, _) = run(&["cat"], &bundle, &["kubelet"]);
    let (_, by_name, _) = run(&["cat"], &bundle, &["journal/kubelet.service/0001.log"]);
    assert!(
        by_unit.starts_with(&by_name),
        "a journal in parts comes whole"
    );
    let (code, out, fault) = run(&["cat"], &bundle, &["/var/lib/kubelet/confg.yaml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        fault.contains("did you mean files/var/lib/kubelet/config.yaml"),
        "{fault}"
    );
}

#[test]
fn logs_are_searched_with_times_units_and_levels() {
    let scratch = Scratch::new();
    let bundle = bundle(&scratch, "csr-not-approved");
    let (code, out, _) = run(
        &["grep", "-F", "csidrivers.storage.k8s.io is forbidden"],
        &bundle,
        &[],
    );
    assert_eq!(code, 0);
    let line = out.lines().next().unwrap();
    let (place, rest) = line.split_once(": ").unwrap();
    assert!(
        place.starts_with("journal/kubelet.service/0001.log:"),
        "{line}"
    );
    assert!(rest.starts_with("2026-11-22T07:"), "{line}");
    assert!(rest.contains("Z kubelet["), "{line}");
    let (code, out, _) = run(&["grep", "no such words anywhere"], &bundle, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    let (code, _, fault) = run(&["grep", "("], &bundle, &[]);
    assert_eq!(code, 2);
    assert!(fault.contains("--fixed-strings"), "{fault}");
    let found = json(
        &["grep", "."],
        &bundle,
        &["--unit", "kubelet", "--level", "error"],
    );
    let lines = found["lines"].as_array().unwrap();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(
            ["error", "fatal"].contains(&line["level"].as_str().unwrap()),
            "{line}"
        );
        assert_eq!(line["unit"], "kubelet.service");
    }
    let counted = json(
        &["grep", "--count", "."],
        &bundle,
        &["--since", "2026-11-22T07:20:00Z"],
    );
    let all = json(&["grep", "--count", "."], &bundle, &[]);
    let count = |counted: &Value| -> u64 {
        let entries = counted["entries"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["matches"].as_u64().unwrap())
            .sum()
    };
    assert!(count(&counted) > 0 && count(&counted) < count(&all));
}

#[test]
fn a_raw_journal_is_printed_and_searched_as_the_bundle_made_of_it() {
    let scratch = Scratch::new();
    let bundle = bundle(&scratch, "csr-not-approved");
    let root = tree("csr-not-approved");
    let (code, raw, _) = run(&["cat"], &root, &["kubelet.service"]);
    assert_eq!(code, 0);
    let (_, stored, _) = run(&["cat"], &bundle, &["kubelet.service"]);
    let messages = |text: &str| {
        let lines = text.lines().filter(|line| line.contains(" kubelet["));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(messages(&raw).len() > 10);
    assert_eq!(messages(&raw).first(), messages(&stored).first());
    let (code, found, _) = run(
        &["grep", "csidrivers"],
        &root,
        &["--unit", "kubelet.service"],
    );
    assert_eq!(code, 0);
    assert!(found.contains(".journal:"), "{found}");
}

#[test]
fn a_finding_is_shown_with_its_surroundings_or_with_why_it_did_not_fire() {
    let scratch = Scratch::new();
    let bundle = bundle(&scratch, "csr-not-approved");
    let shown = json(&["show"], &bundle, &["csr-pending", "-C", "2"]);
    assert_eq!(shown["findings"][0]["part"], "cause");
    let excerpts = shown["excerpts"].as_array().unwrap();
    let journal = excerpts
        .iter()
        .find(|one| one["entry"] == "journal/kubelet.service/0001.log")
        .unwrap();
    let lines = journal["lines"].as_array().unwrap();
    let cited = lines.iter().filter(|line| line["cited"] == true).count();
    assert!(
        cited > 0 && lines.len() > cited,
        "lines around those that are cited"
    );
    let (_, out, _) = run(&["show"], &bundle, &["cgroup-driver-mismatch"]);
    for words in [
        "not found",
        "This speaks against it",
        "runtime.cgroup_driver",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let step = json(&["show"], &bundle, &["kubelet-started"]);
    assert_eq!(step["findings"][0]["part"], "progress", "{step}");
    let (code, _, fault) = run(&["show"], &bundle, &["csr-pendin"]);
    assert_eq!(code, 2);
    assert!(fault.contains("csr-pending"), "{fault}");
}

#[test]
fn a_good_and_a_bad_node_differ_in_what_is_wrong_and_a_node_not_from_itself() {
    let scratch = Scratch::new();
    let good = bundle(&scratch, "healthy-join");
    let bad = bundle(&scratch, "cgroup-driver-mismatch");
    let (_, out, _) = run(&["diff"], &good, &[good.to_str().unwrap()]);
    assert!(out.contains("no difference"), "{out}");
    let difference = json(&["diff"], &good, &[bad.to_str().unwrap()]);
    assert_eq!(difference["same"], false);
    let facts = difference["facts"].as_array().unwrap();
    let driver = facts
        .iter()
        .find(|fact| fact["fact"] == "kubelet.effective.cgroup_driver")
        .unwrap();
    assert_eq!(driver["how"]["values"]["a"]["value"], "systemd");
    assert_eq!(driver["how"]["values"]["b"]["value"], "cgroupfs");
    let volatile = |fact: &&Value| fact["fact"].as_str().unwrap().contains(".serial");
    assert_eq!(facts.iter().filter(volatile).count(), 0);
    assert!(difference["findings"]["only_b"]["cgroup-driver-mismatch"].is_string());
    let (_, out, _) = run(&["diff"], &good, &[bad.to_str().unwrap()]);
    for line in ["-cgroupDriver: systemd", "+cgroupDriver: cgroupfs"] {
        assert!(out.lines().any(|one| one == line), "{line}: {out}");
    }
}

#[test]
fn the_timeline_of_a_node_reads_in_order() {
    let scratch = Scratch::new();
    let bundle = bundle(&scratch, "csr-not-approved");
    let (code, out, _) = run(&["timeline"], &bundle, &[]);
    assert_eq!(code, 0);
    let events: Vec<&str> = out.lines().filter(|line| line.starts_with("20")).collect();
    assert!(events.is_sorted_by_key(|line| &line[..24]), "{out}");
    let at = |words: &str| {
        let mut lines = events.iter();
        lines
            .position(|line| line.contains(words))
            .unwrap_or_else(|| panic!("{words}: {out}"))
    };
    assert!(at("kubelet starts") < at("[auth-anonymous]"));
    assert!(out.contains("(journal/kubelet.service/0001.log:"), "{out}");
}

/// Text that clears a screen, sets a title, moves the cursor, turns the direction of reading.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\u{202e}evil\u{8}";

#[test]
fn nothing_in_an_input_reaches_a_terminal_raw() {
    let scratch = Scratch::new();
    let node = scratch.path().join("node");
    fs::create_dir_all(node.join("etc/kubernetes")).unwrap();
    let log = format!(
        "2026-11-22T07:30:22.304123Z w1 kubelet[61]: E1122 07:30:22.304123      61 run.go:72] \"command failed\" err=\"failed to load kubelet config file {HOSTILE}\"\n"
    );
    fs::write(node.join("kubelet.log"), &log).unwrap();
    fs::write(node.join(format!("x{HOSTILE}.log")), &log).unwrap();
    fs::write(node.join("hostname.txt"), format!("w1{HOSTILE}\n")).unwrap();
    let config = |driver: &str| {
        format!(
            "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\ncgroupDriver: {driver}\nclusterDomain: \"{HOSTILE}\"\n"
        )
    };
    fs::create_dir_all(node.join("var/lib/kubelet")).unwrap();
    fs::write(node.join("var/lib/kubelet/config.yaml"), config("systemd")).unwrap();
    let other = scratch.path().join("other");
    fs::create_dir_all(other.join("var/lib/kubelet")).unwrap();
    let changed = format!("{}# {HOSTILE}\n", config("cgroupfs"));
    fs::write(other.join("var/lib/kubelet/config.yaml"), changed).unwrap();
    fs::write(other.join("hostname.txt"), "w2\n").unwrap();
    let other = other.to_str().unwrap();
    let hostile_name = format!("y{HOSTILE}");
    let commands: [(&[&str], &[&str]); 13] = [
        (&["ls"], &[]),
        (&["ls", "--long"], &[]),
        (&["grep", "-C1", "command failed"], &[]),
        (&["grep", "--color", "always", "failed|evil"], &[]),
        (&["grep", "--all", "-l", "."], &[]),
        (&["grep", "-c", "."], &[]),
        (&["facts"], &[]),
        (&["timeline"], &[]),
        (&["report", "--view", "full"], &[]),
        (&["show"], &["config-load-failed"]),
        (&["show"], &["cgroup-driver-mismatch"]),
        (&["diff"], &[other]),
        (&["cat"], &[&hostile_name]),
    ];
    for (arguments, more) in commands {
        let (_, out, fault) = run(arguments, &node, more);
        let colours = arguments.contains(&"always");
        for text in [out, fault] {
            let mut text = text.replace(['\n', '\t'], " ");
            if colours {
                for code in ["0", "35", "32", "1;31"] {
                    text = text.replace(&format!("\u{1b}[{code}m"), "");
                }
            }
            let raw = text.chars().find(|c| c.is_control() || *c == '\u{202e}');
            assert_eq!(raw, None, "{arguments:?}: {text:?}");
        }
    }
    let (_, out, _) = run(&["cat"], &node, &["kubelet.log"]);
    assert_eq!(out, log, "a pipe gets the bytes");
}

#[test]
fn completions_and_manual_pages_name_the_subcommands() {
    let scratch = Scratch::new();
    let output = analyzer().args(["completions", "bash"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("timeline"));
    let (code, _, fault) = run(&["man"], scratch.path(), &[]);
    assert_eq!(code, 0, "{fault}");
    let page = fs::read_to_string(scratch.path().join("nodebundle-analyzer-grep.1")).unwrap();
    assert!(page.contains("fixed\\-strings"), "{page}");
    assert!(scratch.path().join("nodebundle-analyzer.1").exists());
}
