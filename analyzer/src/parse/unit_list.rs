//! Tables of units: `systemctl list-units`, `systemctl list-unit-files`, `systemctl --failed`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::{AllUnits, UnitState};
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "unit_list",
    kind: "table of units",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["systemctl"])
            && entry
                .head()
                .lines()
                .take(3)
                .any(|line| columns(line).is_some())
    },
    parse,
};

/// A table has the fewest columns.
const RANK: u8 = 4;

#[derive(Clone, Copy)]
enum Columns {
    Units,
    Files,
}

fn columns(line: &str) -> Option<Columns> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["UNIT", "LOAD", "ACTIVE", "SUB", ..] => Some(Columns::Units),
        ["UNIT", "FILE", "STATE", ..] => Some(Columns::Files),
        _ => None,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut table = None;
    let mut seen = Seen::default();
    for (number, line) in numbered(&text) {
        if let Some(columns) = columns(line) {
            table = Some(columns);
            continue;
        }
        let words: Vec<&str> = line
            .trim_start_matches([' ', '●', '○', '×', '↻', '*'])
            .split_whitespace()
            .collect();
        seen.line(&words);
        let origin = entry.at(number);
        let state = match (table, words.as_slice()) {
            (Some(Columns::Units), [name, load, active, sub, ..]) if is_unit(name) => {
                let mut state = UnitState::new(*name, RANK);
                state.text("load_state", load, origin.clone());
                state.text("active_state", active, origin.clone());
                state.text("sub_state", sub, origin.clone());
                state
            }
            (Some(Columns::Files), [name, file_state, ..]) if is_unit(name) => {
                let mut state = UnitState::new(*name, RANK);
                state.text("unit_file_state", file_state, origin.clone());
                state
            }
            _ => continue,
        };
        evidence.push(state, origin);
    }
    if let Some(all) = table.and_then(|columns| seen.whole(entry, columns)) {
        evidence.push(all, entry.whole());
    }
}

/// What tells whether a table is whole.
#[derive(Default)]
struct Seen {
    rows: usize,
    /// How many it says to have.
    told: Option<usize>,
    /// A service that every system runs is among them, so that they were not chosen by their state.
    journal: bool,
    /// Names were cut to the width of a terminal.
    cut: bool,
}

impl Seen {
    fn line(&mut self, words: &[&str]) {
        match words {
            [number, "loaded", "units", ..] | [number, "unit", "files", ..] => {
                self.told = number.parse().ok();
            }
            [name, ..] if is_unit(name) => {
                self.rows += 1;
                self.journal |= *name == "systemd-journald.service";
                self.cut |= name.contains(['…', '\u{fffd}']) || name.contains("...");
            }
            _ => {}
        }
    }

    /// Only of a command that asks for all there are, and whose last line counts as many as there are.
    fn whole(&self, entry: &Entry, columns: Columns) -> Option<AllUnits> {
        const PLAIN: [&str; 9] = [
            "systemctl",
            "list-units",
            "list-unit-files",
            "--all",
            "-a",
            "--full",
            "-l",
            "--no-pager",
            "--plain",
        ];
        let command = entry.command()?.replace("--type service", "--type=service");
        let mut words = command.replace("-t service", "--type=service");
        words = words.replace("--type=service", "");
        let is_all = words.split_whitespace().all(|word| PLAIN.contains(&word));
        let counted = self.told == Some(self.rows) && self.journal && !self.cut;
        (is_all && counted).then_some(AllUnits {
            files: matches!(columns, Columns::Files),
            services: words.len() < command.len(),
        })
    }
}

fn is_unit(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, kind)| {
        !stem.is_empty() && kind.len() > 3 && kind.bytes().all(|byte| byte.is_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing;

    fn read(text: &str) -> Evidence {
        testing::command(&PARSER, "systemctl list-units", text)
    }

    #[test]
    fn failed_units_are_read_with_their_bullet() {
        let evidence = read(
            "  UNIT            LOAD   ACTIVE SUB    DESCRIPTION\n● kubelet.service loaded failed failed kubelet\n\n1 loaded units listed.\n",
        );
        let states = unit_states(&evidence, "kubelet.service");
        assert_eq!(
            states[0].value.fields["active_state"].as_text(),
            Some("failed")
        );
        assert_eq!(evidence.all::<UnitState>().len(), 1);
    }

    #[test]
    fn a_table_is_whole_only_when_nothing_was_chosen_and_its_count_is_right() {
        let table = |rows: &str, count: u8| {
            format!(
                "UNIT LOAD ACTIVE SUB DESCRIPTION\n{rows}\n{count} loaded units listed. Pass --all to see more.\n"
            )
        };
        let rows =
            "systemd-journald.service loaded active running x\n-.mount loaded active mounted y\n";
        let whole = |command: &str, text: &str| {
            let evidence = testing::command(&PARSER, command, text);
            evidence.all::<AllUnits>().first().map(|all| all.value)
        };
        let all = AllUnits {
            files: false,
            services: false,
        };
        assert_eq!(
            whole("systemctl list-units --all", &table(rows, 2)),
            Some(all)
        );
        let services = Some(AllUnits {
            services: true,
            ..all
        });
        let service = "systemd-journald.service loaded active running x\n";
        assert_eq!(
            whole("systemctl list-units --type service", &table(service, 1)),
            services
        );
        for (command, text) in [
            ("systemctl list-units", table(rows, 3)),
            ("systemctl list-units --failed", table(rows, 2)),
            ("systemctl list-units kubelet*", table(rows, 2)),
            (
                "systemctl list-units",
                table("-.mount loaded active mounted y\n", 1),
            ),
            (
                "systemctl list-units",
                table(&format!("{rows}a…b.service loaded active running z\n"), 3),
            ),
        ] {
            assert_eq!(whole(command, &text), None, "{command} {text}");
        }
    }

    #[test]
    fn unit_files_have_only_their_state() {
        let evidence = read(
            "UNIT FILE        STATE    PRESET\nkubelet.service  masked   enabled\n\n1 unit files listed.\n",
        );
        let states = unit_states(&evidence, "kubelet.service");
        assert_eq!(
            states[0].value.fields["unit_file_state"].as_text(),
            Some("masked")
        );
        assert!(!states[0].value.fields.contains_key("active_state"));
    }
}
