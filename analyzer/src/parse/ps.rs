//! Output of `ps aux`, `ps -ef`, `talosctl processes` and the like.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{AllProcesses, Process};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "ps",
    kind: "output of ps",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["ps", "talosctl"])
            && entry
                .head()
                .lines()
                .take(3)
                .any(|line| Table::of(line).is_some() || is_aux_row(line))
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut table: Option<Table> = None;
    for (number, line) in numbered(&text) {
        if let Some(header) = Table::of(line) {
            table = Some(header);
            continue;
        }
        if table.is_none() && is_aux_row(line) {
            table = Some(Table::AUX);
        }
        if let Some(process) = table.as_ref().and_then(|table| table.process(line)) {
            if process.pid == 1 {
                evidence.push(AllProcesses, entry.whole());
            }
            evidence.push(process, entry.at(number));
        }
    }
}

/// A row of `ps aux` whose header was not pasted along.
fn is_aux_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, pid, cpu, memory, size, resident, _, _, _, time, _, ..] = words.as_slice() else {
        return false;
    };
    let whole = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let percent = |word: &str| {
        word.split_once('.')
            .is_some_and(|(a, b)| whole(a) && whole(b))
    };
    whole(pid)
        && percent(cpu)
        && percent(memory)
        && whole(size)
        && whole(resident)
        && time
            .split_once(':')
            .is_some_and(|(minutes, _)| whole(minutes))
}

/// Which column holds what; the command is the last and may hold blanks.
struct Table {
    pid: usize,
    command: usize,
    /// `comm` has no arguments.
    short: bool,
}

impl Table {
    /// `ps aux`.
    const AUX: Self = Self {
        pid: 1,
        command: 10,
        short: false,
    };

    fn of(header: &str) -> Option<Self> {
        let names: Vec<&str> = header.split_whitespace().collect();
        let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(name));
        let command = at(&["COMMAND", "CMD", "ARGS"])?;
        // `lstart` prints five words below its one.
        let words = if names.contains(&"STARTED") { 4 } else { 0 };
        Some(Self {
            pid: at(&["PID"])?,
            command: command + words,
            short: names.contains(&"SPID") || command + 1 < names.len(),
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
        // A kernel thread's name may hold a slash.
        let name = match program.strip_prefix('[') {
            Some(thread) => thread.trim_end_matches(']'),
            None => program.rsplit('/').next()?.trim_end_matches(':'),
        };
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
    use crate::testing;

    fn read(text: &str) -> Evidence {
        testing::named(&PARSER, text)
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
    fn a_row_without_its_header_is_read() {
        let evidence = read(
            "root      8022  0.2 14.5 746412 54888 ?        Ssl  08:57   0:00 /usr/local/bin/kubelet --v=2\n",
        );
        let kubelet = &evidence.all::<Process>()[0].value;
        assert_eq!(
            (kubelet.pid, kubelet.name.as_deref()),
            (8022, Some("kubelet"))
        );
    }

    #[test]
    fn columns_of_several_words_and_behind_the_command_are_not_arguments() {
        let started = read(
            "F S UID PID WCHAN STARTED TT TIME CMD\n4 S 0 1 - Wed Nov 25 14:59:51 2026 ? 00:04:19 /sbin/init splash\n",
        );
        let init = &started.all::<Process>()[0].value;
        assert_eq!(init.argv.as_ref().unwrap(), &["/sbin/init", "splash"]);
        let grouped = read(
            "PID PPID START COMMAND CGROUP\n7 1 Nov25 kubelet 0::/system.slice/kubelet.service\n8 2 Nov25 [kworker/0:0H-kblockd] -\n",
        );
        let all = grouped.all::<Process>();
        assert_eq!(all[0].value.name.as_deref(), Some("kubelet"));
        assert_eq!(all[0].value.argv, None);
        assert_eq!(all[1].value.name.as_deref(), Some("kworker/0:0H-kblockd"));
    }

    #[test]
    fn a_filtered_list_does_not_count_as_all() {
        let evidence =
            read("  UID PID PPID C STIME TTY TIME CMD\nroot 101 1 0 07:47 ? 00:00:00 kubelet\n");
        assert!(evidence.all::<AllProcesses>().is_empty());
        assert_eq!(evidence.all::<Process>().len(), 1);
    }
}
