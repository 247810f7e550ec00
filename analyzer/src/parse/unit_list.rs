//! Tables of units: `systemctl list-units`, `systemctl list-unit-files`, `systemctl --failed`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::UnitState;
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
    for (number, line) in numbered(&text) {
        if let Some(columns) = columns(line) {
            table = Some(columns);
            continue;
        }
        let words: Vec<&str> = line
            .trim_start_matches([' ', '●', '○', '×', '↻', '*'])
            .split_whitespace()
            .collect();
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
