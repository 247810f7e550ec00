//! Versions that programs print of themselves: `kubelet --version`, `containerd --version` …

use crate::claim::{self, Witness};
use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::fact::Value;
use crate::parser::Parser;

/// Reads the output of `--version`.
pub const PARSER: Parser = Parser {
    name: "program_version",
    kind: "version of a program",
    facts: &[],
    accepts,
    parse,
};

const PROGRAMS: &[&str] = &[
    "kubelet",
    "containerd",
    "crio",
    "docker",
    "dockerd",
    "k3s",
    "rke2",
    "k0s",
];

fn accepts(entry: &Entry) -> bool {
    entry.command().is_some()
        && entry.may_be_output_of(PROGRAMS)
        && (entry.is_command(&["--version"]) || entry.is_command(&["k0s", "version"]))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let program = entry
        .command()
        .and_then(|command| command.split_whitespace().next())
        .unwrap_or_default()
        .to_owned();
    let text = entry.text();
    let Some((number, version)) =
        numbered(&text).find_map(|(number, line)| Some((number, version(line)?)))
    else {
        return;
    };
    let origin = entry.at(number);
    if matches!(program.as_str(), "kubelet" | "k3s" | "rke2" | "k0s") {
        if let Ok(version) = version.parse() {
            let value = Value::Version(version);
            claim::claim(evidence, "kubelet.version", Witness::Program, value, origin);
        }
        return;
    }
    let kind = match program.as_str() {
        "containerd" => "containerd",
        "crio" => "crio",
        _ => "docker",
    };
    // The program is there; whether it is the runtime that the kubelet uses is another question.
    claim::claim(
        evidence,
        "runtime.kind",
        Witness::Hearsay,
        kind,
        origin.clone(),
    );
    claim::claim(
        evidence,
        "runtime.version",
        Witness::Program,
        version,
        origin,
    );
}

/// The first word of a line that looks like `v1.2` or `1.2.3-rc`, without the `v`.
fn version(line: &str) -> Option<&str> {
    line.split([' ', ',', '\t']).find_map(|word| {
        let bare = word.strip_prefix('v').unwrap_or(word);
        let is_version = bare.starts_with(|c: char| c.is_ascii_digit()) && bare.contains('.');
        is_version.then_some(bare)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn read(command: &str, text: &str) -> Evidence {
        let entry = Entry {
            name: "version.txt".into(),
            source: Source::Command(command.into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        evidence
    }

    #[test]
    fn each_program_prints_its_version_in_its_own_way() {
        for (command, text) in [
            ("kubelet --version", "Kubernetes v1.36.2\n"),
            ("k0s version", "v1.36.2+k0s.0\n"),
            (
                "k3s --version",
                "k3s version v1.36.2+k3s1 (abc)\ngo version go1.26.1\n",
            ),
        ] {
            let version = claim::best(&read(command, text), "kubelet.version").unwrap();
            let expected = Value::Version("1.36.2".parse().unwrap());
            assert_eq!(version.value, expected, "{command}");
        }
        for (command, text, expected) in [
            (
                "containerd --version",
                "containerd github.com/containerd/containerd 1.6.20~ds1 abc\n",
                "1.6.20~ds1",
            ),
            (
                "containerd --version",
                "containerd github.com/containerd/containerd/v2 v2.3.4 abc\n",
                "2.3.4",
            ),
            (
                "crio --version",
                "crio version 1.30.1\nVersion: 1.30.1\n",
                "1.30.1",
            ),
            (
                "docker --version",
                "Docker version 24.0.5, build ced0996\n",
                "24.0.5",
            ),
        ] {
            let evidence = read(command, text);
            let version = claim::best(&evidence, "runtime.version").unwrap();
            assert_eq!(version.as_text(), Some(expected));
        }
    }

    #[test]
    fn an_error_instead_of_a_version_says_nothing() {
        let evidence = read("kubelet --version", "bash: kubelet: command not found\n");
        assert!(claim::best(&evidence, "kubelet.version").is_none());
    }
}
