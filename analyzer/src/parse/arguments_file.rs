//! Files of command line arguments, one or more on a line: microk8s keeps them for each of its programs.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::systemd;

/// Reads files of arguments.
pub const PARSER: Parser = Parser {
    name: "arguments_file",
    kind: "file of arguments",
    facts: &[],
    accepts,
    parse,
};

/// The arguments in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentsFile {
    /// Absolute path on the node.
    pub path: String,
    /// Program that gets them: `kubelet`.
    pub program: String,
    /// Arguments with their lines, the variables of the snap replaced.
    pub arguments: Vec<(u64, String)>,
    /// Whether the program gets no others.
    pub complete: bool,
}

const FOLDER: &str = "/var/snap/microk8s/current/args/";

fn accepts(entry: &Entry) -> bool {
    let is_arguments = |path: &str| {
        path.strip_prefix(FOLDER)
            .is_some_and(|name| !name.contains(['/', '.']))
    };
    matches!(&entry.source, Source::File(path) if is_arguments(path))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let path = entry.path().unwrap_or_default();
    let text = entry.text();
    let arguments = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
        .flat_map(|(number, line)| words(line).into_iter().map(move |word| (number, word)))
        .collect();
    let file = ArgumentsFile {
        path: path.to_owned(),
        program: path.strip_prefix(FOLDER).unwrap_or_default().to_owned(),
        arguments,
        complete: true,
    };
    evidence.push(file, entry.whole());
}

fn words(line: &str) -> Vec<String> {
    let data = "/var/snap/microk8s/current";
    let common = "/var/snap/microk8s/common";
    let line = line
        .replace("${SNAP_DATA}", data)
        .replace("$SNAP_DATA", data)
        .replace("${SNAP_COMMON}", common)
        .replace("$SNAP_COMMON", common);
    systemd::words(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_have_lines_and_the_snap_is_filled_in() {
        let entry = Entry {
            name: "kubelet".into(),
            source: Source::File("/var/snap/microk8s/current/args/kubelet".into()),
            bytes: b"# c\n--kubeconfig=${SNAP_DATA}/credentials/kubelet.config\n--v 2\n".to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let file = &evidence.all::<ArgumentsFile>()[0].value;
        assert_eq!(file.program, "kubelet");
        assert_eq!(
            file.arguments[0],
            (
                2,
                "--kubeconfig=/var/snap/microk8s/current/credentials/kubelet.config".into()
            )
        );
        assert_eq!(file.arguments[2], (3, "2".into()));
    }
}
