//! How unit tests of parsers and derived facts read a piece of text.

use crate::claim::best;
use crate::derived::{Context, Derived};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::logs::LogDigest;
use crate::observed::Absence;
use crate::origin::Origin;
use crate::parse::kubeconfig::Kubeconfig;
use crate::parser::Parser;
use crate::source::Source;
use crate::yaml;
use std::sync::Arc;

/// The output of a command.
pub(crate) fn command(parser: &Parser, command: &str, text: &str) -> Evidence {
    read(parser, Source::Command(command.into()), text)
}

/// A copy of a file.
pub(crate) fn file(parser: &Parser, path: &str, text: &str) -> Evidence {
    read(parser, Source::File(path.into()), text)
}

/// Facts of our collector.
pub(crate) fn facts(parser: &Parser, topic: &str, text: &str) -> Evidence {
    read(parser, Source::Facts(topic.into()), text)
}

/// The result of a probe of our collector.
pub(crate) fn probe(parser: &Parser, name: &str, text: &str) -> Evidence {
    read(parser, Source::Probe(name.into()), text)
}

/// What a host collector of replicatedhq/troubleshoot wrote.
pub(crate) fn host_collected(parser: &Parser, file: &str, text: &str) -> Evidence {
    let name = format!("host-collectors/{file}");
    read(parser, Source::Named(name), text)
}

/// A file of which only the name is known, and that is no help.
pub(crate) fn named(parser: &Parser, text: &str) -> Evidence {
    read(parser, Source::Named("x.txt".into()), text)
}

/// What was claimed for a path; panics when nothing was.
pub(crate) fn claimed(evidence: &Evidence, path: &str) -> Fact {
    best(evidence, path).unwrap_or_else(|| panic!("nothing claims {path}"))
}

/// A claimed text.
pub(crate) fn claimed_text(evidence: &Evidence, path: &str) -> String {
    match claimed(evidence, path).value {
        Value::Text(text) => text,
        other => panic!("{path} is {other:?}"),
    }
}

/// Runs derived facts without logs and without a time.
pub(crate) fn derive(evidence: &mut Evidence, derived: &[&Derived]) {
    let logs = LogDigest::default();
    let context = Context {
        logs: &logs,
        now: None,
    };
    for one in derived {
        (one.derive)(evidence, &context);
    }
}

fn read(parser: &Parser, source: Source, text: &str) -> Evidence {
    let entry = Entry {
        name: Arc::from("entry.txt"),
        source,
        bytes: text.as_bytes().to_vec(),
    };
    assert!((parser.accepts)(&entry), "{} refuses it", parser.name);
    let mut evidence = Evidence::default();
    (parser.parse)(&entry, &mut evidence);
    evidence
}

/// Evidence of a node whose kubelet uses `/etc/kubernetes/kubelet.conf`, with `/b` as bootstrap kubeconfig: the kubeconfigs
/// that were read and the paths that are known to be absent, with one derived fact computed.
pub(crate) fn with_kubeconfigs(
    derived: &Derived,
    files: &[(&str, &str)],
    absent: &[&str],
) -> Evidence {
    let mut evidence = Evidence::default();
    for (setting, path) in [
        ("kubeconfig", "/etc/kubernetes/kubelet.conf"),
        ("bootstrap_kubeconfig", "/b"),
    ] {
        let fact = Fact::text(path, Origin::line("ps.txt", 2));
        evidence
            .facts
            .set(&format!("kubelet.effective.{setting}"), fact);
    }
    for (path, text) in files {
        let file = Kubeconfig {
            path: Some((*path).to_owned()),
            content: yaml::parse(text),
        };
        evidence.push(file, Origin::entry(*path));
    }
    for path in absent {
        let absence = Absence {
            path: (*path).to_owned(),
            below: None,
        };
        evidence.push(absence, Origin::line("manifest.json", 9));
    }
    derive(&mut evidence, &[derived]);
    evidence
}

/// A kubeconfig with one context, whose user is as given.
pub(crate) fn kubeconfig_of(user: &str) -> String {
    format!(
        "clusters:\n- name: c\n  cluster:\n    certificate-authority-data: aGVsbG8=\n    server: https://10.0.0.1\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {user}\n"
    )
}

/// An instant in microseconds since 1970.
pub(crate) fn instant(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .timestamp_micros()
}
