//! `--node` in all subcommands: one way to name a node, one answer where it is not there.

use crate::packing::tar_gz;
use crate::programs::{analyzer, text};
use nodebundle_fixtures::Scratch;
use std::fs;
use std::path::{Path, PathBuf};

const SWAP: &str = "run.go:72] \"command failed\" err=\"failed to run Kubelet: running with swap on is not supported, please disable swap or set --fail-swap-on flag to false\"";

/// The year of lines that have none.
const NOW: &str = "2026-11-22T08:00:00Z";

/// Two nodes of Talos, whose folders are called after their addresses and whose names a list of Nodes tells.
fn listed() -> Vec<(String, String)> {
    let node = |name: &str, address: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata:\n  name: {name}\nstatus:\n  addresses:\n  - address: {address}\n    type: InternalIP\n"
        )
    };
    let mut entries = vec![(
        "kubernetesResources/nodes.yaml".to_owned(),
        format!(
            "{}---\n{}",
            node("w-1.example.com", "10.5.0.2"),
            node("w-10.example.com", "10.5.0.3")
        ),
    )];
    for (address, message) in [
        ("10.5.0.2", SWAP),
        ("10.5.0.3", "server.go:1] \"Started kubelet\""),
    ] {
        let log = format!("E1122 07:31:10.000000      61 {message}\n");
        let files = [
            ("dmesg.log", ""),
            ("summary", "Client:\n"),
            ("service-logs/kubelet.log", log.as_str()),
        ];
        entries.extend(files.map(|(file, text)| (format!("{address}/{file}"), text.to_owned())));
    }
    entries
}

/// Two sos reports in one archive, whose folders are called after something else: only what stands in them names the nodes.
fn unlisted() -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (folder, host, message) in [
        ("case-1", "w-1.example.com", SWAP),
        (
            "case-2",
            "w-10.example.com",
            "server.go:1] \"Started kubelet\"",
        ),
    ] {
        let log = format!(
            "Nov 22 07:31:10 {host} kubelet[61]: E1122 07:31:10.000000      61 {message}\n"
        );
        let files = [
            ("version.txt", "sosreport: 4.8.1\n"),
            ("sos_commands/host/hostname", host),
            ("sos_commands/logs/journalctl_--no-pager", log.as_str()),
            ("sos_reports/sos.txt", ""),
        ];
        entries.extend(files.map(|(file, text)| (format!("{folder}/{file}"), text.to_owned())));
    }
    entries
}

fn packed(scratch: &Scratch, entries: &[(String, String)]) -> PathBuf {
    let path = scratch.path().join("several.tar.gz");
    fs::write(&path, tar_gz(entries)).unwrap();
    path
}

/// The subcommands that take `--node`, with what stands before and behind the input.
const COMMANDS: [(&[&str], &[&str]); 8] = [
    (&["report", "--now", NOW, "--format", "json"], &[]),
    (&["ls"], &["--format", "json"]),
    (&["cat"], &["**LOG**", "--format", "json"]),
    (&["grep", "--now", NOW, "swap"], &["--format", "json"]),
    (&["timeline", "--now", NOW], &["--format", "json"]),
    (&["facts", "--now", NOW], &["--format", "json"]),
    (
        &["show", "--now", NOW],
        &["swap-enabled", "--format", "json"],
    ),
    (&["diff", "--now", NOW], &["**INPUT**", "--format", "json"]),
];

fn run(
    (before, behind): (&[&str], &[&str]),
    input: &Path,
    log: &str,
    node: Option<&str>,
) -> (i32, String, String) {
    let mut command = analyzer();
    command.args(before).arg(input);
    for word in behind {
        match *word {
            "**LOG**" => command.arg(log),
            "**INPUT**" => command.arg(input),
            word => command.arg(word),
        };
    }
    command.args(node.map(|node| ["--node", node]).into_iter().flatten());
    let output = command.output().unwrap();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_node_is_taken_by_its_name_or_its_short_name_in_every_subcommand() {
    let listed_log = "10.5.0.2/service-logs/kubelet.log";
    let unlisted_log = "case-1/sos_commands/logs/journalctl_--no-pager";
    for (entries, log, other, name) in [
        (listed(), listed_log, "10.5.0.3/", "w-1"),
        (listed(), listed_log, "10.5.0.3/", "W-1.example.com"),
        (unlisted(), unlisted_log, "case-2/", "w-1"),
    ] {
        let scratch = Scratch::new();
        let input = packed(&scratch, &entries);
        for command in COMMANDS {
            let (code, out, fault) = run(command, &input, log, Some(name));
            assert_eq!(code, 0, "{command:?} --node {name}: {fault}");
            assert!(!out.contains(other), "{command:?} --node {name}: {out}");
            let own = match command.0[0] {
                "facts" => "\"w-1.example.com\"",
                "diff" => "\"same\": true",
                _ => log,
            };
            assert!(out.contains(own), "{command:?} --node {name}: {out}");
        }
    }
}

#[test]
fn of_a_node_that_is_not_there_every_subcommand_lists_those_that_are() {
    for (entries, nodes) in [
        (listed(), ["w-1.example.com", "w-10.example.com"]),
        (unlisted(), ["case-1", "case-2"]),
    ] {
        let scratch = Scratch::new();
        let input = packed(&scratch, &entries);
        // The beginning of a name is no name.
        for command in COMMANDS {
            let (code, out, fault) = run(command, &input, "x", Some("w"));
            assert_eq!(code, 2, "{command:?}: {out}{fault}");
            let list = format!("holds no node w, only {}", nodes.join(", "));
            assert!(fault.contains(&list), "{command:?}: {fault}");
        }
    }
}

#[test]
fn what_shows_one_node_asks_for_its_name_where_there_are_several() {
    let scratch = Scratch::new();
    let input = packed(&scratch, &listed());
    for command in &COMMANDS[4..] {
        let (code, _, fault) = run(*command, &input, "x", None);
        assert_eq!(code, 2, "{command:?}: {fault}");
        let list = "w-1.example.com, w-10.example.com: name one of them with --node";
        assert!(fault.contains(list), "{command:?}: {fault}");
    }
}

#[test]
fn what_is_printed_of_one_node_of_several_names_it() {
    let scratch = Scratch::new();
    let input = packed(&scratch, &listed());
    let shown = format!("{} (w-1.example.com)", input.display());
    for command in &COMMANDS[4..] {
        let (_, out, _) = run(*command, &input, "x", Some("w-1"));
        let printed: serde_json::Value = serde_json::from_str(&out).unwrap();
        let side = if command.0[0] == "diff" {
            &printed["a"]
        } else {
            &printed
        };
        assert_eq!(side["input"], shown.as_str(), "{command:?}");
    }
}
