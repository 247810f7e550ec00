//! `/proc/N/{cmdline,comm,environ}` as files.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::observed::Process;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "process_files",
    kind: "file of a process",
    facts: &[],
    accepts: |entry| part(entry).is_some(),
    parse,
};

fn part(entry: &Entry) -> Option<(i64, &str)> {
    let (pid, file) = entry.path()?.strip_prefix("/proc/")?.split_once('/')?;
    let known = ["cmdline", "comm", "environ"].contains(&file);
    known.then_some((pid.parse().ok()?, file))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let Some((pid, file)) = part(entry) else {
        return;
    };
    let text = entry.text();
    // Some collectors put line ends where the kernel has NUL.
    let items = || text.split(['\0', '\n']).filter(|item| !item.is_empty());
    let mut process = Process {
        pid,
        ..Process::default()
    };
    match file {
        "cmdline" => process.argv = Some(items().map(str::to_owned).collect()),
        "comm" => process.name = Some(text.trim().to_owned()),
        _ => {
            let variables = items()
                .filter_map(|item| item.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            process.environment = Some(variables.collect());
        }
    }
    evidence.push(process, entry.at(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use std::sync::Arc;

    #[test]
    fn nul_parts_arguments_and_variables() {
        let mut evidence = Evidence::default();
        for (file, bytes) in [
            ("cmdline", "/usr/bin/kubelet\0--config=/a b\0"),
            ("environ", "HTTPS_PROXY=http://p:3128\0NO_PROXY=\0"),
        ] {
            let entry = Entry {
                name: Arc::from(format!("files/proc/101/{file}")),
                source: Source::File(format!("/proc/101/{file}")),
                bytes: bytes.as_bytes().to_vec(),
            };
            assert!((PARSER.accepts)(&entry));
            (PARSER.parse)(&entry, &mut evidence);
        }
        let parts = evidence.all::<Process>();
        assert_eq!(parts[0].value.argv.as_ref().unwrap()[1], "--config=/a b");
        let environment = parts[1].value.environment.as_ref().unwrap();
        assert_eq!(environment["HTTPS_PROXY"], "http://p:3128");
        assert_eq!(environment["NO_PROXY"], "");
    }
}
