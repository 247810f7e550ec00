//! Items that a user asks for: taken with the rules of the built-in ones, or refused with a place and a key.

use crate::programs::{collector, entries, text};
use nodebundle_fixtures::{NodeFixture, Scratch};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// In the file that the spec names, and nowhere else.
const SECRET: &str = "userSpecPassw0rd551";

#[test]
fn files_and_globs_of_a_spec_are_masked_capped_and_denied_like_built_in_ones() {
    let node = NodeFixture::ready()
        .with_file(
            "opt/app/app.yaml",
            format!("name: app\npassword: {SECRET}\n"),
        )
        .with_file(
            "opt/app/log/a.log",
            format!("login with --password={SECRET}\n"),
        )
        .with_file("opt/app/log/b.log", "line of the log\n".repeat(10_000))
        .with_file(
            "opt/app/tls.key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        );
    let spec = "files:\n- {id: app, path: /opt/app/app.yaml}\n- {id: key, path: /opt/app/tls.key}\n- {id: none, path: /opt/app/none}\nglobs:\n- {id: logs, pattern: /opt/app/log/*.log, cap: 10KiB}\ncommands:\n- {id: date, argv: [/usr/bin/date]}\n";
    let (entries, records) = collect(&node, spec, &["--allow-spec-commands"]);
    let app = text(&entries["files/opt/app/app.yaml"]);
    assert!(app.starts_with("name: app\npassword: REDACTED("), "{app}");
    assert_eq!(records["user/key"]["outcome"], "skipped");
    assert_eq!(records["user/none"]["outcome"], "absent");
    assert_eq!(
        records["user/logs:/opt/app/log/b.log"]["outcome"],
        "truncated"
    );
    assert_eq!(records["user/date"]["outcome"], "skipped");
    assert_eq!(records["user/date"]["reason"], "not with --root");
    for (name, content) in &entries {
        assert!(!text(content).contains(SECRET), "{SECRET} is in {name}");
    }
}

#[test]
fn commands_run_only_when_allowed_and_a_hung_one_keeps_what_it_said() {
    let spec = "commands:\n- {id: hung, argv: [/bin/sh, -c, 'echo begun; sleep 4177 & sleep 4177'], timeout: 2s}\n- {id: fine, argv: [/bin/echo, hello]}\n- {id: fails, argv: [/bin/false]}\n- {id: foreign, argv: [/tmp/anything]}\n";
    let (entries, records) = live(spec, &[]);
    assert_eq!(records["user/fine"]["outcome"], "skipped");
    assert!(!entries.contains_key("user/fine.txt"));

    let begin = Instant::now();
    let (entries, records) = live(spec, &["--allow-spec-commands"]);
    assert!(begin.elapsed() < Duration::from_secs(100));
    assert_eq!(text(&entries["user/fine.txt"]), "hello\n");
    assert_eq!(records["user/fails"]["outcome"], "error");
    assert_eq!(records["user/fails"]["exit"], 1);
    assert_eq!(records["user/foreign"]["reason"], "untrusted binary");
    assert_eq!(records["user/hung"]["outcome"], "timeout");
    assert_eq!(text(&entries["user/hung.txt"]), "begun\n");
    assert!(
        !is_running("sleep\u{0}4177"),
        "a child of the hung command is still there"
    );
}

#[test]
fn a_wrong_spec_is_refused_before_anything_is_written() {
    let node = NodeFixture::ready();
    let spec = node.output().join("spec.yaml");
    write_spec(&spec, "files:\n- id: a\n  paht: /etc/hosts\n");
    let mut command = collector();
    command
        .arg("--root")
        .arg(node.root())
        .arg("--spec")
        .arg(&spec);
    let output = command
        .arg("-o")
        .arg(node.output().join("b.tar.gz"))
        .output()
        .unwrap();
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("spec.yaml:3:3: files[1].paht"), "{words}");
    assert!(words.contains("did you mean `path`"), "{words}");
    assert!(!node.output().join("b.tar.gz").exists());
}

#[test]
fn plan_shows_the_items_of_a_spec() {
    let scratch = Scratch::new();
    let spec = scratch.path().join("spec.yaml");
    write_spec(
        &spec,
        "http:\n- {id: health, url: 'http://127.0.0.1:8080/health', reason: is it well}\n",
    );
    let plan = |more: &[&str]| {
        let mut command = collector();
        command.args(["plan", "--spec"]).arg(&spec).args(more);
        text(&command.output().unwrap().stdout)
    };
    assert!(plan(&[]).contains("probe: GET http://127.0.0.1:8080/health"));
    assert!(!plan(&["--no-probes"]).contains("127.0.0.1:8080"));
}

#[test]
fn the_example_in_the_documentation_is_a_spec() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let mut command = collector();
    command.args(["plan", "--json", "--spec"]);
    let output = command
        .arg(folder.join("more-items.yaml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let items = plan["items"].as_array().unwrap().iter();
    let kinds = items.filter_map(|item| item["kind"].as_str());
    let kinds: Vec<&str> = kinds.filter(|kind| kind.starts_with("user-")).collect();
    for kind in ["user-file", "user-command", "user-http"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

type Stored = (BTreeMap<String, Vec<u8>>, BTreeMap<String, Value>);

fn collect(node: &NodeFixture, spec: &str, more: &[&str]) -> Stored {
    let root = node.root();
    let mut words = vec!["--root", root.to_str().unwrap()];
    words.extend(more);
    run(spec, &words)
}

/// From this machine, without probes.
fn live(spec: &str, more: &[&str]) -> Stored {
    run(
        spec,
        &[&["--no-probes", "--deadline", "90s"], more].concat(),
    )
}

fn run(spec: &str, words: &[&str]) -> Stored {
    let scratch = Scratch::new();
    let path = scratch.path().join("spec.yaml");
    write_spec(&path, spec);
    let bundle = scratch.path().join("b.tar.gz");
    let mut command = collector();
    command.arg("--spec").arg(&path).arg("-o").arg(&bundle);
    let output = command.arg("--quiet").args(words).output().unwrap();
    let words = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{words}");
    let entries = entries(&bundle);
    let manifest: Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
    let records = manifest["records"].as_array().unwrap().iter();
    let records = records.map(|record| (record["id"].as_str().unwrap().to_owned(), record.clone()));
    let records = records.collect();
    (entries, records)
}

/// A spec must not be writable by others, whatever this process's usual mode is.
fn write_spec(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Whether some process has this command line; words end in NUL.
fn is_running(line: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|found| text(&found).trim_end_matches('\0') == line)
}
