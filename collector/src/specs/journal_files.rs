//! The journal files themselves: how far they reach, what is damaged or missing, and how journald is set.

use crate::clock::exact;
use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::journal::{BootSpan, FileHealth, Lost, Suppressed};
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use serde_json::{Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "journal-files",
    about: "state of the journal files",
    items: &[Item {
        name: "health",
        kind: "journal-health",
        source: Source::Fact {
            topic: "journal-files",
            make: health,
        },
        cap: 64 * KIB,
        catalog: "L11",
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "the log ends before the failure, journald left messages out, a file is damaged",
    }],
};

/// `facts/journal-files.json`: files, boots, gaps, suppressed messages, settings.
fn health(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let settings = settings(host);
    let health = host.journal_health(None);
    let (health, problem) = match health {
        Ok(health) => (health, None),
        Err(failure) if settings.is_empty() => return Err(failure),
        Err(failure) => (
            crate::journal::JournalHealth::default(),
            Some(json!({"outcome": failure.outcome, "reason": failure.reason})),
        ),
    };
    let problems: Vec<Value> = problem.into_iter().collect();
    let files: Vec<Value> = health.files.iter().map(file).collect();
    let boots: Vec<Value> = health.boots.iter().map(boot).collect();
    let gaps: Vec<Value> = health.lost.iter().map(lost).collect();
    let left_out: Vec<Value> = health.suppressed.iter().map(suppressed).collect();
    Ok(facts::document(
        &[],
        &[
            ("files", &files),
            ("boots", &boots),
            ("lost", &gaps),
            ("suppressed", &left_out),
            ("settings", &settings),
            ("problems", &problems),
        ],
    ))
}

fn file(file: &FileHealth) -> Value {
    json!({
        "path": file.path,
        "bytes": file.size,
        "state": file.state,
        "entries": file.entries,
        "first": file.first.map(exact),
        "last": file.last.map(exact),
        "compact": file.compact,
        "compression": file.compression,
        "problem": file.problem,
    })
}

fn boot(boot: &BootSpan) -> Value {
    json!({
        "boot": boot.boot,
        "first": exact(boot.first),
        "last": exact(boot.last),
        "entries": boot.entries,
    })
}

fn lost(lost: &Lost) -> Value {
    json!({"after": exact(lost.after), "before": exact(lost.before), "entries": lost.entries})
}

fn suppressed(one: &Suppressed) -> Value {
    json!({
        "unit": one.unit,
        "messages": one.messages,
        "first": exact(one.first),
        "last": exact(one.last),
    })
}

/// What the configuration says of storage, limits and rates, in the order in which it is read; the last one counts.
fn settings(host: &mut Host) -> Vec<Value> {
    let mut found = Vec::new();
    for path in configuration(host) {
        let Ok(taken) = host.read(&path, 64 * KIB) else {
            continue;
        };
        for line in taken.text().lines() {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if SETTINGS.contains(&key) {
                found.push(json!({"key": key, "value": value, "file": path}));
            }
        }
    }
    found
}

/// The main file, which `/etc` replaces whole, then the drop-ins by name.
fn configuration(host: &mut Host) -> Vec<String> {
    let mut names: Vec<(String, String)> = Vec::new();
    for folder in ["/etc/systemd", "/run/systemd", "/usr/lib/systemd"] {
        let drop_ins = format!("{folder}/journald.conf.d");
        let Ok(listing) = host.list(&drop_ins) else {
            continue;
        };
        for entry in listing.entries {
            let known = names.iter().any(|(name, _)| *name == entry.name);
            if !known && crate::spec::has_ending(&entry.name, "conf") {
                names.push((entry.name.clone(), format!("{drop_ins}/{}", entry.name)));
            }
        }
    }
    names.sort();
    let main = [
        "/etc/systemd/journald.conf",
        "/usr/lib/systemd/journald.conf",
    ];
    let main = main.into_iter().find(|path| host.stat(path).is_ok());
    let drop_ins = names.into_iter().map(|(_, path)| path);
    main.map(str::to_owned)
        .into_iter()
        .chain(drop_ins)
        .collect()
}

const SETTINGS: &[&str] = &[
    "Storage",
    "Compress",
    "RateLimitInterval",
    "RateLimitIntervalSec",
    "RateLimitBurst",
    "SystemMaxUse",
    "SystemKeepFree",
    "SystemMaxFileSize",
    "SystemMaxFiles",
    "RuntimeMaxUse",
    "RuntimeKeepFree",
    "MaxRetentionSec",
    "MaxFileSec",
    "ForwardToSyslog",
    "LineMax",
    "ReadKMsg",
    "MaxLevelStore",
];

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::NodeFixture;

    fn health_of(root: &std::path::Path) -> Value {
        let mut host = Host::direct(root);
        let text = health(&mut host, &Node::default()).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn files_boots_and_settings_of_a_node_are_told() {
        let node = NodeFixture::case("csr-not-approved").with_file(
            "etc/systemd/journald.conf.d/99-small.conf",
            "[Journal]\nStorage=volatile\nRateLimitBurst=10\n#Compress=no\n",
        );
        let facts = health_of(&node.root());
        let files = facts["files"].as_array().unwrap();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| file["problem"].is_null()));
        assert!(files.iter().any(|file| file["state"] == "archived"));
        let boots = facts["boots"].as_array().unwrap();
        let entries = |list: &[Value]| -> u64 {
            list.iter()
                .map(|one| one["entries"].as_u64().unwrap())
                .sum()
        };
        assert_eq!(entries(boots), entries(files));
        assert!(
            boots
                .iter()
                .all(|boot| boot["first"].as_str() <= boot["last"].as_str())
        );
        let settings = facts["settings"].as_array().unwrap();
        let storage = settings
            .iter()
            .rfind(|one| one["key"] == "Storage")
            .unwrap();
        assert_eq!(storage["value"], "volatile");
        assert!(settings.iter().all(|one| one["key"] != "Compress"));
    }
}
