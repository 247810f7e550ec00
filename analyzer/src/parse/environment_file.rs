//! Environment files of units: `/var/lib/kubelet/kubeadm-flags.env`, `/etc/default/kubelet`, `/etc/sysconfig/kubelet` …

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::systemd::{self, Assignment};

/// Reads environment files.
pub const PARSER: Parser = Parser {
    name: "environment_file",
    kind: "environment file",
    facts: &[],
    accepts,
    parse,
};

/// The variables that one file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// Its assignments in order; the last of equal names counts.
    pub assignments: Vec<Assignment>,
}

impl EnvironmentFile {
    /// The assignment that counts for a variable.
    pub fn assignment(&self, name: &str) -> Option<&Assignment> {
        self.assignments
            .iter()
            .rev()
            .find(|assignment| assignment.name == name)
    }
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => is_known(path) || all_lines_assign(entry),
        Source::Named(_) => all_lines_assign(entry),
        _ => false,
    }
}

fn is_known(path: &str) -> bool {
    ["/etc/default/", "/etc/sysconfig/"]
        .iter()
        .any(|folder| path.starts_with(folder))
        || path.rsplit('.').next() == Some("env")
        || matches!(path, "/etc/environment" | "/etc/eks/kubelet/environment")
}

/// Whether every line that is no comment sets a variable, continued lines aside.
fn all_lines_assign(entry: &Entry) -> bool {
    let text = entry.text();
    let mut continued = false;
    let mut assigns = false;
    for line in text.lines() {
        let line = line.trim();
        let is_value = continued;
        continued = line.ends_with('\\');
        if is_value || line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        match line.split_once('=') {
            Some((name, _)) if systemd::is_name(name.trim_end()) => assigns = true,
            _ => return false,
        }
    }
    assigns
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let file = EnvironmentFile {
        path: entry.path().map(str::to_owned),
        assignments: systemd::environment_file(&entry.text()),
    };
    evidence.push(file, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(source: Source, text: &str) -> Entry {
        Entry {
            name: "entry".into(),
            source,
            bytes: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let entry = entry(
            Source::File("/etc/default/kubelet".into()),
            "KUBELET_EXTRA_ARGS=--v=2\nKUBELET_EXTRA_ARGS=--v=4\n",
        );
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let file = &evidence.all::<EnvironmentFile>()[0].value;
        let counts = file.assignment("KUBELET_EXTRA_ARGS").unwrap();
        assert_eq!((counts.value.as_str(), counts.line), ("--v=4", 2));
    }

    #[test]
    fn an_empty_file_in_a_known_place_is_one_and_a_log_is_none() {
        assert!(accepts(&entry(
            Source::File("/etc/sysconfig/kubelet".into()),
            ""
        )));
        assert!(accepts(&entry(
            Source::Named("x".into()),
            "# c\nHTTPS_PROXY=http://p:3128\n"
        )));
        assert!(!accepts(&entry(
            Source::Named("x".into()),
            "I1122 07:47:16 server.go:1] \"x\" a=\"b\"\n"
        )));
        assert!(!accepts(&entry(Source::Named("x".into()), "")));
    }
}
