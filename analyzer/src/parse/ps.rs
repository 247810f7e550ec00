//! Output of `ps aux`, `ps -ef` and the like.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{AllProcesses, Process};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ps",
    kind: "output of ps",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["ps"])
            && entry
                .head()
                .lines()
                .take(3)
                .any(|line| Table::of(line).is_some())
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut table: Option<Table> = None;
    for (number, line) in numbered(&text) {
        if let Some(header) = Table::of(line) {
            table = Some(header);
        } else if let Some(process) = table.as_ref().and_then(|table| table.process(line)) {
            if process.pid == 1 {
                evidence.push(AllProcesses, entry.whole());
            }
            evidence.push(process, entry.at(number));
        }
    }
}

/// Which column holds what; the command is the last and may hold blanks.
struct Table {
    pid: usize,
    command: usize,
    /// `comm` has no arguments.
    short: bool,
}

impl Table {
    fn of(header: &str) -> Option<Self> {
        let names: Vec<&str> = header.split_whitespace().collect();
        let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(name));
        let command = at(&["COMMAND", "CMD", "ARGS"])?;
        Some(Self {
            pid: at(&["PID"])?,
            command,
            short: names.contains(&"SPID"),
        })
    }

    fn process(&self, line: &str) -> Option<Process> {
        let pid = line.split_whitespace().nth(self.pid)?.parse().ok()?;
        let mut rest = line;
        for _ in 0..self.command {
            rest = rest.trim_start();
            rest = rest.get(rest.find(char::is_whitespace)?..)?;
        }
        let argv: Vec<String> = rest
            .trim_start_matches([' ', '|', '\\', '_', '`', '-'])
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let program = argv.first()?;
        let name = program
            .rsplit('/')
            .next()?
            .trim_matches(['[', ']'])
            .trim_end_matches(':');
        Some(Process {
            pid,
            name: Some(name.to_owned()),
            argv: (!self.short).then(|| argv.clone()),
            ..Process::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use std::sync::Arc;

    fn read(text: &str) -> Evidence {
        let entry = Entry {
            name: Arc::from("ps.txt"),
            source: Source::Named("ps.txt".into()),
            bytes: text.as_bytes().to_vec(),
        };
        let mut evidence = Evidence::default();
        assert!((PARSER.accepts)(&entry));
        (PARSER.parse)(&entry, &mut evidence);
        evidence
    }

    #[test]
    fn the_arguments_of_each_process_are_read() {
        let evidence = read(
            "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\nroot 1 0.0 0.0 1 1 ? Ss 07:47 0:00 /sbin/init\nroot 101 0.7 0.3 2 8 ? Ssl 07:47 0:00 /usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n",
        );
        let kubelet = &evidence.all::<Process>()[1];
        assert_eq!(kubelet.value.pid, 101);
        assert_eq!(kubelet.value.name.as_deref(), Some("kubelet"));
        assert_eq!(
            kubelet.value.argv.as_ref().unwrap()[1],
            "--config=/var/lib/kubelet/config.yaml"
        );
        assert_eq!(kubelet.origin.line, Some(3));
        assert_eq!(evidence.all::<AllProcesses>().len(), 1);
    }

    #[test]
    fn a_filtered_list_does_not_count_as_all() {
        let evidence =
            read("  UID PID PPID C STIME TTY TIME CMD\nroot 101 1 0 07:47 ? 00:00:00 kubelet\n");
        assert!(evidence.all::<AllProcesses>().is_empty());
        assert_eq!(evidence.all::<Process>().len(), 1);
    }
}
